"""`nearsight system`: what a system is made of, before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.app import app, console, read, refuse, told

if TYPE_CHECKING:
    from ase import Atoms

    from nearsight.systems import System

SpecFile = Annotated[Path, typer.Argument(help="YAML file with the fields of a system")]
StructureFile = Annotated[
    Path | None, typer.Option(help="Write the structure, in any format that ASE writes")
]
PictureFile = Annotated[Path | None, typer.Option(help="Draw the structure, as .svg or .png")]


@app.command()
def system(spec: SpecFile, structure: StructureFile = None, picture: PictureFile = None) -> None:
    """Build a system and print its composition, coordination and disorder."""
    from nearsight.systems import System, build

    asked = read(spec, System)
    with told():
        atoms = build(asked)
        for title, text in _facts(asked, atoms):
            console.print(f"{title:18}", text, highlight=False, markup=False, soft_wrap=True)
    if structure:
        _write(structure, atoms)
    if picture:
        _draw(picture, atoms)


def _facts(asked: System, atoms: Atoms) -> Iterator[tuple[str, str]]:
    from nearsight.blocks import partition
    from nearsight.systems.defects import concentrations
    from nearsight.systems.net import Net
    from nearsight.systems.system import unit_cell

    blocks = partition(atoms)
    net = Net.of(atoms, blocks)
    found = concentrations(atoms, blocks, unit_cell(asked))
    kinds = Counter(blocks.kinds)
    bricks = Counter(net.coordination()[net.bricks].tolist())
    yield "System", asked.name
    yield "Atoms", f"{len(atoms)}, {atoms.get_chemical_formula()}"
    yield "Cell", " x ".join(f"{length:.2f}" for length in atoms.cell.lengths()) + " Å"
    yield "Blocks", ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items()))
    yield (
        "Linkers a brick",
        f"{found.coordination:.2f} ("
        + ", ".join(f"{k}: {n}" for k, n in sorted(bricks.items()))
        + ")",
    )
    yield "Hf-brick-linker", f"{found} (fraction of Hf; of bricks and linkers that are missing)"


def _write(file: Path, atoms: Atoms) -> None:
    import ase.io

    try:
        ase.io.write(file, atoms)
    except (OSError, ValueError, KeyError, ase.io.formats.UnknownFileTypeError) as error:
        refuse(f"--structure: {file} cannot be written: {error}")
    console.print(f"Structure: {file}", highlight=False, soft_wrap=True)


def _draw(file: Path, atoms: Atoms) -> None:
    from nearsight.figures import structure, to_bytes

    if file.suffix not in (".svg", ".png"):
        refuse(f"--picture: {file} must end in .svg or .png")
    picture = to_bytes(structure(atoms), "svg" if file.suffix == ".svg" else "png")
    try:
        file.write_bytes(picture)
    except OSError as error:
        refuse(f"--picture: {file} cannot be written: {error.strerror}")
    console.print(f"Picture: {file}", highlight=False, soft_wrap=True)
