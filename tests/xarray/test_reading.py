"""When the data are read: after all arguments are checked, by the client's workers, once."""

import os

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from distributed import Client

from dask_animate.errors import AnimateError, OptionError, OptionTypeError, OutputError, ParamsError


def noted(folder):
    """Data of three chunks that note in a folder who reads them."""

    def note(block):
        (folder / f"{os.getpid()}-{os.urandom(4).hex()}").touch()
        return block

    return _mapped(note)


def _mapped(function):
    values = da.from_array(np.arange(60.0).reshape(3, 4, 5), chunks=(1, 4, 5))
    mapped = values.map_blocks(function, dtype=float, meta=np.zeros((0, 0, 0)))
    return xr.DataArray(mapped, dims=("time", "y", "x"), name="sst")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"fps": 0}, OptionError),
        ({"codec": "zz"}, OptionError),
        ({"n_frames": 77}, ParamsError),
        ({"video_quality": 99}, OptionError),
        ({"output_file": "a.zzz"}, OptionError),
        ({"output_file": "../file/a.mp4"}, OutputError),
        ({"output_file": 3}, OptionTypeError),
        ({"durations": [1]}, OptionError),
        ({"metadata": {"x": 1}}, OptionError),
        ({"client": "tcp://here"}, OptionTypeError),
        ({"num_workers": 0}, OptionError),
    ],
)
def test_no_data_are_read_for_wrong_arguments(tmp_path, monkeypatch, arguments, error):
    (tmp_path / "notes").mkdir()
    (tmp_path / "videos").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path / "videos")
    with pytest.raises(error):
        noted(tmp_path / "notes").animate.to_video(
            **{"output_file": "a.mp4", "fps": 24} | arguments, figsize=(2, 2)
        )
    assert os.listdir(tmp_path / "notes") == []
    assert os.listdir(tmp_path / "videos") == []


def test_explore_checks_before_it_reads(tmp_path):
    with pytest.raises(AnimateError):
        noted(tmp_path).animate.explore(n_frames=77)
    assert os.listdir(tmp_path) == []


def test_the_workers_of_a_client_that_is_not_the_active_one(tmp_path, client):
    """They compute the limits, too."""
    (tmp_path / "notes").mkdir()
    data = noted(tmp_path / "notes")
    with Client(client.scheduler.address, set_as_default=False) as other:
        data.animate.to_video(tmp_path / "a.mp4", 24, client=other, figsize=(2, 2))
    pids = {int(name.split("-")[0]) for name in os.listdir(tmp_path / "notes")}
    assert pids <= set(client.run(os.getpid).values())
    assert len(os.listdir(tmp_path / "notes")) >= 6  # for the limits, and to be drawn


@pytest.mark.parametrize(
    ("first_bad", "message"),
    [
        (0, "the first frame could not be read: OSError: disk gone"),
        (20, "the limits of all frames could not be computed: OSError: disk gone"),
    ],
)
@pytest.mark.parametrize("where", ["here", "cluster"])
def test_chunks_that_cannot_be_read(tmp_path, request, where, first_bad, message):
    def read(block):
        if block.max() >= first_bad:
            raise OSError("disk gone")
        return block

    client = request.getfixturevalue("client") if where == "cluster" else None
    with pytest.raises(ParamsError, match=f"^{message}$") as caught:
        _mapped(read).animate.to_video(tmp_path / "a.mp4", 24, client=client)
    assert isinstance(caught.value.__cause__, OSError)
    assert os.listdir(tmp_path) == []
