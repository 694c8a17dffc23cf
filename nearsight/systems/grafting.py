"""Linkers put into frameworks: swapped for others, inserted into vacancies."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from ase import Atoms
from matscipy.neighbours import neighbour_list
from numpy.typing import NDArray

from nearsight.blocks import Blocks, find_bonds
from nearsight.blocks.bonds import bond_shifts, count_neighbours, name
from nearsight.systems.choice import Indices, block_offsets, check_blocks, few, holders
from nearsight.systems.linkers import Linker

MISFIT = 0.35
"""Å, r.m.s., that carboxylates of the framework may lie off those of a linker put between them."""
FACING = 0.9
"""Cosine above which two formates are seen to face each other."""


def swap_linkers(
    atoms: Atoms, blocks: Blocks, which: Indices, linker: Linker, seed: int = 0
) -> Atoms:
    """Put another linker in the place of some, between the same carboxylates.

    Parameters
    ----------
    atoms, blocks
        The framework and its partition.
    which
        One or more linkers.
    linker
        What takes their place; of ways in which it fits as well the seed chooses one.
    seed
        The same seed chooses the same ways.

    Returns
    -------
    Atoms
        The atoms that stay, in their order, then the new linkers.

    Raises
    ------
    ValueError
        Carboxylates do not hold a block, or not as many as the linker has; or it does not fit.
    """
    gone = check_blocks(atoms, blocks, which)
    carbons, inner = holders(atoms, blocks, gone)
    whole = atoms.positions + block_offsets(atoms, blocks) @ atoms.cell.array
    seams = np.column_stack([inner.ravel(), carbons.ravel()])
    steps = atoms.positions[seams[:, 1]] - atoms.positions[seams[:, 0]]
    steps += bond_shifts(atoms, seams) @ atoms.cell.array
    places = (whole[inner.ravel()] + steps).reshape(*carbons.shape, 3)
    kept = ~np.isin(blocks.labels, gone)
    return _graft(atoms, blocks, kept, carbons, places, linker, seed)


def vacancies(
    atoms: Atoms, blocks: Blocks, linker: Linker
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of formates between which a linker of two carboxylates fits.

    Returns
    -------
    carbons, places
        (n, 2) carbons of formates that face each other, the lower first, ascending; and where they
        are, (n, 2, 3) in Å, both in the images that face each other.
    """
    capped, caps = _formates(atoms, blocks)
    ways = atoms.positions[caps] - atoms.positions[capped]
    ways += bond_shifts(atoms, np.column_stack([capped, caps])) @ atoms.cell.array
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    apart = float(np.linalg.norm(linker.groups[0, 0] - linker.groups[1, 0]))
    first, second, length, vector = neighbour_list("ijdD", atoms[capped], apart + 1.0)
    vector = vector / length[:, None]
    faces = (length > apart - 1.0) & (first < second)
    faces &= (vector * ways[first]).sum(axis=1) > FACING
    faces &= (vector * ways[second]).sum(axis=1) < -FACING
    order = np.lexsort((second[faces], first[faces]))
    first, second = first[faces][order], second[faces][order]
    start = atoms.positions[capped[first]]
    end = start + (vector * length[:, None])[faces][order]
    return np.column_stack([capped[first], capped[second]]), np.stack([start, end], axis=1)


def insert_linkers(
    atoms: Atoms,
    blocks: Blocks,
    linker: Linker,
    which: Indices | None = None,
    seed: int = 0,
) -> Atoms:
    """Heal vacancies: put linkers between formates that face each other, in the place of their H.

    Parameters
    ----------
    atoms, blocks
        The framework and its partition.
    linker
        One of two carboxylates; of ways in which it fits as well the seed chooses one.
    which
        Which of the `vacancies`, all of them by default.
    seed
        The same seed chooses the same ways.

    Returns
    -------
    Atoms
        The atoms that stay, in their order, then the new linkers.

    Raises
    ------
    ValueError
        There is no such vacancy, or the linker does not fit.
    """
    carbons, places = vacancies(atoms, blocks, linker)
    chosen = np.arange(len(carbons)) if which is None else np.atleast_1d(np.asarray(which))
    if not len(chosen) or chosen.min() < 0 or chosen.max() >= len(carbons):
        raise ValueError(
            f"no vacancy {few(chosen) or 'at all'}: {len(carbons)} pairs of formates face each "
            f"other with room for {linker.name}"
        )
    capped, caps = _formates(atoms, blocks)
    kept = np.ones(len(atoms), dtype=bool)
    kept[caps[np.isin(capped, carbons[chosen])]] = False
    return _graft(atoms, blocks, kept, carbons[chosen], places[chosen], linker, seed)


