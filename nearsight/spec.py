"""The base of every option: frozen, closed, the same model in YAML, forms and content keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, model_validator


class Spec(BaseModel):
    """Frozen pydantic model that refuses unknown keys and non-finite numbers.

    A group of options that is given in part keeps the rest of the default it has here, which may
    differ from the group's own.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
    )

    @model_validator(mode="before")
    @classmethod
    def _rest_of_groups(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        rest = {
            name: field.default.model_dump(exclude_unset=True)
            for name, field in cls.model_fields.items()
            if isinstance(field.default, Spec) and type(field.default) is field.annotation
        }
        return {
            name: rest[name] | dict(value) if name in rest and isinstance(value, Mapping) else value
            for name, value in given.items()
        }


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return path if folder is None else (folder / path).absolute()


File = Annotated[Path, AfterValidator(_from_folder)]
"""A path; one that is read from a file of options starts at that file's own folder."""


def read_mapping(path: Path, holds: str) -> dict[str, Any]:
    """Read a YAML file of fields and their values.

    Parameters
    ----------
    holds
        What is in such a file, with an example; for the message where it is not.

    Raises
    ------
    ValueError
        If it cannot be read, is no YAML, or holds something else; the message names the path first.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} is not valid YAML: {reason}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold {holds}")
    return content
