"""Frames to a video file: the only module that imports PyAV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)
from dask.system import CPU_COUNT
from numpy.typing import NDArray

from .errors import EncoderError, FrameSizeError, OptionError, OptionTypeError, OutputError
from .output import OutputFile
from .spec import EncodeSpec, FrameSize, as_fps, require_choice, require_int

MODES = ("auto", "gpu", "cpu")
QUALITY_RANGE = (0, 51)


@dataclass(frozen=True)
class _Encoder:
    """An encoder, and how this library's quality and preset are said to it."""

    name: str
    quality_option: str
    default_quality: int
    default_preset: str
    presets: tuple[str, ...]
    fixed_options: tuple[tuple[str, str], ...] = ()

    def options(self, spec: EncodeSpec) -> dict[str, str]:
        quality = self.default_quality if spec.quality is None else spec.quality
        return {
            **dict(self.fixed_options),
            self.quality_option: str(quality),
            "preset": spec.preset or self.default_preset,
            **dict(spec.options),
        }


# The defaults are chosen from the table in benchmarks/encoder_defaults.md.
_X264 = _Encoder(
    "libx264",
    quality_option="crf",
    default_quality=18,
    default_preset="veryfast",
    presets=(
        *("ultrafast", "superfast", "veryfast", "faster", "fast"),
        *("medium", "slow", "slower", "veryslow", "placebo"),
    ),
    # On AVX-512 machines the macroblock tree of x264 (core 165) gives other bytes from run to run.
    fixed_options=(("mbtree", "0"),),
)
_NVENC = _Encoder(
    "h264_nvenc",
    quality_option="qp",
    default_quality=18,
    default_preset="p4",
    presets=("p1", "p2", "p3", "p4", "p5", "p6", "p7"),
    fixed_options=(("rc", "constqp"),),
)

_CANDIDATES: Mapping[str, Sequence[_Encoder]] = {
    "cpu": (_X264,),
    "gpu": (_NVENC,),
    "auto": (_X264,),
}

# How the color of four pixels becomes that of one: their mean, exact to rounding. The default of
# swscale blurs over more rows, and takes longer.
_CHROMA = Interpolation.AREA | Interpolation.FULL_CHR_H_INP

_SUFFIXES = {".mp4": "h264", ".m4v": "h264"}
_CODECS = ("h264",)

# Said elsewhere in the call, so that two places cannot disagree.
_TAKEN_OPTIONS = {
    "c": "give codec= instead",
    "codec": "give codec= instead",
    "vcodec": "give codec= instead",
    "r": "give fps= instead",
    "framerate": "give fps= instead",
    "s": "change the figure's size or its dpi instead",
    "pix_fmt": "frames are written as yuv420p",
}


def create_encode_spec(
    output_file: Path,
    fps: object,
    *,
    codec: object = None,
    mode: object = "auto",
    quality: object = None,
    preset: object = None,
    extra_ffmpeg_params: object = None,
) -> EncodeSpec:
    """Check how the caller wants the file encoded, down to opening an encoder with these options.

    Raises
    ------
    OptionError, OptionTypeError
        If an argument cannot be used; the message names it.
    EncoderError
        If no encoder for it works on this machine.
    """
    spec = EncodeSpec(
        fps=as_fps(fps),
        codec=_codec(codec, output_file),
        mode=require_choice("video_mode", mode, MODES),
        quality=_quality(quality),
        preset=_preset(preset),
        options=parse_options(extra_ffmpeg_params),
    )
    choose_encoder(spec, FrameSize(256, 256))  # large enough for every encoder
    return spec


