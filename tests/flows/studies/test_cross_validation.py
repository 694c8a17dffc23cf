import ase.io
import numpy as np
import pytest
from studies import TAG, written

from flows.parameters import BadParameters
from flows.studies.cross_validation import CrossValidation, cross_validation
from flows.studies.sources import ModelSource
from nearsight.potentials import load
from storage import open_lake
from storage.audit import audit
from tasks.export import export


@pytest.fixture
def spec(options, small):
    return CrossValidation(
        **options,
        models={"mlp_pr": {"file": small.model}},
        tests={"S_pr": small.pristine, "S_ld": small.defect},
    )


def test_every_model_meets_every_test_set_once(prefect, spec, small, nothing_new):
    found = cross_validation(spec)
    told = written(spec.file)
    pairs = [(row["model"], row["test"]) for row in told["errors"]]
    assert pairs == [(m, t) for m in spec.models for t in spec.tests]
    for row in told["errors"]:
        squares = [e["atoms"] * e["rmse"] ** 2 for e in row["elements"].values()]
        atoms = sum(e["atoms"] for e in row["elements"].values())
        assert np.sqrt(sum(squares) / atoms) == pytest.approx(row["metrics"]["rmse"], rel=1e-4)
        assert set(row["elements"]) == {"H", "C", "O", "Zr"}
    lake = open_lake(small.lake)
    assert told["tag"] in lake.tags()
    assert not audit(lake).defects

    nothing_new()
    assert cross_validation(spec).numbers == found.numbers
    assert nothing_new()
    assert lake.tags().count(told["tag"]) == 1
    (key,) = lake.keys("model")
    by_key = {"the same": ModelSource(key=key)}
    again = cross_validation(spec.model_copy(update={"models": by_key}))
    assert [row["metrics"] for row in again.numbers["errors"]] == [
        row["metrics"] for row in told["errors"]
    ]


def test_cores_of_clusters_have_a_row_of_their_own(prefect, spec, small, tmp_path):
    export(open_lake(small.lake), TAG, tmp_path / "clusters.extxyz")
    tests = {"S_ld": small.defect, "D_cl": tmp_path / "clusters.extxyz"}
    found = cross_validation(spec.model_copy(update={"tests": tests}))
    assert [row["test set"] for row in found.rows] == ["S_ld", "D_cl", "D_cl, cores"]
    assert [row["ΔE_std"] == "" for row in found.rows] == [False, False, True]
    frames = ase.io.read(tmp_path / "clusters.extxyz", ":")
    model = load(small.model)
    for name, of_frame in (
        ("D_cl", lambda frame: slice(None)),
        ("D_cl, cores", lambda frame: frame.arrays["core"]),
    ):
        (told,) = (e for e in written(spec.file)["errors"] if e["test"] == name)
        errors = np.concatenate(
            [
                1000 * (model.evaluate(frame).forces - frame.get_forces())[of_frame(frame)]
                for frame in frames
            ]
        )
        assert told["metrics"]["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-4)
        assert sum(e["atoms"] for e in told["elements"].values()) == len(errors)
    assert not audit(open_lake(small.lake)).defects


def test_an_element_that_a_model_does_not_know_is_said(prefect, spec, tmp_path):
    hafnium = tmp_path / "hf.extxyz"
    hafnium.write_text(spec.tests["S_pr"].read_text().replace("\nZr", "\nHf", 1))
    tests = {"S_pr": spec.tests["S_pr"], "S_hf": hafnium}
    found = cross_validation(spec.model_copy(update={"tests": tests}))
    shown = {row["test set"]: row["RMSE"] for row in found.rows}
    assert shown["S_hf"] == "knows no Hf"
    assert float(shown["S_pr"]) > 0
    assert written(spec.file)["errors"][1]["metrics"] is None


@pytest.mark.parametrize("source", [{"tag": "mine/cycle-009"}, {"key": "0" * 64}])
def test_a_model_that_is_not_there_is_refused(prefect, spec, source):
    wrong = CrossValidation.model_validate(spec.model_dump() | {"models": {"mine": source}})
    with pytest.raises(BadParameters, match=r"the lake .* (no snapshot|no model)"):
        cross_validation(wrong)
