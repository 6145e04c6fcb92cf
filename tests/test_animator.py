import inspect
import logging
import os
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import FailsAt, FrameNumber, NoFigure, assert_nothing_beside, decode, read_numbers

from dask_animate import Animator, write_video
from dask_animate.errors import (
    AnimateError,
    FigureError,
    FrameError,
    OptionError,
    OptionTypeError,
    TransparencyWarning,
)


def test_first_arguments_are_those_of_the_predecessor():
    names = """self output_file param_by_frame fps n_frames num_workers disable_progress_bar
        plotting_log_interval saving_log_interval savefig_params video_mode video_quality video_preset
        video_extra_ffmpeg_params reuse_figure_object preload_factor"""
    defaults = [None, -1, None, None, None, None, "auto", None, None, None, True, 8]
    parameters = inspect.signature(Animator.make_video).parameters.values()
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [p.name for p in positional] == names.split()
    assert [p.default for p in positional[4:]] == defaults
    others = """client partition_size encode_on redraw store overwrite codec seed pixel_format dither
        durations chapters metadata keep_segments keep_partial freeze_layout axis dim on_mismatch
        wait retries timeout on_error"""
    assert others.split() == [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


@pytest.mark.parametrize("name", ["make_video", "frames", "frame", "preview", "check", "preflight"])
def test_help_describes_each_parameter_in_full(name):
    method = getattr(Animator, name)
    text = inspect.getdoc(method)
    section = text.split("Parameters\n----------\n")[1].split("\n\nReturns\n")[0]
    described = re.findall(r"^(\w+) : .+\n    \S", section, re.MULTILINE)
    assert described == [*inspect.signature(method).parameters][1:]
    assert "As in `" not in text


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("dpi", 'for dpi=, give savefig_params={"dpi": ...}'),
        (
            "writer",
            "for writer=, give codec=, or the suffix of output_file; no writer is needed",
        ),
        ("n_workers", "for n_workers=, give num_workers="),
        ("partition_sise", "did you mean partition_size=?"),
        ("zzz", None),
    ],
)
def test_names_that_do_not_exist(tmp_path, name, hint):
    message = re.escape(f"make_video() has no option {name}" + (f"; {hint}" if hint else "")) + "$"
    with pytest.raises(OptionTypeError, match=message):
        FrameNumber().make_video(tmp_path / "a.mp4", [1], 5, **{name: 1})
    message = f"write_video.. has no option {name}{'' if name == 'dpi' or not hint else '; '}"
    with pytest.raises(OptionTypeError, match=message):
        write_video([], tmp_path / "a.mp4", 5, **{name: 1})


