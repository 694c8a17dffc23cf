"""Options of tasks, apart from the tasks: a file of options is checked without their engines."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from nearsight.blocks import Blueprint
from nearsight.spec import Spec

_WITHOUT_KEYS = r"^([a-z0-9]+://[^@?]*|([^:]|:(?!//))*)$"
"""What forms let pass as the address of a lake, for parameters are shown to all."""


def _from_folder(lake: str, info: ValidationInfo) -> str:
    if not re.match(_WITHOUT_KEYS, lake):
        raise ValueError(
            "an address holds no keys: write s3://bucket/prefix, and give endpoint and credentials "
            "by AWS variables or a profile"
        )
    folder = (info.context or {}).get("folder")
    return lake if folder is None or "://" in lake else str((folder / lake).absolute())


LakeUrl = Annotated[
    str, AfterValidator(_from_folder), Field(json_schema_extra={"pattern": _WITHOUT_KEYS})
]
"""Where a lake is; a path that is read from a file of options starts at that file's folder."""


class Extraction(Spec):
    """How many clusters a cycle cuts, and which regions are worth one."""

    clusters: int = Field(10, ge=1, title="Clusters a cycle")
    min_unknown: int = Field(3, ge=1, title="Unknown atoms that make a block worth a cluster")
    budget: float | None = Field(
        None,
        gt=0,
        title="What a cycle's labels may cost together",
        description="in labels of 100 atoms; chosen is then what is worth most for its cost",
    )
    cost_exponent: float = Field(
        3.0,
        ge=0,
        title="Growth of a label's cost with its atoms",
        description="N atoms cost (N / 100)^x: x = 3 for DFT, 1 for a teacher",
    )
    blueprint: Blueprint = Field(Blueprint(), title="Blueprint")
