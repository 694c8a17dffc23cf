import pytest

from storage import CorruptObject, LakeError, MissingObject


def test_blobs_are_written_once_and_come_back(lake):
    assert lake.put_blob("model/ab12.safetensors", b"weights")
    assert not lake.put_blob("model/ab12.safetensors", b"others")
    assert lake.get_blob("model/ab12.safetensors") == b"weights"
    assert lake.has_blob("model/ab12.safetensors")
    assert not lake.has_blob("model/other")
    lake.put_blob("log", b"")
    assert lake.blobs() == ["log", "model/ab12.safetensors"]
    with pytest.raises(MissingObject, match="blobs/model/other"):
        lake.get_blob("model/other")


@pytest.mark.parametrize(
    "how",
    [
        lambda data: data.replace(b"well", b"wild"),
        lambda data: bytes([data[0] ^ 1]) + data[1:],
        lambda data: data[:-10],
        lambda data: b"",
    ],
)
def test_damage_is_noticed(lake, damage, how):
    lake.put_blob("log", b"all went well")
    damage(lake, "blobs/log", how)
    with pytest.raises(CorruptObject, match="blobs/log is damaged"):
        lake.get_blob("log")


@pytest.mark.parametrize("name", ["", "../lake.json", "/etc/passwd", "a//b", ".hidden", "a b"])
def test_names_that_lead_astray_are_refused(lake, name):
    with pytest.raises(LakeError, match="no name for a blob"):
        lake.put_blob(name, b"")
