"""dask-labextension finds the dashboard of a cluster, which the tests of our own page build on."""

from playwright.sync_api import expect

CLUSTER = """
from distributed import Client, LocalCluster
cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0")
client = Client(cluster)
print(client.dashboard_link)
"""


def test_a_plot_of_dask_opens_in_a_pane(lab, open_notebook):
    notebook = open_notebook(lab.write("dashboard.ipynb", CLUSTER))
    address = notebook.run(0).split()[-1]
    pane = notebook.dask_pane(address, "cluster memory")
    expect(pane.locator(".bk-Figure").first).to_be_visible()
