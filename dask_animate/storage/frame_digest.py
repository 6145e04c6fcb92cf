"""Frame digests: what a stored frame was drawn from, and a checksum of its pixels."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from ..provenance import TOKEN_BYTES

#: Bytes of a frame digest: a token, and a CRC-32.
FRAME_DIGEST_BYTES = TOKEN_BYTES + 4


def frame_digest(token: bytes, frame: NDArray[np.uint8]) -> bytes:
    """Return the digest of a frame with this token and these pixels."""
    return token + zlib.crc32(np.ascontiguousarray(frame).data).to_bytes(4, "little")


def matches(digest: NDArray[np.uint8], frame: NDArray[np.uint8]) -> bool:
    """Whether the pixels are those of which a digest has the checksum."""
    data = digest.tobytes()
    return frame_digest(data[:TOKEN_BYTES], frame) == data


def chunk_checksums(digests: NDArray[np.uint8], chunk: int) -> NDArray[np.uint32]:
    """Return a checksum of the frame digests of each chunk, the last of which may be shorter."""
    firsts = range(0, len(digests), chunk)
    checksums = [zlib.crc32(digests[first : first + chunk].tobytes()) for first in firsts]
    return np.array(checksums, np.uint32)
