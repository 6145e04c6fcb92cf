"""A part of the campaign, which `campaign.py` carries out for as many seeds as wanted."""

import logging

import dask
import pytest
from clusters import local_client
from fault_injection import INSIDE, N_WORKERS, OUTSIDE, Fault
from fault_scenarios import KINDS, Scenario, carry_out
from namespaces import are_permitted

pytestmark = pytest.mark.newest  # what ends older workers is in test_listed_faults.py


@pytest.fixture(scope="module")
def client():
    """Two workers that may die as often as they like."""
    with dask.config.set(
        {
            "distributed.deploy.lost-worker-timeout": "60 s",
            "distributed.scheduler.allowed-failures": 10,
        }
    ):
        cluster, client = local_client(N_WORKERS, silence_logs=logging.CRITICAL)
        with cluster, client:
            yield client


@pytest.mark.mostly_slow(2)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(16))
def test_a_render_with_faults(tmp_path, client, seed):
    assert carry_out(Scenario.of(seed), tmp_path, client).wrong == []


#: In what a render with one fault ends that cannot succeed.
ENDINGS = {
    "fail": {"FrameError"},
    "interrupt": {"KeyboardInterrupt"},
    "lose output": {"OutputError"},
    "fill": {"OutputError", "StoreError"},
}


def one_fault(kind, **fields):
    """Return a scenario of a client's workers with one fault."""
    values = {
        "seed": -1, "place": "client", "params": "list", "suffix": ".mkv", "n_frames": 60, "size": 10,
        "encode_on": "workers", "on_error": "raise", "retries": 0, "has_store": True,
        "keeps_partial": False, "is_there": True,
        "faults": (Fault(kind, 33, 3600 if kind == "skew" else 0.5),),
    }  # fmt: skip
    return Scenario(**values | fields)


@pytest.mark.mostly_slow(4)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS["client"])
def test_each_fault(tmp_path, client, kind):
    if kind == "fill" and not are_permitted():
        pytest.skip("a small file system needs root")
    outcome = carry_out(one_fault(kind), tmp_path, client)
    assert outcome.wrong == []
    assert outcome.n_faults == 1
    assert outcome.ended_in in ENDINGS.get(kind, {""})


def test_scenarios_are_those_of_their_seeds():
    seeds = range(300)
    scenarios = [Scenario.of(seed) for seed in seeds]
    assert scenarios == [Scenario.of(seed) for seed in seeds]
    assert {fault.kind for one in scenarios for fault in one.faults} == {*INSIDE, *OUTSIDE}
