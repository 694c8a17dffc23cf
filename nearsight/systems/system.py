"""What is simulated: a named variant of the paper, or the user's own framework."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import ase.io
from ase import Atoms
from pydantic import Field, model_validator

from nearsight.blocks import UnsupportedFramework, partition
from nearsight.spec import File, Spec
from nearsight.systems.editing import remove_blocks
from nearsight.systems.uio66 import pristine

Repeats = Annotated[int, Field(ge=1)]


class System(Spec):
    """A framework to simulate: one of the paper's variants of UiO-66, or a file."""

    framework: Literal["UiO-66"] = Field(
        default="UiO-66", title="Framework", description="family that the variant belongs to"
    )
    variant: Literal["pr", "ld"] | None = Field(
        default=None,
        title="Variant",
        description="pr: pristine; ld: one linker missing, its carboxylates capped to formates",
    )
    file: File | None = Field(
        default=None,
        title="Structure file",
        description="your own framework in any format that ASE reads, with its cell and hydrogens",
    )
    supercell: tuple[Repeats, Repeats, Repeats] = Field(
        default=(1, 1, 1),
        title="Supercell",
        description="repeats of the cell along its three vectors",
    )

    @model_validator(mode="after")
    def _one_source(self) -> System:
        if (self.variant is None) == (self.file is None):
            given = "neither" if self.variant is None else "both"
            raise ValueError(f"exactly one of 'variant' and 'file' must be given, not {given}")
        return self

    @property
    def name(self) -> str:
        """Short name: "S_pr", or the file's stem; with the repeats, if any: "S_pr_2x2x2"."""
        stem = f"S_{self.variant}" if self.file is None else self.file.stem
        repeats = "x".join(map(str, self.supercell))
        return stem if repeats == "1x1x1" else f"{stem}_{repeats}"


def build(system: System) -> Atoms:
    """Start structure of a system: the unit cell of its variant or file, repeated.

    Raises
    ------
    UnsupportedFramework
        The file cannot be read as one periodic structure.
    """
    atoms = _VARIANTS[system.variant]() if system.variant else _read(system.file or Path())
    return atoms if system.supercell == (1, 1, 1) else atoms.repeat(system.supercell)


def linker_defect() -> Atoms:
    """UiO-66 without its first linker: 448 atoms (C186H110O128Zr24)."""
    atoms = pristine()
    blocks = partition(atoms)
    return remove_blocks(atoms, blocks, blocks.kinds.index("linker"))


_VARIANTS = {"pr": pristine, "ld": linker_defect}


def _read(file: Path) -> Atoms:
    try:
        atoms = ase.io.read(file)
    except Exception as error:  # ASE's readers raise whatever their parsers do
        raise UnsupportedFramework(f"{file} could not be read: {error}") from error
    if not isinstance(atoms, Atoms) or not atoms.pbc.all():
        raise UnsupportedFramework(
            f"{file} holds no structure that is periodic in three directions"
        )
    return Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
