import io
import re
import sys

import pytest
from helpers import FailsAt, FrameNumber

from dask_animate.diagnostics.events import FrameEncoded, PartitionRendered, PartitionReport
from dask_animate.diagnostics.progress import ProgressBar, ProgressOptions
from dask_animate.errors import FrameError, OptionTypeError


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_counts_encoded_frames_in_a_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(20), 30, num_workers=1)
    last, said = sys.stderr.getvalue().strip().split("\r")[-1].splitlines()
    assert re.search(r"100%.*20/20 .*frame/s", last)
    assert said == str(video)


def test_the_clock_starts_with_the_first_frame(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with ProgressBar(4) as bar:
        assert sys.stderr.getvalue().strip() == "Frames: waiting for the first one"
        created = bar._bar.start_t
        for i in range(4):
            bar(FrameEncoded(i))
        assert bar._bar.start_t > created
        assert bar._bar.format_dict["initial"] == 1
    assert "4/4 [" in sys.stderr.getvalue().strip().split("\r")[-1]


def test_without_any_frame_nothing_stays(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with ProgressBar(4):
        pass
    assert "\n" not in sys.stderr.getvalue()
    assert sys.stderr.getvalue().split("\r")[-2].strip() == ""


def test_of_unknown_length(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with ProgressBar(None) as bar:
        bar(PartitionRendered(PartitionReport(8, 0.1), 0))
        for i in range(3):
            bar(FrameEncoded(i))
    assert "3frame" in sys.stderr.getvalue()


@pytest.mark.parametrize(("disable", "quiet"), [(None, True), (True, True), (False, False)])
def test_quiet_when_not_a_terminal(tmp_path, capfd, disable, quiet):
    FrameNumber().make_video(
        tmp_path / "a.mp4", range(5), 30, num_workers=1, disable_progress_bar=disable
    )
    assert (capfd.readouterr().err == "") == quiet


def test_the_bar_ends_with_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(FrameError, match="frame 9"):
        FailsAt(9).make_video(tmp_path / "a.mp4", range(20), 30, num_workers=1)
    assert "9/20" in sys.stderr.getvalue()
    assert sys.stderr.getvalue().endswith("\n")


def test_without_a_standard_error(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with ProgressOptions(True, None).shown(3, str, bool) as bar:
        assert bar is None


def test_bad_disable():
    with pytest.raises(
        OptionTypeError, match="disable_progress_bar must be True, False or None, got 'no'"
    ):
        ProgressOptions.create("no", None)