def parse_options(params: object) -> tuple[tuple[str, str], ...]:
    """Turn ``["-tune", "animation"]`` into ``(("tune", "animation"),)``."""
    if params is None:
        return ()
    if isinstance(params, str) or not isinstance(params, Sequence):
        raise OptionTypeError(
            f'video_extra_ffmpeg_params must be a list as ["-tune", "animation"], got {params!r}'
        )
    words = [str(word) for word in params]
    if len(words) % 2 or not all(word.startswith("-") for word in words[::2]):
        raise OptionError(
            f"video_extra_ffmpeg_params must alternate options with a dash and their values, "
            f"got {words!r}"
        )
    options = {}
    for word, value in zip(words[::2], words[1::2], strict=True):
        name = word[1:].removesuffix(":v")
        if name in _TAKEN_OPTIONS:
            raise OptionError(f"video_extra_ffmpeg_params cannot set {word}: {_TAKEN_OPTIONS[name]}")
        options[name] = value
    return tuple(options.items())


class VideoWriter:
    """A video file in the making: frames in, in order, a complete file out.

    A context manager. Leaving it normally completes the file and puts it in place; leaving it with an
    exception does not.

    Not thread-safe.

    Parameters
    ----------
    output : OutputFile
        Where to.
    spec : EncodeSpec
        How.
    """

    def __init__(self, output: OutputFile, spec: EncodeSpec) -> None:
        self._output = output
        self._spec = spec
        self._reformatter = VideoReformatter()
        self._container: Any = None
        self._stream: Any = None
        self._padded: NDArray[np.uint8] | None = None
        self.n_frames = 0
        self.size: FrameSize | None = None
        self.encoder = ""

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            if exc_type is None:
                self._finish()
                self._output.commit()
        finally:
            self._close_quietly()

    @property
    def encoded_size(self) -> FrameSize:
        """Size of the encoded frames: the drawn size, rounded up to even."""
        assert self.size is not None, "nothing was written yet"
        return _even(self.size)

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Encode the next frame.

        Parameters
        ----------
        frame : ndarray of uint8, shape (height, width, 3)
            RGB, C-contiguous. It is read before this returns and may be reused.
        """
        size = FrameSize(*frame.shape[:2])
        if self.size is None:
            self._start(size)
        elif size != self.size:
            raise FrameSizeError(
                f"frame {self.n_frames} is {size} pixels, but the frames before it are {self.size}"
            )
        picture = self._to_yuv(self._pad(frame))
        picture.pts = self.n_frames
        picture.time_base = 1 / self._spec.fps
        self._mux(picture)
        self.n_frames += 1

    def _start(self, size: FrameSize) -> None:
        self.size = size
        even = _even(size)
        encoder = choose_encoder(self._spec, even)
        self.encoder = encoder.name
        if even != size:
            self._padded = np.empty((even.height, even.width, 3), np.uint8)
        with _output_errors(self._output):
            self._container = av.open(
                str(self._output.temporary),
                "w",
                format="mp4",
                container_options={"movflags": "faststart"},
            )
            self._stream = self._container.add_stream(
                encoder.name, rate=self._spec.fps, options=encoder.options(self._spec)
            )
        _configure(self._stream, even, self._spec)

    def _pad(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Repeat the last row and column where yuv420p needs even sizes."""
        if self._padded is None:
            return np.ascontiguousarray(frame)
        height, width = frame.shape[:2]
        self._padded[:height, :width] = frame
        self._padded[:height, width:] = frame[:, -1:]
        self._padded[height:] = self._padded[height - 1]
        return self._padded

    def _to_yuv(self, rgb: NDArray[np.uint8]) -> Any:
        # Without copying; `rgb` outlives the frame, which ends with the conversion.
        picture = av.VideoFrame.from_numpy_buffer(rgb, format="rgb24")
        return self._reformatter.reformat(
            picture,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_CHROMA,
        )

    def _mux(self, picture: Any) -> None:
        with _output_errors(self._output):
            for packet in self._stream.encode(picture):
                self._container.mux(packet)

    def _finish(self) -> None:
        if self._container is None:
            raise EncoderError("no frame was written")
        self._mux(None)
        with _output_errors(self._output):
            self._container.close()
        self._container = None

    def _close_quietly(self) -> None:
        if self._container is not None:
            try:
                self._container.close()
            except (av.error.FFmpegError, ValueError):
                pass  # the file is thrown away
            self._container = None


