"""What is simulated: a named variant of the paper, random disorder, or the user's framework."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from ase import Atoms
from pydantic import Field, model_validator

from nearsight.spec import File, Spec
from nearsight.systems.disorder import Disorder, disordered
from nearsight.systems.files import read, read_crystal
from nearsight.systems.uio66 import pristine
from nearsight.systems.variants import SUPERCELLS, Variant, make

Repeats = Annotated[int, Field(ge=1)]

_RINGS = {"UiO-66": 1, "UiO-67": 2}


class System(Spec):
    """A framework to simulate: a variant of the paper's, one with random disorder, or a file."""

    framework: Literal["UiO-66", "UiO-67"] = Field(
        default="UiO-66", title="Framework", description="family that the variant belongs to"
    )
    variant: Variant | None = Field(
        default=None,
        title="Variant",
        description=(
            "pr: pristine; ld: one linker missing, its carboxylates capped to formates; ld-2/1 to "
            "ld-2/7: two; hf: one Zr replaced by Hf; reo: one brick and its linkers missing; bcu, "
            "scu: nets of 8, and of 8 and 4 linkers a brick; pr-hf: all Hf; sup, sup*, sup-3x3x1: "
            "supercells of random disorder"
        ),
    )
    disorder: Disorder | None = Field(
        default=None,
        title="Disorder",
        description="random defects in the supercell of the pristine framework, or of the file",
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
        if self.variant is not None and self.file is not None:
            raise ValueError("'variant' and 'file' cannot both be given")
        if self.variant is not None and self.disorder is not None:
            raise ValueError(
                "'disorder' starts from the pristine framework: leave 'variant' out, or 'disorder'"
            )
        if self.variant is None and self.file is None and self.disorder is None:
            raise ValueError("one of 'variant', 'file' and 'disorder' must be given")
        return self

    @property
    def name(self) -> str:
        """Short name: "S_pr", or the file's stem; then disorder and repeats: "S_pr_2x2x2".

        Disorder is named by its fractions of Hf, bricks and linkers, and by its seed.
        """
        return self._named(self.disorder.name if self.disorder else "")

    @property
    def ensemble(self) -> str:
        """Name of all systems that differ from it in the seed of their disorder at most."""
        return self._named(self.disorder.recipe if self.disorder else "")

    @property
    def cells(self) -> int:
        """Unit cells that it is made of."""
        own = SUPERCELLS[self.variant][0] if self.variant in SUPERCELLS else (1, 1, 1)
        return prod(self.supercell) * prod(own)

    def drawn(self, seed: int) -> System:
        """The same with its disorder drawn from another seed; itself where it has none."""
        if self.disorder is None:
            return self
        return self.model_copy(update={"disorder": self.disorder.model_copy(update={"seed": seed})})

    def _named(self, disorder: str) -> str:
        family = "" if self.framework == "UiO-66" else f"{self.framework}_"
        parts = [self.file.stem] if self.file else []
        if self.variant:
            parts = ["S_" + family + self.variant.replace("/", "-").replace("*", "-star")]
        if disorder:
            parts += [disorder] if self.file else [f"S_{family}{disorder}"]
        if self.supercell != (1, 1, 1):
            parts.append("x".join(map(str, self.supercell)))
        return "_".join(parts)


def unit_cell(system: System) -> Atoms:
    """Cell that a system's defects are put into: of its family, pristine, or of its file.

    Raises
    ------
    UnsupportedFramework
        The file holds no framework that can be simulated.
    """
    return read(system.file) if system.file else pristine(rings=_RINGS[system.framework])


def build(system: System) -> Atoms:
    """Start structure of a system: its unit cell, repeated, with its defects.

    Raises
    ------
    UnsupportedFramework
        The file holds no framework that can be simulated, or the disorder cannot be had.
    """
    cell = unit_cell(system)
    if system.variant:
        cell = make(system.variant, cell)
    if system.disorder:
        return disordered(cell, system.supercell, system.disorder)
    return cell if system.supercell == (1, 1, 1) else cell.repeat(system.supercell)


def build_crystal(system: System) -> Atoms:
    """Start structure of a system that will be pressed but not cut: its file may hold any crystal.

    Raises
    ------
    UnsupportedFramework
        The file holds no crystal that can be simulated, or the disorder cannot be had.
    """
    if system.file is None or system.disorder is not None:
        return build(system)
    return read_crystal(system.file).repeat(system.supercell)
