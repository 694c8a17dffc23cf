"""Small structures, cheap labels, and networks that cost nothing: untrained ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from nequip.model import NequIPGNNModel

from nearsight.potentials import Architecture, NequIP, TrainingSpec, train
from nearsight.potentials.nequip import Normalisation, build_config, building
from nearsight.references import Label

Labelled = list[tuple[Atoms, Label]]

TINY = Architecture(num_layers=2, l_max=1, num_features=(8, 4), r_max=4.0, radial_mlp_width=8)


def untrained(architecture: Architecture, elements: tuple[str, ...]) -> NequIP:
    references = {element: -2.0 - i for i, element in enumerate(elements)}
    norm = Normalisation(references, force_scale=5.0, neighbours=12.0)
    config = build_config(architecture, elements, norm, seed=7)
    del config["_target_"]
    with building():
        weights = NequIPGNNModel(**config).state_dict()
    return NequIP(architecture, elements, norm, weights)


def emt(atoms: Atoms) -> Label:
    """EMT knows Al, Ni, Cu, Pd, Ag, Pt, Au; clusters get no stress."""
    atoms = atoms.copy()
    atoms.calc = EMT()
    stress = atoms.get_stress(voigt=False) if atoms.pbc.all() else None
    return Label("converged", atoms.get_potential_energy(), atoms.get_forces(), stress, 0.0)


def crystal(rng: np.random.Generator, *others: str) -> Atoms:
    """Four atoms of copper, hot and strained, the first of them replaced by `others`."""
    atoms = bulk("Cu", cubic=True)
    atoms.symbols[: len(others)] = list(others)
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + rng.normal(0, 0.02, (3, 3))), scale_atoms=True)
    atoms.positions += rng.normal(0, 0.1, atoms.positions.shape)
    return atoms


def cluster(rng: np.random.Generator) -> Atoms:
    """Eight atoms of copper in vacuum."""
    atoms = bulk("Cu", cubic=True) * (2, 1, 1)
    atoms.pbc, atoms.cell = False, None
    atoms.positions += rng.normal(0, 0.1, atoms.positions.shape)
    return atoms


@pytest.fixture(scope="session")
def tiny() -> Architecture:
    return TINY


@pytest.fixture(scope="session")
def network() -> NequIP:
    """An untrained network: symmetries are those of the architecture, not of the weights."""
    return untrained(TINY, ("H", "C", "O", "Zr"))


@pytest.fixture(scope="session", params=["water", "methane", "zirconia"])
def structure(request: pytest.FixtureRequest) -> Atoms:
    """Two molecules, and a sheared cell of ZrO2 that is smaller than the cutoff's sphere."""
    rng = np.random.default_rng(3)
    if request.param == "zirconia":
        atoms = bulk("ZrO2", "fluorite", a=5.1)
        atoms.set_cell(atoms.cell.array @ (np.eye(3) + rng.normal(0, 0.03, (3, 3))), True)
    else:
        atoms = molecule({"water": "H2O", "methane": "CH4"}[request.param])
    atoms.positions += rng.normal(0, 0.08, atoms.positions.shape)
    return atoms


@pytest.fixture(scope="session")
def zirconia() -> Atoms:
    """ZrO2 off its symmetric sites, in a sheared cell."""
    atoms = bulk("ZrO2", "fluorite", a=5.1)
    atoms.set_cell(atoms.cell.array @ [[1, 0.05, 0], [0, 0.97, 0], [0.02, 0, 1.04]], True)
    atoms.positions += np.random.default_rng(4).normal(0, 0.1, atoms.positions.shape)
    return atoms


@pytest.fixture(scope="session")
def label() -> Callable[[Atoms], Label]:
    return emt


@pytest.fixture(scope="session")
def copper() -> Labelled:
    """Sixteen crystals (with stress) and eight clusters (without)."""
    rng = np.random.default_rng(0)
    frames = [crystal(rng) for _ in range(16)] + [cluster(rng) for _ in range(8)]
    return [(atoms, emt(atoms)) for atoms in frames]


@pytest.fixture(scope="session")
def fresh() -> Labelled:
    """Copper that no training has seen."""
    rng = np.random.default_rng(1)
    return [(a, emt(a)) for a in [crystal(rng), crystal(rng), cluster(rng), cluster(rng)]]


@pytest.fixture(scope="session")
def alloys() -> Labelled:
    """Crystals of copper with nought to three aluminium atoms in four."""
    rng = np.random.default_rng(2)
    frames = [crystal(rng, *["Al"] * (i % 4)) for i in range(16)]
    return [(atoms, emt(atoms)) for atoms in frames]


@pytest.fixture(scope="session")
def parent(alloys: Labelled) -> NequIP:
    """A potential of copper and aluminium."""
    spec = TrainingSpec(epochs=5, validation_fraction=0.2, batch_size=4)
    return train(alloys, TINY, spec).potential
