"""The active-learning campaign of the paper's Figure 2A."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.artifacts import show_campaign, show_cycle
from flows.campaign import Campaign
from flows.events import announce
from flows.history import Cycle, register
from flows.preflight import check
from flows.summary import metrics_of
from nearsight.systems import build
from tasks.evaluate import evaluate
from tasks.explore import explore, start_structure
from tasks.extract import clusters_of, extract
from tasks.grow import grown
from tasks.ingest import dataset, elements, ingest, joined
from tasks.isolated import grounded
from tasks.label import converged, label
from tasks.score import fit, score
from tasks.train import adopt, train
from tasks.workplace import Workplace, workplace

retrain = train.with_options(task_run_name="retrain {work.title}")

Verdict = Literal["cycles done", "target met", "nothing unknown", "nothing could be cut"]


@flow(
    name="al_cycle",
    flow_run_name="{campaign.name}",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def al_cycle(campaign: Campaign) -> Verdict:
    """Explore, score, extract, label, train, evaluate; then again.

    Whatever the lake already holds is not computed again, so a campaign that was interrupted goes
    on where it was. It ends after its cycles, when its accuracy target is met, or when nothing
    unknown is found any more, or none of it can be cut; the return value says which.

    Raises
    ------
    BadParameters
        If the campaign cannot be run: an engine is missing, or a file is not what it should be.
    CampaignChanged
        If the lake holds a campaign of this name with other options.
    TooManyFailures
        If more labels of a batch failed than the campaign allows.
    LostWorkers
        If a piece of work took several workers down with it.
    """
    check(campaign)
    with workplace(campaign.lake, campaign.site) as work:
        register(work.lake, campaign)
        crystals = ingest(work.lake, campaign.start.training, campaign.level)
        tests = {
            name: dataset(work.lake, ingest(work.lake, path, campaign.level))
            for name, path in campaign.tests.items()
        }
        last = show_cycle(work, begin(work, campaign, crystals, tests))
        while (verdict := judge(work, campaign, last)) is None:
            last = show_cycle(work, turn(work, campaign, crystals, tests, last))
        show_campaign(work.story, work.lake, campaign.name)
        announce(campaign, last, verdict)
    return verdict


def begin(
    work: Workplace, campaign: Campaign, crystals: tuple[str, ...], tests: dict[str, str]
) -> Cycle:
    """Cycle 0: the model that the campaign starts from, and its errors."""
    work.title = "cycle 0"
    data = dataset(work.lake, crystals)
    start = campaign.start
    if start.model is not None:
        model = adopt(work.lake, start.model, data)
    else:
        schedule = grounded(work, campaign.level, start.schedule, crystals)
        model = train.submit(work, start.architecture, schedule, data, None).result()
    met = [build(system).symbols for system in campaign.systems]
    met += [elements(work.lake, test) for test in tests.values()]
    model = grown(work.lake, model, set().union(*met))
    errors = evaluate.submit(work, model, tests).result()
    return Cycle(campaign.name, 0, model, data, errors).keep(work.lake)


def turn(
    work: Workplace,
    campaign: Campaign,
    crystals: tuple[str, ...],
    tests: dict[str, str],
    last: Cycle,
) -> Cycle:
    """One turn of Figure 2A, from the model of the last cycle to the next one."""
    number = last.number + 1
    work.title = f"cycle {number}"
    explorer = campaign.explorer or last.model
    walks = [
        explore.submit(
            work, system.name, start_structure(work.lake, system), explorer, campaign.walk, seed
        )
        for s, system in enumerate(campaign.systems)
        for seed in seeds(campaign, number, s)
    ]
    density = fit.submit(work, last.model, last.dataset, campaign.density).result()
    walked = [walk.result() for walk in walks]
    scores = score.submit(work, walked, density).result()
    batch = extract.submit(work, scores, last.dataset, campaign.extraction).result()
    found = replace(
        last, number=number, walks=walked, density=density, scores=scores, batch=batch, labels=[]
    )
    clusters = clusters_of(work.lake, batch)
    if not clusters:
        return found.keep(work.lake)
    labels = label.submit(work, work.title, clusters, campaign.level, campaign.max_failed).result()
    learned = [*last.clusters, *converged(work.lake, labels)]
    model = retrain.submit(
        work,
        campaign.start.architecture,
        campaign.retraining.schedule,
        joined(work.lake, replay(campaign, crystals, number), learned),
        last.model,
    ).result()
    return replace(
        found,
        model=model,
        dataset=joined(work.lake, crystals, learned),
        evaluations=evaluate.submit(work, model, tests).result(),
        labels=[key for key, _ in labels],
        clusters=learned,
    ).keep(work.lake)


def judge(work: Workplace, campaign: Campaign, last: Cycle) -> Verdict | None:
    """Why the campaign ends now, or None."""
    errors = [m["mae_p95"] for m in metrics_of(work.lake, last).values()]
    if campaign.target is not None and max(errors) < campaign.target:
        return "target met"
    if last.batch and not clusters_of(work.lake, last.batch):
        found = work.lake.get("batch", last.batch).metadata["candidates"]
        return "nothing could be cut" if found else "nothing unknown"
    return "cycles done" if last.number >= campaign.cycles else None


def seeds(campaign: Campaign, number: int, system: int) -> list[int]:
    """Seeds of a cycle's walks of one system."""
    stream = np.random.SeedSequence([campaign.seed, number, system])
    return [int(s) for s in stream.generate_state(campaign.walks)]


def replay(campaign: Campaign, crystals: tuple[str, ...], number: int) -> list[str]:
    """Crystals of the first training set that a cycle trains on again."""
    rng = np.random.default_rng([campaign.seed, number])
    count = min(campaign.retraining.replay, len(crystals))
    return [crystals[i] for i in sorted(rng.choice(len(crystals), count, replace=False))]
