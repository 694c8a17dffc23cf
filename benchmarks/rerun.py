"""Run a finished campaign again: nothing is computed, and that takes seconds.

    python benchmarks/rerun.py [--labels 2000] [--lake LAKE] [--json FILE]

A campaign of two cycles with so many labels, at a level of theory and with a potential that cost
next to nothing, is run by the same command twice. The second run finds everything in the lake.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/helpers"))

from campaigns import make_campaign, site
from common import tell

from flows.campaign import Campaign
from nearsight.potentials import Architecture, TrainingSpec
from nearsight.references import CalculatorLevel
from storage import open_lake


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=2000)
    parser.add_argument("--lake", help="where a lake may be made; s3://bucket/prefix, for example")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    tell(figures(options.labels, options.lake), options.json)


def figures(labels: int = 2000, lake: str | None = None) -> dict[str, float]:
    """Seconds of both runs, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="nearsight-rerun-") as folder:
        campaign = cheap(Path(folder), labels, lake or f"{folder}/lake")
        first, again = (run(campaign, Path(folder)) for _ in range(2))
        found = len(open_lake(campaign.lake, mode="r").keys("label"))
    return {
        "labels": found,
        "first run, s": round(first, 1),
        "again, s": round(again, 1),
        "start of the command alone, s": round(start_of_command(), 1),
        "first run over run again": round(first / again, 1),
    }


def cheap(folder: Path, labels: int, lake: str) -> Campaign:
    """A campaign of two cycles whose work is as small as it can be."""
    small = Architecture(num_layers=1, num_features=(4, 2), radial_mlp_width=4, r_max=3.0)
    once = TrainingSpec(epochs=1, validation_fraction=0.3)
    campaign = make_campaign(folder, cycles=2, labels=labels // 2)
    return campaign.model_copy(
        update={
            "lake": lake,
            "level": CalculatorLevel(
                name=campaign.level.name,
                calculator=campaign.level.calculator,
                arguments={"log": os.devnull},
            ),
            "start": campaign.start.model_copy(
                update={"model": None, "architecture": small, "schedule": once}
            ),
            "walks": 10,
            "walk": campaign.walk.model_copy(update={"frame_interval": 0.5}),
            "site": site(0),
        }
    )


def run(campaign: Campaign, folder: Path) -> float:
    """Seconds that `nearsight run` takes with `campaign`."""
    file = folder / "campaign.yaml"
    file.write_text(yaml.safe_dump(campaign.model_dump(mode="json")))
    return timed("run", str(file), folder=folder)


def start_of_command() -> float:
    """Seconds that the command takes to say what it can do."""
    return timed("--help", folder=Path.cwd())


def timed(*arguments: str, folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run(
        [Path(sys.executable).with_name("nearsight"), *arguments],
        check=True,
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": sys.path[0]},
        capture_output=True,
    )
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
