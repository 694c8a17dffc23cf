"""What data sets came to: volumes and pressures, as table, figure and page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flows.studies.base import Drawing, Findings
from nearsight.figures import volumes

if TYPE_CHECKING:
    from flows.dataset import Recipe


@dataclass(frozen=True)
class Chosen:
    """Frames of a data set: keys of their structures, volumes (n,) in Å³, pressures (n,) in GPa."""

    keys: list[str]
    volumes: NDArray[np.float64]
    pressures: NDArray[np.float64]


def told(recipe: Recipe, chosen: dict[Path, Chosen], made: dict[Path, str]) -> Findings:
    """Volumes and pressures of every data set."""
    sets = [(part, chosen[part.file]) for part in recipe.sets]
    return Findings(
        study="dataset",
        title="Data sets (paper, Section 3)",
        level=recipe.level.name,
        said=tuple(
            f"{part.file.name} holds {len(c.keys)} frames of {part.system.name} from "
            f"{part.walks} walks of its own, {c.volumes.min():.0f} to {c.volumes.max():.0f} Å³."
            for part, c in sets
        ),
        how=(
            f"Walks of {recipe.walk.duration:g} fs at {recipe.walk.temperature:g} K, each at a "
            f"pressure of its own, the first {recipe.skip:g} fs left out; then the frames whose "
            "volumes lie most evenly over the range. No two data sets share a walk."
        ),
        rows=tuple(
            {
                "data set": part.file.name,
                "system": part.system.name,
                "frames": str(len(c.keys)),
                "walks": str(part.walks),
                "volumes": f"{c.volumes.min():.0f} to {c.volumes.max():.0f}",
                "pressures": f"{c.pressures.min():.2f} to {c.pressures.max():.2f}",
            }
            for part, c in sets
        ),
        note="Volumes in Å³, pressures of the walks in GPa.",
        drawings=(
            Drawing(
                title="Volumes and pressures",
                caption=(
                    "Above, how many frames of each data set have which volume. Below, every "
                    "frame by the pressure of its walk; each row of points is a walk."
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
                }
                for part, c in sets
            }
        },
        records={"dataset": list(made.values())},
    )
