"""The group of verbs about a lake, and how they print."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from flows.cli.app import app, console

Address = Annotated[str, typer.Argument(help="Directory of the lake, or s3://bucket/prefix")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs")]

verbs = typer.Typer(name="lake", help="Look after a lake.", no_args_is_help=True)
app.add_typer(verbs)


def table(title: str, *headings: str, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table; columns under `numbers` are flush right."""
    made = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in headings:
        made.add_column(heading, justify="right" if heading in numbers else "left")
    return made


def say(sentence: str) -> None:
    """Print a line as it is."""
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print what a program reads."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def many(number: int, noun: str) -> str:
    """So many of something."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def size(bytes_: int) -> str:
    """A number of bytes, readable."""
    value, units = float(bytes_), ["bytes", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "bytes" else f"{value:.1f} {units[0]}"


def shown(value: Any) -> str:
    """An entry of metadata; keys and long lists are cut short."""
    from storage.records import is_key

    if isinstance(value, list) and len(value) > 3:
        return f"{shown(value[:3])}, ... ({len(value)} in all)"
    if isinstance(value, list):
        return ", ".join(map(shown, value)) or "none"
    if isinstance(value, str):
        return value[:12] if is_key(value) else value
    return json.dumps(value, ensure_ascii=False)


def entries(told: dict[str, Any], path: str = "") -> dict[str, str]:
    """Entries of nested metadata by their dotted names."""
    found: dict[str, str] = {}
    for name, value in told.items():
        if isinstance(value, dict) and value:
            found |= entries(value, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = shown(value)
    return found
