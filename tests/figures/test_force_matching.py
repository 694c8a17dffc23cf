import numpy as np
import pytest

from nearsight.blocks import Blueprint, cut, partition
from nearsight.figures import force_matching
from nearsight.figures.force_matching import GHOST, Panel
from nearsight.matching import bonds_from_edge


@pytest.fixture
def panels(framework):
    blocks = partition(framework)
    members = blocks.members(0)
    inner = blocks.bonds[(blocks.labels[blocks.bonds] == 0).all(axis=1)]
    bonds = bonds_from_edge(np.searchsorted(members, inner), np.isin(members, blocks.seams))
    rng = np.random.default_rng(0)
    found = []
    for mantle, size in ((0, 1.0), (1, 0.01)):
        cluster = cut(framework, blocks, 0, Blueprint(mantle=mantle))
        errors = size * rng.uniform(0.5, 1.0, len(members)) / (1 + bonds)
        title = f"mantle {mantle}"
        found.append(Panel(title, cluster.atoms, np.flatnonzero(cluster.core), errors, bonds))
    return found


def test_a_picture_and_a_plot_for_every_cluster(panels, artist):
    figure = force_matching(panels, 0.1)
    left = figure.axes[0], figure.axes[2]
    right = figure.axes[1], figure.axes[3]
    assert [axes.get_title() for axes in left] == ["mantle 0", "mantle 1"]
    for axes, panel in zip(left, panels, strict=True):
        opaque = artist(axes, "atoms and bonds").get_facecolors()[:, 3]
        assert (opaque == 1).sum() > len(panel.core)
        assert opaque.min() == pytest.approx(GHOST)
    for axes in right:
        drawn = {line.get_gid(): line for line in axes.lines}
        assert {"C", "H", "O", "Zr", "RMSE"} <= drawn.keys()
        assert "eV/Å" in axes.get_ylabel()
    assert right[0].get_ylim() == right[1].get_ylim()
    drawn = next(line for line in right[0].lines if line.get_gid() == "RMSE")
    at_edge = panels[0].errors[panels[0].bonds == 0]
    assert drawn.get_ydata()[0] == pytest.approx(np.sqrt(np.mean(at_edge**2)))


def test_a_perfect_match_can_be_drawn(panels):
    perfect = Panel("", panels[0].atoms, panels[0].core, 0 * panels[0].errors, panels[0].bonds)
    force_matching([perfect], 0.1).canvas.draw()
