"""The movie writer "dask" of matplotlib's animations, which importing this module registers.

::

    import dask_animate.matplotlib

    animation.save("wave.mp4", writer="dask")

It takes the place of matplotlib's writer "ffmpeg": frames are drawn by matplotlib as ever, and encoded
in this process as `dask_animate.write_video` does it, without a program ffmpeg.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from matplotlib.animation import AbstractMovieWriter, writers
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .adapters import CanvasPixels
from .errors import EncoderError, OptionError, OptionTypeError, TransparencyWarning, warn
from .frames import FrameSize
from .validation import in_short, require_choice, require_int

if TYPE_CHECKING:
    from .encoding import OutputOptions

#: Options in `extra_args` for which there is an argument.
_ARGUMENTS = {"-crf": "video_quality", "-preset": "video_preset", "-pix_fmt": "pixel_format"}
#: Codecs for which x264's and x265's CRF is the quality.
_CRF_CODECS = ("h264", "hevc")
#: Codecs whose encoders aim at a bit rate.
_RATE_CODECS = ("h264", "hevc", "av1", "vp9")

#: Encodes a frame, given whether its alpha is 255 everywhere.
_Write = Callable[[NDArray[np.uint8], bool], None]


class DaskWriter(AbstractMovieWriter):
    """Writes a matplotlib animation to a video.

    ``Animation.save(..., writer="dask")`` makes one, as does ``rcParams["animation.writer"] = "dask"``.
    The file has tagged colors and its index at the front, odd sizes are padded, and it appears at its
    path once it is complete.

    Parameters
    ----------
    fps : float or Fraction, default: 5
        Frames per second.
    codec : str, optional
        Video codec, as in `dask_animate.write_video`. By default ``rcParams["animation.codec"]`` if the
        kind of file holds it, else the usual one of the file's suffix.
    bitrate : int, optional
        Kilobits per second for H.264, HEVC, AV1 and VP9; by default ``rcParams["animation.bitrate"]``.
        0 or less means constant quality.
    extra_args : sequence of str, optional
        Options of the encoder in the style of ffmpeg, such as ``["-tune", "animation"]``. ``-preset``
        and ``-pix_fmt`` mean `video_preset` and `pixel_format`; ``-crf`` means `video_quality` for H.264
        and HEVC.
    metadata : mapping of str to str, optional
        Any of "title", "artist", "comment", "copyright" and "date", for MP4, MOV, MKV and WebM.
    video_mode, video_quality, video_preset, pixel_format, dither
        As in `dask_animate.write_video`.

    Raises
    ------
    OptionError, OptionTypeError
        By `setup`, if an argument is invalid.

    Notes
    -----
    Not thread-safe. The size of the figure in inches is put back before each frame, so that all frames
    have the same size in pixels. Without `saving`, which discards the file if an exception is raised,
    call `finish` in any case.

    Examples
    --------
    >>> import os, tempfile
    >>> import matplotlib.pyplot as plt
    >>> from matplotlib.animation import FuncAnimation
    >>> import dask_animate.matplotlib
    >>> fig, ax = plt.subplots()
    >>> (line,) = ax.plot([0, 1])
    >>> animation = FuncAnimation(fig, lambda y: line.set_ydata([0, y / 3]), frames=3, interval=100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     animation.save(os.path.join(folder, "line.mp4"), writer="dask")
    ...     os.listdir(folder)
    ['line.mp4']
    >>> plt.close(fig)
    """

    def __init__(
        self,
        fps: float | Fraction = 5,
        codec: str | None = None,
        bitrate: int | None = None,
        extra_args: Sequence[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        *,
        video_mode: str = "auto",
        video_quality: int | None = None,
        video_preset: str | None = None,
        pixel_format: str | None = None,
        dither: str | None = None,
    ) -> None:
        super().__init__(fps=fps, metadata=metadata, codec=codec, bitrate=bitrate)  # type: ignore[arg-type]
        self.extra_args = extra_args
        self._codec = codec
        self._arguments: dict[str, Any] = {
            "video_quality": video_quality,
            "video_preset": video_preset,
            "pixel_format": pixel_format,
        }
        self._mode = video_mode
        self._dither = dither
        self._stack: ExitStack | None = None  # holds the file that is being written
        self._write: _Write | None = None  # None until the first frame

    @classmethod
    def isAvailable(cls) -> bool:
        """Return True: nothing besides this library is needed."""
        return True

    def setup(self, fig: Figure, outfile: str | os.PathLike[str], dpi: float | None = None) -> None:
        """Check all arguments, and begin a file.

        Parameters
        ----------
        fig : Figure
            What is drawn.
        outfile : path-like
            Path or URL of the video; missing directories are created.
        dpi : float, optional
            Dots per inch; by default those of the figure.
        """
        from .encoding import open_output

        self._leave(EncoderError("the file was not finished"))
        output = self._output(outfile, transparent=False)
        with ExitStack() as stack:
            self._file = stack.enter_context(open_output(output.destination))
            super().setup(fig, output.folder / output.name, dpi)
            self._inches = tuple(fig.get_size_inches())
            self._stack = stack.pop_all()

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        """Draw the figure, and write it as the next frame.

        Parameters
        ----------
        **savefig_kwargs
            As for `Figure.savefig`, but for ``dpi``, ``format`` and ``bbox_inches``, which are the same
            for all frames.
        """
        if self._stack is None:
            raise EncoderError("no file is open: call setup() before grab_frame()")
        fixed = sorted({"dpi", "format", "bbox_inches"} & savefig_kwargs.keys())
        if fixed:
            raise OptionError(
                f"grab_frame cannot take {', '.join(fixed)}: it is the same for all frames"
            )
        self.fig.set_size_inches(self._inches)
        self.fig.savefig(CanvasPixels(self._take), format="rgba", dpi=self.dpi, **savefig_kwargs)

    def finish(self) -> None:
        """Complete the file; does nothing if it was discarded."""
        if self._stack is not None and self._write is None:
            self._leave(error := EncoderError("no frame was written"))
            raise error
        self._leave(None)

    @contextmanager
    def saving(
        self, fig: Figure, outfile: str | os.PathLike[str], dpi: float | None, *args: Any, **kwargs: Any
    ) -> Generator[AbstractMovieWriter, None, None]:
        """Return a context manager that calls `setup` and `finish`.

        An exception inside discards the file, and a file that is at `outfile` already stays unchanged.
        """
        with super().saving(fig, cast(str, outfile), dpi, *args, **kwargs):
            try:
                yield self
            except BaseException as exc:
                self._leave(exc)
                raise

    def _supports_transparency(self) -> bool:
        """Return whether the file can be transparent; if not, `Animation.save` draws it over white."""
        return self._output(self.outfile, transparent=True).encode.keep_alpha

    def _leave(self, exc: BaseException | None) -> None:
        """Complete the file that is being written, if there is one; discard it if there is an error."""
        stack, self._stack, self._write = self._stack, None, None
        if stack is not None:
            stack.__exit__(None if exc is None else type(exc), exc, None)

    def _take(self, frame: NDArray[np.uint8]) -> None:
        opaque = bool((frame[..., 3] == 255).all())
        if self._write is None:
            self._write = self._begin(FrameSize(*frame.shape[:2]), transparent=not opaque)
        self._write(frame, opaque)

    def _begin(self, size: FrameSize, *, transparent: bool) -> _Write:
        """Choose the encoder, and return what encodes frames; they are as transparent as the first."""
        from .encoding import choose_encoder, open_writer

        assert self._stack is not None
        output = self._output(self.outfile, transparent=transparent)
        if transparent:
            output.encode.warn_of_lost_alpha()
        encoding = choose_encoder(output.encode, size)
        writer = open_writer(self._file, output, (), encoding, size)
        self._stack.enter_context(writer)

        def write(frame: NDArray[np.uint8], opaque: bool) -> None:
            if not (opaque or transparent or encoding.keep_alpha):
                warn(
                    "a transparent frame is drawn on white, because the first frame is opaque",
                    TransparencyWarning,
                )
            writer.encode(writer.convert(frame, opaque=opaque))

        return write

    def _output(self, outfile: object, *, transparent: bool) -> OutputOptions:
        """Check all arguments together."""
        from .encoding import EncodeOptions, OutputOptions

        with _named_as_matplotlib_does():
            codec = self._codec_of(outfile)
            arguments, extra = _split(self.extra_args, self._arguments, codec)
            bitrate = require_int("bitrate", self.bitrate, -1)
            if bitrate > 0:
                if codec not in _RATE_CODECS:
                    raise OptionError(
                        f"bitrate={bitrate} is not possible for {codec}, only for "
                        f"{', '.join(_RATE_CODECS)}: leave it out"
                    )
                extra += ["-b", f"{bitrate}k"]
            encode = EncodeOptions.create(
                outfile,
                self.fps,
                codec=codec,
                pixel_format=arguments["pixel_format"],
                transparent=transparent,
                mode=self._mode,
                quality=arguments["video_quality"],
                preset=arguments["video_preset"],
                extra_ffmpeg_params=extra,
                dither=self._dither,
            )
            return OutputOptions.create(outfile, encode, None, metadata=_renamed(self.metadata))

    def _codec_of(self, outfile: object) -> str:
        """Return the codec: what was asked for, by argument or by rcParams, or that of the suffix."""
        from .encoding import CODECS, EncodeOptions

        if self._codec is not None:
            return EncodeOptions.create(outfile, self.fps, codec=self._codec).codec
        usual = EncodeOptions.create(outfile, self.fps)
        wanted = require_choice('rcParams["animation.codec"]', self.codec, tuple(CODECS))
        return wanted if wanted in usual.container.codecs else usual.codec


def _split(
    extra_args: object, arguments: Mapping[str, Any], codec: str
) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments, with those that are in `extra_args`, and what is left of it."""
    arguments = dict(arguments)
    if isinstance(extra_args, str) or not isinstance(extra_args, Sequence | None):
        raise OptionTypeError(
            f'extra_args must be a list such as ["-tune", "animation"], got {in_short(extra_args)}'
        )
    words = [str(word) for word in extra_args or ()]
    extra: list[str] = []
    for idx in range(0, len(words), 2):
        word, value = words[idx], words[idx + 1 : idx + 2]
        name = _ARGUMENTS.get(word.removesuffix(":v"))
        if not value or name is None or (word == "-crf" and codec not in _CRF_CODECS):
            extra += [word, *value]
        elif arguments[name] is not None:
            raise OptionError(f"extra_args has {word}, and {name} is given, too: leave one of them out")
        else:
            arguments[name] = int(value[0]) if value[0].isdecimal() and word == "-crf" else value[0]
    return arguments, extra


def _renamed(metadata: object) -> object:
    """Return metadata with this library's name of what matplotlib, as FFmpeg, calls the artist."""
    if not isinstance(metadata, Mapping):
        return metadata
    return {"author" if key == "artist" else key: value for key, value in metadata.items()} or None


@contextmanager
def _named_as_matplotlib_does() -> Generator[None, None, None]:
    """Call arguments by the names that they have here, in the texts of errors."""
    try:
        yield
    except (OptionError, OptionTypeError) as exc:
        text = str(exc).replace("video_extra_ffmpeg_params", "extra_args")
        raise type(exc)(text.replace("output_file", "the file's name")) from exc.__cause__


# Not as a decorator, whose type would hide the arguments of the class.
writers.register("dask")(DaskWriter)
