"""Every Python block of the documentation runs, on a small lake that this test makes."""

import numpy as np
import pytest
from pages import PAGES, ROOT, blocks
from s3_server import s3_store

from flows.campaign import DATA
from nearsight.blocks import cut, partition
from nearsight.potentials import model_blob
from nearsight.references import CalculatorLevel, reference
from nearsight.systems import System, build
from storage import Lake, content_key, open_lake
from storage.origin import Origin
from tasks.ingest import dataset, label_record

LEVEL = CalculatorLevel(name="Morse", calculator="ase.calculators.morse.MorsePotential")
CYCLE = "demo/cycle-001"


def fill(lake: Lake) -> None:
    """Leave in a lake what a cycle leaves: a walk, clusters cut from it, labels, a data set."""
    atoms = build(System(variant="ld"))
    blocks = partition(atoms)
    frames = [atoms.copy() for _ in range(3)]
    for seed, frame in enumerate(frames):
        frame.rattle(0.05, seed=seed)
    walk = Origin("walk", "a walk").record(
        {"stop": "finished", "pressure": 0.5, "system": "S_ld"},
        {
            "numbers": atoms.numbers,
            "positions": np.array([frame.positions for frame in frames]),
            "cells": np.array([frame.cell.array for frame in frames]),
            "times": 10.0 * np.arange(3),
            "energies": np.zeros(3),
            "temperatures": np.full(3, 600.0),
        },
    )
    clusters, labels = [], [label_record(atoms, reference(LEVEL).label(atoms), LEVEL)]
    for number, frame in enumerate(frames):
        cluster = cut(frame, blocks, blocks.kinds.index("brick"))
        where = {"walk": walk.key, "frame": number, "core_block": 0}
        arrays = {name: getattr(cluster, name) for name in ("core", "mantle", "caps")}
        arrays |= {"numbers": cluster.atoms.numbers, "positions": cluster.atoms.positions}
        arrays |= {"parent_indices": cluster.parent_indices}
        clusters.append(Origin("cluster", where).record(where, arrays))
        told = reference(LEVEL).label(cluster.atoms)
        labels.append(label_record(cluster.atoms, told, LEVEL))
    keys = {"walk": [walk.key], "cluster": [c.key for c in clusters]}
    keys["label"] = [label.key for label in labels]
    for record in (walk, *clusters, *labels):
        lake.put(record)
    keys["dataset"] = [dataset(lake, keys["label"], keys["cluster"])]
    model = content_key("model", "a model")
    lake.put_blob(model_blob(model), (DATA / "pristine.safetensors").read_bytes())
    lake.commit(CYCLE, keys, {"model": model})


@pytest.fixture
def lakes(tmp_path, monkeypatch, page):
    """What a page asks for: ``lake/demo`` in the present directory, and in the bucket ``lake``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows").symlink_to(ROOT / "flows")
    code = "".join(block.text for block in blocks("python", [page]))
    if "lake/demo" in code:
        fill(open_lake("lake/demo"))
    if "AWS_ENDPOINT_URL" not in code:
        yield
        return
    with s3_store(tmp_path / "s3"):
        fill(open_lake("s3://lake/demo"))
        yield


@pytest.mark.parametrize("page", [p for p in PAGES if blocks("python", [p])], ids=lambda p: p.stem)
def test_code_of_a_page_runs(page, lakes):
    said: dict[str, object] = {}
    for block in blocks("python", [page]):
        exec(compile("\n" * block.line + block.text, page, "exec"), said)
