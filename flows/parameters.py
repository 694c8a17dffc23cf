"""Files of parameters: read, checked and refused in one clear sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, RootModel, ValidationError
from pydantic.fields import FieldInfo

from nearsight.spec import read_mapping

S = TypeVar("S", bound=BaseModel)

_NUMBER_WITH_UNIT = re.compile(r"^\s*[-+]?[\d.]+(?:[eE][-+]?\d+)?\s*[^\d\s].*$")
_FIELD_FIRST = re.compile(r"^\w+(\.\w+)*: ")


class BadParameters(ValueError):
    """Parameters that cannot be run; the message names the field and what is wrong."""


def read_parameters(path: Path, model: type[S]) -> S:
    """Read a flow's parameters from YAML. Relative paths in it start at the file's own folder.

    Raises
    ------
    BadParameters
        If there is no such file, it is no YAML, or a field is unknown, impossible or in a wrong
        unit. The message is one sentence.
    """
    return validated(str(path), _content(path), model, path.parent)


def read_flow(path: Path, flows: Mapping[str, str], default: str) -> tuple[str, Any]:
    """Read which flow a YAML file is for, said by its field `flow`, and that flow's parameters.

    Parameters
    ----------
    flows
        Where the parameters of each flow are defined, such as "flows.campaign:Campaign".

    Raises
    ------
    BadParameters
        As `read_parameters`, or if there is no such flow.
    """
    content = _content(path)
    flow = content.pop("flow", default)
    if flow not in flows:
        raise BadParameters(f"{path}: flow: must be one of {', '.join(flows)}, not {flow!r}")
    return flow, validated(str(path), content, resolve_name(flows[flow]), path.parent)


def validated(name: str, content: dict[str, Any], model: type[S], folder: Path) -> S:
    """Parameters from their fields.

    Parameters
    ----------
    name
        Of what they come from, for the message.
    folder
        Where relative paths start.

    Raises
    ------
    BadParameters
        As `read_parameters`.
    """
    try:
        return model.model_validate(content, context={"folder": folder})
    except ValidationError as error:
        raise BadParameters(f"{name}: {_sentence(error, model)}") from error


def _content(path: Path) -> dict[str, Any]:
    try:
        return read_mapping(path, "fields and their values, such as 'name: my-mof'")
    except ValueError as error:
        raise BadParameters(str(error)) from error


def _sentence(error: ValidationError, model: type[BaseModel]) -> str:
    wrong = [e for e in error.errors() if e["type"] != "default_factory_not_called"]
    more = len(wrong) - 1
    return _reason(wrong[0], model) + (f" (and {more} more)" if more else "")


def _reason(error: Any, model: type[BaseModel]) -> str:
    given, reason = error.get("input"), error["msg"]
    loc, _, info = _path(model, error["loc"])
    field = ".".join(str(part) for part in loc)
    if error["type"] == "extra_forbidden":
        known = _fields_at(model, error["loc"][:-1])
        close = get_close_matches(str(loc[-1]), known, 1, 0.75)
        meant = f", did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"
        return f"there is no field '{field}'{meant}"
    if error["type"] == "value_error":  # a sentence of our own, perhaps about a field further in
        reason = reason.removeprefix("Value error, ")
        between = "." if _FIELD_FIRST.match(reason) else ": "
        return f"{field}{between}{reason}" if field else reason
    if error["type"] == "union_tag_invalid":
        *kinds, last = error["ctx"]["expected_tags"].split(", ")
        return f"{field}.kind: must be {', '.join(kinds)} or {last}, not {given['kind']!r}"
    if error["type"] == "too_short":
        return f"{field}: at least {error['ctx']['min_length']} must be given"
    if error["type"] in ("float_parsing", "int_parsing") and _NUMBER_WITH_UNIT.match(str(given)):
        return f"{field}: write a plain number{_unit(info)}, not {given!r}"
    shown = ", not empty" if given is None else ""
    if isinstance(given, str | int | float):
        shown = f", not {given!r}"
    return f"{field}: {reason[:1].lower()}{reason[1:]}{shown}"


def _path(model: Any, loc: tuple[int | str, ...]) -> tuple[list[int | str], Any, FieldInfo | None]:
    """Where an error lies, as the file says it; what is expected there; and the field of it."""
    info, path = None, []
    for part in loc:
        models = _models_in(model)
        kinds = {m.model_fields["kind"].default: m for m in models if "kind" in m.model_fields}
        if len(models) > 1 and part in kinds:  # which of them was meant, no field of the file
            model = kinds[part]
            continue
        path.append(part)
        if models and part in models[0].model_fields:
            info = models[0].model_fields[part]
            model = info.annotation
    return path, model, info


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _models_in(annotation.model_fields["root"].annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def _fields_at(model: Any, loc: tuple[int | str, ...]) -> list[str]:
    models = _models_in(_path(model, loc)[1])
    return list(models[0].model_fields) if models else []


def _unit(info: FieldInfo | None) -> str:
    unit = (info.description or "").split(";")[0] if info else ""
    return f" in {unit}" if unit and " " not in unit else ""