def _graft(
    atoms: Atoms,
    blocks: Blocks,
    kept: NDArray[np.bool_],
    carbons: NDArray[np.int64],
    places: NDArray[np.float64],
    linker: Linker,
    seed: int,
) -> Atoms:
    """Put the linker's body between carboxylates (n, n_groups) whose carbons are at `places`."""
    n, n_groups = carbons.shape
    if n_groups != len(linker.groups):
        raise ValueError(
            f"{linker.name} has {len(linker.groups)} carboxylates, {n_groups} hold each linker here"
        )
    oxygens = _oxygens(atoms, blocks, carbons.ravel())
    arms = np.column_stack([np.repeat(carbons.ravel(), 2), oxygens.ravel()])
    steps = atoms.positions[arms[:, 1]] - atoms.positions[arms[:, 0]]
    steps += bond_shifts(atoms, arms) @ atoms.cell.array
    wings = places[:, :, None] + steps.reshape(n, n_groups, 2, 3)
    targets = np.concatenate([places[:, :, None], wings], axis=2)

    misfits, rotations, shifts = [], [], []
    for order in permutations(range(n_groups)):
        for flips in product((False, True), repeat=n_groups):
            source = linker.groups[list(order)].copy()
            source[list(flips), 1:] = source[list(flips), :0:-1]
            misfit, rotation, shift = _superpose(source.reshape(-1, 3), targets.reshape(n, -1, 3))
            misfits.append(misfit)
            rotations.append(rotation)
            shifts.append(shift)
    misfit = np.array(misfits)
    if misfit.min(axis=0).max() > MISFIT:
        worst = int(misfit.min(axis=0).argmax())
        ends = " and ".join(name(atoms.numbers, int(atom)) for atom in carbons[worst][:2])
        raise ValueError(
            f"{linker.name} does not fit between {ends}: its carboxylates would lie "
            f"{misfit[:, worst].min():.1f} Å off those of the framework"
        )
    as_good = misfit < misfit.min(axis=0) + 0.05
    way = (np.random.default_rng(seed).random(misfit.shape) * as_good).argmax(axis=0)
    chosen = np.array(rotations)[way, np.arange(n)], np.array(shifts)[way, np.arange(n)]
    bodies = linker.body.positions @ chosen[0].transpose(0, 2, 1) + chosen[1][:, None]
    new = Atoms(
        np.tile(linker.body.numbers, n),
        positions=bodies.reshape(-1, 3),
        cell=atoms.cell,
        pbc=atoms.pbc,
    )
    new.wrap()
    edited = atoms[kept] + new
    fresh = np.arange(len(edited)) >= int(kept.sum())
    crossing = fresh[find_bonds(edited)[0]].sum(axis=1) == 1
    if crossing.sum() != carbons.size:
        raise ValueError(
            f"there is no room for {linker.name}: its atoms would bond to others of the framework"
        )
    return edited


def _superpose(
    source: NDArray[np.float64], targets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Rotations and shifts that lay points (m, 3) best onto targets (n, m, 3), with the misfits."""
    centre, centres = source.mean(axis=0), targets.mean(axis=1)
    moved, goals = source - centre, targets - centres[:, None]
    left, _, right = np.linalg.svd(np.einsum("mi,nmj->nij", moved, goals))
    sign = np.sign(np.linalg.det(left @ right))
    right[:, 2] *= sign[:, None]
    rotations = (left @ right).transpose(0, 2, 1)
    off = moved @ rotations.transpose(0, 2, 1) - goals
    misfit = np.sqrt((off**2).sum(axis=2).mean(axis=1))
    return misfit, rotations, centres - rotations @ centre


def _oxygens(atoms: Atoms, blocks: Blocks, carbons: NDArray[np.int64]) -> NDArray[np.int64]:
    """The two oxygens (n, 2) of the carboxylates with these carbons (n,)."""
    bonds = np.vstack([blocks.bonds, blocks.bonds[:, ::-1]])
    bonds = bonds[(atoms.numbers[bonds] == [6, 8]).all(axis=1)]
    bonds = bonds[np.argsort(bonds[:, 0], kind="stable")]
    counts = np.bincount(bonds[:, 0], minlength=len(atoms))[carbons]
    if (counts != 2).any():
        atom = name(atoms.numbers, int(carbons[np.argmax(counts != 2)]))
        raise ValueError(
            f"{atom} is no carboxylate: only linkers between carboxylates can be put in"
        )
    first = np.searchsorted(bonds[:, 0], carbons)
    return np.column_stack([bonds[first, 1], bonds[first + 1, 1]])


def _formates(atoms: Atoms, blocks: Blocks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Carbons (n,) of formates in bricks, and their hydrogens (n,)."""
    numbers, bonds = atoms.numbers, np.vstack([blocks.bonds, blocks.bonds[:, ::-1]])
    formate = (numbers == 6) & (np.array(blocks.kinds) == "brick")[blocks.labels]
    formate &= count_neighbours(blocks.bonds, numbers == 8) == 2
    caps = bonds[formate[bonds[:, 0]] & (numbers[bonds[:, 1]] == 1)]
    return caps[:, 0], caps[:, 1]
