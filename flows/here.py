"""The site and the lake of a flow, unless its parameters name others; how forms ask for them."""

from __future__ import annotations

import os
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from nearsight.spec import Spec
from tasks.options import LakeUrl
from tasks.sites import Site

SITE_FILE = "NEARSIGHT_SITE_FILE"
"""Variable that names the file of a worker's site."""

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


def _lake_of_the_site(told: dict[str, Any]) -> str:
    site: Site = told["site"]
    return site.lake or "lake"


class Sited(Spec):
    """Options of a flow that works at a site."""

    site: SiteChoice = Field(
        default_factory=here,
        title="Site",
        description="a YAML file with its pools; none: the site where the flow runs",
    )


class Placed(Sited):
    """Options of a flow that works at a site and in a lake; by default, in that of the site."""

    lake: LakeUrl = Field(
        default_factory=_lake_of_the_site,
        min_length=1,
        title="Lake",
        description="a directory, or s3://bucket/prefix; none: that of the site, else the folder "
        "lake",
        validate_default=True,
    )
