"""What data sets came to: volumes and pressures, as table, figure and page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flows.matches import words
from flows.studies.base import Drawing, Findings
from nearsight.figures import volumes

if TYPE_CHECKING:
    from flows.dataset import DataSet, Recipe


@dataclass(frozen=True)
class Chosen:
    """Frames or clusters of a data set.

    Attributes
    ----------
    keys
        Of their structures or clusters.
    volumes
        (n,) in Å³, of the frames that they are or were cut from.
    pressures
        (n,) in GPa, of their walks; empty where walks kept their cells.
    kinds
        How many clusters have a core of which kind; empty for frames.
    refused
        Why clusters were passed over, and how many.
    """

    keys: list[str]
    volumes: NDArray[np.float64]
    pressures: NDArray[np.float64]
    kinds: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)


def told(recipe: Recipe, chosen: dict[Path, Chosen], made: dict[Path, str]) -> Findings:
    """What every data set holds, and the volumes and pressures of its frames."""
    sets = [(part, chosen[part.file]) for part in recipe.sets]
    kept_cell = recipe.walk.pressure is None
    return Findings(
        study="dataset",
        title="Data sets (paper, Sections 3 and 4.4)",
        level=recipe.level.name,
        said=tuple(_said(part, c) for part, c in sets),
        how=(
            f"Walks of {recipe.walk.duration:g} fs at {recipe.walk.temperature:g} K, "
            + ("in the cell of the start" if kept_cell else "each at a pressure of its own")
            + f", the first {recipe.skip:g} fs left out; then the frames whose volumes lie most "
            "evenly over the range, or clusters around blocks drawn at random from all frames. "
            "No two data sets share a walk, but for clusters and whole frames with one seed."
        ),
        rows=tuple(
            {
                "data set": part.file.name,
                "system": part.system.name,
                "holds": f"{len(c.keys)} {'clusters' if c.kinds else 'frames'}",
                "walks": str(part.walks),
                "volumes": f"{c.volumes.min():.0f} to {c.volumes.max():.0f}",
                "pressures": "none"
                if kept_cell
                else f"{c.pressures.min():.2f} to {c.pressures.max():.2f}",
            }
            for part, c in sets
        ),
        note="Volumes of the frames in Å³, pressures of their walks in GPa.",
        drawings=()
        if kept_cell
        else (
            Drawing(
                title="Volumes and pressures",
                caption=(
                    "Above, how many frames of each data set have which volume. Below, every "
                    "frame by the pressure of its walk; each row of points is a walk. A cluster "
                    "counts as the frame that it was cut from."
                ),
                alt="Histogram of volumes, and volumes against pressures, for every data set",
                figure=volumes({p.file.name: (c.volumes, c.pressures) for p, c in sets}),
            ),
        ),
        numbers={
            "sets": {
                part.file.name: {
                    "volumes": c.volumes.tolist(),
                    "pressures": c.pressures.tolist(),
                    "cores": dict(c.kinds),
                    "refused": dict(c.refused),
                }
                for part, c in sets
            }
        },
        records={"dataset": list(made.values())},
    )


def _said(part: DataSet, chosen: Chosen) -> str:
    volumes = f"{chosen.volumes.min():.0f} to {chosen.volumes.max():.0f} Å³"
    if part.blueprint is None:
        return (
            f"{part.file.name} holds {len(chosen.keys)} frames of {part.system.name} from "
            f"{part.walks} walks, {volumes}."
        )
    cores = " and ".join(f"{n} {kind}{'s' * (n > 1)}" for kind, n in sorted(chosen.kinds.items()))
    passed = "".join(f" {n} were passed over: {why}." for why, n in sorted(chosen.refused.items()))
    return (
        f"{part.file.name} holds {len(chosen.keys)} clusters of {part.system.name}, "
        f"{words(part.blueprint)}, around {cores}, from {part.walks} walks, {volumes}.{passed}"
    )
