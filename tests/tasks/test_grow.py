from nearsight.potentials import load
from nearsight.systems import System, build
from tasks.grow import grown
from tasks.ingest import dataset
from tasks.train import adopt


def test_a_model_gains_the_elements_of_a_system_once(lake, files):
    hafnium = build(System(variant="hf"))
    model = adopt(lake, files.model, dataset(lake, []))
    key = grown(lake, model, hafnium.symbols)
    assert key != model
    assert grown(lake, model, hafnium.symbols) == key
    assert grown(lake, key, hafnium.symbols) == key
    assert lake.get("model", key).metadata["parent"] == model
    assert load(key, lake).evaluate(hafnium).forces.shape == (len(hafnium), 3)


def test_a_model_that_knows_them_all_stays(lake, files):
    model = adopt(lake, files.model, dataset(lake, []))
    assert grown(lake, model, {"Zr", "C"}) == model
