import numpy as np

from nearsight.figures import parity


def test_one_panel_a_model_with_its_error():
    reference = np.random.default_rng(0).normal(0, 1, (200, 3))
    figure = parity(
        reference,
        {"before": reference + 0.3, "after": reference - 0.02},
        level_of_theory="SevenNet-0 (teacher)",
    )
    before, after, _ = figure.axes
    assert before.get_title() == "before\nRMSE 300 meV/Å"
    assert after.get_title() == "after\nRMSE 20 meV/Å"
    assert before.get_xlim() == before.get_ylim()
    assert before.collections[0].get_array().sum() == 600  # every component is counted
    assert figure.get_supxlabel() == "force component, SevenNet-0 (teacher) (eV/Å)"
    assert "eV/Å" in before.get_ylabel()
