"""Force matching: which cluster feels what the bulk feels? (paper, Sections 2.1 and 4.2)"""

from __future__ import annotations

from itertools import product

import numpy as np
from ase import Atoms
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.here import Placed
from flows.matches import Fragment, compare
from flows.matching_report import Study
from flows.parameters import BadParameters
from flows.preflight import blame
from nearsight.blocks import Blocks, Blueprint, UnsoundCluster, partition
from nearsight.blocks.sorts import telling_blocks
from nearsight.potentials import load
from nearsight.references import SEVENNET_0, LevelOfTheory, reference
from nearsight.sampling import WalkSpec
from nearsight.spec import File
from nearsight.systems import System
from storage import Lake
from tasks.evaluate import evaluate
from tasks.explore import explore, put_structure, read_structure, read_walk, start_structure
from tasks.fragment import put_fragment
from tasks.ingest import dataset
from tasks.label import Kind, converged, label
from tasks.train import adopt
from tasks.workplace import Workplace, workplace


class ForceMatching(Placed):
    """Which clusters to compare with which bulk, and what is good enough."""

    file: File = Field(
        title="Results", description="JSON file to write; the figure lies beside it, as .png"
    )
    system: System = Field(title="System")
    level: LevelOfTheory = Field(SEVENNET_0, title="Level of theory")
    blueprints: tuple[Blueprint, ...] = Field(
        (Blueprint(mantle=0), Blueprint(mantle=1), Blueprint(mantle=2)),
        min_length=1,
        title="Blueprints",
    )
    cores: tuple[int, ...] = Field(
        (),
        title="Core blocks",
        description="by their numbers; none: a block at each kind of defect, or of each kind",
    )
    model: File | None = Field(
        None, title="Model", description="walks to the frames; its forces and features count, too"
    )
    frames: int = Field(
        3, ge=1, title="Frames", description="ends of walks; without a model: the start structure"
    )
    walk: WalkSpec = Field(WalkSpec(duration=100.0, frame_interval=50.0), title="Walk")
    tolerance: float = Field(
        0.05, gt=0, title="Tolerance", description="eV/Å; RMSE of |F_cluster − F_bulk| of the core"
    )
    max_bulk: int = Field(
        1000,
        ge=0,
        title="Largest bulk that is labelled",
        description="atoms; in larger ones, the largest cluster stands for the bulk",
    )
    max_failed: float = Field(0.5, ge=0, le=1, title="Share of failed labels that is too many")
    seed: int = Field(0, ge=0, title="Seed")


@flow(
    name="force_matching",
    flow_run_name="force matching {spec.system.name}",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def force_matching(spec: ForceMatching) -> Study:
    """Label frames in bulk and in clusters of every blueprint, and compare their cores.

    Whatever the lake already holds is not computed again.

    Raises
    ------
    BadParameters
        If the level of theory, the core blocks or the model do not fit.
    TooManyFailures
        If more labels failed than allowed.
    """
    with workplace(spec.lake, spec.site) as work:
        work.title = spec.system.name
        start = start_structure(work.lake, spec.system)
        atoms = read_structure(work.lake, start)
        blocks = partition(atoms)
        cores = check(spec, atoms, blocks)
        model = None
        if spec.model is not None:
            model = adopt(work.lake, spec.model, dataset(work.lake, []))
        frames = [start] if model is None else walked(work, spec, start, model)
        fragments = [
            cut_out(work, frames, start, blocks, core, blueprint)
            for core, blueprint in product(cores, spec.blueprints)
        ]
        in_bulk = len(atoms) <= spec.max_bulk
        bulk = label_all(work, spec, frames if in_bulk else [], "structure")
        small = label_all(work, spec, [c for f in fragments for c in f.clusters], "cluster")
        seen = None
        if model is not None:
            data = dataset(work.lake, [*bulk.values(), *small.values()], list(small))
            seen = evaluate.submit(work, model, {"matching": data}).result()["matching"]
        study = Study(
            system=spec.system.name,
            level=spec.level.name,
            frames=len(frames),
            atoms=len(atoms),
            in_bulk=in_bulk,
            bulk_seconds=median_seconds(work.lake, bulk),
            tolerance=spec.tolerance,
            matches=tuple(
                compare(work.lake, blocks, frames, fragments, bulk | small, seen, in_bulk)
            ),
        )
        study.write(work.lake, spec.file)
        study.publish(work.lake)
    return study


def check(spec: ForceMatching, atoms: Atoms, blocks: Blocks) -> list[int]:
    """The core blocks, once it is sure that the work can begin."""
    with blame("level"):
        reference(spec.level, spec.site.known_here("qm"))
    if spec.model is not None and (strange := set(atoms.symbols) - set(load(spec.model).elements)):
        raise BadParameters(
            f"model: {spec.model.name} knows no {', '.join(sorted(strange))}, which "
            f"{spec.system.name} holds"
        )
    if any(not 0 <= core < len(blocks) for core in spec.cores):
        raise BadParameters(
            f"cores: {spec.system.name} has the blocks 0 to {len(blocks) - 1}, not "
            f"{', '.join(map(str, spec.cores))}"
        )
    return list(dict.fromkeys(spec.cores)) or telling_blocks(atoms, blocks)


def walked(work: Workplace, spec: ForceMatching, start: str, model: str) -> list[str]:
    """Ends of short walks; the keys of their structures."""
    seeds = np.random.SeedSequence(spec.seed).generate_state(spec.frames)
    walks = [
        explore.submit(work, spec.system.name, start, model, spec.walk, int(seed)) for seed in seeds
    ]
    return [
        put_structure(work.lake, read_walk(work.lake, walk.result()).frame(-1), spec.system.name)
        for walk in walks
    ]


def cut_out(
    work: Workplace,
    frames: list[str],
    start: str,
    blocks: Blocks,
    core: int,
    blueprint: Blueprint,
) -> Fragment:
    """The clusters of one core and blueprint, one a frame; none where one of them is unsound."""
    try:
        clusters = [
            put_fragment(work.lake, frame, start, blocks, core, blueprint) for frame in frames
        ]
    except UnsoundCluster as error:
        return Fragment(core, blueprint, (), str(error))
    return Fragment(core, blueprint, tuple(clusters))


def label_all(work: Workplace, spec: ForceMatching, names: list[str], kind: Kind) -> dict[str, str]:
    """Label structures or clusters; of those that converged, the label's key by their own."""
    labels = label.submit(
        work, f"{spec.system.name} {kind}s", names, spec.level, spec.max_failed, kind=kind
    ).result()
    return {name: key for key, name in converged(work.lake, labels)}


def median_seconds(lake: Lake, labels: dict[str, str]) -> float | None:
    """What a label cost, in the middle; None without any."""
    paid = [float(lake.get("label", key).metadata["seconds"]) for key in labels.values()]
    return float(np.median(paid)) if paid else None
