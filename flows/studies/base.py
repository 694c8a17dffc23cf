"""What every study shares: its options, its findings, and how they are written down."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from pydantic import Field, model_validator
from rich import box
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from flows.here import Placed
from flows.pages import render
from nearsight.figures import to_bytes, to_data_uri
from nearsight.references import SEVENNET_0, LevelOfTheory
from nearsight.spec import File
from storage import Lake, content_key


class StudySpec(Placed):
    """Where a study works, and where its results go."""

    file: File = Field(
        title="Results", description="JSON file to write; page and figures lie beside it"
    )
    level: LevelOfTheory = Field(
        SEVENNET_0, title="Level of theory", description="that the files were labelled at"
    )

    @model_validator(mode="after")
    def _files(self) -> Self:
        if self.file.suffix != ".json":
            raise ValueError(f"file: {self.file} must end in .json")
        for field, path in _paths(self.model_dump(exclude={"file", "site"})):
            if not path.is_file():
                raise ValueError(f"{field}: there is no file {path}")
        return self


def _paths(options: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Path]]:
    for name, value in options.items():
        if isinstance(value, Path):
            yield above + name, value
        elif isinstance(value, Mapping):
            yield from _paths(value, f"{above}{name}.")


@dataclass(frozen=True)
class Drawing:
    """A figure of a study: a matplotlib Figure, and what to say of it."""

    title: str
    caption: str
    alt: str
    figure: Any


@dataclass(frozen=True)
class Findings:
    """What a study came to.

    Attributes
    ----------
    study
        Its name, such as "learning-curve".
    title
        The same for a reader, with the paper's figure or table.
    level
        Name of what the numbers are as good or as bad as: the level of theory, or the potential.
    said
        What it shows, in sentences.
    how
        How it was made, in one sentence or two.
    rows
        The table: text by heading, the same headings in every row.
    means
        A second table, of means over several of these rows; empty where there are none.
    drawings
        The figures.
    numbers
        All numbers, as JSON can say them.
    records
        Keys, by kind, of the records in the lake that it stands on.
    note
        Units and words of the tables.
    basis
        What `level` is, in words.
    caveat
        What that means for the numbers.
    """

    study: str
    title: str
    level: str
    said: tuple[str, ...]
    how: str
    rows: tuple[dict[str, str], ...]
    drawings: tuple[Drawing, ...]
    numbers: dict[str, Any]
    records: dict[str, list[str]]
    means: tuple[dict[str, str], ...] = ()
    note: str = ""
    basis: str = "level of theory"
    caveat: str = (
        "Every error on this page is measured against this level of theory, and is as good or as "
        "bad as it."
    )

    def keep(self, lake: Lake, file: Path) -> Self:
        """Tag the records that it stands on, write JSON, figures and page, and show them."""
        tag = f"studies/{self.study}-{content_key('study', self.records)[:12]}"
        lake.commit(tag, self.records, {"study": self.study, "level": self.level})
        file.parent.mkdir(parents=True, exist_ok=True)
        told = {name: getattr(self, name) for name in ("study", "title", "level", "said", "how")}
        told |= self.numbers | {"tag": tag}
        file.write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")
        for path, drawing in zip(self.pictures(file), self.drawings, strict=True):
            path.write_bytes(to_bytes(drawing.figure, "png"))
        images = [to_data_uri(drawing.figure, "png") for drawing in self.drawings]
        page = render("study.html", found=self, images=images)
        file.with_suffix(".html").write_text(page, encoding="utf-8")
        self._publish(images)
        return self

    def pictures(self, file: Path) -> list[Path]:
        """Where the figures go: results.png, results-2.png, ..."""
        names = [file.stem, *(f"{file.stem}-{n}" for n in range(2, len(self.drawings) + 1))]
        return [file.with_name(f"{name}.png") for name in names[: len(self.drawings)]]

    def tables(self) -> list[Table]:
        """Means, where there are some, and the table, for the terminal."""
        shown = [_table(rows) for rows in (self.means, self.rows) if rows]
        shown[0].title = f"{self.title}; {self.basis}: {self.level}"
        shown[-1].caption = self.note
        return shown

    def _publish(self, images: list[str]) -> None:
        """Show table and figures in the Prefect UI. What cannot be shown never fails a flow."""
        told = [f"# {self.title}", *self.said, self.how]
        for drawing, uri in zip(self.drawings, images, strict=True):
            told += [f"## {drawing.title}", f"![{drawing.alt}]({uri})", drawing.caption]
        try:
            create_table_artifact(
                list(self.rows), key=f"{self.study}-table", description=" ".join(self.said)
            )
            create_markdown_artifact("\n\n".join(told), key=self.study, description=self.title)
        except Exception:  # Prefect's view of a study is not the study
            logging.getLogger("prefect.flow_runs").warning("no artifacts", exc_info=True)


def _table(rows: Sequence[Mapping[str, str]]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for number, heading in enumerate(rows[0]):
        word = max(map(len, heading.split()))  # a terminal that is too narrow wraps, never cuts
        justify: JustifyMethod = "right" if number else "left"
        shown.add_column(heading, justify=justify, min_width=word, overflow="fold")
    for row in rows:
        shown.add_row(*map(Text, row.values()))
    return shown
