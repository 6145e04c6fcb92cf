"""Pixels of pictures: exact where nothing is mixed, and within a level or so of floats elsewhere."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from dask_animate import Clip
from dask_animate.clips.clip_spec import ClipSpec
from dask_animate.clips.compositing import FILTERS
from dask_animate.drawing import DrawSession
from dask_animate.errors import FrameSizeError, OptionError

settings.register_profile("pixels", max_examples=40, deadline=None)
settings.load_profile("pixels")


def still(pixels):
    return Clip(np.asarray(pixels, np.uint8)[None])


def rgba(clip):
    """Return the first frame of a clip, with alpha."""
    source = ClipSpec.of(clip._node, clip.n_frames).source()
    source.open()
    frame = source.draw(0, 0, DrawSession())
    result = np.full((*frame.shape[:2], 4), 255, np.uint8)
    result[..., : frame.shape[2]] = frame
    if source.opaque:
        assert (result[..., 3] == 255).all()
    return result


def seen(frame):
    """Return colors as they are seen: multiplied by alpha, and alpha; floats up to 255."""
    frame = frame.astype(float)
    return np.concatenate([frame[..., :3] * frame[..., 3:] / 255, frame[..., 3:]], axis=2)


def over(base, top, opacity=1.0):
    base, top = seen(base), seen(top) * opacity
    return top + base * (1 - top[..., 3:] / 255)


def assert_close(frame, expected, level=1.05):
    assert np.abs(seen(frame) - expected).max() <= level


def picture(height, width, channels=4):
    return arrays(np.uint8, (height, width, channels), elements=st.integers(0, 255))


def noise(height, width, channels=4, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


@given(picture(3, 4), picture(3, 4), st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(9, 10), 0]))
def test_over(base, top, opacity):
    clip = still(base).overlay(still(top), opacity=opacity)
    is_rounded = opacity not in (0, 1)  # once more: the alpha of what lies above
    assert_close(rgba(clip), over(base, top, float(opacity)), 1.55 if is_rounded else 1.05)


def test_over_where_three_numbers_are_rounded():
    base, top = np.zeros((3, 4, 4), np.uint8), np.full((3, 4, 4), 243, np.uint8)
    base[0, 0] = 31, 0, 0, 11
    clip = still(base).overlay(still(top), opacity=0.9)
    assert_close(rgba(clip), over(base, top, 0.9), 1.55)


@given(picture(3, 4, 3), picture(3, 4), st.floats(0, 1))
def test_over_on_an_opaque_base(base, top, opacity):
    frame = rgba(still(base).overlay(still(top), opacity=opacity))
    whole = np.dstack([base, np.full((3, 4), 255, np.uint8)])
    assert_close(frame, over(whole, top, opacity))
    assert (frame[..., 3] == 255).all()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_opaque_top_is_copied(channels):
    base, top = noise(9, 12, 3), noise(4, 5, channels, seed=1)
    if channels == 4:
        top[..., 3] = 255
    expected = base.copy()
    expected[5:, 7:] = top[..., :3]
    clip = still(base).overlay(still(top), "bottom right")
    assert np.array_equal(rgba(clip)[..., :3], expected)
    assert np.array_equal(clip.frames()[0].compute(), expected)


@pytest.mark.parametrize(
    ("position", "corner"),
    [
        ("center", (3, 2)),
        ("top left", (0, 0)),
        ("right", (7, 2)),
        ((2, 1), (2, 1)),
        ((0.5, 1.0), (3, 5)),
        ((-2, -3), (-2, -3)),
        ((10, 7), (10, 7)),
        ((50, 0), (50, 0)),
    ],
)
def test_positions(position, corner):
    base, top = noise(9, 12, 3), noise(4, 5, 3, seed=1)
    x, y = corner
    large = np.zeros((40, 40, 3), np.uint8)
    large[10:19, 10:22] = base
    if x < 30:
        large[10 + y : 14 + y, 10 + x : 15 + x] = top
    clip = still(base).overlay(still(top), position)
    assert np.array_equal(clip.frames()[0].compute(), large[10:19, 10:22])


@given(picture(3, 4), picture(3, 4), st.integers(1, 8))
def test_crossfade(first, second, n):
    both = Clip(np.stack([first] * n)).crossfade(Clip(np.stack([second] * n)), Fraction(n, 30))
    frame = rgba(both)
    share = 1 / (2 * n)
    assert_close(frame, seen(first) * (1 - share) + seen(second) * share)


@given(picture(3, 4, 3), picture(3, 4, 3))
def test_crossfade_of_opaque_pictures(first, second):
    both = still(first).crossfade(still(second), Fraction(1, 30))
    expected = (first.astype(float) + second) / 2
    assert np.abs(rgba(both)[..., :3] - expected).max() <= 1
    assert (rgba(both)[..., 3] == 255).all()


@given(picture(3, 4))
def test_fades(frame):
    assert_close(rgba(still(frame).fade_in(Fraction(1, 30), None)), seen(frame) / 2)
    black = np.zeros(4)
    black[3] = 255
    assert_close(rgba(still(frame).fade_out(Fraction(1, 30))), (seen(frame) + black) / 2)


@given(picture(3, 4))
def test_background(frame):
    base = np.zeros_like(frame)
    base[..., 0], base[..., 3] = 255, 255
    result = rgba(still(frame).background("red"))
    assert_close(result, over(base, frame))
    assert (result[..., 3] == 255).all()


def test_pad():
    frame = noise(4, 6, 3)
    padded = rgba(still(frame).pad(10, 9, "bottom right", "blue"))
    expected = np.zeros((9, 10, 4), np.uint8)
    expected[..., 2:] = 255
    expected[5:, 4:, :3] = frame
    assert np.array_equal(padded, expected)
    clear = rgba(still(frame).pad(10, 9, (0, 0), None))
    assert clear[:4, :6, 3].min() == 255
    assert clear[4:, :, 3].max() == clear[:, 6:, 3].max() == 0


@pytest.mark.parametrize("name", FILTERS)
def test_resize(name):
    frame = noise(12, 16, 3)
    expected = np.asarray(Image.fromarray(frame).resize((8, 30), FILTERS[name]))
    assert np.array_equal(rgba(still(frame).resize(8, 30, name))[..., :3], expected)


def test_resize_keeps_proportions():
    clip = still(noise(12, 16, 3))
    assert clip.resize(8).frames().shape == (1, 6, 8, 3)
    assert clip.resize(height=24).frames().shape == (1, 24, 32, 3)


def test_resize_does_not_mix_in_what_is_not_seen():
    frame = np.zeros((8, 8, 4), np.uint8)
    frame[:, :4] = 255, 0, 0, 255  # red, beside black that is not seen
    small = rgba(still(frame).resize(5, 8, "bilinear"))
    assert (small[..., 0][small[..., 3] > 0] == 255).all()
    floats = seen(frame).astype(np.float32)
    layers = [
        np.asarray(Image.fromarray(floats[..., c]).resize((5, 8), Image.Resampling.BILINEAR))
        for c in range(4)
    ]
    assert_close(small, np.dstack(layers))


@pytest.mark.parametrize("name", FILTERS)
def test_resize_with_alpha_against_floats(name):
    y, x = np.mgrid[0:20, 0:30] / 30
    waves = [np.sin(3 * x + 2 * y), np.cos(4 * y), np.sin(5 * x) * y, np.cos(2 * x - y)]
    frame = (80 + 60 * np.dstack(waves)).round().astype(np.uint8)
    floats = seen(frame).astype(np.float32)
    layers = [
        np.asarray(Image.fromarray(floats[..., c]).resize((13, 9), FILTERS[name])) for c in range(4)
    ]
    # Premultiplied colors are rounded before, the passes in between, and after.
    assert_close(rgba(still(frame).resize(13, 9, name)), np.dstack(layers), level=1.5)


def test_grids():
    one, two, three = (noise(4, 6, 3, seed) for seed in range(3))
    clips = [still(one), still(two), still(three)]
    grid = Clip.grid(clips).frames()[0].compute()
    black = np.zeros((4, 6, 3), np.uint8)
    assert np.array_equal(grid, np.vstack([np.hstack([one, two]), np.hstack([three, black])]))
    row = clips[0].beside(clips[1], clips[2]).frames()[0].compute()
    assert np.array_equal(row, np.hstack([one, two, three]))
    column = clips[0].above(clips[1]).frames()[0].compute()
    assert np.array_equal(column, np.vstack([one, two]))
    assert Clip.grid(clips, 3) == clips[0].beside(*clips[1:])


def test_a_frame_that_is_shown_as_it_is_is_not_copied():
    frames = noise(4, 6, 3)[None]
    source = ClipSpec.of(Clip(frames)._node, 1).source()
    assert np.shares_memory(source.draw(0, 0, DrawSession()), frames)


SIZES = [
    (lambda a, b: a + b, "6x4 and 8x5 cannot be joined one after another"),
    (lambda a, b: a.crossfade(b, 0.01), "6x4 and 8x5 cannot be faded into each other"),
    (lambda a, b: a.beside(b), "height of 4 and of 5 pixels cannot be beside"),
    (lambda a, b: a.above(b), "width of 6 and of 8 pixels cannot be above"),
    (lambda a, b: b.pad(6, 4), "8x5 cannot be padded to 6x4"),
]


@pytest.mark.parametrize(("act", "match"), SIZES)
def test_sizes_that_do_not_fit(act, match, tmp_path):
    clip = act(still(noise(4, 6, 3)), still(noise(5, 8, 3)))
    with pytest.raises(FrameSizeError, match=match):
        clip.frames()
    with pytest.raises(FrameSizeError, match=match):
        clip.render(tmp_path / "a.mp4", num_workers=1)
    assert not list(tmp_path.iterdir())


def test_transparency_of_videos():
    clear, solid = still(noise(4, 6)), still(noise(4, 6, 3))

    def is_transparent(clip):
        return ClipSpec.of(clip._node, 1).transparent

    assert is_transparent(clear)
    assert not is_transparent(solid)
    assert not is_transparent(solid.overlay(clear))
    assert is_transparent(clear.overlay(solid))
    assert not is_transparent(clear.background("red"))
    assert is_transparent(solid.pad(9, 9, color=None))
    assert not is_transparent(solid.fade_in(0.01))
    assert is_transparent(solid.fade_in(0.01, None))
    assert is_transparent(solid + clear)
    with pytest.raises(OptionError, match="color"):
        solid.background(3)
