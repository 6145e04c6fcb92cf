"""Frames to video files, and back.

Only this folder uses PyAV. `EncodeOptions` and `OutputOptions` say what the caller asks for;
`choose_encoder` turns them into an `Encoding`, which says how frames are encoded. `open_writer` takes
frames, or segments that a `SegmentEncoder` made elsewhere, in order, and writes them to an `OutputFile`,
which appears complete or not at all. `join_files` makes one file of several, whose packets it copies.
`read_frames` and `probe` read files.

A new codec is a row in `formats` and one in `encoders`. Start reading at `options`, then `video_writer`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
