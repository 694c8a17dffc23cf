"""`nearsight site check`: does a site have all that a campaign will need?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from flows.cli.app import console, read, told
from flows.cli.site.verbs import verbs

if TYPE_CHECKING:
    from flows.site_check import Finding

COLOURS = {"ok": "green", "failed": "bold red", "skipped": "yellow"}


@verbs.command()
def check(
    site: Annotated[Path, typer.Argument(help="YAML file of the site")],
    lake: Annotated[
        str | None, typer.Argument(help="Directory or s3://bucket/prefix, else that of the site")
    ] = None,
    patience: Annotated[
        float, typer.Option(min=0.1, help="Minutes to wait for a job to start")
    ] = 10.0,
) -> None:
    """Try everything that a campaign will need; exit status 1 if anything failed.

    Nothing is left in the lake.
    """
    from tasks.sites import Site

    spec = read(site, Site)
    with told():
        from flows.site_check import SiteCheck

        found: list[Finding] = []
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as bars:

            @contextmanager
            def waiting(where: str) -> Iterator[None]:
                bar = bars.add_task(f"{where}: waiting for a worker, up to {patience:g} minutes")
                yield
                bars.remove_task(bar)

            def tell(finding: Finding) -> None:
                found.append(finding)
                console.print(_line(finding), soft_wrap=True)

            SiteCheck(spec, lake or spec.lake, 60 * patience, tell, waiting).run()
        failed = sum(finding.verdict == "failed" for finding in found)
        verdict = f"failed {failed} of {len(found)} checks" if failed else "is ready"
        console.print(Text(f"The site {site} {verdict}."), soft_wrap=True)
        if failed:
            raise typer.Exit(1)


def _line(finding: Finding) -> Text:
    check = f"{finding.where}: {finding.what}"
    verdict = f"{finding.verdict:8}", COLOURS[finding.verdict]
    return Text.assemble(verdict, f" {check:30} {finding.said}")
