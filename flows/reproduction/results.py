"""Every result of the paper: what it is, the work that shows it, and what is claimed of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from flows.reproduction import curves, errors, pressing, seeing
from flows.reproduction.claims import Found, Judged, Paper


class Result(NamedTuple):
    """A table or figure of the paper.

    Attributes
    ----------
    title
        What it shows.
    work
        Names of the files of work whose findings show it; each says what comes before it.
    judge
        Its numbers beside ours, and claims, from the paper's numbers and those of the work.
    """

    title: str
    work: tuple[str, ...]
    judge: Callable[[Paper, Found], Judged]


RESULTS = {
    "figure-4": Result(
        "Carbon in feature space, before and after training", ("feature-map",), seeing.feature_map
    ),
    "figure-5b": Result(
        "Force matching of two clusters with the bulk", ("force-matching",), seeing.force_matching
    ),
    "figure-6b": Result(
        "Learning curves of three defects", ("learning-curve",), curves.learning_curves
    ),
    "figure-6c": Result(
        "Errors around Hf as clusters are learned", ("error-map",), curves.error_map
    ),
    "si-7": Result("Likelihood against error", ("likelihood",), seeing.likelihood),
    "si-8": Result("Every model on every test set", ("cross-validation",), errors.cross_validation),
    "table-3": Result("Errors of mlp_sup on unit cells", ("validation",), errors.unit_cell_errors),
    "table-4": Result(
        "Errors of mlp_mix and mlp_sup on clusters of S_sup",
        ("validation",),
        errors.cluster_errors,
    ),
    "table-5": Result("Bulk moduli and P_max", ("ev", "pv", "truth"), pressing.moduli),
    "figure-8": Result("Pressure and volume", ("ev", "pv", "truth"), pressing.pressure_curves),
    "figure-9": Result("Energy and volume of supercells", ("ev", "truth"), pressing.supercells),
}
"""By the name of the table, the figure or the section of the supporting information."""


@cache
def paper() -> dict[str, Any]:
    """The paper's numbers of every result, and where it tells them."""
    told: dict[str, Any] = yaml.safe_load(
        (Path(__file__).parent / "paper.yaml").read_text(encoding="utf-8")
    )
    return told
