"""Files that are part of an HTML page."""

from __future__ import annotations

import base64


def data_url(mime: str, data: bytes) -> str:
    """Return a file as a URL that holds it.

    Parameters
    ----------
    mime : str
        Its MIME type.
    data : bytes
        The file.
    """
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
