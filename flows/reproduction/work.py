"""Pieces of work, one file each: which flow, after which others, with what parameters."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from pkgutil import resolve_name
from string import Template
from typing import Any, Literal, NamedTuple

import yaml

from flows.campaign import DATA
from flows.parameters import validated
from flows.registry import DEPLOYMENTS
from tasks.sites import Site

Scale = Literal["small", "paper"]

FOLDER = DEPLOYMENTS / "reproduction"

FLOWS = {
    "al_cycle": "flows.al_cycle:Campaign",
    "bootstrap": "flows.bootstrap:Bootstrap",
    "cross_validation": "flows.studies.cross_validation:CrossValidation",
    "dataset": "flows.dataset:Recipe",
    "error_map": "flows.studies.error_map:ErrorMap",
    "feature_map": "flows.studies.feature_map:FeatureMap",
    "force_matching": "flows.force_matching:ForceMatching",
    "learning_curve": "flows.studies.learning_curve:LearningCurve",
    "likelihood_vs_error": "flows.studies.likelihood_vs_error:LikelihoodVsError",
    "mechanical_pv": "flows.mechanical_pv:MechanicalPV",
    "pretrain": "flows.pretrain:Pretraining",
    "supercell_ev": "flows.supercell_ev:SupercellEV",
}
"""The parameters of every flow that a file may name; the flow lies beside them."""


class Work(NamedTuple):
    """A file of work: its name, its flow, what comes before it, and the flow's parameters."""

    name: str
    flow: str
    after: tuple[str, ...]
    content: dict[str, Any]

    def parameters(self, folder: Path, lake: str, site: Site) -> Any:
        """The flow's parameters. Paths start at the folder of results.

        Raises
        ------
        BadParameters
            If they are none, or a file is not there that work before this one writes.
        """
        content = self.content | {"lake": lake, "site": site}
        return validated(self.name, content, resolve_name(FLOWS[self.flow]), folder)

    def run(self, parameters: Any) -> Any:
        """Run the flow, or go on with it; what it returns."""
        module = FLOWS[self.flow].partition(":")[0]
        return resolve_name(f"{module}:{self.flow}")(parameters)


def read(scale: Scale, name: str) -> Work | None:
    """A file of work; None where this scale has none of that name."""
    path = FOLDER / scale / f"{name}.yaml"
    if not path.is_file():
        return None
    text = Template(path.read_text(encoding="utf-8")).substitute(shipped=DATA)
    content = yaml.safe_load(text)
    return Work(name, content.pop("flow"), tuple(content.pop("after", ())), content)


def in_order(scale: Scale, names: Iterable[str]) -> list[Work]:
    """Files of work, and all that come before them, in an order that they can be done in."""
    found: dict[str, Work] = {}

    def add(name: str) -> None:
        work = None if name in found else read(scale, name)
        if work is not None:
            for before in work.after:
                add(before)
            found[name] = work

    for name in names:
        add(name)
    return list(found.values())
