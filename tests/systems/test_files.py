"""The user's files: what cannot be simulated is refused in a sentence that says why."""

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from nearsight.blocks import UnsupportedFramework
from nearsight.systems import System, build
from nearsight.systems.files import read
from nearsight.systems.uio66 import pristine


def without_hydrogen():
    atoms = pristine()
    return atoms[atoms.numbers != 1]


def without_hydroxide():
    atoms = pristine()
    bare = [k for k in range(4 * 18) if atoms.numbers[k] == 1]
    del atoms[bare]
    return atoms


def overlapping():
    atoms = pristine()
    return atoms + Atoms("C", positions=atoms.positions[:1] + 0.1)


def alloy():
    atoms = bulk("Cu", cubic=True) * (2, 2, 2)
    atoms.symbols[::2] = "Zn"
    return atoms


def crystal_of_molecules():
    atoms = molecule("C6H6")
    atoms.center(5)
    atoms.pbc = True
    return atoms


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (without_hydrogen, r"atom \d+ \(C\).*hydrogens"),
        (without_hydroxide, "formal charge of -16 a cell: hydrogens"),
        (overlapping, r"atom 0 \(Zr\) and atom 456 \(C\) overlap"),
        (alloy, "no metal-organic framework"),
        (crystal_of_molecules, "no metal atoms"),
    ],
)
def test_what_is_no_whole_framework(tmp_path, make, reason):
    ase.io.write(tmp_path / "my.cif", make())
    with pytest.raises(UnsupportedFramework, match=rf"my\.cif: .*{reason}"):
        read(tmp_path / "my.cif")


@pytest.fixture
def cif(tmp_path):
    """A way to write UiO-66 to a CIF whose text was changed."""

    def write(change):
        ase.io.write(tmp_path / "my.cif", pristine())
        text = (tmp_path / "my.cif").read_text()
        (tmp_path / "my.cif").write_text(change(text))
        return tmp_path / "my.cif"

    return write


def test_partial_occupancy(cif):
    def halve(text):
        lines = text.splitlines()
        return "\n".join(s.replace("1.0000", "0.5000") if " C3 " in s else s for s in lines)

    with pytest.raises(UnsupportedFramework, match="1 sites are occupied in part, the first by C"):
        read(cif(halve))


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_empty(cif, text):
    with pytest.raises(UnsupportedFramework, match="is empty"):
        read(cif(lambda _: text))


@pytest.mark.parametrize("text", ["data_x\n_cell_length_a 10\n", "hello"])
def test_damaged(cif, text):
    with pytest.raises(UnsupportedFramework, match=r"my\.cif could not be read: .* damaged"):
        read(cif(lambda _: text))


def test_no_cell(cif, tmp_path):
    with pytest.raises(UnsupportedFramework, match="lengths and angles of its cell"):
        read(cif(lambda text: text.replace("20.87", "0.0")))
    ase.io.write(tmp_path / "my.xyz", molecule("H2O"), format="xyz")
    with pytest.raises(UnsupportedFramework, match="periodic in three directions"):
        read(tmp_path / "my.xyz")


def test_disorder_in_the_users_framework(cif):
    file = cif(str)
    system = System(file=file, disorder={"linker": 0.2, "hf": 0.5}, supercell=(1, 1, 2))
    atoms = build(system)
    assert system.name == "my_0.5-0-0.2-s0_1x1x2"
    assert (atoms.numbers == 72).sum() == 24
    assert len(atoms) == 912 - 8 * 10  # 10 of 48 linkers


def test_positions_are_those_of_the_file(cif):
    np.testing.assert_allclose(read(cif(str)).positions, pristine().positions, atol=1e-4)