def choose_encoder(spec: EncodeSpec, size: FrameSize) -> _Encoder:
    """Return the first encoder of the mode that opens with these options at this size.

    Opening is the only honest probe: a build lists encoders whose hardware is not there.
    """
    for encoder in _CANDIDATES[spec.mode]:
        _probe(encoder, spec, size)
        return encoder
    raise AssertionError(spec.mode)


def _probe(encoder: _Encoder, spec: EncodeSpec, size: FrameSize) -> None:
    if spec.preset is not None:
        require_choice(f"video_preset for {encoder.name}", spec.preset, encoder.presets)
    context: Any = av.CodecContext.create(encoder.name, "w")
    context.width, context.height = size.width, size.height
    context.pix_fmt = "yuv420p"
    context.time_base, context.framerate = 1 / spec.fps, spec.fps
    context.options = encoder.options(spec)
    failure: Exception | None = None
    with _messages() as messages:
        try:
            context.open()
        except (av.error.FFmpegError, ValueError) as exc:
            failure = exc
    if failure is not None:
        raise EncoderError(
            f"{encoder.name} does not start at {size} pixels with {_shown(encoder.options(spec))}: "
            f"{'; '.join(messages) or failure}"
        ) from failure
    unknown = sorted(context.options)
    refused = [text for text in messages if "rror parsing option" in text]
    if unknown:
        raise OptionError(
            f"video_extra_ffmpeg_params: {encoder.name} has no option {', '.join(unknown)}"
        )
    if refused:
        raise OptionError(f"video_extra_ffmpeg_params: {encoder.name}: {'; '.join(refused)}")


@contextmanager
def _messages() -> Iterator[list[str]]:
    """Collect what FFmpeg says in this thread, which is where it tells the cause of a failure."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    messages: list[str] = []
    try:
        with av.logging.Capture() as captured:
            try:
                yield messages
            finally:
                messages += [text.strip() for _, _, text in captured]
    finally:
        av.logging.set_level(level)


def _configure(stream: Any, size: FrameSize, spec: EncodeSpec) -> None:
    stream.width, stream.height = size.width, size.height
    stream.pix_fmt = "yuv420p"
    stream.time_base = 1 / spec.fps
    context = stream.codec_context
    context.time_base, context.framerate = 1 / spec.fps, spec.fps
    context.thread_type = "FRAME"  # slices would cost size
    if "threads" not in dict(spec.options):
        # Left alone, x264 counts the cores of the machine, not those that this process may use.
        context.thread_count = CPU_COUNT
    # Players take untagged pixels for BT.601 or BT.709 by their size.
    context.colorspace = 1  # BT.709, in the numbers of H.273
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    context.color_range = ColorRange.MPEG


def _even(size: FrameSize) -> FrameSize:
    return FrameSize(size.height + size.height % 2, size.width + size.width % 2)


def _codec(codec: object, output_file: Path) -> str:
    if codec is not None:
        return require_choice("codec", codec, _CODECS)
    suffix = output_file.suffix.lower()
    if suffix not in _SUFFIXES:
        raise OptionError(f"output_file must end in {' or '.join(_SUFFIXES)}, got {output_file.name!r}")
    return _SUFFIXES[suffix]


def _quality(quality: object) -> int | None:
    if quality is None:
        return None
    low, high = QUALITY_RANGE
    value = require_int("video_quality", quality, low)
    if value > high:
        raise OptionError(f"video_quality must be at most {high}, got {value}")
    return value


def _preset(preset: object) -> str | None:
    if preset is not None and (not isinstance(preset, str) or not preset):
        raise OptionTypeError(f"video_preset must be a name as 'medium', got {preset!r}")
    return preset


def _shown(options: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items())


@contextmanager
def _output_errors(output: OutputFile) -> Iterator[None]:
    """Turn PyAV's errors into ours, saying what was being written."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as exc:
        if isinstance(exc, OSError):
            raise OutputError(f"cannot write {output.path}: {exc.strerror or exc}") from exc
        raise EncoderError(f"encoding {output.path} failed: {exc}") from exc
