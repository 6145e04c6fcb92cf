"""Pixels to packets, and packets to a file.

This folder alone knows PyAV: formats and their encoders, the conversion of pixels, segments, muxing,
timing, decoding, and the output file, which appears complete or not at all. In go frames or segments
in order; out comes a file. A new codec is a row in `formats` and in `encoders`. Read `options` first,
then `video_writer`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
