"""Dask's configuration switches the page and its pictures off."""

import os
import subprocess
import sys

import dask
import pytest
from helpers import FrameNumber

from dask_animate.dashboard import DashboardOptions
from dask_animate.errors import OptionError, OptionTypeError


@pytest.mark.parametrize(
    ("config", "enabled", "thumbnails"),
    [
        ({}, True, True),
        ({"dask_animate.dashboard": False}, False, False),
        ({"dask_animate.dashboard": True}, True, True),
        ({"dask_animate.dashboard.enabled": False}, False, False),
        ({"dask_animate.dashboard.thumbnails": False}, True, False),
        ({"animate.dashboard.enabled": False, "dask_animate.dashboard.enabled": True}, False, False),
    ],
)
def test_options(config, enabled, thumbnails):
    with dask.config.set(config):
        assert DashboardOptions.read() == DashboardOptions(enabled, thumbnails)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DASK_ANIMATE__DASHBOARD", "false", "False False"),
        ("DASK_ANIMATE__DASHBOARD__ENABLED", "false", "False False"),
        ("DASK_ANIMATE__DASHBOARD__THUMBNAILS", "false", "True False"),
        ("DASK_ANIMATE__DASHBOARD", "true", "True True"),
    ],
)
def test_environment_variables(name, value, expected):
    code = (
        "from dask_animate.dashboard import DashboardOptions as options; read = options.read();"
        "print(read.enabled, read.thumbnails)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ({"dask_animate.dashboard": "yes"}, OptionTypeError, "dask_animate.dashboard must be true"),
        ({"dask_animate.dashboard.enabled": 1}, OptionTypeError, "enabled must be true or false, got 1"),
        ({"dask_animate.dashboard.thumbs": True}, OptionError, "not thumbs"),
    ],
)
def test_what_is_wrong_is_an_error_before_work_starts(tmp_path, client, config, error, message):
    with dask.config.set(config), pytest.raises(error, match=message):
        FrameNumber().make_video(tmp_path / "video.mp4", [0] * 4, 30, client=client)
    assert not list(tmp_path.iterdir())
