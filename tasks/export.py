"""Export: the labelled structures of a snapshot, as files that other programs read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import ase.db
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io.extxyz import key_val_dict_to_str
from ase.io.formats import open_with_compression
from ase.stress import full_3x3_to_voigt_6_stress, voigt_6_to_full_3x3_stress

from storage import Lake
from storage.contents import Contents
from tasks.errors import BadFile
from tasks.extract import MASKS, read_cluster
from tasks.ingest import members, read_label

_TEXT = {".extxyz", ".xyz"}
_PACKED = {".xz", ".gz"}


def export(lake: Lake, tag: str, path: Path) -> Counter[str]:
    """Write the labelled structures of a snapshot to a file; the number of labels by status.

    Only converged labels are written: energy, forces and stress (eV, eV/Å, eV/Å³), level of
    theory, status, seconds, the keys of label and cluster, the system, and the masks `core`,
    `mantle` and `caps` over a cluster's atoms. No digit is lost, so that every structure keeps
    its key.

    Parameters
    ----------
    path
        Ends with .extxyz or .xyz, and perhaps .xz or .gz, for extended XYZ; with .db for an ASE
        database, which holds the masks in its `data`.

    Raises
    ------
    BadFile
        If the file exists, or its name does not say what it should be.
    """
    plain = path.with_suffix("") if path.suffix in _PACKED else path
    if path.suffix != ".db" and plain.suffix not in _TEXT:
        raise BadFile(
            f"{path} does not say what to write: end it with .extxyz or .xyz (and .xz or .gz to "
            "pack it) for extended XYZ, or with .db for an ASE database"
        )
    if path.exists():
        raise BadFile(f"there is a file {path} already: name another")
    write = _write_database if path.suffix == ".db" else _write_text
    unfinished = path.with_name(f".unfinished-{path.name}")
    statuses: Counter[str] = Counter()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(unfinished, _frames(lake, tag, statuses))
        unfinished.rename(path)
    except OSError as error:
        raise BadFile(f"{path} was not written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return statuses


def _frames(lake: Lake, tag: str, statuses: Counter[str]) -> Iterator[Atoms]:
    """The labelled structures of a snapshot, all that is known of each in its `info`."""
    held = Contents(lake.open(tag)).members([tag])
    beside = {label: c for data in held.get("dataset", []) for label, c in members(lake, data)}
    for key in held.get("label", []):
        told = lake.get("label", key).metadata
        statuses[told["status"]] += 1
        if told["status"] != "converged":
            continue
        atoms, label = read_label(lake, key)
        named = {"label": key, "cluster": beside.get(key), "system": told.get("system")}
        if named["cluster"]:
            cluster = read_cluster(lake, named["cluster"])
            named["system"] = lake.get("cluster", named["cluster"]).metadata["system"]
            for mask in MASKS:
                atoms.set_array(mask, getattr(cluster, mask))
        atoms.info = {name: told[name] for name in ("level", "status", "seconds")}
        atoms.info |= {name: value for name, value in named.items() if value}
        results = {"energy": label.energy, "forces": label.forces}
        if label.stress is not None:
            results["stress"] = full_3x3_to_voigt_6_stress(label.stress)
        atoms.calc = SinglePointCalculator(atoms, **results)
        yield atoms


def _write_text(path: Path, frames: Iterable[Atoms]) -> None:
    with open_with_compression(str(path), "w") as file:
        for atoms in frames:
            file.write(_extended_xyz(atoms))


def _extended_xyz(atoms: Atoms) -> str:
    """One frame, to the last digit; ASE's writer keeps 8 decimals, and so would change keys."""
    results = atoms.calc.results
    columns = {
        "species:S:1": [[symbol] for symbol in atoms.get_chemical_symbols()],
        "pos:R:3": atoms.positions.tolist(),
        "forces:R:3": results["forces"].tolist(),
    }
    for mask in (m for m in MASKS if m in atoms.arrays):
        columns[f"{mask}:L:1"] = np.where(atoms.arrays[mask], "T", "F")[:, None].tolist()
    head = {"Lattice": atoms.cell.array.T} if atoms.cell.any() else {}
    head |= {"Properties": ":".join(columns), "pbc": atoms.pbc, "energy": results["energy"]}
    if "stress" in results:
        head["stress"] = voigt_6_to_full_3x3_stress(results["stress"])
    rows = zip(*columns.values(), strict=True)
    lines = (" ".join(str(value) for part in row for value in part) for row in rows)
    return "\n".join([str(len(atoms)), key_val_dict_to_str(head | atoms.info), *lines, ""])


def _write_database(path: Path, frames: Iterable[Atoms]) -> None:
    path.unlink(missing_ok=True)
    with ase.db.connect(path, type="db", use_lock_file=False) as database:
        for atoms in frames:
            masks = {mask: atoms.arrays[mask] for mask in MASKS if mask in atoms.arrays}
            database.write(atoms, key_value_pairs=atoms.info, data=masks)
