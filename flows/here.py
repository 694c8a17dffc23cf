"""The site that a flow runs at unless its parameters name another; how forms ask for one."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import WithJsonSchema

from tasks.sites import Site

SITE_FILE = "NEARSIGHT_SITE_FILE"
"""Variable that names the file of a worker's site."""

SITE = "a YAML file with its pools; none: the site where the flow runs"
"""What the field is for."""

SiteChoice = Annotated[
    Site,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "path", "title": "file"},
                {"type": "object", "title": "pools"},
            ]
        }
    ),
]
"""A site. Forms ask for its file, or for its pools as JSON: four pools have sixty fields."""


def here() -> Site:
    """The site of this process: what its file says, or processes of this machine.

    Then the same parameters, run at another site, take that site's pools.
    """
    file = os.environ.get(SITE_FILE)
    return Site.model_validate(file) if file else Site()