def test_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Animator()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 0}, "fps must be a positive number, got 0"),
        ({"fps": -3}, "fps must be a positive number, got -3"),
        ({"fps": float("nan")}, "fps must be a positive number, got nan"),
        ({"fps": "30"}, "fps must be a positive number, got '30'"),
        ({"n_frames": -1}, "n_frames must be at least 1, got -1"),
        ({"n_frames": 9}, "n_frames is 9, but param_by_frame holds only 5 frames"),
        ({"num_workers": 0}, "num_workers must not be 0"),
        ({"num_workers": 1.5}, "num_workers must be an integer"),
        ({"param_by_frame": []}, "param_by_frame is empty"),
        ({"param_by_frame": None}, "param_by_frame must be an iterable"),
        ({"savefig_params": {"quality": 3}}, "no effect on video frames for quality"),
        ({"video_mode": "fast"}, "video_mode must be one of"),
        ({"video_preset": "warp"}, "video_preset for libx264 must be one of"),
        ({"video_quality": 99}, "video_quality must be at most 51"),
        ({"video_extra_ffmpeg_params": ["-warp", "9"]}, "libx264 has no option warp"),
        ({"reuse_figure_object": "no"}, "reuse_figure_object must be True or False"),
        ({"preload_factor": 0}, "preload_factor must be at least 1"),
        ({"plotting_log_interval": 0}, "plotting_log_interval must be at least 1"),
        ({"saving_log_interval": -5}, "saving_log_interval must be at least 1"),
        ({"disable_progress_bar": "no"}, "disable_progress_bar must be True, False or None"),
        ({"client": "tcp://127.0.0.1:8786"}, "client must be a distributed.Client, got str"),
        ({"partition_size": [2, 2]}, "partition_size sums to 4, but there are 5 frames"),
        ({"encode_on": "moon"}, "encode_on must be one of 'auto', 'workers', 'client', got 'moon'"),
        ({"codec": "vp9", "encode_on": 3}, "encode_on must be one of"),
        ({"output_file": "a.gif", "encode_on": "workers"}, "is not possible for gif"),
        ({"redraw": "some"}, "redraw must be one of 'auto', 'full', 'blit', got 'some'"),
        ({"redraw": "blit", "freeze_layout": False}, "which freeze_layout=False rules out"),
        ({"redraw": "blit", "reuse_figure_object": False}, "which reuse_figure_object=False rules out"),
        ({"freeze_layout": 1}, "freeze_layout must be True or False, got 1"),
        ({"store": 7}, "store must be a path, a URL or a zarr store, got int"),
        ({"codec": "theora"}, "codec must be one of 'h264'"),
        ({"codec": "ffv1"}, r"codec 'ffv1' does not go into 'a.mp4', .* ffv1 goes into \.mkv"),
        ({"output_file": "a.avi"}, r"output_file must end in \.mp4, .*\.webp, got 'a.avi'"),
        ({"pixel_format": "rgb24"}, "pixel_format of h264 in mp4 must be one of 'yuv420p'"),
        ({"dither": "bayer"}, "dither='bayer' is only for GIF"),
        ({"durations": {10: 1}}, "durations names frame 10, but there are 5 frames"),
        (
            {"chapters": [("a", 0), ("b", 3)]},
            "chapters must start one after the other and before the end",
        ),
        ({"metadata": {"actor": "x"}}, "metadata takes title, author"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"output_file": 7}, "output_file must be a path"),
        ({"output_file": "{tmp}"}, "output_file is a directory|must end in"),
        ({"output_file": "/proc/nosuch/a.mp4"}, "cannot write /proc/nosuch/a.mp4"),
    ],
)
def test_bad_input_is_an_error_before_any_work(tmp_path, change, message):
    path = tmp_path / "a.mp4"
    path.write_text("before")

    class Untouched(FrameNumber):
        def setup(self):
            raise AssertionError("work has started")

    arguments = {"output_file": path, "param_by_frame": range(5), "fps": 30, "num_workers": 1, **change}
    if arguments["output_file"] == "{tmp}":
        arguments["output_file"] = tmp_path
    with pytest.raises(AnimateError, match=message) as caught:
        Untouched().make_video(**arguments)
    assert isinstance(caught.value, ValueError | TypeError | OSError)
    assert path.read_text() == "before"
    assert_nothing_beside(path)


def test_savefig_params(tmp_path):
    params = {"dpi": 100, "facecolor": "blue"}
    video = FrameNumber().make_video(
        tmp_path / "a.mp4", range(3), 30, num_workers=1, savefig_params=params
    )
    assert (video.width, video.height) == (280, 80)
    np.testing.assert_array_equal(FrameNumber().frame(5, savefig_params=params).shape, (80, 280, 3))
    cropped = Words().make_video(
        tmp_path / "a.mp4",
        ["a", "a much longer text"],
        30,
        num_workers=1,
        savefig_params={"bbox_inches": "tight", "pad_inches": 0},
    )
    assert cropped.width < 60
    assert decode(tmp_path / "a.mp4").shape == (2, cropped.height, cropped.width, 3)


class Words(Animator):
    def setup(self):
        fig = plt.figure(figsize=(3, 1))
        self.text = fig.text(0.3, 0.4, "text")
        return fig

    def update(self, frame_idx, params):
        self.text.set_text(params)


