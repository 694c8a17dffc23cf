from __future__ import annotations

import numpy as np
import pytest
from ase.build import molecule

from nearsight.references.isolated import (
    compositions,
    fit_reference_energies,
)

PRIOR = {"H": -1.0, "C": -2.0, "O": -1.9, "Zr": -2.7}
TRUE = {"H": -4.2, "C": -8.1, "O": -6.9, "Zr": -9.6}
PRISTINE = [40] * 24 + [6] * 192 + [8] * 128 + [1] * 112


def energy(numbers: list[int]) -> float:
    symbols, counts = compositions([numbers])
    return float(counts[0] @ [TRUE[s] for s in symbols])


def test_compositions() -> None:
    symbols, counts = compositions([molecule("H2O").numbers, molecule("CH4").numbers, [8, 8]])
    assert symbols == ["H", "C", "O"]
    assert counts.tolist() == [[2, 0, 1], [4, 1, 0], [0, 0, 2]]


def test_one_composition_is_explained_without_leaving_the_prior_more_than_it_must() -> None:
    fitted = fit_reference_energies([PRISTINE] * 5, [energy(PRISTINE)] * 5, PRIOR)
    explained = sum(fitted[s] * PRISTINE.count(z) for s, z in zip("HCO", (1, 6, 8), strict=True))
    explained += 24 * fitted["Zr"]
    assert abs(explained - energy(PRISTINE)) / len(PRISTINE) < 1e-4  # eV per atom
    shift = np.array([fitted[s] - PRIOR[s] for s in ("H", "C", "O", "Zr")])
    counts = np.array([112, 192, 128, 24])
    np.testing.assert_allclose(shift / counts, shift[0] / counts[0])  # along the composition


def test_many_compositions_find_the_energies_through_thermal_noise() -> None:
    rng = np.random.default_rng(0)
    frames = [
        [1] * int(h) + [6] * int(c) + [8] * int(o) + [40] * int(zr)
        for h, c, o, zr in rng.integers((20, 20, 20, 2), (80, 90, 60, 12), (200, 4))
    ]
    noisy = [energy(z) + 0.1 * np.sqrt(len(z)) * rng.standard_normal() for z in frames]
    fitted = fit_reference_energies(frames, noisy, PRIOR)
    for symbol, value in TRUE.items():
        assert fitted[symbol] == pytest.approx(value, abs=0.15)


def test_compositions_that_barely_differ_do_not_blow_noise_up() -> None:
    rng = np.random.default_rng(1)
    defective = [*PRISTINE[:-4], 6]
    frames = [PRISTINE] * 10 + [defective] * 10
    noisy = [energy(z) + 2.0 * rng.standard_normal() for z in frames]
    fitted = fit_reference_energies(frames, noisy, PRIOR)
    assert max(abs(fitted[s] - PRIOR[s]) for s in PRIOR) < 15.0


def test_elements_nobody_has_keep_their_prior_and_no_prior_is_the_mean() -> None:
    assert fit_reference_energies([[1, 1]], [-6.0], {**PRIOR})["Zr"] == PRIOR["Zr"]
    assert fit_reference_energies([[1, 1, 8]], [-15.0]) == pytest.approx({"H": -5.0, "O": -5.0})


@pytest.mark.parametrize(
    ("numbers", "energies", "prior", "why"),
    [
        ([], [], None, "0 structures"),
        ([[1]], [1.0, 2.0], None, "1 structures with energies of shape"),
        ([[1]], [np.nan], None, "not finite"),
        ([[1, 72]], [1.0], PRIOR, "prior lacks Hf"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    numbers: list[list[int]], energies: list[float], prior: dict[str, float] | None, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        fit_reference_energies(numbers, energies, prior)
