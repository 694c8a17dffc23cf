"""Ingest: labelled structures from extended XYZ files, and data sets of what the lake holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.io.formats import open_with_compression

from nearsight.references import Label, LevelOfTheory
from storage import Lake, Record, structure_key
from storage.origin import Origin, dataset_key
from tasks.errors import BadFile

_NAMES = ("system", "cluster")
_CORE = "core"


def label_origin(atoms: Atoms, level: LevelOfTheory) -> Origin:
    """What a label is made of: canonical geometry and level of theory."""
    return Origin("label", level.model_dump(mode="json"), [key_of(atoms)])


def label_key(atoms: Atoms, level: LevelOfTheory) -> str:
    """Key of a label."""
    return label_origin(atoms, level).key


def key_of(atoms: Atoms) -> str:
    """Key of a geometry."""
    return structure_key(atoms.numbers, atoms.positions, atoms.cell.array, atoms.pbc)


def label_record(atoms: Atoms, label: Label, level: LevelOfTheory) -> Record:
    """The record of one label, with the structure that it labels, naming the blob of its log."""
    arrays = {
        "numbers": atoms.numbers.astype(np.int64),
        "positions": atoms.positions,
        "cell": atoms.cell.array,
        "pbc": atoms.pbc,
    }
    if label.status == "converged":
        arrays |= {"energy": np.array(label.energy), "forces": np.asarray(label.forces)}
        if label.stress is not None:
            arrays["stress"] = label.stress
    origin = label_origin(atoms, level)
    (structure,) = origin.inputs
    metadata = {
        "level": level.name,
        "status": label.status,
        "seconds": label.seconds,
        "message": label.message,
        "structure": structure,
        "formula": atoms.get_chemical_formula(),
    }
    if label.log:
        metadata["log"] = f"logs/{origin.key}.txt"
    if "system" in atoms.info:
        metadata["system"] = str(atoms.info["system"])
    return origin.record(metadata, arrays)


def read_label(lake: Lake, key: str) -> tuple[Atoms, Label]:
    """The structure and label of a label record."""
    record = lake.get("label", key)
    a = record.arrays
    atoms = Atoms(a["numbers"], positions=a["positions"], cell=a["cell"], pbc=a["pbc"])
    converged = record.metadata["status"] == "converged"
    label = Label(
        status=record.metadata["status"],
        energy=float(a["energy"]) if converged else None,
        forces=a["forces"] if converged else None,
        stress=a.get("stress"),
        seconds=record.metadata["seconds"],
        message=record.metadata["message"],
    )
    return atoms, label


def read_labelled(path: Path, level: LevelOfTheory) -> Iterator[tuple[Atoms, Label]]:
    """Structures with energy (eV), forces (eV/Å) and, if periodic, stress from extended XYZ.

    The `info` of a structure keeps the names that an export gave it, `system` and `cluster`; its
    `arrays` keep `core`, the mask of a cluster's core, if the file has it.

    Raises
    ------
    BadFile
        If the file is missing, empty or no extended XYZ, if a frame lacks its energy or forces or
        holds numbers that are not finite, or if the file says that it was labelled at another level
        of theory.
    """
    if not path.is_file():
        raise BadFile(f"there is no file {path}")
    i = -1
    for i, frame in enumerate(_frames(path)):
        named = frame.info.get("level", level.name)
        if named != level.name:
            raise BadFile(
                f"{path}, frame {i}: labelled with {named!r}, but the level of theory is "
                f"{level.name!r}; energies of two levels cannot be mixed"
            )
        results = {} if frame.calc is None else frame.calc.results
        if "energy" not in results or "forces" not in results:
            raise BadFile(f"{path}, frame {i}: no energy or no forces")
        told = [results.get(name, 0.0) for name in ("energy", "forces", "stress")]
        if not all(np.isfinite(v).all() for v in (frame.positions, frame.cell.array, *told)):
            raise BadFile(f"{path}, frame {i}: holds numbers that are not finite")
        periodic = frame.pbc.all() and "stress" in results
        label = Label(
            status="converged",
            energy=float(results["energy"]),
            forces=np.asarray(results["forces"], dtype=float),
            stress=frame.get_stress(voigt=False) if periodic else None,
            seconds=float(frame.info.get("seconds", 0.0)),
        )
        atoms = Atoms(frame.numbers, frame.positions, cell=frame.cell, pbc=frame.pbc)
        atoms.info = {name: frame.info[name] for name in _NAMES if name in frame.info}
        if frame.arrays.get(_CORE, np.empty(0)).dtype == bool:
            atoms.set_array(_CORE, frame.arrays[_CORE])
        yield atoms, label
    if i < 0:
        raise BadFile(f"{path} holds no structures")


def _frames(path: Path) -> Iterator[Atoms]:
    try:
        with open_with_compression(str(path), "r") as file:
            text = StringIO(file.read())  # ASE seeks, and that unpacks a packed file again
        yield from ase.io.iread(text, index=":", format="extxyz")
    except Exception as error:  # ASE's readers raise whatever their parsers do
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BadFile(f"{path} cannot be read as extended XYZ: {reason}") from error


def ingest(lake: Lake, path: Path, level: LevelOfTheory) -> tuple[str, ...]:
    """Put every labelled structure of a file into the lake; their label keys, in file order."""
    return tuple(put_label(lake, *labelled, level) for labelled in read_labelled(path, level))


def put_label(lake: Lake, atoms: Atoms, label: Label, level: LevelOfTheory) -> str:
    """Record a label that is at hand, and its log; its key."""
    record = label_record(atoms, label, level)
    if not lake.has("label", record.key):
        if label.log:
            lake.put_blob(record.metadata["log"], label.log.encode())
        lake.put(record)
    return record.key


def dataset(lake: Lake, labels: Sequence[str], clusters: Sequence[str] = ()) -> str:
    """Record a data set: label keys and, beside each, its cluster's key ("" for a crystal).

    Crystals come first; `clusters` belong to the last of the `labels`.
    """
    beside = [""] * (len(labels) - len(clusters)) + list(clusters)
    pairs = sorted(zip(labels, beside, strict=True))
    arrays = {
        "labels": np.array([label for label, _ in pairs], dtype=str),
        "clusters": np.array([cluster for _, cluster in pairs], dtype=str),
    }
    key = dataset_key(arrays["labels"].tolist(), arrays["clusters"].tolist())
    if not lake.has("dataset", key):
        lake.put(Record("dataset", key, {"size": len(pairs)}, arrays))
    return key


def members(lake: Lake, dataset: str) -> list[tuple[str, str]]:
    """(label key, cluster key or "") of everything in a data set."""
    arrays = lake.get("dataset", dataset).arrays
    return list(zip(arrays["labels"].tolist(), arrays["clusters"].tolist(), strict=True))


def joined(lake: Lake, crystals: Sequence[str], clusters: Sequence[tuple[str, str]]) -> str:
    """Record the data set of labels of crystals and of (label, cluster) pairs."""
    labels = [*crystals, *(label for label, _ in clusters)]
    return dataset(lake, labels, [cluster for _, cluster in clusters])


def together(lake: Lake, datasets: Sequence[str]) -> str:
    """Record the data set of all that several hold; what is in two of them counts once."""
    pairs = {pair for name in datasets for pair in members(lake, name)}
    crystals = [label for label, cluster in pairs if not cluster]
    return joined(lake, crystals, [pair for pair in pairs if pair[1]])


def elements(lake: Lake, dataset: str) -> set[str]:
    """Chemical symbols of all that a data set holds."""
    labels = (lake.get("label", label) for label, _ in members(lake, dataset))
    return {chemical_symbols[z] for label in labels for z in np.unique(label.arrays["numbers"])}
