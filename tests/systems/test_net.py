"""The net of blocks and what falls off it."""

import numpy as np
import pytest

from nearsight.blocks import partition
from nearsight.systems.net import Net
from nearsight.systems.uio66 import LATTICE_CONSTANT, pristine


@pytest.fixture(scope="module")
def net():
    atoms = pristine()
    return Net.of(atoms, partition(atoms))


def test_bricks_sit_on_an_fcc_lattice(net):
    places = np.rint(2 * net.centres[net.bricks] / LATTICE_CONSTANT).astype(int) % 2
    assert sorted(map(tuple, places)) == [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
    assert (net.coordination()[net.bricks] == 12).all()


def test_every_seam_is_as_long_as_half_a_linker(net):
    lengths = np.linalg.norm(net.vectors(), axis=1)
    np.testing.assert_allclose(lengths, LATTICE_CONSTANT / np.sqrt(8), atol=0.01)


def test_a_brick_without_linkers_is_stranded(net):
    brick = np.arange(len(net)) == 0
    missing = net.around(brick)
    assert missing.sum() == 12
    np.testing.assert_array_equal(net.stranded(missing), brick)


def test_a_pair_of_bricks_on_its_own_is_stranded(net):
    a, b = np.flatnonzero(net.bricks)[:2]
    pair = np.isin(np.arange(len(net)), [a, b])
    touching = [
        k
        for k in np.flatnonzero(net.linkers)
        if {a, b} <= set(net.ends[(net.ends == k).any(axis=1)].ravel())
    ]
    missing = net.around(pair)
    missing[touching[0]] = False
    np.testing.assert_array_equal(np.flatnonzero(net.stranded(missing)), [a, b, touching[0]])


def test_layers_hang_together_in_two_directions(net):
    rise = np.abs(net.vectors()[:, 2])
    tilted = np.zeros(len(net), dtype=bool)
    tilted[net.ends[rise > 1]] = True
    assert net.dimensions(np.zeros(len(net), dtype=bool)) == 3
    assert net.dimensions(tilted & net.linkers) == 2
