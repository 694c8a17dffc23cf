import pytest

from storage import CorruptObject, LakeError, MissingObject


def test_blobs_are_written_once_and_come_back(lake):
    assert lake.put_blob("model/ab12.safetensors", b"weights")
    assert not lake.put_blob("model/ab12.safetensors", b"others")
    assert lake.get_blob("model/ab12.safetensors") == b"weights"
    assert lake.has_blob("model/ab12.safetensors")
    assert not lake.has_blob("model/other")
    with pytest.raises(MissingObject, match="blobs/model/other"):
        lake.get_blob("model/other")


def test_damage_is_noticed(tmp_path, lake):
    lake.put_blob("log", b"all went well")
    file = tmp_path / "lake/blobs/log"
    file.write_bytes(file.read_bytes().replace(b"well", b"wild"))
    with pytest.raises(CorruptObject, match="blobs/log is damaged"):
        lake.get_blob("log")


@pytest.mark.parametrize("name", ["", "../lake.json", "/etc/passwd", "a//b", ".hidden", "a b"])
def test_names_that_lead_astray_are_refused(lake, name):
    with pytest.raises(LakeError, match="no name for a blob"):
        lake.put_blob(name, b"")
