"""`nearsight lake import`: a user's own labelled structures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.app import read, refuse, told
from flows.cli.lake.verbs import Address, many, say, verbs

if TYPE_CHECKING:
    from nearsight.references import LevelOfTheory
    from storage import Lake

Source = Annotated[Path, typer.Argument(help="Extended XYZ with energies and forces")]
Level = Annotated[
    str,
    typer.Option(help="Level of theory: a name that the lake knows, or a YAML file of one"),
]
Name = Annotated[str, typer.Option(help="Of the import; its tag is imports/NAME")]


@verbs.command("import")
def import_(lake: Address, file: Source, level: Level, name: Name) -> None:
    """Put labelled structures into a lake, as a data set under a tag of their own."""
    from storage import open_lake
    from tasks.imports import import_labelled

    with told():
        opened = open_lake(lake)
        came = import_labelled(opened, file, _level(opened, level), name)
    labelled = many(came.labels, "labelled structure")
    say(f"The tag {came.tag} names {labelled}, {came.new} of them new.")
    if came.whole:
        say(
            f"This lake lacks the records of {many(came.whole, 'cluster')} among them: a model "
            "will learn the forces on all their atoms, not on the core alone."
        )


def _level(lake: Lake, named: str) -> LevelOfTheory:
    from flows.levels import LevelFile, known_levels

    if (path := Path(named)).suffix in (".yaml", ".yml"):
        return read(path, LevelFile).root
    known = known_levels(lake)
    found = [level for level in known if level.name == named]
    if len(found) == 1:
        return found[0]
    if found:
        refuse(f"the lake {lake.url} knows {len(found)} levels {named!r}: name a YAML file instead")
    names = ", ".join(sorted({repr(level.name) for level in known}))
    refuse(f"no level of theory is called {named!r}, only {names}: name a YAML file of it instead")
