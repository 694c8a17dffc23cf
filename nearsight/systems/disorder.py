"""Disorder by concentration: bricks and linkers missing, Zr replaced by Hf (paper, Section 4.4)."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from ase import Atoms
from matscipy.neighbours import neighbour_list
from numpy.typing import NDArray
from pydantic import Field, model_validator

from nearsight.blocks import Blocks, UnsupportedFramework, partition
from nearsight.spec import Spec
from nearsight.systems.defects import ZIRCONIUM, Defects, realise
from nearsight.systems.net import Net

DRAWS = 100
"""How often disorder is drawn until nothing is stranded, before a target is given up."""

Fraction = Annotated[float, Field(ge=0, lt=1)]


class ImpossibleDisorder(UnsupportedFramework):
    """The disorder asked for cannot be built; the message says why."""


class Disorder(Spec):
    """Random point defects of a framework, drawn from a seed (paper, Section 4.4).

    Fractions of what is removed are the recipe of Section 4.4: bricks with the linkers around
    them, linkers wherever they are, then what hangs on nothing any more. Fractions of what results
    are the scheme of Section 4.5.1: missing linkers are counted whatever took them.
    """

    hf: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, title="Hafnium", description="fraction of Zr atoms replaced by Hf"
    )
    brick: Fraction = Field(default=0.0, title="Bricks", description="fraction of bricks missing")
    linker: Fraction = Field(
        default=0.0, title="Linkers", description="fraction of linkers missing"
    )
    counted: Literal["removed", "resulting"] = Field(
        default="removed",
        title="Counted",
        description=(
            "removed: fractions that are taken out, each on its own; resulting: fractions that "
            "are missing in the end, linkers around missing bricks among them"
        ),
    )
    domain: float = Field(
        default=0.0,
        ge=0,
        title="Domain size",
        description=(
            "Å; correlation length of nanodomains in which missing bricks are the same one of "
            "the unit cell (reo in UiO-66); 0: missing bricks are scattered"
        ),
    )
    seed: int = Field(default=0, ge=0, title="Seed")

    @model_validator(mode="after")
    def _some(self) -> Disorder:
        if not (self.hf or self.brick or self.linker):
            raise ValueError("at least one of 'hf', 'brick' and 'linker' must be above zero")
        if self.domain and not self.brick:
            raise ValueError("domains are made of missing bricks, so 'brick' must be above zero")
        return self

    @property
    def name(self) -> str:
        """What is drawn, and the seed: "0.2-0.1-0.2-s0"."""
        return f"{self.recipe}-s{self.seed}"

    @property
    def recipe(self) -> str:
        """Fractions of Hf, bricks and linkers, how they count, and domains: "0.2-0.1-0.2"."""
        domain = f"-d{self.domain:g}" if self.domain else ""
        counted = "-resulting" if self.counted == "resulting" else ""
        return f"{self.hf:.3g}-{self.brick:.3g}-{self.linker:.3g}{counted}{domain}"


def disordered(cell: Atoms, repeats: tuple[int, int, int], disorder: Disorder) -> Atoms:
    """Repeat a unit cell without defects and draw defects in the supercell.

    Raises
    ------
    ImpossibleDisorder
        As `draw` does.
    """
    atoms = cell.repeat(repeats)
    blocks, unit = partition(atoms), partition(cell)
    first_atoms = np.unique(blocks.labels, return_index=True)[1]
    site = unit.labels[first_atoms % len(cell)]
    return realise(atoms, blocks, draw(atoms, blocks, disorder, site))


def draw(atoms: Atoms, blocks: Blocks, disorder: Disorder, site: NDArray[np.int64]) -> Defects:
    """Draw a configuration of defects.

    Parameters
    ----------
    atoms, blocks
        The framework without defects, mostly a supercell, and its partition.
    disorder
        What to draw.
    site
        (n_blocks,) which block of the unit cell every block is a copy of.

    Raises
    ------
    ImpossibleDisorder
        The framework is too small or too tightly asked for, or holds no Zr where Hf is wanted.
    """
    net = Net.of(atoms, blocks)
    if not (net.bricks.any() and net.linkers.any()):
        raise ImpossibleDisorder(
            "the framework has no bricks that linkers join: disorder needs both"
        )
    _check_count(disorder.brick, int(net.bricks.sum()), "bricks")
    _check_count(disorder.linker, int(net.linkers.sum()), "linkers")
    if disorder.domain:
        _check_domains(net, disorder, site)
    rng = np.random.default_rng(disorder.seed)
    for _ in range(DRAWS):
        missing = _missing(net, disorder, site, rng)
        stranded = net.stranded(missing)
        if disorder.counted == "removed":
            missing |= stranded
        excess = int((missing & net.linkers).sum()) - _count(disorder.linker, net.linkers)
        if disorder.counted == "removed" or not (stranded.any() or excess > 0):
            break
    else:
        raise ImpossibleDisorder(_why_not(net, disorder, missing, excess))
    dimensions = net.dimensions(missing)
    if dimensions < 3:
        raise ImpossibleDisorder(
            f"without {disorder.brick:g} of the bricks and {disorder.linker:g} of the linkers what "
            f"is left hangs together in {dimensions} directions of space, not in 3: ask for fewer"
        )
    return Defects(missing, _hafnium(atoms, blocks, disorder, missing, rng))


def _why_not(net: Net, disorder: Disorder, missing: NDArray[np.bool_], excess: int) -> str:
    if excess > 0:
        bricks, linkers, total = (
            int(mask.sum()) for mask in (missing & net.bricks, missing & net.linkers, net.linkers)
        )
        return (
            f"{bricks} missing bricks take {linkers} of {total} linkers with them, {excess} more "
            f"than were asked for: ask for a linker fraction of {linkers / total:.2f} or more, or "
            "for fewer bricks"
        )
    return (
        f"with {disorder.brick:g} of the bricks and {disorder.linker:g} of the linkers missing "
        f"some blocks hang on nothing, in each of {DRAWS} draws: ask for fewer, or count what is "
        "removed"
    )


def _missing(
    net: Net, disorder: Disorder, site: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.bool_]:
    bricks, linkers = np.flatnonzero(net.bricks), np.flatnonzero(net.linkers)
    order = rng.permutation(len(bricks))
    if disorder.domain:
        order = np.argsort(-_domains(net, disorder.domain, site, rng))
    missing = np.zeros(len(net), dtype=bool)
    missing[bricks[order[: _count(disorder.brick, net.bricks)]]] = True
    around = net.around(missing)
    wanted = _count(disorder.linker, net.linkers)
    if disorder.counted == "resulting":
        linkers, wanted = linkers[~around[linkers]], max(wanted - int(around.sum()), 0)
    missing[rng.permutation(linkers)[:wanted]] = True
    return missing | around


def _count(fraction: float, blocks: NDArray[np.bool_]) -> int:
    return round(fraction * int(blocks.sum()))


def _check_count(fraction: float, total: int, what: str) -> None:
    count = round(fraction * total)
    if (fraction > 0 and count == 0) or (fraction < 1 and count == total):
        raise ImpossibleDisorder(
            f"{fraction:g} of {total} {what} makes {count}: take a larger supercell, or another "
            "fraction"
        )


def _hafnium(
    atoms: Atoms,
    blocks: Blocks,
    disorder: Disorder,
    missing: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    there = ~missing[blocks.labels]
    sites = np.flatnonzero(atoms.numbers == ZIRCONIUM)
    if disorder.counted == "resulting":
        sites = sites[there[sites]]
    if disorder.hf and len(sites) == 0:
        raise ImpossibleDisorder("the framework holds no Zr that Hf could replace")
    if len(sites):
        _check_count(disorder.hf, len(sites), "Zr atoms")
    hafnium = np.zeros(len(atoms), dtype=bool)
    hafnium[rng.permutation(sites)[: round(disorder.hf * len(sites))]] = True
    return hafnium & there


def _domains(
    net: Net, length: float, site: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """How much (n_bricks,) a brick's site wins over the other sites of the unit cell around it.

    Every site has a random field over the crystal, Gaussian with covariance exp(-r²/2L²): the
    largest field at a place names the site that is vacant there.
    """
    bricks = np.flatnonzero(net.bricks)
    own = np.unique(site[bricks], return_inverse=True)[1]
    n_sites = int(own.max()) + 1
    noise = rng.standard_normal((len(bricks), n_sites))
    places = Atoms(np.ones(len(bricks)), positions=net.centres[bricks], cell=net.cell, pbc=True)
    first, second, distance = neighbour_list("ijd", places, 2.5 * length)
    weight = np.exp(-((distance / length) ** 2))
    field = noise + np.stack(
        [np.bincount(first, weight * noise[second, s], len(bricks)) for s in range(n_sites)], axis=1
    )
    mine = field[np.arange(len(bricks)), own]
    field[np.arange(len(bricks)), own] = -np.inf
    return np.asarray(mine - field.max(axis=1))


def _check_domains(net: Net, disorder: Disorder, site: NDArray[np.int64]) -> None:
    n_sites = len(np.unique(site[net.bricks]))
    if n_sites < 2:
        raise ImpossibleDisorder(
            "a domain lacks one of several bricks of the unit cell, and this one has a single one: "
            "start from a larger cell, such as the conventional one"
        )
    if disorder.brick * n_sites > 1:
        raise ImpossibleDisorder(
            f"a domain lacks one of the {n_sites} bricks of the unit cell, so that at most "
            f"{1 / n_sites:.2f} of the bricks can be missing, not {disorder.brick:g}"
        )
    shortest = float(np.linalg.norm(net.cell, axis=1).min())
    if disorder.domain > shortest:
        raise ImpossibleDisorder(
            f"domains of {disorder.domain:g} Å do not fit into a cell of {shortest:.1f} Å: take a "
            "larger supercell"
        )
