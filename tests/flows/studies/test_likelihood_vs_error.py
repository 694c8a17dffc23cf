import numpy as np
import pytest
from studies import written

from flows.studies.likelihood_vs_error import (
    Atoms,
    LikelihoodVsError,
    likelihood_vs_error,
    sentence,
    told,
)


@pytest.fixture
def spec(options, small):
    return LikelihoodVsError(
        **options,
        model={"file": small.model},
        training=small.pristine,
        density={"max_components": 1, "max_samples": 500},
        tests={"S_pr": small.pristine, "S_ld": small.defect},
    )


def test_formates_are_unknown(prefect, spec, nothing_new):
    found = likelihood_vs_error(spec)
    numbers = written(spec.file)["tests"]
    assert numbers["S_ld"]["unknown"] > numbers["S_pr"]["unknown"]
    assert numbers["S_ld"]["atoms"] == 3 * 448
    assert set(numbers["S_pr"]["rank_correlation"]) == {"all", "H", "C", "O", "Zr"}
    assert [path.exists() for path in found.pictures(spec.file)] == [True, True]
    nothing_new()
    likelihood_vs_error(spec)
    assert nothing_new()


def test_a_perfect_ranking_is_told_as_such():
    surprise = np.linspace(-1, 1, 10)
    atoms = Atoms(surprise, np.exp(surprise), np.repeat([1, 8], 5))
    numbers = told(atoms)
    assert numbers["rank_correlation"] == pytest.approx({"all": 1, "H": 1, "O": 1})
    assert numbers["unknown"] == 5
    ratio = np.exp(surprise[5:]).mean() / np.exp(surprise[:5]).mean()
    assert f"{ratio:.1f} times" in sentence("S_pr", numbers)


def test_without_unknown_atoms_nothing_is_compared():
    numbers = told(Atoms(np.full(4, -1.0), np.ones(4), np.ones(4, int)))
    assert numbers["rank_correlation"] == {"all": None, "H": None}
    assert sentence("S_pr", numbers) == "On S_pr, 0 of 4 atoms are unknown."
