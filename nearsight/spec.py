"""The base of every option: frozen, closed, the same model in YAML, forms and content keys."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo


class Spec(BaseModel):
    """Frozen pydantic model that refuses unknown keys and non-finite numbers."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
    )


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return path if folder is None else (folder / path).absolute()


File = Annotated[Path, AfterValidator(_from_folder)]
"""A path; one that is read from a file of options starts at that file's own folder."""
