import pytest

from storage import CorruptObject
from storage.seal import SEAL_LENGTH, seal, unseal


@pytest.mark.parametrize("body", [b"", b"x", b"\0" * 1000])
def test_sealed_bytes_come_back(body):
    sealed = seal(body)
    assert len(sealed) == len(body) + SEAL_LENGTH
    assert unseal(sealed, "it") == body


def test_every_flipped_bit_and_every_cut_is_noticed():
    sealed = seal(b"forces")
    for place in range(len(sealed)):
        flipped = bytearray(sealed)
        flipped[place] ^= 4
        for damaged in (bytes(flipped), sealed[:place]):
            with pytest.raises(CorruptObject, match=r"journal/x is damaged.*run again"):
                unseal(damaged, "journal/x")
