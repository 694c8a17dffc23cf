"""Which systems are one ensemble, and what is told of it."""

from __future__ import annotations

import numpy as np
import pytest
from ase import units

from flows.driven import Rest
from flows.ensembles import by_domain, ensembles_of, numbers_of, said, table_row
from flows.squeezed import Squeezed, composition
from nearsight.mechanics import spread_over_forms
from nearsight.systems import System, build

LOST = "its relaxation diverged"


def squeezed(modulus=20.0, **disorder):
    """A small cell as the flow leaves it: with a curve of a modulus in GPa, or lost without."""
    system = System.model_validate({"disorder": disorder} if disorder else {"variant": "reo"})
    volumes = np.linspace(8900.0, 9300.0, 7)
    energies = 0.5 * (modulus or 0.0) * units.GPa * (volumes - 9100.0) ** 2 / 9100.0
    return Squeezed(
        system=system,
        rest=Rest(system.name, "", "", "", 9100.0, "" if modulus else LOST),
        composition=composition(system, build(system)),
        fits=spread_over_forms(volumes, energies) if modulus else None,
    )


def test_systems_that_differ_in_their_seed_alone_are_one_ensemble_wherever_they_are_listed():
    first, cell, second = squeezed(linker=0.2, seed=5), squeezed(), squeezed(linker=0.2, seed=1)
    other = squeezed(linker=0.25, seed=1)
    groups = ensembles_of([first, cell, second, other])
    assert [list(group.configurations) for group in groups] == [[first, second], [cell], [other]]
    assert [group.name for group in groups] == ["S_0-0-0.2", "S_reo", "S_0-0-0.25-s1"]
    assert [group.several for group in groups] == [True, False, False]


def test_means_are_over_configurations_that_have_a_modulus():
    moduli = (18.0, 20.0, 25.0, None)
    (ensemble,) = ensembles_of([squeezed(k, linker=0.2, seed=s) for s, k in enumerate(moduli)])
    told = numbers_of(ensemble)
    assert told["bulk_modulus"]["mean"] == pytest.approx(21.0, rel=1e-3)
    assert told["bulk_modulus"]["spread"] == pytest.approx(np.std(moduli[:3], ddof=1), rel=1e-2)
    assert told["bulk_modulus"]["error"] == pytest.approx(np.std(moduli[:3], ddof=1) / 3**0.5, 1e-2)
    assert told["left_out"] == {"S_0-0-0.2-s3": LOST}
    assert table_row(ensemble)["counted"] == "3 of 4"
    assert "1 of 4 configurations gave no bulk modulus" in said(ensemble)[0]


@pytest.mark.parametrize(("moduli", "shown"), [((20.0, None), "20"), ((None, None), "")])
def test_too_few_for_a_spread(moduli, shown):
    (ensemble,) = ensembles_of([squeezed(k, linker=0.2, seed=s) for s, k in enumerate(moduli)])
    row = table_row(ensemble)
    assert (row["K (GPa)"], row["spread (GPa)"]) == (shown, "")


def test_configurations_that_do_not_hold_the_same_are_told():
    """What hangs on removed bricks goes with them, each time another number of linkers."""
    same = [squeezed(linker=0.5, counted="resulting", seed=seed) for seed in range(3)]
    assert said(*ensembles_of(same)) == []
    removed = [squeezed(brick=0.25, linker=0.2, seed=seed) for seed in range(4)]
    (sentence,) = said(*ensembles_of(removed))
    counts = [s.composition.linker for s in removed]
    assert f"linkers missing {min(counts):.3f} to {max(counts):.3f}" in sentence


def test_reo_misses_what_the_paper_says():
    found = squeezed().composition
    assert (found.hf, found.brick, found.linker) == (0.0, 0.25, 0.5)


def test_a_series_differs_in_the_size_of_its_domains_alone():
    def two(**disorder):
        return [squeezed(seed=seed, **disorder) for seed in range(2)]

    some = {"brick": 0.25, "linker": 0.58, "counted": "resulting"}
    systems = [*two(**some), *two(**some, domain=10), *two(**some, domain=20), *two(linker=0.2)]
    lost = [squeezed(k, **some, domain=15, seed=seed) for seed, k in enumerate((None, 20.0))]
    name = "S_0-0.25-0.58-resulting"
    (series,) = by_domain(ensembles_of(systems + lost))
    assert series == {name: 0.0, f"{name}-d10": 10.0, f"{name}-d20": 20.0}
    assert by_domain(ensembles_of(two(**some) + two(linker=0.2))) == []
