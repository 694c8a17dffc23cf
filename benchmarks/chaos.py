"""Kill whatever a campaign consists of, again and again, and see whether anything is lost.

    python benchmarks/chaos.py --kills 50 --seed 0 (--s3 | --lake LAKE) [--json FILE]

Tiny campaigns with a slow level of theory run twice, in lakes of their own: first undisturbed, then
under SIGKILLs of the flow, of its workers, of another process that commits to the same lake, and,
with --s3, of the S3 server, which this script starts itself. Many of them fall into a commit. A
seeded generator chooses victims and moments. A flow that was killed is started again by the same
command; one whose store was killed must wait and go on by itself.

In the end both lakes must hold the same, array for array, but for wall times; nothing whose label
was in the journal at a kill may have been calculated again; every record, blob and snapshot must be
sound; nothing that was started may be left.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich import print as show
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/helpers"))

from campaigns import make_campaign, site
from killer import VICTIMS, Figures, Killer, undisturbed
from s3_server import S3Server, s3_store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="how many at least")
    parser.add_argument("--seed", type=int, default=0)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--s3", action="store_true", help="on an S3 server that is killed, too")
    place.add_argument("--lake", help="where lakes may be made: a directory, or s3://bucket/prefix")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    start = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="nearsight-chaos-"))
    os.environ |= {"PREFECT_HOME": f"{folder}/prefect", "OMP_NUM_THREADS": "1"}
    with prefect() as api, store(folder / "s3" if options.s3 else None) as server:
        os.environ["PREFECT_API_URL"] = api
        place = options.lake or "s3://lake"
        figures = campaigns(options.kills, options.seed, place, folder, server)
    told = table(figures) | {"wall time, s": round(time.monotonic() - start)}
    print_table(told, figures.wrong)
    if options.json:
        options.json.write_text(json.dumps(told | {"wrong": figures.wrong}, indent=2))
    if figures.wrong:
        sys.exit(f"what is left of it all stays in {folder}")
    shutil.rmtree(folder)


def campaigns(kills: int, seed: int, place: str, folder: Path, server: S3Server | None) -> Figures:
    """Campaigns with seeds from `seed` on, in lakes below `place`, until there were `kills`."""
    killer = Killer(seed, lambda struck: struck.total() >= kills, server)
    campaign = make_campaign(folder)
    while not killer.done:
        number = seed + killer.figures.campaigns
        calm, rough = (
            campaign.model_copy(update={"seed": number, "lake": f"{place}/{number}/{name}"})
            for name in ("undisturbed", "killed")
        )
        here = calm.model_copy(update={"site": site(0)})
        twin = undisturbed(here, folder / f"undisturbed-{number}")
        killer.run(rough, folder / f"killed-{number}", twin)
        struck = killer.figures.kills.total()
        print(f"campaign {number} has finished, {struck} kills so far", flush=True)
    return killer.figures


@contextmanager
def prefect() -> Iterator[str]:
    """One Prefect server for all flows; the address of its API."""
    from flows.server import prefect_server

    with prefect_server() as ready:
        ready()
        from prefect.settings import PREFECT_API_URL

        yield str(PREFECT_API_URL.value())


@contextmanager
def store(folder: Path | None) -> Iterator[S3Server | None]:
    """An S3 server, and the environment that leads to it, if there is a folder for it."""
    if folder is None:
        yield None
        return
    with s3_store(folder) as running:
        yield running


def table(figures: Figures) -> dict[str, int]:
    """Figures by what they mean."""
    return {f"kills of {victim}": figures.kills[victim] for victim in VICTIMS} | {
        "kills, all": figures.kills.total(),
        "of them between a commit and its tag": figures.between_commit_and_tag,
        "campaigns finished": figures.campaigns,
        "starts of their flows": figures.starts,
        "labels calculated once": figures.labels_once,
        "labels calculated again, not in the journal before": figures.labels_again,
        "outages of the S3 server, s": round(sum(figures.outages)),
        "waits told in the terminal": figures.waits,
    }


def print_table(told: dict[str, int], wrong: list[str]) -> None:
    shown = Table(box=None, show_header=False)
    for meaning, figure in told.items():
        shown.add_row(meaning, str(figure))
    show(shown)
    for sentence in wrong or ["nothing"]:
        print(f"wrong: {sentence}")


if __name__ == "__main__":
    main()
