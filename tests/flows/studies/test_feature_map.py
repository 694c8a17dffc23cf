import numpy as np
import pytest
from studies import written

from flows.parameters import BadParameters
from flows.studies.feature_map import Cloud, FeatureMap, feature_map, silhouette
from storage import open_lake
from storage.audit import audit


@pytest.fixture
def spec(options, small):
    return FeatureMap(
        **options,
        model={"file": small.model},
        pristine=small.pristine,
        defect=small.defect,
        frames=2,
    )


def test_a_formate_is_a_new_type(prefect, spec, small, nothing_new):
    found = feature_map(spec)
    told = written(spec.file)
    assert told["new_types"] == ["C(H,O,O)"]
    rows = {row["features"]: row for row in found.rows}
    assert rows["untrained, known"]["atoms"] == rows["trained, known"]["atoms"] == str(2 * 192)
    assert rows["trained, known and defect"]["types"] == "4"
    lake = open_lake(small.lake)
    assert len(lake.keys("evaluation")) == 4
    assert not audit(lake).defects
    nothing_new()
    feature_map(spec)
    assert nothing_new()


def test_an_element_that_is_not_there_is_refused(prefect, spec):
    with pytest.raises(BadParameters, match="some structures hold no Hf"):
        feature_map(spec.model_copy(update={"element": "Hf"}))
    with pytest.raises(ValueError, match="'Xx' is no element"):
        FeatureMap.model_validate(spec.model_dump() | {"element": "Xx"})


def test_types_that_lie_apart_have_a_silhouette_of_one():
    rng = np.random.default_rng(0)
    types = np.repeat(["C(C,C,H)", "C(C,O,O)"], 50)
    apart = rng.normal(size=(100, 3)) * 1e-3 + np.repeat([[0.0], [9.0]], 50, axis=0)
    assert silhouette(Cloud(apart, types), 0) == pytest.approx(1, abs=0.01)
    assert abs(silhouette(Cloud(rng.normal(size=(100, 3)), types), 0)) < 0.1
