import numpy as np
import pytest
from ase.build import molecule

from nearsight.figures import cluster


def masks(atoms):
    core = np.zeros(len(atoms), dtype=bool)
    core[:2] = True
    caps = atoms.numbers == 1
    return core, ~core & ~caps, caps


def test_every_part_has_its_colour_and_count(artist):
    atoms = molecule("C6H6")
    (axes,) = cluster(atoms, *masks(atoms)).axes
    legend = axes.get_legend()
    assert [t.get_text() for t in legend.get_texts()] == ["core (2)", "mantle (4)", "H cap (6)"]
    assert (
        "6 atoms"
        in cluster(atoms[:6], *masks(atoms[:6])).axes[0].get_legend().get_title().get_text()
    )
    faces = artist(axes, "atoms and bonds").get_facecolors()
    assert len(np.unique(faces, axis=0)) == 3


def test_the_parent_cell_is_not_drawn_and_the_atoms_are_not_touched(artist):
    atoms = molecule("C6H6")
    atoms.set_cell([20, 20, 20])
    atoms.pbc = True
    (axes,) = cluster(atoms, *masks(atoms)).axes
    assert artist(axes, "cell") is None
    assert atoms.pbc.all()


def test_an_atom_without_a_part_is_refused():
    atoms = molecule("C6H6")
    core, mantle, caps = masks(atoms)
    core[0] = False
    with pytest.raises(ValueError, match="every atom"):
        cluster(atoms, core, mantle, caps)
