"""Systems: what may be asked for, and what is built."""

from collections import Counter

import ase.io
import numpy as np
import pytest
from pydantic import ValidationError

from nearsight.blocks import UnsupportedFramework, partition
from nearsight.systems import Disorder, System, build
from nearsight.systems.uio66 import LATTICE_CONSTANT


def test_pristine():
    atoms = build(System(framework="UiO-66", variant="pr"))
    assert atoms.get_chemical_formula() == "C192H112O128Zr24"


def test_linker_defect():
    atoms = build(System(variant="ld"))
    assert len(atoms) == 448
    assert atoms.get_chemical_formula() == "C186H110O128Zr24"
    assert atoms.get_all_distances(mic=True)[~np.eye(448, dtype=bool)].min() > 0.95
    blocks = partition(atoms)
    assert Counter(blocks.kinds) == {"brick": 4, "linker": 23}
    assert len(blocks.seams) == 46
    assert build(System(variant="ld")) == atoms


def test_supercell():
    atoms = build(System(variant="ld", supercell=(1, 2, 1)))
    assert len(atoms) == 896
    np.testing.assert_allclose(atoms.cell.lengths(), LATTICE_CONSTANT * np.array([1, 2, 1]))


def test_names():
    assert System(variant="pr").name == "S_pr"
    assert System(variant="ld").name == "S_ld"
    assert System(variant="pr", supercell=(2, 2, 1)).name == "S_pr_2x2x1"
    assert System(file="some/where/my.cif").name == "my"


def test_an_ensemble_is_named_without_the_seed():
    disorder = Disorder(hf=0.2, linker=0.1, counted="resulting", seed=7)
    system = System(disorder=disorder, supercell=(2, 1, 1))
    other = system.drawn(8)
    assert (system.name, other.name) == tuple(
        f"S_0.2-0-0.1-resulting-s{seed}_2x1x1" for seed in (7, 8)
    )
    assert system.ensemble == other.ensemble == "S_0.2-0-0.1-resulting_2x1x1"
    assert other == System.model_validate(
        {"disorder": disorder.model_dump() | {"seed": 8}, "supercell": (2, 1, 1)}
    )
    plain = System(variant="pr", supercell=(2, 1, 1))
    assert plain.drawn(3) == plain
    assert plain.ensemble == plain.name


def test_unit_cells_are_counted_in_supercells_of_the_paper_too():
    assert System(variant="pr").cells == 1
    assert System(variant="reo", supercell=(2, 1, 3)).cells == 6
    assert System(variant="sup*").cells == 64
    assert System(variant="sup-3x3x1", supercell=(1, 1, 2)).cells == 18


def test_own_file(tmp_path):
    atoms = build(System(variant="ld"))
    ase.io.write(tmp_path / "mine.cif", atoms)
    read = build(System(file=tmp_path / "mine.cif"))
    np.testing.assert_array_equal(read.numbers, atoms.numbers)
    assert partition(read).kinds == partition(atoms).kinds


def test_files_that_hold_no_crystal(tmp_path):
    with pytest.raises(UnsupportedFramework, match=r"absent\.cif could not be read"):
        build(System(file=tmp_path / "absent.cif"))
    atoms = build(System(variant="pr"))
    atoms.pbc = False
    ase.io.write(tmp_path / "finite.xyz", atoms, format="xyz")
    with pytest.raises(UnsupportedFramework, match="periodic in three directions"):
        build(System(file=tmp_path / "finite.xyz"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "one of 'variant', 'file' and 'disorder' must be given"),
        ({"variant": "pr", "file": "my.cif"}, "'variant' and 'file' cannot both be given"),
    ],
)
def test_exactly_one_of_variant_and_file(given, message):
    with pytest.raises(ValidationError, match=message):
        System(**given)


@pytest.mark.parametrize("given", [{"supercell": (0, 1, 1)}, {"variant": "xx"}, {"colour": 1}])
def test_nonsense_is_refused(given):
    with pytest.raises(ValidationError):
        System(**{"variant": "pr", **given})


def test_fields_make_a_form():
    for name, field in System.model_json_schema()["properties"].items():
        assert field["title"], name
        assert field["description"], name


def test_yaml_round_trip():
    system = System(variant="ld", supercell=(2, 1, 1))
    assert System.model_validate_json(system.model_dump_json()) == system
