import numpy as np
import pytest
from studies import written

from flows.parameters import BadParameters, read_parameters
from flows.studies.calibration import Calibration, assess, calibration, sentence
from nearsight.uncertainty import MixtureSpec, NeighboursSpec
from storage import Record


@pytest.fixture
def spec(options, small):
    return Calibration(
        **options,
        model={"file": small.model},
        training=small.pristine,
        tests={"S_pr": small.pristine, "S_ld": small.defect},
        methods={
            "mixture": {"max_components": 1, "max_samples": 500},
            "rigidity": {"kind": "rigidity"},
            "neighbours": {"kind": "neighbours", "max_samples": 200},
            "committee": {"kind": "committee", "members": 2, "schedule": {"epochs": 1}},
        },
    )


def test_all_methods_are_judged_alike_and_nothing_is_done_twice(prefect, spec, nothing_new):
    found = calibration(spec)
    told = written(spec.file)["tests"]
    assert list(told["S_ld"]) == list(spec.methods)
    assert len(found.rows) == 8
    for method in ("mixture", "rigidity", "neighbours"):
        own, pristine = (told[t][method]["at_own_threshold"]["flagged"] for t in ("S_ld", "S_pr"))
        assert own > pristine, method
        assert told["S_ld"][method]["cost"] > 0
    assert told["S_ld"]["committee"]["cost"] == 2
    assert len(found.records["model"]) == 3
    for methods in told.values():
        alarms = [m["at_equal_alarms"]["flagged"] for m in methods.values()]
        assert alarms == pytest.approx([0.05] * 4, abs=1e-3)
    nothing_new()
    again = calibration(spec)
    assert nothing_new()
    assert again.records == found.records


def test_a_perfect_ranking_is_told_as_such():
    forces = np.random.default_rng(0).standard_normal((400, 3))
    arrays = {"predicted": forces, "reference": np.zeros((400, 3))}
    record = Record("evaluation", "0" * 64, {}, arrays | {"numbers": np.repeat([1, 40], 200)})
    length = np.linalg.norm(forces, axis=1)
    told = assess(length - np.quantile(length, 0.9), record, 0.05)
    assert told["rank_correlation"] == pytest.approx(
        {"H": 1, "Zr": 1, "all": 1, "within elements": 1}
    )
    assert told["at_own_threshold"] == pytest.approx(
        {"flagged": 0.1, "recall": 1, "precision": 0.5, "false_alarms": 0}
    )
    assert told["at_equal_alarms"]["precision"] == 1
    silent = assess(np.full(400, -1.0), record, 0.05)
    assert silent["rank_correlation"]["within elements"] is None
    assert silent["at_own_threshold"]["precision"] is None
    assert "those of best find the most: 100%" in sentence("S", {"best": told}, 0.05)


def test_methods_are_told_apart_by_their_kind(tmp_path, options, small):
    file = tmp_path / "spec.yaml"
    text = f"""
    lake: lake
    file: out.json
    model: {{file: {small.model}}}
    training: {small.pristine}
    tests: {{S_ld: {small.defect}}}
    methods:
      paper: {{max_components: 3}}
      near: {{kind: neighbours, k: 1}}
    """
    file.write_text(text)
    methods = read_parameters(file, Calibration).methods
    assert methods == {"paper": MixtureSpec(max_components=3), "near": NeighboursSpec(k=1)}
    file.write_text(text.replace("neighbours", "oracle"))
    with pytest.raises(BadParameters, match="or 'committee', not 'oracle'"):
        read_parameters(file, Calibration)
