"""What a data set tells a network before training: its energies and scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from ase import Atoms
from nequip.data import AtomicDataDict

from nearsight.potentials.graph import Graph
from nearsight.potentials.nequip import NequIP, Normalisation
from nearsight.references.base import Label
from nearsight.references.isolated import fit_reference_energies

Frame = tuple[Atoms, Label]


def normalisation(
    frames: Sequence[Frame],
    graphs: Sequence[Graph],
    elements: Sequence[str],
    isolated: Mapping[str, float],
) -> Normalisation:
    """Return what a new network starts from; energies of `isolated` atoms in eV, if known."""
    numbers = [atoms.numbers for atoms, _ in frames]
    energies = np.array([label.energy for _, label in frames], dtype=float)
    references = fit_reference_energies(numbers, energies, isolated or None)
    forces = torch.cat([g[AtomicDataDict.FORCE_KEY] for g in graphs])
    edges = sum(g[AtomicDataDict.EDGE_INDEX_KEY].shape[1] for g in graphs)
    force_scale = float(forces.square().nanmean().sqrt())
    # floors: a scale of nought (perfect crystals only, lone atoms only) would silence the network
    return Normalisation(
        {element: references[element] for element in elements},
        force_scale if force_scale > 1e-3 else 1e-3,
        max(edges / len(forces), 1.0),
    )


def renormalisation(frames: Sequence[Frame], parent: NequIP, new: Sequence[str]) -> Normalisation:
    """Return the parent's, its reference energies moved by what it gets wrong on average.

    The `new` elements, which it has never met, answer first for what it gets wrong on structures
    that hold them.
    """
    known = dict(parent.norm.reference_energies)
    numbers = [atoms.numbers for atoms, _ in frames]
    energies = np.array([label.energy for _, label in frames], dtype=float)
    predicted = np.array([p.energy for p in parent.evaluate_many(atoms for atoms, _ in frames)])
    network = predicted - [sum(known[s] for s in atoms.symbols) for atoms, _ in frames]
    if new:
        counts = np.array([[atoms.symbols.count(e) for e in new] for atoms, _ in frames])
        shifts = np.linalg.lstsq(counts, energies - predicted, rcond=None)[0]
        known |= {e: known[e] + float(shift) for e, shift in zip(new, shifts, strict=True)}
    references = fit_reference_energies(numbers, energies - network, known)
    return replace(parent.norm, reference_energies=references)
