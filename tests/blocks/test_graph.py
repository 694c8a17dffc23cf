"""The block graph over periodic images."""

import numpy as np

from nearsight.blocks import partition
from nearsight.blocks.graph import BlockGraph, seats
from nearsight.systems.uio66 import pristine


def test_seams_lead_there_and_back():
    atoms = pristine()
    blocks = partition(atoms)
    graph = BlockGraph(atoms, blocks)
    here = (0, (1, -2, 0))
    steps = list(graph.leaving(here))
    assert len({there for _, _, there in steps}) == 12
    for seam, end, there in steps:
        assert (seam, 1 - end, here) in list(graph.leaving(there))


def test_seams_join_neighbouring_images():
    atoms = pristine()
    graph = BlockGraph(atoms, partition(atoms))
    for seam, end, (_, shift) in graph.leaving((0, (0, 0, 0))):
        inside, outside = graph.pairs[seam, [end, 1 - end]]
        a = graph.positions(np.array([inside]), np.zeros((1, 3), dtype=int))
        b = graph.positions(np.array([outside]), np.array([shift]))
        assert np.linalg.norm(a - b) < 1.6


def test_distant_core_blocks_are_seated_along_seams():
    atoms = pristine().repeat((2, 1, 1))
    blocks = partition(atoms)
    places = seats(BlockGraph(atoms, blocks), [0, 1, 2])
    assert [block for block, _ in places] == [0, 1, 2]
    assert places[0][1] == (0, 0, 0)
