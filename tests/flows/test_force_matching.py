"""Clusters against the bulk, at a level of theory that costs nothing."""

import json

import numpy as np
import pytest
from ase.calculators.morse import MorsePotential
from cheap import MORSE, SITE
from prefect.artifacts import Artifact

from flows.force_matching import ForceMatching, force_matching
from flows.matches import FEATURES, FORCES, MODEL_FORCES
from flows.parameters import BadParameters
from nearsight.blocks import Blueprint, cut, partition
from nearsight.sampling import WalkSpec
from nearsight.systems import System, build
from storage import open_lake
from storage.audit import audit


@pytest.fixture
def spec(tmp_path):
    return ForceMatching(
        lake=str(tmp_path / "lake"),
        file=tmp_path / "matching.json",
        system=System(variant="ld"),
        level=MORSE,
        blueprints=(Blueprint(mantle=0), Blueprint(mantle=1)),
        site=SITE,
    )


def test_two_blueprints_against_the_bulk_and_nothing_is_done_twice(prefect, spec, files):
    spec = spec.model_copy(
        update={
            "model": files.model,
            "frames": 2,
            "walk": WalkSpec(duration=1.0, timestep=0.5, frame_interval=0.5),
        }
    )
    study = force_matching(spec)
    minimal, neighbours = study.matches
    assert [round(m.atoms) for m in study.matches] == [66, 176]
    for match in study.matches:
        assert {w: e.shape for w, e in match.errors.items()} == dict.fromkeys(
            (FORCES, MODEL_FORCES, FEATURES), (2, 55)
        )
    assert neighbours.errors[FEATURES].mean() < minimal.errors[FEATURES].mean() / 10
    lake = open_lake(spec.lake)
    assert len(lake.keys("label")) == 2 + 4
    told = json.loads(spec.file.read_text())
    assert told["recommended"] == study.best()
    assert spec.file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert not audit(lake).defects
    shown = Artifact.get("force-matching-s-ld-table")
    assert [row["blueprint"] for row in json.loads(shown.data)] == ["mantle 0", "mantle 1", "bulk"]
    assert "data:image/png" in Artifact.get("force-matching-s-ld").data

    before = {kind: lake.keys(kind) for kind in lake.kinds()}
    again = force_matching(spec)
    assert {kind: lake.keys(kind) for kind in lake.kinds()} == before
    assert again.to_json() == study.to_json()

    alone = force_matching(spec.model_copy(update={"blueprints": (Blueprint(mantle=1),)}))
    for what, errors in alone.matches[0].errors.items():
        np.testing.assert_allclose(errors, neighbours.errors[what], rtol=1e-6)


def test_errors_are_those_of_the_forces_of_the_core(prefect, spec):
    study = force_matching(spec)
    atoms = build(spec.system)
    blocks = partition(atoms)
    cluster = cut(atoms, blocks, study.matches[0].core, spec.blueprints[0])
    forces = []
    for structure in (atoms, cluster.atoms):
        structure.calc = MorsePotential(**MORSE.arguments)
        forces.append(structure.get_forces())
    for row, atom in enumerate(np.flatnonzero(cluster.core)):
        parent = cluster.parent_indices[atom]
        wanted = np.linalg.norm(forces[0][parent] - forces[1][atom])
        place = blocks.members(study.matches[0].core).tolist().index(parent)
        assert study.matches[0].errors[FORCES][0, place] == pytest.approx(wanted, abs=1e-9), row


def test_a_bulk_that_is_too_large_is_replaced_by_the_largest_cluster(prefect, spec):
    study = force_matching(spec.model_copy(update={"max_bulk": 400}))
    minimal, largest = study.matches
    assert largest.note == "stands for the bulk"
    assert not largest.errors
    assert minimal.errors[FORCES].shape == (1, 55)
    assert "448 atoms, too many for a label" in study.verdict()
    assert study.to_json()["compared_with"] == "largest cluster"
    assert study.best() in (None, "mantle 0")
    labels = open_lake(spec.lake).keys("label")
    assert len(labels) == 2


def test_a_tolerance_that_nothing_meets_is_said(prefect, spec):
    study = force_matching(spec.model_copy(update={"tolerance": 1e-30}))
    assert study.best() is None
    assert "No blueprint brings" in study.verdict()


def test_a_core_that_is_not_there_is_refused(prefect, spec):
    with pytest.raises(BadParameters, match="S_ld has the blocks 0 to 26, not 27"):
        force_matching(spec.model_copy(update={"cores": (27,)}))
