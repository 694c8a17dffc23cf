"""Content keys: the same work has the same key, on every machine and for ever."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

SCHEMA_VERSION = 1
"""Part of every content key: raise it when the meaning of specs changes, and all is made anew."""

_GRID = 1e-6
_PLAIN = (bool, int, str, type(None))


def canonical_json(value: object) -> str:
    """Write `value` in the one way that equal values share.

    Keys are sorted, there is no white space, floats are written by ``repr`` and -0.0 as 0.0; NumPy
    scalars count as Python's. NaN, infinities and anything that JSON does not know are refused.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def content_key(
    kind: str, spec: object, inputs: Sequence[str] = (), schema: int = SCHEMA_VERSION
) -> str:
    """Return the key, 64 hex digits, of what `kind` of work makes of `spec` and `inputs`.

    Parameters
    ----------
    kind
        "label", "walk", "model", ...
    spec
        Anything that JSON can say, such as ``WalkSpec.model_dump(mode="json")``.
    inputs
        Keys of what the work starts from; their order counts.
    schema
        Version of the meaning of specs.
    """
    document = {"inputs": list(inputs), "kind": kind, "schema": schema, "spec": spec}
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def structure_key(numbers: ArrayLike, positions: ArrayLike, cell: ArrayLike, pbc: ArrayLike) -> str:
    """Return the key of a geometry, equal for structures that agree within the grid of 1e-6 Å.

    The order of atoms counts, for labels are per atom. Cell vectors along directions that are not
    periodic do not count.

    Parameters
    ----------
    numbers
        (n_atoms,) atomic numbers.
    positions
        (n_atoms, 3) in Å.
    cell
        (3, 3) in Å, rows are cell vectors.
    pbc
        (3,), or one truth value for all directions.
    """
    species = np.asarray(numbers, dtype="<i8")
    periodic = np.broadcast_to(np.asarray(pbc, dtype=bool), (3,))
    vectors = np.where(periodic[:, None], np.asarray(cell, dtype=float), 0.0)
    places = np.asarray(positions, dtype=float)
    if places.shape != (len(species), 3) or vectors.shape != (3, 3):
        raise ValueError(
            f"numbers {species.shape}, positions {places.shape} and cell {vectors.shape} must be "
            "(n,), (n, 3) and (3, 3)"
        )
    if not (np.isfinite(places).all() and np.isfinite(vectors).all()):
        raise ValueError("positions and cell must be finite")
    digest = hashlib.sha256(f"structure/{SCHEMA_VERSION}/{len(species)}/".encode())
    for part in (species, periodic.astype("u1"), _on_grid(vectors), _on_grid(places)):
        digest.update(part.tobytes())
    return digest.hexdigest()


def _on_grid(lengths: np.ndarray) -> np.ndarray:
    """Whole multiples of the grid: integers know no -0."""
    return np.rint(lengths / _GRID).astype("<i8")


def _plain(value: object) -> object:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no place in a spec or in metadata: use a status")
        return value + 0.0
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"keys must be text, not those of {value!r}")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"{value!r} is not text, a number, true, false, null, a list or a dictionary")
