import io
import re
import sys

import pytest
from helpers import FailsAt, FrameNumber

from dask_animate.diagnostics.events import FrameEncoded, PartitionRendered, PartitionReport
from dask_animate.diagnostics.progress import ProgressBar, ProgressLines, ProgressOptions
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


def lines_of(n_frames, seconds, capsys):
    """Return the lines of a render whose frame i comes at ``seconds(i)``."""
    times = [0.0, *map(seconds, range(n_frames))]
    for total in (n_frames, None):
        clock = iter(times)
        with ProgressLines(total, lambda clock=clock: next(clock)) as lines:
            for i in range(n_frames):
                lines(FrameEncoded(i))
            lines.conclude("done")
        yield capsys.readouterr().err.splitlines()


def test_lines_of_a_short_render(capsys):
    for lines in lines_of(100, lambda i: i / 25, capsys):
        assert lines == ["Frames: waiting for the first one", "done"]


def test_lines_of_frames_that_come_at_once(capsys):
    """Those of the first segment say nothing of the pace."""
    known, _ = lines_of(10, lambda i: 60 + i / 1000 if i < 5 else 66 + i, capsys)
    assert known[1:3] == [
        "Frames: 1 of 10 (10%)",
        "Frames: 6 of 10 (60%), 0.455 per second, 0:00:09 left",
    ]


def test_lines_of_a_render(capsys):
    """One for each twentieth, but not within five seconds; without a total one for each minute."""
    known, unknown = lines_of(100, lambda i: 2 * i + 30, capsys)
    assert known[1:4] == [
        "Frames: 5 of 100 (5%), 0.5 per second, 0:03:10 left",
        "Frames: 10 of 100 (10%), 0.5 per second, 0:03:00 left",
        "Frames: 15 of 100 (15%), 0.5 per second, 0:02:50 left",
    ]
    assert known[-2:] == ["Frames: 100 of 100 (100%), 0.5 per second, 0:00:00 left", "done"]
    assert unknown[1:3] == ["Frames: 16, 0.5 per second", "Frames: 46, 0.5 per second"]


def test_lines_of_a_slow_render(capsys):
    known, _ = lines_of(40, lambda i: 70 * i, capsys)
    assert known[1] == "Frames: 2 of 40 (5%), 0.0143 per second, 0:44:20 left"
    assert len(known) == 41


def test_lines_are_written_to_a_file(tmp_path, capfd):
    FrameNumber().make_video(tmp_path / "a.mp4", range(5), 30, num_workers=1, disable_progress_bar=False)
    err = capfd.readouterr().err
    assert "\r" not in err
    assert err.startswith("Frames: waiting for the first one\n")
    assert err.endswith("s\n")
