"""What a video shows, beside the frames that were drawn: count, size, rate, order, colors, and SSIM."""

import re
import subprocess
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from .workloads import FPS

#: Colors may differ by this share of their distance from gray, and be paler by this share. Subsampled
#: chroma makes thin lines paler by up to a tenth. Less than the last share is not told from rounding.
HUE_TOLERANCE, PALE_TOLERANCE, HUE_NOISE = 0.1, 0.2, 0.02
#: Frames are compared at this height; colors are those of blocks of so many rows and columns of it.
HEIGHT, BLOCK = 180, 4
#: FFmpeg's numbers of the standards of colors, of no standard, and of the range of values that JPEG has.
BT709, UNTAGGED, BT601, FULL_RANGE = 1, 2, 5, 2
#: Weights of red and blue in luma.
WEIGHTS = {BT709: (0.2126, 0.0722), BT601: (0.299, 0.114)}


@dataclass
class Verdict:
    """What is wrong with a video, one phrase each, and how near it is to the drawn frames."""

    wrong: list[str] = field(default_factory=list)
    color_error: float | None = None
    ssim: float | None = None

    @property
    def correct(self) -> bool:
        return not self.wrong


@dataclass(frozen=True)
class Frames:
    """Small frames, and what the file says of the large ones.

    Attributes
    ----------
    small
        `(n, height, width, 3)`: red, green and blue, or luma from 0 to 255 and chroma around 0.
    standard
        What a player takes these for: what is tagged, else BT.709 from 720 rows on and BT.601 below;
        None for red, green and blue.
    """

    small: np.ndarray
    size: tuple[int, int]
    rate: Fraction
    is_tagged: bool
    standard: int | None

    def rgb(self, standard: int | None = None) -> np.ndarray:
        """Return the frames in red, green and blue, as a player shows them, or by another standard."""
        standard = standard or self.standard
        if standard is None:
            return self.small
        red, blue = WEIGHTS[standard]
        luma, chroma_b, chroma_r = np.moveaxis(self.small, -1, 0)
        r, b = luma + 2 * (1 - red) * chroma_r, luma + 2 * (1 - blue) * chroma_b
        return np.stack([r, (luma - red * r - blue * b) / (1 - red - blue), b], axis=-1)


def read(path: Path, like: tuple[int, int] | None = None) -> Frames:
    """Decode a video, and shrink its frames as those of a size are, by default of its own.

    They are shrunk before they are converted to red, green and blue: chroma that leaks from a thin line
    into white would be cut off.
    """
    small = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate, size = stream.average_rate, (stream.codec_context.width, stream.codec_context.height)
        width, height = like or size
        shape = (round(width * HEIGHT / height), HEIGHT)
        is_rgb = stream.codec_context.format.is_rgb
        for frame in container.decode(stream):
            if is_rgb:
                planes = np.moveaxis(frame.to_ndarray(format="rgb24"), -1, 0)
                small.append(np.stack([shrunk(plane, shape) for plane in planes], axis=-1))
            else:
                planes = [shrunk(one, shape) for one in frame.reformat(format="yuv444p").to_ndarray()]
                scale = (1, 1) if frame.color_range == FULL_RANGE else (255 / 219, 255 / 224)
                luma = (planes[0] - (0 if scale[0] == 1 else 16)) * scale[0]
                small.append(np.stack([luma, *((one - 128) * scale[1] for one in planes[1:])], axis=-1))
    if is_rgb:
        return Frames(np.array(small), size, rate, True, None)
    is_tagged = frame.colorspace != UNTAGGED
    by_size = BT709 if size[1] >= 720 else BT601
    standard = by_size if not is_tagged else BT709 if frame.colorspace == BT709 else BT601
    return Frames(np.array(small), size, rate, is_tagged, standard)


def shrunk(plane: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(plane.astype("f4")).resize(shape, Image.Resampling.BOX))


def verify(path: Path, reference: Path, frames: Frames) -> Verdict:
    """Compare a video with the reference, of which `frames` were read."""
    verdict = Verdict()
    try:
        shown = read(path, frames.size)
    except (OSError, av.FFmpegError) as error:
        verdict.wrong.append(f"cannot be read: {error}")
        return verdict
    n_shown, n = len(shown.small), len(frames.small)
    verdict.wrong += differences((n_shown, shown.size, shown.rate), n, frames.size)
    if not n_shown:
        return verdict
    common = min(n, n_shown)
    ours, theirs = frames.rgb()[:common], shown.rgb()[:common]
    n_wrong = out_of_order(theirs, ours)
    if n_wrong:
        verdict.wrong.append(f"{n_wrong} frames are not those of their place")
    hue_error, paler = color_errors(theirs, ours)
    verdict.color_error = hue_error
    other = BT601 if shown.standard == BT709 else BT709
    by_other = color_errors(shown.rgb(other)[:common], ours)[0] if shown.standard else hue_error
    if by_other < 0.9 * hue_error and hue_error > HUE_NOISE:
        taken = {BT709: "BT.709", BT601: "BT.601"}
        tags = "tagged" if shown.is_tagged else "not tagged, shown as"
        verdict.wrong.append(f"colors of {taken[other]}, {tags} {taken[shown.standard]}")
    elif hue_error > HUE_TOLERANCE:
        verdict.wrong.append(f"colors off by {hue_error:.0%}")
    if paler > PALE_TOLERANCE:
        verdict.wrong.append(f"colors paler by {paler:.0%}")
    verdict.ssim = ssim(path, reference, frames.size, shown.standard)
    return verdict


