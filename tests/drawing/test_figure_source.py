import random

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import FailsAt, FrameNumber, Grows, NoFigure, Noise, read_numbers
from matplotlib.figure import Figure

from dask_animate.drawing.figure_source import FigureSource
from dask_animate.drawing.options import DrawOptions
from dask_animate.drawing.session import DrawSession
from dask_animate.errors import FigureError, FrameError, FrameSizeError, SetupError
from dask_animate.frames import FrameSize
from dask_animate.rendering.source_spec import FigureSpec


def source(animator, **spec):
    return FigureSource(lambda: animator, DrawOptions(**spec))


def check_source(src, params):
    """Check the contract of frame sources."""
    size = src.open()
    assert src.open() == size
    frames = {}
    for idx in (*range(len(params)), *reversed(range(len(params)))):
        rgba = src.draw(idx, params[idx], DrawSession())
        assert rgba.shape == (size.height, size.width, 4)
        assert rgba.dtype == np.uint8
        assert src.opaque <= bool((rgba[..., 3] == 255).all())
        np.testing.assert_array_equal(frames.setdefault(idx, rgba.copy()), rgba)
    src.close()
    return frames


@pytest.mark.parametrize("reuse_figure", [True, False])
@pytest.mark.parametrize("animator", [FrameNumber(), Noise()])
def test_keeps_what_a_source_promises(animator, reuse_figure):
    check_source(source(animator, reuse_figure=reuse_figure), [3, 1, 2])
    assert plt.get_fignums() == []


def test_draws_the_frame():
    src = source(FrameNumber())
    assert src.open() == FrameSize(40, 140)
    assert read_numbers(src.draw(5, 9, DrawSession())[..., :3]) == (5, 9)
    src.close()


def test_same_seed_same_frames():
    one, same, other = (check_source(source(Noise(), seed=seed), [0, 0]) for seed in (4, 4, 5))
    for idx in (0, 1):
        np.testing.assert_array_equal(one[idx], same[idx])
        assert not np.array_equal(one[idx], other[idx])
    assert not np.array_equal(one[0], one[1])


def test_without_a_seed_random_states_are_left_alone():
    np.random.seed(5)
    random.seed(5)
    expected = [np.random.rand(8) for _ in range(3)]
    np.random.seed(5)
    src = source(Noise(), seed=None)
    first = src.draw(0, None, DrawSession()).copy()
    np.testing.assert_array_equal(np.random.rand(8), expected[2])  # setup and update drew two
    assert not np.array_equal(first, src.draw(0, None, DrawSession()))
    src.close()


def test_setup_returns_no_figure():
    with pytest.raises(FigureError, match=r"setup\(\) must return the matplotlib Figure .* got tuple"):
        source(NoFigure()).open()


def test_setup_fails():
    class Broken(FrameNumber):
        def setup(self):
            raise KeyError("key")

    with pytest.raises(SetupError, match="setup\\(\\) failed: KeyError") as caught:
        source(Broken()).open()
    assert isinstance(caught.value.__cause__, KeyError)


def test_figure_that_cannot_be_drawn():
    class BadText(FrameNumber):
        def setup(self):
            fig = super().setup()
            fig.text(0, 0, r"$\nosuchcommand$")
            return fig

    with pytest.raises(SetupError, match="nosuchcommand"):
        source(BadText()).open()


def test_update_fails():
    src = source(FailsAt(2))
    src.draw(1, 0, DrawSession())
    with pytest.raises(
        FrameError, match="frame 2 could not be drawn: LookupError: no data for 7"
    ) as caught:
        src.draw(2, 7, DrawSession())
    assert caught.value.frame_idx == 2
    assert caught.value.params == "7"
    assert isinstance(caught.value.__cause__, LookupError)
    src.draw(3, 0, DrawSession())
    src.close()


@pytest.mark.parametrize("reuse_figure", [True, False])
def test_a_figure_made_in_init(reuse_figure):
    class Early(FrameNumber):
        def __init__(self):
            super().__init__()
            self.figure = super().setup()

        def setup(self):
            return self.figure

    animator = Early()
    size, dpi = animator.figure.get_size_inches().tolist(), animator.figure.dpi
    for _ in range(2):
        job = FigureSpec(animator, DrawOptions(dpi=80, tight=True, reuse_figure=reuse_figure), {})
        src = FigureSource(job.load, job.draw)
        shapes = {src.draw(i, 1, DrawSession()).shape for i in range(3)}
        assert len(shapes) == 1
        src.close()
    assert (animator.figure.get_size_inches().tolist(), animator.figure.dpi) == (size, dpi)
    plt.close(animator.figure)


def test_exit_in_update_is_an_error_of_the_frame():
    class Exits(FrameNumber):
        def update(self, frame_idx, params):
            raise SystemExit(3)

    with pytest.raises(FrameError, match="frame 0 could not be drawn: SystemExit: 3"):
        source(Exits()).draw(0, 0, DrawSession())


def test_a_figure_of_no_pixels():
    with pytest.raises(FrameSizeError, match="the figure is 0x0 pixels"):
        source(FrameNumber(), dpi=0.1).open()


def test_long_params_are_shortened():
    with pytest.raises(FrameError) as caught:
        source(FailsAt(0)).draw(0, list(range(10_000)), DrawSession())
    assert len(caught.value.params) < 200


def test_frame_of_another_size():
    src = source(Grows(4))
    src.draw(3, 0, DrawSession())
    with pytest.raises(FrameSizeError, match="frame 4 is 200x150 pixels, but the figure was 140x40"):
        src.draw(4, 0, DrawSession())
    src.close()


def test_figures_of_the_caller_are_left_alone():
    mine = plt.figure()
    src = source(FrameNumber())
    src.draw(0, 0, DrawSession())
    src.close()
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)


def test_pyplot_sees_the_animators_figure():
    class ByPyplot(FrameNumber):
        def update(self, frame_idx, params):
            plt.gca().set_facecolor("red")
            assert plt.gcf() is self.image.figure

    src = source(ByPyplot())
    src.open()
    other = source(FrameNumber())
    other.open()
    src.draw(0, 0, DrawSession())
    src.close()
    other.close()


def test_figure_made_without_pyplot():
    class Plain(FrameNumber):
        def setup(self):
            fig = Figure(figsize=(1, 1), dpi=20)
            self.text = fig.text(0.1, 0.1, "")
            return fig

        def update(self, frame_idx, params):
            self.text.set_text(str(frame_idx))

    check_source(source(Plain()), [0, 0])
