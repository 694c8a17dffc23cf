import numpy as np
import pytest

from storage import LakeError, Record, content_key
from storage.schemas import SCHEMAS, check, sizes


def sample(kind: str, frames: int = 2, atoms: int = 3, features: int = 5, members: int = 4):
    """A record of `kind` with all columns there are."""
    extent = {"frame": frames, "atom": atoms, "feature": features, "member": members}
    extent["sample"] = 6
    metadata, arrays = {"note": "kept as JSON"}, {}
    for name, column in SCHEMAS[kind].columns.items():
        if column.metadata:
            metadata[name] = "text" if column.dtype == "string" else 3
        else:
            shape = (*(extent[dimension] for dimension in column.along), *column.shape)
            arrays[name] = np.ones(shape, "U64" if column.dtype == "string" else column.dtype)
    return Record(kind, content_key(kind, [frames, atoms]), metadata, arrays)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_whole_records_pass(kind):
    check(sample(kind))


def test_named_dimensions_are_found():
    assert sizes(sample("walk", frames=7, atoms=2)) == {"frame": 7, "atom": 2}


def test_kinds_that_nobody_declared_pass():
    check(Record("density", content_key("density", 0), {}, {"means": np.full(3, np.nan)}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"forces": np.zeros((4, 3))}, r"forces has shape \(4, 3\), not \(atom, 3\) = \(3, 3\)"),
        ({"cell": np.zeros(3)}, "cell has shape"),
        ({"numbers": np.ones(3)}, "numbers has dtype float64, not int64"),
        ({"pbc": np.ones(3, int)}, "pbc has dtype int64, not bool"),
        ({"forces": np.full((3, 3), np.nan)}, "forces holds NaN; a failure is a status"),
    ],
)
def test_misfits_are_refused_with_the_reason(change, reason):
    good = sample("label")
    with pytest.raises(LakeError, match=reason):
        check(Record("label", good.key, good.metadata, {**good.arrays, **change}))


def test_bad_metadata_is_refused():
    good = sample("cluster")
    with pytest.raises(LakeError, match="metadata frame is 'last', not int64"):
        check(Record("cluster", good.key, {**good.metadata, "frame": "last"}, good.arrays))
    with pytest.raises(LakeError, match="lacks the array positions"):
        check(Record("cluster", good.key, {}, {"numbers": np.ones(2, int)}))
