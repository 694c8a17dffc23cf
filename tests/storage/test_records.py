import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from storage import CorruptObject, LakeError, Record, content_key, records
from storage.records import decode, encode

KEY = content_key("thing", 0)
NAME = f"journal/thing/{KEY[:2]}/{KEY}"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
dtypes = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes()
    | hnp.floating_dtypes(sizes=(32, 64))
    | hnp.unicode_string_dtypes(max_len=5)
)
arrays = dtypes.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
)


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(st.text(max_size=5), json_values, max_size=4),
    st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_.-]{0,5}", fullmatch=True), arrays, max_size=3),
)
def test_records_come_back_as_they_were(metadata, arrays):
    record = Record("thing", KEY, metadata, arrays)
    data = encode(record)
    back = decode(data, NAME)
    assert (back.kind, back.key, back.metadata) == ("thing", KEY, metadata)
    assert back.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back.arrays[name].shape == array.shape
        np.testing.assert_array_equal(back.arrays[name], array)
    assert encode(back) == data


def test_equal_records_have_equal_bytes():
    array = np.arange(6.0).reshape(2, 3)
    one = Record("thing", KEY, {"a": 1, "b": 2}, {"x": array, "y": np.array(1)})
    same = Record("thing", KEY, {"b": 2, "a": 1}, {"y": np.array(1), "x": array.copy(order="F")})
    swapped = Record("thing", KEY, one.metadata, {**one.arrays, "x": array.astype(">f8")})
    assert encode(one) == encode(same) == encode(swapped)


def test_numpy_opens_a_record_without_this_code():
    data = encode(Record("thing", KEY, {"status": "converged"}, {"forces": np.ones((2, 3))}))
    with np.load(io.BytesIO(data)) as file:
        assert file["forces"].shape == (2, 3)
        assert b'"status":"converged"' in file["record.json"]


def test_parts_beyond_two_gigabytes_are_read(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 200)
    record = Record("thing", KEY, {"a": 1}, {"big": np.arange(100.0), "small": np.ones(3)})
    data = encode(record)
    monkeypatch.undo()
    back = decode(data, NAME)
    np.testing.assert_array_equal(back.arrays["big"], record.arrays["big"])
    np.testing.assert_array_equal(back.arrays["small"], record.arrays["small"])


def test_arrays_that_were_read_can_be_written():
    data = encode(Record("thing", KEY, {}, {"odd": np.ones(3, bool), "x": np.arange(5.0)}))
    x = decode(data, NAME).arrays["x"]
    assert x.flags.aligned
    x += 1
    np.testing.assert_array_equal(decode(data, NAME).arrays["x"], np.arange(5))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damage_is_noticed(data):
    whole = encode(Record("thing", KEY, {"a": 1}, {"x": np.arange(5)}))
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    for damaged in (bytes(flipped), whole[:place]):
        with pytest.raises(CorruptObject, match=KEY):
            decode(damaged, NAME)


def test_a_record_under_another_key_is_noticed():
    data = encode(Record("thing", KEY))
    with pytest.raises(CorruptObject, match="holds thing"):
        decode(data, NAME.replace(KEY, content_key("thing", 1)))


def test_a_newer_format_is_refused(monkeypatch):
    monkeypatch.setattr(records, "FORMAT_VERSION", 7)
    data = encode(Record("thing", KEY))
    monkeypatch.undo()
    with pytest.raises(LakeError, match=r"format 7.*update Nearsight"):
        decode(data, NAME)


def test_what_cannot_be_kept_is_refused():
    with pytest.raises(LakeError, match="array x has dtype object"):
        Record("thing", KEY, {}, {"x": np.array([None])})
    with pytest.raises(LakeError, match="no name for an array"):
        Record("thing", KEY, {}, {"a/b": np.zeros(1)})
    with pytest.raises(LakeError, match="64 hex digits"):
        Record("thing", "short")
    with pytest.raises(LakeError, match="no kind"):
        Record("../thing", KEY)
    with pytest.raises(LakeError, match=f"thing {KEY}: bad metadata"):
        encode(Record("thing", KEY, {"loss": float("nan")}))
