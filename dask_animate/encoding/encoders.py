"""The table of encoders: how quality, preset and threads are said to each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from .spec import EncodeOptions

#: Frames from one keyframe to the next at most.
GOP = 250
#: Of every encoder, on this library's scale; benchmarks/encoder_defaults.md tells why.
DEFAULT_QUALITY = 20
#: Options of users that say themselves how large or how good the video is to be.
RATE_OPTIONS = frozenset({"b", "qp", "cq", "lossless"})

_X26X_PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
_NVENC_PRESETS = ("p1", "p2", "p3", "p4", "p5", "p6", "p7")


@dataclass(frozen=True)
class Encoder:
    """An encoder, and how this library's quality, preset and threads are said to it.

    Attributes
    ----------
    name : str
        FFmpeg's name.
    quality_option : str or None
        What takes the quality; None if there is no choice.
    quality_scale : tuple of (int, int)
        Pairs of this library's quality and the encoder's, between which it is linear.
    preset_option : str or None
        What takes the preset; None if there is no choice.
    presets : tuple of str
        Their names.
    default_preset : str
        Of them.
    fixed_options : tuple of (str, str)
        Options that the user's can override.
    default_options : tuple of (str, str)
        The same, left out if the user names a preset or a tune, which then is what it says.
    thread_options : tuple of (str, str)
        Options with the number of threads as ``{}``; without any, the encoder's context takes it.
    reorder : int
        Packets by which a frame may come after its turn, as B-frames make it.
    min_side : int
        Rows and columns that a frame has at least; smaller ones fail or never end.
    """

    name: str
    quality_option: str | None = None
    quality_scale: tuple[tuple[int, int], ...] = ((0, 0), (51, 51))
    preset_option: str | None = None
    presets: tuple[str, ...] = ()
    default_preset: str = ""
    fixed_options: tuple[tuple[str, str], ...] = ()
    default_options: tuple[tuple[str, str], ...] = ()
    thread_options: tuple[tuple[str, str], ...] = ()
    reorder: int = 0
    min_side: int = 1

    def options(self, spec: EncodeOptions, threads: int = 1) -> dict[str, str]:
        """Return the options to open it with; the user's own win over all others."""
        users = dict(spec.options)
        options = dict(self.fixed_options)
        if spec.preset is None and "tune" not in users:
            options.update(self.default_options)
        for name, value in self.thread_options:
            options[name] = ":".join(filter(None, (options.get(name), value.format(threads))))
        rate = RATE_OPTIONS.intersection(users)
        if rate - {"qp"}:
            options.pop("rc", None)  # NVENC's own choice of a mode follows from the rate
        if not rate and self.quality_option is not None:
            quality = DEFAULT_QUALITY if spec.quality is None else spec.quality
            options[self.quality_option] = str(self.quality(quality))
        if self.preset_option is not None:
            options[self.preset_option] = spec.preset or self.default_preset
        for name, value in users.items():
            is_list = name in options and name.endswith("-params")
            options[name] = f"{options[name]}:{value}" if is_list else value
        return options

    def quality(self, quality: int) -> int:
        """Return the encoder's own number for a quality of this library."""
        points = self.quality_scale
        for (low, at_low), (high, at_high) in pairwise(points):
            if quality <= high:
                return round(at_low + (quality - low) * (at_high - at_low) / (high - low))
        return points[-1][1]


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


#: By codec; on the CPU.
ENCODERS = {
    "h264": Encoder(
        "libx264",
        quality_option="crf",
        preset_option="preset",
        presets=_X26X_PRESETS,
        default_preset="superfast",
        # On AVX-512 machines the macroblock tree of x264 (core 165) gives other bytes from run to run.
        fixed_options=(*_GOP, ("mbtree", "0")),
        # Chosen by benchmarks/encoder_defaults.py: plots move little, so that good keyframes pay.
        default_options=(
            ("refs", "3"),
            ("partitions", "p8x8,i8x8,i4x4"),
            ("i_qfactor", "0.5"),
            ("b_qfactor", "1.5"),
            ("aq-strength", "1.25"),
        ),
        reorder=2,
    ),
    "hevc": Encoder(
        "libx265",
        quality_option="crf",
        preset_option="preset",
        presets=_X26X_PRESETS,
        default_preset="superfast",
        # info=0: the header would tell the number of threads, and segments have to have the same.
        fixed_options=(*_GOP, ("x265-params", "log-level=error:info=0:open-gop=0:frame-threads=1")),
        thread_options=(("x265-params", "pools={}"),),
        reorder=2,
    ),
    "av1": Encoder(
        "libsvtav1",
        quality_option="crf",
        quality_scale=((0, 1), (20, 31), (51, 63)),
        preset_option="preset",
        presets=tuple(map(str, range(14))),
        default_preset="8",
        fixed_options=_GOP,
        thread_options=(("svtav1-params", "lp={}"),),
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
#: By codec.
GPU_ENCODERS = {"h264": _nvenc("h264", 2), "hevc": _nvenc("hevc", 2), "av1": _nvenc("av1", 0)}
BY_NAME = {encoder.name: encoder for encoder in (*ENCODERS.values(), *GPU_ENCODERS.values())}
