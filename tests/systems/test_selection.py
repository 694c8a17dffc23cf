"""Rules that pick blocks, on frameworks whose blocks are known."""

import numpy as np
import pytest

from nearsight.blocks import partition
from nearsight.systems import System, build
from nearsight.systems.selection import beside, chance, connectivity, element, kind, these


@pytest.fixture(scope="module")
def framework():
    atoms = build(System(variant="ld"))
    atoms.numbers[np.argmax(atoms.numbers == 40)] = 72
    return atoms, partition(atoms)


def test_by_kind_element_and_connectivity(framework):
    assert len(kind("brick")(*framework)) == 4
    assert len(element("Hf")(*framework)) == 1
    assert len(connectivity(11)(*framework)) == 2
    assert len(connectivity(11, 12)(*framework)) == 4
    assert len(connectivity(2)(*framework)) == 23


def test_by_neighbours(framework):
    atoms, blocks = framework
    (brick,) = element("Hf")(atoms, blocks)
    found = beside(element("Hf"))(atoms, blocks)
    np.testing.assert_array_equal(found, blocks.neighbours(brick))
    second = (beside(beside(element("Hf"))) & kind("brick") & ~element("Hf"))(atoms, blocks)
    assert len(second) == 3


def test_rules_join(framework):
    linkers, bricks = kind("linker"), kind("brick")
    assert len((linkers | bricks)(*framework)) == 27
    assert len((linkers & bricks)(*framework)) == 0
    np.testing.assert_array_equal((~linkers)(*framework), bricks(*framework))
    np.testing.assert_array_equal(these(3, 1)(*framework), [1, 3])


def test_by_chance():
    atoms = build(System(variant="pr", supercell=(3, 3, 3)))
    blocks = partition(atoms)
    rule = kind("linker") & chance(0.2, seed=7)
    assert len(rule(atoms, blocks)) == pytest.approx(0.2 * 648, abs=3 * np.sqrt(648 * 0.16))
    np.testing.assert_array_equal(rule(atoms, blocks), rule(atoms, blocks))
    assert len((kind("linker") & chance(1, 0))(atoms, blocks)) == 648


def test_nonsense_is_refused(framework):
    with pytest.raises(ValueError, match="no element 'zr'"):
        element("zr")
    with pytest.raises(ValueError, match=r"no block is a 'pillar': .* brick, linker"):
        kind("pillar")(*framework)
    with pytest.raises(ValueError, match="between 0 and 26"):
        these(27)(*framework)
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        chance(20, seed=0)
