"""Are unlikely atoms those with wrong forces? (paper, Section 2.3, SI.7)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field
from scipy.stats import spearmanr

from flows.studies.base import Drawing, Findings, StudySpec
from flows.studies.errors import all_known, errors_of, evaluate_known
from flows.studies.sources import ModelSource, find_model, find_set
from nearsight.figures import likelihood_error
from nearsight.spec import File
from nearsight.uncertainty import MixtureSpec
from tasks.score import fit, read_density
from tasks.workplace import workplace

SURPRISE = "surprise: threshold − log-likelihood (no unit)"


class LikelihoodVsError(StudySpec):
    """Which model and density, and what to try them on."""

    model: ModelSource = Field(title="Model")
    training: File = Field(
        title="Its training set", description="labelled extended XYZ; the density is fitted to it"
    )
    density: MixtureSpec = Field(MixtureSpec(), title="Density")
    tests: dict[str, File] = Field(
        min_length=1, title="Test sets", description="labelled extended XYZ"
    )


@dataclass(frozen=True)
class Atoms:
    """Atoms of a test set: surprise (n,), size of the force error (n,) in meV/Å, numbers (n,)."""

    surprise: NDArray[np.float64]
    errors: NDArray[np.float64]
    numbers: NDArray[np.int64]

    @property
    def unknown(self) -> NDArray[np.bool_]:
        return self.surprise > 0

    def rank_correlation(self, mask: NDArray[np.bool_] | None = None) -> float | None:
        """Spearman's; None where one of the two does not vary."""
        mask = np.ones(len(self.numbers), dtype=bool) if mask is None else mask
        surprise, errors = self.surprise[mask], self.errors[mask]
        if np.ptp(surprise) == 0 or np.ptp(errors) == 0:
            return None
        return float(spearmanr(surprise, errors).statistic)

    def mean_error(self, mask: NDArray[np.bool_]) -> float | None:
        """Of the atoms of a mask; None without any."""
        return float(self.errors[mask].mean()) if mask.any() else None


@flow(
    name="likelihood_vs_error",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def likelihood_vs_error(spec: LikelihoodVsError) -> Findings:
    """Fit the density of the training environments and hold it against true force errors.

    Raises
    ------
    BadParameters
        If the model does not know an element of a file, or is not there.
    BadFile
        If a file is not what it should be.
    """
    with workplace(spec.lake, spec.site) as work:
        model = find_model(work.lake, spec.model)
        training = find_set(work.lake, spec.training, spec.level)
        tests = {name: find_set(work.lake, path, spec.level) for name, path in spec.tests.items()}
        all_known(work.lake, {"model": model}, {"training": training})
        evaluations = evaluate_known(work, {"model": model}, tests)
        density = fit.submit(work, model, training, spec.density).result()
        mixture = read_density(work.lake, density)
        found = {}
        for (_, name), record in evaluations.items():
            arrays = record.arrays
            found[name] = Atoms(
                mixture.surprise(arrays["features"].astype(float), arrays["numbers"]),
                np.linalg.norm(errors_of(record), axis=1),
                arrays["numbers"],
            )
        numbers = {name: told(atoms) for name, atoms in found.items()}
        symbols = sorted({s for t in numbers.values() for s in t["rank_correlation"]} - {"all"})
        return Findings(
            study="likelihood-vs-error",
            title="Likelihood against error (paper, SI.7)",
            level=spec.level.name,
            said=tuple(sentence(name, t) for name, t in numbers.items()),
            how=(
                "The density was fitted to the model's features of the training set, one for each "
                "element. The error of an atom is the length of the difference between the "
                "model's force and the label's. Surprise is an element's threshold less the "
                "log-likelihood, so that elements compare; above 0 an atom counts as unknown."
            ),
            rows=tuple(
                {
                    "test set": name,
                    "atoms": str(t["atoms"]),
                    "unknown": str(t["unknown"]),
                    "error of unknown": shown(t["mean_error_of_unknown"], ".0f"),
                    "of known": shown(t["mean_error_of_known"], ".0f"),
                }
                | {f"ρ, {s}": shown(t["rank_correlation"].get(s), ".2f") for s in ["all", *symbols]}
                for name, t in numbers.items()
            ),
            note="Mean force errors in meV/Å; ρ: rank correlation of surprise and error.",
            drawings=tuple(
                Drawing(
                    title=f"Test set {name}",
                    caption=(
                        "Every dot is an atom: its surprise against the true error of its force, "
                        "with Spearman's rank correlation ρ. Right of the line are unknown ones."
                    ),
                    alt=f"Scatter plot of force error against surprise for {name}",
                    figure=likelihood_error(
                        atoms.surprise,
                        atoms.errors,
                        numbers=atoms.numbers,
                        threshold=0.0,
                        label=SURPRISE,
                    ),
                )
                for name, atoms in found.items()
            ),
            numbers={"tests": numbers},
            records={
                "model": [model],
                "density": [density],
                "dataset": [training, *tests.values()],
                "evaluation": [record.key for record in evaluations.values()],
            },
        ).keep(work.lake, spec.file)


def told(atoms: Atoms) -> dict[str, Any]:
    """Numbers of a test set; errors in meV/Å."""
    elements = {chemical_symbols[z]: atoms.numbers == z for z in np.unique(atoms.numbers)}
    return {
        "atoms": len(atoms.numbers),
        "unknown": int(atoms.unknown.sum()),
        "mean_error_of_unknown": atoms.mean_error(atoms.unknown),
        "mean_error_of_known": atoms.mean_error(~atoms.unknown),
        "rank_correlation": {"all": atoms.rank_correlation()}
        | {symbol: atoms.rank_correlation(mask) for symbol, mask in elements.items()},
    }


def sentence(name: str, numbers: dict[str, Any]) -> str:
    """What a test set says."""
    start = f"On {name}, {numbers['unknown']} of {numbers['atoms']} atoms are unknown"
    unknown, known = numbers["mean_error_of_unknown"], numbers["mean_error_of_known"]
    if not unknown or not known:
        return f"{start}."
    return f"{start}; their mean force error is {unknown / known:.1f} times that of known atoms."


def shown(value: float | None, form: str) -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else format(value, form)
