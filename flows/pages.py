"""HTML pages that stand alone, from the templates that lie in this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

FOLDER = Path(__file__).parent

SERVED = "NEARSIGHT_PAGES"
"""Variable that names the folder whose pages the Prefect server shows, see `flows.served`."""


def render(
    template: str, filters: Mapping[str, Callable[..., str]] | None = None, /, **values: Any
) -> str:
    """Fill a template: one HTML document with its styles, pictures and scripts inside."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters or {}
    return environment.get_template(template).render(**values)
