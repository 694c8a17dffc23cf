"""Limits of what a site does at once, over all of its flows; the Prefect server counts."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from prefect.concurrency.sync import concurrency
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from tasks.sites import SITE_NAME, PoolName

LIMITED: tuple[PoolName, ...] = ("qm",)
"""Pools with a limit: of batches, those of one flow share the pool's workers."""
LEASE = 60.0
"""Seconds after which the place of a flow that died is free again."""

_log = logging.getLogger("prefect.flow_runs")


def limit_of(pool: PoolName, site: str) -> str:
    """What the server calls the limit of a pool at a site."""
    return f"{pool}-{site}"


@contextmanager
def place_in(pool: PoolName) -> Iterator[None]:
    """Hold one of the places that batches of a pool have at this site, once there is one.

    They are a limit `pool-site` of the Prefect server. Where it is not kept, as in a flow that no
    worker of a site runs, and where the server is away, work goes on without: Prefect's own limits
    of tags fail a task whose work is done, when the server is away as it ends.
    """
    site = os.environ.get(SITE_NAME)
    if pool not in LIMITED or not site:
        yield
        return
    limit = limit_of(pool, site)
    with ExitStack() as held:
        with _if_it_answers(limit):
            held.enter_context(
                concurrency(
                    limit,
                    lease_duration=LEASE,
                    raise_on_lease_renewal_failure=False,
                )
            )
        try:
            yield
        finally:
            with _if_it_answers(limit):
                held.close()


@contextmanager
def _if_it_answers(limit: str) -> Iterator[None]:
    """Ask the server once, and say so if it does not answer."""
    try:
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
            yield
    except Exception as error:
        _log.warning("the limit %s was not kept, for the server does not answer: %s", limit, error)