def count(path: Path, n: int, size: tuple[int, int]) -> Verdict:
    """Look at the number of frames, their size and rate alone."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            shown = stream.codec_context.width, stream.codec_context.height
            n_shown = sum(1 for packet in container.demux(stream) if packet.size)
            return Verdict(differences((n_shown, shown, stream.average_rate), n, size))
    except (OSError, av.FFmpegError) as error:
        return Verdict([f"cannot be read: {error}"])


def differences(
    shown: tuple[int, tuple[int, int], Fraction], n: int, size: tuple[int, int]
) -> list[str]:
    """Return what is wrong with a number of frames, their size and rate."""
    n_shown, (width, height), rate = shown
    wrong = []
    if n_shown != n:
        wrong.append(f"{n_shown} frames for {n}")
    if (width, height) != size:
        wrong.append(f"{width}x{height} for {size[0]}x{size[1]}")
    if abs(rate - FPS) > 0.01:
        wrong.append(f"{float(rate):.2f} frames/s for {FPS}")
    return wrong


def out_of_order(shown: np.ndarray, drawn: np.ndarray) -> int:
    """Return how many frames are nearer to the drawn frame of another place than to that of their own.

    What all frames have in common does not count, and of frames that differ less from each other than
    the video does from the nearest one, either will do.
    """
    n = len(drawn)
    shown, drawn = (x.reshape(n, -1) - x.reshape(n, -1).mean(axis=0) for x in (shown, drawn))
    apart = squares(shown, drawn)
    nearest, own = apart.argmin(axis=1), np.arange(n)
    alike = squares(drawn, drawn)[own, nearest] <= apart[own, nearest]
    return int(np.sum((nearest != own) & ~alike))


def color_errors(shown: np.ndarray, drawn: np.ndarray) -> tuple[float, float]:
    """Return how far colors are systematically off, and how much paler they are.

    Both are shares of their distance from gray. The error of all blocks is fitted by a linear map of
    their color, which loss of detail is not.
    """
    shown, drawn = blocks(shown), blocks(drawn)
    gray = drawn.mean(axis=1, keepdims=True)
    color = drawn - gray
    if np.abs(color).max() < 1:
        return 0.0, 0.0
    known = np.column_stack([color, gray, np.ones(len(gray))])
    fitted, *_ = np.linalg.lstsq(known, shown - drawn, rcond=1e-3)
    error = color @ fitted[:3]
    stronger = np.vdot(error, color) / np.vdot(color, color)
    off = np.linalg.norm(error - stronger * color) / np.linalg.norm(color)
    return float(off), float(-stronger)


def blocks(frames: np.ndarray) -> np.ndarray:
    """Return the mean colors `(n, 3)` of blocks of the first frame, of the last, and of one between."""
    chosen = frames[[0, len(frames) // 2, -1]]
    n, height, width, channels = chosen.shape
    rows, columns = height // BLOCK, width // BLOCK
    cut = chosen[:, : rows * BLOCK, : columns * BLOCK]
    return cut.reshape(n, rows, BLOCK, columns, BLOCK, channels).mean(axis=(2, 4)).reshape(-1, channels)


def squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared distances of rows."""
    return (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T


def ssim(path: Path, reference: Path, size: tuple[int, int], standard: int | None) -> float | None:
    """Return the mean SSIM of red, green and blue by ffmpeg's filter, or None without the program."""
    name = "bt709" if standard == BT709 else "bt601"
    scale = f"scale={size[0]}:{size[1]}:in_color_matrix={name}:flags=accurate_rnd+full_chroma_int"
    graph = (
        f"[0:v]setpts=N/{FPS}/TB,{scale},format=gbrp[a];"
        f"[1:v]setpts=N/{FPS}/TB,format=gbrp[b];[a][b]ssim=shortest=1"
    )
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-i", path, "-i", reference, "-lavfi", graph]
    try:
        done = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True)
    except FileNotFoundError:
        return None
    found = re.search(r"SSIM .*All:([\d.]+)", done.stderr)
    return float(found[1]) if found else None
