"""Every file of work of both scales: what it reads is there when its turn comes."""

import json
from pathlib import Path
from typing import get_args

import pytest
from engines import needs
from pydantic import BaseModel

from flows.preflight import check
from flows.reproduction import work
from flows.reproduction.results import RESULTS, paper
from flows.reproduction.work import FLOWS, FOLDER, Scale, in_order, read
from nearsight.potentials import load
from nearsight.references import SEVENNET_0, CalculatorLevel, read_level, reference
from nearsight.systems import System, build
from tasks.sites import Site

DFT = {"kind": "gpaw"}
FILES = [(path.parent.name, path.stem) for path in sorted(FOLDER.glob("*/*.yaml"))]


def paths(told, written=True):
    """Files that options name: those that their flow writes, or those that it reads."""
    for name, value in told:
        if isinstance(value, BaseModel):
            yield from paths(value, written)
        elif isinstance(value, tuple | dict):
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            yield from paths(((name, v) for _, v in inner), written)
        elif isinstance(value, Path) and name != "logs" and (name in ("file", "report")) == written:
            yield value


def tags(told):
    for name, value in told:
        if isinstance(value, BaseModel):
            yield from tags(value)
        elif isinstance(value, dict):
            yield from tags(value.items())
        elif name in ("tag", "snapshot", "clusters") and isinstance(value, str):
            yield value
        elif name == "snapshot" and value:
            yield from value


@pytest.mark.parametrize("scale", get_args(Scale))
@pytest.mark.parametrize("result", RESULTS)
def test_work_can_begin_when_its_turn_comes(result, scale, tmp_path):
    made, cycles = set(), set()
    for piece in in_order(scale, RESULTS[result].work):
        # work before it has written what it reads, or it is refused here
        options = piece.parameters(tmp_path, str(tmp_path / "lake"), Site())
        assert set(tags(options)) <= cycles, piece.name
        for path in paths(options, written=False):
            assert path.is_file(), piece.name
        ours = {path for path in paths(options) if path.parent == tmp_path}
        assert not {path for path in ours & made if path.suffix == ".json"}, "written twice"
        for path in ours:
            path.touch()
        made |= ours
        if piece.flow == "al_cycle":
            cycles |= {f"{options.name}/cycle-{n:03d}" for n in range(options.cycles + 1)}


def test_all_files_are_of_use():
    for scale in get_args(Scale):
        used = in_order(scale, [name for result in RESULTS.values() for name in result.work])
        assert {piece.name for piece in used} == {name for s, name in FILES if s == scale}


@pytest.mark.parametrize(("scale", "name"), FILES)
def test_a_file_is_of_a_known_flow_and_after_work_that_there_is(scale, name):
    piece = read(scale, name)
    assert piece.flow in FLOWS
    for before in piece.after:
        assert read(scale, before) is not None


@pytest.mark.parametrize(
    ("scale", "name"), [f for f in FILES if f[1] in ("sup", "cl", "ev", "pv", "truth")]
)
def test_systems_can_be_built(scale, name, tmp_path):
    """Those of eight unit cells: what is larger takes a while, and is tested with the systems."""
    told = read(scale, name).content
    systems = told["systems"] if "systems" in told else [s["system"] for s in told["sets"]]
    for options in systems:
        system = System.model_validate(options)
        if system.cells <= 8:
            assert len(build(system))


@pytest.mark.parametrize("name", ["learn-ld", "learn-hf", "learn-reo", "sup"])
def test_small_campaigns_pass_their_preflight(name, tmp_path):
    check(read("small", name).parameters(tmp_path, str(tmp_path / "lake"), Site()))


@pytest.mark.parametrize(("scale", "name"), FILES)
def test_the_small_scale_is_by_the_teacher_and_the_other_by_dft(scale, name):
    piece = read(scale, name)
    level = piece.content.get("level")
    if scale == "paper":
        assert level == (None if piece.flow in ("mechanical_pv", "supercell_ev") else DFT)
        return
    assert level is None or CalculatorLevel(**level) == SEVENNET_0


def test_the_level_of_the_paper_is_there_with_its_engine():
    needs("gpaw")
    reference(read_level(DFT))


def test_order_is_that_of_need_and_each_comes_once(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "FOLDER", tmp_path)
    (tmp_path / "small").mkdir()
    for name, after in {"a": ["b", "c"], "b": ["c"], "c": []}.items():
        (tmp_path / "small" / f"{name}.yaml").write_text(json.dumps({"flow": "x", "after": after}))
    assert [w.name for w in in_order("small", ["a", "none", "b"])] == ["c", "b", "a"]


def test_shipped_files_are_named_by_a_word():
    piece = read("small", "feature-map")
    assert load(piece.content["model"]["file"]).elements


def test_the_paper_tells_where_each_result_is():
    assert set(paper()) == set(RESULTS)
    assert all(told["place"].startswith("Section") for told in paper().values())
