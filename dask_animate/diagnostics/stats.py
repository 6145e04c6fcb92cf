"""What a render cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RenderStats:
    """What a render cost, and how it was divided.

    Attributes
    ----------
    wall_seconds : float
        From the call to the finished file.
    render_seconds : float
        Drawing, summed over all workers.
    encode_seconds : float
        Converting and encoding, summed over all workers and the calling process.
    mux_seconds : float
        Spent by the calling process on putting packets into the file.
    wait_seconds : float
        Spent by the calling process waiting for frames; without a cluster this is the drawing.
    frames_per_second : float
        Frames over wall time.
    encode_on : {"workers", "client"}
        Where frames were encoded.
    encode_on_reason : str
        Why there.
    partition_sizes : tuple of int
        Frames of each partition; may be given to the next render as its ``partition_size``.
    n_frames_rendered : int
        Frames that were drawn.
    n_frames_reused : int
        Frames that were found in the store of a former render.
    n_frames_blitted : int
        Of those drawn, frames of which only what had changed was drawn; the others were drawn whole.
    n_workers : int
        Workers that rendered at least one of them; 0 when this process did.
    n_bytes_received : int
        Bytes of pixels or packets that came from the workers.
    file_size : int
        Bytes of the finished file.
    """

    wall_seconds: float
    render_seconds: float
    encode_seconds: float
    mux_seconds: float
    wait_seconds: float
    frames_per_second: float
    encode_on: str
    encode_on_reason: str
    partition_sizes: tuple[int, ...]
    n_frames_rendered: int
    n_frames_reused: int
    n_frames_blitted: int
    n_workers: int
    n_bytes_received: int
    file_size: int

    @property
    def n_partitions(self) -> int:
        """Number of partitions."""
        return len(self.partition_sizes)
