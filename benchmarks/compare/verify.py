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

#: Colors may be off by this share of their distance from gray: rounding and lost detail stay below, what
#: is shown with the matrix of another standard does not.
COLOR_TOLERANCE = 0.07
#: Frames are compared at this height; colors are those of blocks of so many rows and columns of it.
HEIGHT, BLOCK = 180, 4
#: FFmpeg's numbers of color spaces: what is tagged, and what players take where nothing is.
BT709, UNTAGGED, BT601 = 1, 2, 5


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
    """Small frames `(n, height, width, 3)`, and what the container says of the large ones."""

    small: np.ndarray
    size: tuple[int, int]
    rate: Fraction
    is_tagged: bool


def read(path: Path) -> Frames:
    """Decode a video as a player shows it: BT.709 from 720 rows on and BT.601 below, if not tagged."""
    small, is_tagged = [], True
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate, size = stream.average_rate, (stream.codec_context.width, stream.codec_context.height)
        for frame in container.decode(stream):
            if frame.format.is_rgb:
                pixels = frame.to_ndarray(format="rgb24")
            else:
                is_tagged = frame.colorspace != UNTAGGED
                pixels = frame.reformat(format="rgb24", src_colorspace=matrix(frame)).to_ndarray()
            small.append(shrunk(pixels))
    return Frames(np.array(small), size, rate, is_tagged)


def matrix(frame: av.VideoFrame) -> int:
    if frame.colorspace != UNTAGGED:
        return frame.colorspace
    return BT709 if frame.height >= 720 else BT601


def shrunk(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    shape = (round(width * HEIGHT / height), HEIGHT)
    return np.asarray(Image.fromarray(pixels).resize(shape, Image.Resampling.BOX))


def verify(path: Path, reference: Path, frames: Frames) -> Verdict:
    """Compare a video with the reference, of which `frames` were read."""
    verdict = Verdict()
    try:
        shown = read(path)
    except (OSError, av.FFmpegError) as error:
        verdict.wrong.append(f"cannot be read: {error}")
        return verdict
    (n_shown, n), (width, height) = (len(shown.small), len(frames.small)), shown.size
    if n_shown != n:
        verdict.wrong.append(f"{n_shown} frames for {n}")
    if shown.size != frames.size:
        verdict.wrong.append(f"{width}x{height} for {frames.size[0]}x{frames.size[1]}")
    if abs(shown.rate - FPS) > 0.01:
        verdict.wrong.append(f"{float(shown.rate):.2f} frames/s for {FPS}")
    if not n_shown:
        return verdict
    common = min(n, n_shown)
    ours, theirs = frames.small[:common].astype("f4"), shown.small[:common].astype("f4")
    if ours.shape == theirs.shape:
        n_wrong = out_of_order(theirs, ours)
        if n_wrong:
            verdict.wrong.append(f"{n_wrong} frames are not those of their place")
        verdict.color_error = color_error(theirs, ours)
        if verdict.color_error > COLOR_TOLERANCE:
            tags = "" if shown.is_tagged else ", not tagged"
            verdict.wrong.append(f"colors off by {verdict.color_error:.0%}{tags}")
    verdict.ssim = ssim(path, reference, frames.size, shown.size)
    return verdict


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


def color_error(shown: np.ndarray, drawn: np.ndarray) -> float:
    """Return how far colors are from those that were drawn, over how far those are from gray.

    Blocks are large enough for thin lines to lose nothing by subsampled chroma.
    """
    shown, drawn = blocks(shown), blocks(drawn)
    distance = np.linalg.norm(drawn - drawn.mean(axis=-1, keepdims=True), axis=-1)
    colored = distance > max(4, np.quantile(distance, 0.9) / 2)
    if not colored.any():
        return 0.0
    error = np.linalg.norm(shown - drawn, axis=-1)
    return float(error[colored].sum() / distance[colored].sum())


def blocks(frames: np.ndarray) -> np.ndarray:
    """Return the means of blocks of the first frame, of the last one, and of one between."""
    chosen = frames[[0, len(frames) // 2, -1]]
    n, height, width, channels = chosen.shape
    rows, columns = height // BLOCK, width // BLOCK
    cut = chosen[:, : rows * BLOCK, : columns * BLOCK]
    return cut.reshape(n, rows, BLOCK, columns, BLOCK, channels).mean(axis=(2, 4))


def squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared distances of rows."""
    return (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T


def ssim(path: Path, reference: Path, size: tuple[int, int], shown: tuple[int, int]) -> float | None:
    """Return the mean SSIM of red, green and blue by ffmpeg's filter, or None without the program."""
    as_shown = "bt709" if shown[1] >= 720 else "bt601"
    with av.open(str(path)) as container:
        tagged = next(container.decode(video=0)).colorspace
    matrix_of = {BT709: "bt709", UNTAGGED: as_shown}.get(tagged, "bt601")
    scale = f"scale={size[0]}:{size[1]}:in_color_matrix={matrix_of}:flags=accurate_rnd+full_chroma_int"
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
