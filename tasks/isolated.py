"""Isolated atoms: where a new model's reference energies start from, once a level of theory."""

from __future__ import annotations

from collections.abc import Sequence

from ase import Atoms

from nearsight.potentials import TrainingSpec
from nearsight.references import LevelOfTheory
from tasks.explore import put_structure
from tasks.ingest import read_label
from tasks.label import converged, label
from tasks.workplace import Workplace


def isolated_energies(
    work: Workplace, level: LevelOfTheory, elements: Sequence[str]
) -> dict[str, float]:
    """Energies in eV of single atoms in vacuum; atoms whose labels failed are left out."""
    names = [put_structure(work.lake, Atoms(element), element) for element in elements]
    labels = label.submit(work, "isolated atoms", names, level, 1.0, kind="structure").result()
    told = [read_label(work.lake, key) for key, _ in converged(work.lake, labels)]
    return {str(atoms.symbols): float(said.energy or 0.0) for atoms, said in told}


def grounded(
    work: Workplace, level: LevelOfTheory, spec: TrainingSpec, labels: Sequence[str]
) -> TrainingSpec:
    """`spec` with the energies of isolated atoms, unless it names reference energies of its own.

    Parameters
    ----------
    labels
        Keys of labels that hold the elements in question. If one of their atoms fails alone, the
        energies are left to the fit of the training.
    """
    if spec.reference_energies:
        return spec
    elements = sorted({s for key in labels for s in read_label(work.lake, key)[0].symbols})
    energies = isolated_energies(work, level, elements)
    if len(energies) < len(elements):
        return spec
    return spec.model_copy(update={"reference_energies": energies})
