"""Figures as bytes and as `data:` addresses, for pages that must stand alone."""

from __future__ import annotations

import base64
import io
from typing import Literal

import matplotlib
from matplotlib.figure import Figure

DPI = 150

_MIME = {"svg": "image/svg+xml", "png": "image/png"}


def to_bytes(figure: Figure, format: Literal["svg", "png"] = "svg") -> bytes:
    """Return the picture as a file's bytes; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    metadata = {"Date": None} if format == "svg" else {"Software": None}
    with matplotlib.rc_context({"svg.hashsalt": "nearsight"}):
        figure.savefig(buffer, format=format, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def to_data_uri(figure: Figure, format: Literal["svg", "png"] = "svg") -> str:
    """Return the picture as a `data:` address: SVG for lines, PNG (150 dpi) for many points."""
    content = base64.b64encode(to_bytes(figure, format)).decode("ascii")
    return f"data:{_MIME[format]};base64,{content}"
