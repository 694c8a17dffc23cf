"""What a force matching came to: table, sentence, figure, JSON, artifacts."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from rich import box
from rich.table import Table

from flows.matches import FEATURES, FORCES, MODEL_FORCES, Match
from flows.studies.base import Drawing, Findings
from nearsight.figures import force_matching, to_bytes, to_data_uri
from nearsight.figures.force_matching import Panel
from nearsight.matching import atom_rmse, core_atoms
from nearsight.metrics import rmse
from storage import Lake
from tasks.extract import read_cluster


@dataclass(frozen=True)
class Study:
    """Fragments of one system, matched.

    Attributes
    ----------
    system, level
        Names.
    frames
        How many.
    atoms
        Of the bulk.
    in_bulk
        Whether clusters were compared with the bulk; else with the largest of them.
    bulk_seconds
        What a label of the bulk cost, the median; None where there is none.
    tolerance
        Largest core RMSE that is good enough, eV/Å.
    matches
        One for each core and blueprint.
    """

    system: str
    level: str
    frames: int
    atoms: int
    in_bulk: bool
    bulk_seconds: float | None
    tolerance: float
    matches: tuple[Match, ...]

    def rows(self) -> list[dict[str, str]]:
        """Rows of the table, the bulk last."""
        rows = [
            {
                "core": f"{match.kind} {match.core}",
                "blueprint": match.blueprint,
                "atoms": f"{match.atoms:.0f}" if match.atoms else "",
                "label": f"{match.seconds:.2g} s" if match.seconds else "",
                "RMSE": _error(match, FORCES, "{:.4f}"),
                "worst atom": f"{atom_rmse(match.errors[FORCES]).max():.4f}"
                if FORCES in match.errors
                else "",
                "RMSE of model": _error(match, MODEL_FORCES, "{:.4f}"),
                "features": _error(match, FEATURES, "{:.3f}"),
                "note": match.note,
            }
            for match in self.matches
        ]
        if self.bulk_seconds is not None:
            bulk = {"core": "all", "blueprint": "bulk", "atoms": str(self.atoms)}
            rows.append(dict.fromkeys(rows[0], "") | bulk | {"label": f"{self.bulk_seconds:.2g} s"})
        return rows

    def best(self) -> str | None:
        """The cheapest blueprint whose core RMSE lies under the tolerance, around every core."""
        costs: dict[str, float] = {}
        for blueprint in {match.blueprint for match in self.matches}:
            found = [match for match in self.matches if match.blueprint == blueprint]
            if all(FORCES in m.errors and rmse(m.errors[FORCES]) < self.tolerance for m in found):
                costs[blueprint] = sum(match.seconds for match in found)
        return min(costs, key=lambda blueprint: costs[blueprint], default=None)

    def verdict(self) -> str:
        """What follows, and what it stands on."""
        told = []
        if not self.in_bulk:
            told.append(
                f"{self.system} has {self.atoms} atoms, too many for a label, so the clusters were "
                "compared with the largest of them: their limit as they grow, and not the bulk."
            )
        best = self.best()
        if best is None:
            told.append(
                f"No blueprint brings the RMSE of its core below {self.tolerance:g} eV/Å: try a "
                "deeper mantle."
            )
            return " ".join(told)
        told.append(
            f"The cheapest blueprint with a core RMSE below {self.tolerance:g} eV/Å is: {best}."
        )
        seconds = max(match.seconds for match in self.matches if match.blueprint == best)
        if self.bulk_seconds is not None and seconds > self.bulk_seconds:
            told.append("A label of the bulk costs less.")
        return " ".join(told)

    def figure(self, lake: Lake) -> Any:
        """Figure 5B, a row for each match with errors; None where there are none."""
        panels = [
            Panel(
                f"{match.kind} {match.core}, {match.blueprint}: {match.atoms:.0f} atoms",
                (cluster := read_cluster(lake, match.cluster)).atoms,
                core_atoms(cluster.core, cluster.parent_indices),
                atom_rmse(match.errors[FORCES]),
                match.bonds,
            )
            for match in self.matches
            if FORCES in match.errors
        ]
        return force_matching(panels, self.tolerance) if panels else None

    def findings(self, lake: Lake) -> Findings:
        """The same, as studies tell it."""
        figure = self.figure(lake)
        drawing = Drawing(
            title="Clusters and the bulk",
            caption=(
                "Atoms of the core, coloured by the RMSE of |F_cluster − F_bulk| over the frames; "
                "beside it, the same by the number of bonds from the core's edge."
            ),
            alt="Clusters around one block, their atoms coloured by force error",
            figure=figure,
        )
        return Findings(
            study="force-matching",
            title=f"Force matching of {self.system} (paper, Figure 5B)",
            level=self.level,
            said=(self.verdict(),),
            how=f"Forces in {self.frames} frames, in bulk and in clusters cut from them.",
            rows=tuple(self.rows()),
            drawings=() if figure is None else (drawing,),
            numbers=self.to_json(),
            records={"cluster": [match.cluster for match in self.matches if match.cluster]},
        )

    def write(self, lake: Lake, file: Path) -> None:
        """Write the JSON and, beside it, the figure."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self.to_json(), indent=1, ensure_ascii=False), encoding="utf-8")
        figure = self.figure(lake)
        if figure is not None:
            file.with_suffix(".png").write_bytes(to_bytes(figure, "png"))

    def to_json(self) -> dict[str, Any]:
        """All numbers: RMSE over frames and atoms, and atom by atom; Å, eV/Å, s."""
        matches = [
            {
                "core": match.core,
                "kind": match.kind,
                "blueprint": match.blueprint,
                "cluster": match.cluster,
                "atoms": match.atoms,
                "seconds": match.seconds,
                "note": match.note,
                "rmse": {what: rmse(errors) for what, errors in match.errors.items()},
                "core_atoms": {
                    "numbers": match.numbers.tolist(),
                    "bonds_from_edge": match.bonds.tolist(),
                    "distance_from_edge": match.distances.tolist(),
                    "rmse": {
                        what: atom_rmse(errors).tolist() for what, errors in match.errors.items()
                    },
                },
            }
            for match in self.matches
        ]
        return {
            "system": self.system,
            "level": self.level,
            "frames": self.frames,
            "atoms": self.atoms,
            "bulk_seconds": self.bulk_seconds,
            "compared_with": "bulk" if self.in_bulk else "largest cluster",
            "tolerance": self.tolerance,
            "recommended": self.best(),
            "verdict": self.verdict(),
            "matches": matches,
        }

    def publish(self, lake: Lake) -> None:
        """Show table and figure in the Prefect UI. What cannot be shown never fails a flow."""
        key = "force-matching-" + re.sub(r"[^a-z0-9]+", "-", self.system.lower()).strip("-")
        try:
            create_table_artifact(self.rows(), key=f"{key}-table", description=self.verdict())
            picture = self.figure(lake)
            page = f"# Force matching of {self.system}\n\n{self.verdict()}"
            if picture is not None:
                page += f"\n\n![Clusters and their errors]({to_data_uri(picture, 'png')})"
            create_markdown_artifact(page, key=key, description="Clusters against the bulk")
        except Exception:  # Prefect's view of a study is not the study
            logging.getLogger("prefect.flow_runs").warning("no artifacts", exc_info=True)


def _error(match: Match, what: str, form: str) -> str:
    return form.format(rmse(match.errors[what])) if what in match.errors else ""


def table(study: Study) -> Table:
    """The table for the terminal; columns without any entry are left out."""
    against = "the bulk" if study.in_bulk else "the largest of them"
    shown = Table(
        title=f"Cores of clusters of {study.system} against {against}, RMSE in eV/Å",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    rows = study.rows()
    columns = [name for name in rows[0] if any(row[name] for row in rows)]
    for name in columns:
        shown.add_column(name, justify="left" if name in ("core", "blueprint", "note") else "right")
    for row in rows:
        shown.add_row(*(row[name] for name in columns))
    return shown
