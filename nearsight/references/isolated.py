"""Per-element reference energies, so that clusters and crystals share one energy scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import ArrayLike, NDArray

_SPREAD = 0.1
"""eV: energies scatter by this much times the root of the number of atoms (thermal motion)."""

_BINDING = 1.0
"""eV: reference energies are moved by about this much where the data do not ask for more."""

_REWEIGHTINGS = 20


def fit_reference_energies(
    numbers: Sequence[ArrayLike],
    energies: ArrayLike,
    prior: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Return the energy per atom of every element, in eV, that best explains total energies.

    Least squares of ``compositions @ x = energies``, held to the prior where the data are
    silent. Pristine cells alone have one composition: they fix one number, the energy of the
    cell, and say nothing about elements one by one. The prior does, and the fit then moves it
    by the least that explains the cell. Compositions that barely differ count for as little:
    energies are trusted to 0.1 eV times the root of the number of atoms, the prior to 1 eV.
    A few structures far off the rest (an exploded walk) count less than their square: the loss
    is Huber's, by iterated reweighting.

    Parameters
    ----------
    numbers
        Atomic numbers of every structure, n_structures arrays (n_atoms,).
    energies
        (n_structures,) total energies in eV.
    prior
        eV by chemical symbol, isolated atoms as a rule; without it every
        element starts from the mean energy per atom. Elements of the prior that no structure
        has are returned as they are.

    Raises
    ------
    ValueError
        If there are no structures, lengths differ, energies are not finite or the prior lacks
        an element.
    """
    symbols, counts = compositions(numbers)
    total = np.asarray(energies, dtype=np.float64)
    if len(counts) == 0 or total.shape != (len(counts),):
        raise ValueError(f"{len(counts)} structures with energies of shape {total.shape}")
    if not np.isfinite(total).all():
        raise ValueError("energies are not finite")
    size = counts.sum(axis=1)
    if prior is None:
        prior = dict.fromkeys(symbols, float(total.sum() / size.sum()))
    missing = [symbol for symbol in symbols if symbol not in prior]
    if missing:
        raise ValueError(f"the prior lacks {', '.join(missing)}")
    start = np.array([prior[symbol] for symbol in symbols])
    weight = 1.0 / (_SPREAD * np.sqrt(size))
    rows = np.vstack([counts * weight[:, None], np.eye(len(symbols)) / _BINDING])
    target = np.concatenate([(total - counts @ start) * weight, np.zeros(len(symbols))])
    trust = np.ones(len(target))
    for _ in range(_REWEIGHTINGS):
        shift = np.linalg.lstsq(rows * trust[:, None], target * trust, rcond=None)[0]
        misfit = np.abs(rows @ shift - target)[: len(total)]
        trust[: len(total)] = 1.0 / np.sqrt(np.maximum(1.0, misfit))
    fitted = {s: float(e) for s, e in zip(symbols, start + shift, strict=True)}
    return {**prior, **fitted}


def compositions(numbers: Sequence[ArrayLike]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the elements met, by atomic number, and counts (n_structures, n_elements)."""
    bins = [np.bincount(np.asarray(z, dtype=np.int64)) for z in numbers]
    table = np.zeros((len(bins), max((len(b) for b in bins), default=0)), dtype=np.int64)
    for row, counts in zip(table, bins, strict=True):
        row[: len(counts)] = counts
    present = np.flatnonzero(table.sum(axis=0))
    return [chemical_symbols[z] for z in present], table[:, present]