def test_transparent_is_white_in_mp4(tmp_path):
    class OnYellow(Words):
        def setup(self):
            fig = super().setup()
            fig.set_facecolor("yellow")
            return fig

    assert OnYellow().frame("x")[0, 0].tolist() == [255, 255, 0]
    transparent = {"transparent": True}
    options = {"num_workers": 1, "savefig_params": transparent}
    with pytest.warns(TransparencyWarning):
        OnYellow().make_video(tmp_path / "a.mp4", "xyz".split(), 30, **options)
    assert decode(tmp_path / "a.mp4")[:, 0, 0].min() >= 253
    frame = OnYellow().frame("x", savefig_params=transparent)
    # Blending by matplotlib on a white figure and by this library on white differ by rounding only.
    assert np.abs(frame.astype(int) - Words().frame("x")).max() <= 1


def test_log_intervals(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "dask_animate"):
        FrameNumber().make_video(
            tmp_path / "a.mp4",
            range(10),
            30,
            num_workers=1,
            plotting_log_interval=4,
            saving_log_interval=5,
        )
    lines = [(record.name, record.getMessage()) for record in caplog.records]
    if not Path("/dev/nvidia0").exists():
        (name, message), *lines = lines
        assert name == "dask_animate.encoding.encoder_choice"
        assert re.match("encoding with libx264 on the CPU because there is no NVIDIA driver", message)
    assert lines == [
        ("dask_animate.renderer", "drew 4 frames here, the last one frame 3"),
        ("dask_animate.progress", "encoded 5 of 10 frames"),
        ("dask_animate.renderer", "drew 8 frames here, the last one frame 7"),
        ("dask_animate.progress", "encoded 10 of 10 frames"),
    ]


def test_plotting_log_on_the_workers(tmp_path, client):
    def listen():
        handler = logging.FileHandler(tmp_path / f"log-{os.getpid()}")
        logger = logging.getLogger("dask_animate.renderer")
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)

    client.run(listen)
    FrameNumber().make_video(tmp_path / "a.mp4", range(40), 30, client=client, plotting_log_interval=5)
    text = "".join(path.read_text() for path in tmp_path.glob("log-*"))
    assert len(re.findall(r"drew \d+ frames here", text)) in (7, 8)


def test_frame():
    frame = FrameNumber().frame(7, 5)
    assert frame.dtype == np.uint8
    assert frame.flags.c_contiguous
    assert frame.flags.owndata
    assert read_numbers(frame) == (5, 7)
    assert read_numbers(FrameNumber().frame(7)) == (0, 7)


def test_a_hook_runs_in_this_process_before_anything_is_drawn(tmp_path, client):
    class Prepared(FrameNumber):
        prepared_by = None

        def before_drawing(self):
            self.prepared_by = os.getpid()

        def update(self, frame_idx, params):
            super().update(frame_idx, self.prepared_by % 200)

    expected = (3, os.getpid() % 200)
    video = Prepared().make_video(tmp_path / "a.mkv", range(4), 10, codec="ffv1", client=client)
    assert read_numbers(decode(video.path)[3]) == expected
    assert read_numbers(Prepared().frames(range(4)).compute(scheduler="sync")[3]) == expected
    assert read_numbers(Prepared().frame(0, 3)) == expected
    assert Prepared().preview(range(4)).frame_idx == (0, 1, 2, 3)
    assert Prepared().check(range(4)).ok


def test_frame_errors():
    with pytest.raises(FrameError, match="frame 3 could not be drawn"):
        FailsAt(3).frame(0, 3)
    with pytest.raises(FigureError, match="got tuple"):
        NoFigure().frame(0)
    with pytest.raises(OptionError, match="frame_idx must be at least 0"):
        FrameNumber().frame(0, -1)
    with pytest.raises(OptionTypeError, match="n must be an integer"):
        FrameNumber().preview(range(3), 1.5)
    assert plt.get_fignums() == []


def test_preview_shows_the_frames_of_the_video():
    sheet = FrameNumber((2.8, 0.8), 100).preview([3 * i for i in range(200)], 4)
    assert sheet.frame_idx == (0, 66, 133, 199)
    assert FrameNumber().preview(iter(range(10)), 3, n_frames=7).frame_idx == (0, 3, 6)
    assert FrameNumber().preview(range(2)).frame_idx == (0, 1)
