"""What a Prefect server must know of a site: work pool, deployments, automations, limits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import yaml

from flows.server import NoServer
from tasks.limits import LIMITED, limit_of

DEPLOYMENTS = Path(__file__).parents[1] / "deployments"


def make_pool(site: str, folder: Path) -> None:
    """Make the work pool of a site at the server that Prefect's settings name, and its limit.

    The limit, of batches that are labelled at once, is made once only: it may be changed there.

    Parameters
    ----------
    folder
        Where its flows run: relative paths in their parameters start there.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    template["variables"]["properties"]["working_dir"]["default"] = str(folder)
    pool = WorkPoolCreate(
        name=site,
        type="process",
        description="Flows run as processes of this site, each with workers of its own.",
        base_job_template=template,
    )
    with get_client(sync_client=True) as client:
        client.create_work_pool(pool, overwrite=True)
        for limited in LIMITED:
            limit = GlobalConcurrencyLimitCreate(name=limit_of(limited, site), limit=4)
            with suppress(ObjectAlreadyExists):
                client.create_global_concurrency_limit(limit)


def deploy(site: str, stands_in_for: str | None, environment: Mapping[str, str]) -> None:
    """Register deployments and automations of a site, anew if they were there before.

    Parameters
    ----------
    stands_in_for
        Another site, whose crashed runs start here once more.
    environment
        For the command `prefect deploy`.

    Raises
    ------
    NoServer
        If the server does not take them; the message says why.
    """
    _automations()
    names = {
        "NEARSIGHT_SITE": site,
        "NEARSIGHT_STANDS_IN": str(stands_in_for is not None).lower(),
        "NEARSIGHT_STANDS_IN_FOR": stands_in_for or "nowhere",
    }
    all_of = ["deploy", "--all", "--prefect-file", str(DEPLOYMENTS / "prefect.yaml")]
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *all_of],
        env={**environment, **names},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise NoServer(
            f"the deployments were not registered: {lines[-1] if lines else '(silence)'}"
        )


def _automations() -> None:
    from prefect.client.orchestration import get_client
    from prefect.events.schemas.automations import AutomationCore

    told = yaml.safe_load((DEPLOYMENTS / "automations.yaml").read_text(encoding="utf-8"))
    with get_client(sync_client=True) as client:
        for automation in map(AutomationCore.model_validate, told):
            if known := client.read_automations_by_name(automation.name):
                client.update_automation(known[0].id, automation)
            else:
                client.create_automation(automation)
