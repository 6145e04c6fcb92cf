"""Digests: fixed-size fingerprints of texts, of which all tokens are made."""

from __future__ import annotations

import hashlib
import secrets

#: Bytes of a digest, and so of a token.
TOKEN_BYTES = 16


def digest(*parts: str | bytes) -> bytes:
    """Return a digest of a sequence of texts; where one ends and the next begins makes a difference."""
    state = hashlib.blake2b(digest_size=TOKEN_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.digest()


def unique_token() -> bytes:
    """Return a token that equals no other, for what cannot be compared."""
    return secrets.token_bytes(TOKEN_BYTES)
