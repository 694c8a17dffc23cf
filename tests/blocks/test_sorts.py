import pytest

from nearsight.blocks import partition
from nearsight.blocks.sorts import sorts, telling_blocks
from nearsight.systems import System, build


def found(variant):
    atoms = build(System(variant=variant))
    blocks = partition(atoms)
    return atoms, blocks, telling_blocks(atoms, blocks)


def test_sorts_of_a_linker_defect():
    atoms, blocks, _ = found("ld")
    sizes = {kind: [len(s) for s in alike] for kind, alike in sorts(atoms, blocks).items()}
    assert sizes == {"brick": [2, 2], "linker": [23]}


@pytest.mark.parametrize(
    ("variant", "formulas"),
    [
        ("pr", ["C12H4O32Zr6", "C6H4"]),  # nothing amiss: one of each kind
        ("ld", ["C12H5O32Zr6"]),  # the brick with a formate
        ("hf", ["C12H4HfO32Zr5"]),
        ("reo", ["C12H8O32Zr6", "C6H4"]),  # bricks that are all alike
    ],
)
def test_blocks_that_stand_for_a_framework(variant, formulas):
    atoms, blocks, telling = found(variant)
    told = [atoms.symbols[blocks.members(block)].get_chemical_formula() for block in telling]
    assert told == formulas
