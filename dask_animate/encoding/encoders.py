"""The table of encoders, and an `Encoding`: a row of it with every option decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ..frames import FrameSize
from .formats import encoded_size

#: Maximum number of frames from one keyframe to the next.
GOP = 250
#: Default quality, on this library's scale; see benchmarks/encoder_defaults.md.
DEFAULT_QUALITY = 20
#: FFmpeg options by which users control the rate or the quality themselves.
RATE_OPTIONS = frozenset({"b", "qp", "cq", "lossless"})
#: Stands for the number of threads in the value of an option.
THREADS = "{threads}"

_X26X_PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
_NVENC_PRESETS = ("p1", "p2", "p3", "p4", "p5", "p6", "p7")


@dataclass(frozen=True)
class Encoder:
    """One of FFmpeg's encoders, and its own options for this library's quality and preset.

    Attributes
    ----------
    name : str
        FFmpeg's name.
    quality_option : str or None
        Option for the quality; None if the encoder has none.
    quality_scale : tuple of (int, int)
        Pairs of this library's quality and the encoder's; linear in between.
    preset_option : str or None
        Option for the preset; None if the encoder has none.
    presets : tuple of str
        Names of the presets.
    default_preset : str
        The preset that this library uses by default.
    fixed_options : tuple of (str, str)
        Options that are always set, unless the user sets them. `THREADS` in a value stands for the
        number of threads, for encoders that do not read it from their context.
    default_options : tuple of (str, str)
        Options that are set unless the user chooses a preset or a tune, which then means what FFmpeg's
        documentation says.
    default_quality : int
        Default quality with `default_options`, on this library's scale; otherwise it is
        `DEFAULT_QUALITY`.
    reorder : int
        Maximum number of frames by which B-frames delay a frame.
    min_side : int
        Minimum height and width; with smaller frames the encoder fails or hangs.
    min_width : int
        Minimum width; with narrower frames the encoder writes to memory that is not its own.
    """

    name: str
    quality_option: str | None = None
    quality_scale: tuple[tuple[int, int], ...] = ((0, 0), (51, 51))
    preset_option: str | None = None
    presets: tuple[str, ...] = ()
    default_preset: str = ""
    fixed_options: tuple[tuple[str, str], ...] = ()
    default_options: tuple[tuple[str, str], ...] = ()
    default_quality: int = DEFAULT_QUALITY
    reorder: int = 0
    min_side: int = 1
    min_width: int = 1

    def options(
        self,
        quality: int | None = None,
        preset: str | None = None,
        extra_options: Iterable[tuple[str, str]] = (),
    ) -> dict[str, str]:
        """Return all options of the encoder.

        Parameters
        ----------
        quality : int, optional
            On this library's scale.
        preset : str, optional
            One of `presets`.
        extra_options : iterable of (str, str)
            The user's own options; they override all others. Values of options such as
            ``x265-params``, which are lists themselves, are appended.
        """
        extra = dict(extra_options)
        options = dict(self.fixed_options)
        default_quality = DEFAULT_QUALITY
        if preset is None and "tune" not in extra:
            options.update(self.default_options)
            default_quality = self.default_quality
        rate = RATE_OPTIONS.intersection(extra)
        if rate - {"qp"}:
            options.pop("rc", None)  # NVENC derives the mode of rate control from the rate
        if not rate and self.quality_option is not None:
            options[self.quality_option] = str(
                self.quality(default_quality if quality is None else quality)
            )
        if self.preset_option is not None:
            options[self.preset_option] = preset or self.default_preset
        for name, value in extra.items():
            is_list = name in options and name.endswith("-params")
            options[name] = f"{options[name]}:{value}" if is_list else value
        return options

    def quality(self, quality: int) -> int:
        """Return a quality on the encoder's scale, given one on this library's."""
        points = self.quality_scale
        for (low, at_low), (high, at_high) in pairwise(points):
            if quality <= high:
                return round(at_low + (quality - low) * (at_high - at_low) / (high - low))
        return points[-1][1]


@dataclass(frozen=True)
class Encoding:
    """How frames are encoded: an encoder, and the values of all its options.

    `choose_encoder` makes it from `EncodeOptions`, the wishes of the caller, on the machine that
    encodes. It travels to the workers, so that all of them encode alike.

    Attributes
    ----------
    fps : Fraction
        Frames per second.
    codec : str
        Name of the codec, such as "h264".
    muxer : str
        FFmpeg's name of the container, such as "mp4".
    pixel_format : str
        FFmpeg's name of the pixel format of the encoded frames, such as "yuv420p".
    keep_alpha : bool
        Whether the alpha channel is encoded; otherwise translucent frames are blended with white.
    dither : str or None
        How colors that are not in a GIF's palette are dithered; None for other codecs.
    encoder : str
        FFmpeg's name of the encoder, such as "libx264".
    encoder_options : tuple of (str, str)
        All options of the encoder, by name; `THREADS` in a value stands for the number of threads.
    reorder : int
        Maximum number of frames by which B-frames delay a frame.
    """

    fps: Fraction
    codec: str
    muxer: str
    pixel_format: str
    keep_alpha: bool
    dither: str | None
    encoder: str
    encoder_options: tuple[tuple[str, str], ...]
    reorder: int

    @property
    def gop(self) -> int:
        """Maximum number of frames from one keyframe to the next."""
        given = dict(self.encoder_options).get("g", "")
        return int(given) if given.isdecimal() and int(given) > 0 else GOP

    def options(self, threads: int) -> dict[str, str]:
        """Return the options to open the encoder with."""
        return {name: value.replace(THREADS, str(threads)) for name, value in self.encoder_options}

    def encoded_size(self, size: FrameSize) -> FrameSize:
        """Return the size of the encoded frames, given the size of the drawn ones."""
        return encoded_size(size, self.pixel_format)


_GOP = (("g", str(GOP)),)


def _nvenc(codec: str, reorder: int) -> Encoder:
    return Encoder(
        f"{codec}_nvenc",
        quality_option="qp",
        quality_scale=((0, 0), (51, 255)) if codec == "av1" else ((0, 0), (51, 51)),
        preset_option="preset",
        presets=_NVENC_PRESETS,
        default_preset="p4",
        fixed_options=(*_GOP, ("rc", "constqp"), ("forced-idr", "1")),
        reorder=reorder,
    )


#: The CPU's encoder of each codec.
ENCODERS = {
    "h264": Encoder(
        "libx264",
        quality_option="crf",
        preset_option="preset",
        presets=_X26X_PRESETS,
        default_preset="superfast",
        # With mbtree, x264 (core 165) gives other bytes from run to run on AVX-512 machines.
        fixed_options=(*_GOP, ("mbtree", "0")),
        # Chosen by benchmarks/encoder_defaults.py. Little moves in plots, so good keyframes pay off.
        # Slower presets have the chroma offset by themselves.
        default_options=(
            ("refs", "3"),
            ("mixed-refs", "1"),
            ("partitions", "all"),
            ("b_strategy", "0"),
            ("qcomp", "0.9"),
            ("i_qfactor", "0.3"),
            ("b_qfactor", "1.8"),
            ("aq-strength", "0.8"),
            ("chromaoffset", "-2"),
        ),
        default_quality=22,
        reorder=2,
    ),
    "hevc": Encoder(
        "libx265",
        quality_option="crf",
        preset_option="preset",
        presets=_X26X_PRESETS,
        default_preset="superfast",
        # info=0: otherwise the header holds the number of threads, and segments need equal headers.
        fixed_options=(
            *_GOP,
            ("x265-params", f"log-level=error:info=0:open-gop=0:frame-threads=1:pools={THREADS}"),
        ),
        reorder=2,
        min_width=64,
    ),
    "av1": Encoder(
        "libsvtav1",
        quality_option="crf",
        quality_scale=((0, 1), (20, 31), (51, 63)),
        preset_option="preset",
        presets=tuple(map(str, range(14))),
        default_preset="8",
        fixed_options=(*_GOP, ("svtav1-params", f"lp={THREADS}")),
        min_side=32,
    ),
    "vp9": Encoder(
        "libvpx-vp9",
        quality_option="crf",
        quality_scale=((0, 0), (20, 30), (51, 63)),
        preset_option="cpu-used",
        presets=tuple(map(str, range(10))),
        default_preset="5",
        fixed_options=(*_GOP, ("b", "0"), ("row-mt", "1")),
    ),
    "ffv1": Encoder("ffv1", fixed_options=(("level", "3"), ("slices", "4"))),
    "gif": Encoder("gif"),
    "apng": Encoder("apng", fixed_options=(("pred", "mixed"),)),
    "webp": Encoder(
        "libwebp_anim", quality_option="quality", quality_scale=((0, 100), (20, 75), (51, 0))
    ),
}
#: The GPU's encoder of a codec.
GPU_ENCODERS = {"h264": _nvenc("h264", 2), "hevc": _nvenc("hevc", 2), "av1": _nvenc("av1", 0)}
