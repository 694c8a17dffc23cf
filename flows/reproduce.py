"""A result of the paper, from the work that it stands on to what agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from prefect import flow
from pydantic import AfterValidator, Field

from flows.here import Sited
from flows.matching_report import Study
from flows.reproduction.claims import Judged
from flows.reproduction.page import heading, write_page
from flows.reproduction.results import RESULTS, paper
from flows.reproduction.work import Scale, Work, in_order
from flows.studies.base import Findings
from nearsight.spec import File
from storage import open_lake
from tasks.options import LakeUrl


def _known(result: str) -> str:
    if result not in RESULTS:
        raise ValueError(f"there is no result {result!r}; there are {', '.join(RESULTS)}")
    return result


class Reproduction(Sited):
    """Which result of the paper to reproduce, and how large."""

    result: Annotated[str, AfterValidator(_known)] = Field(
        title="Result", json_schema_extra={"enum": list(RESULTS)}
    )
    scale: Scale = Field(
        "small",
        title="Scale",
        description="small: minutes on a laptop, a machine-learned teacher as level of theory; "
        "paper: as the paper did it, with DFT, for a cluster of computers",
    )
    lake: LakeUrl | None = Field(
        None,
        title="Lake",
        description="that all results share; none: that of the site, else "
        "lake/reproduction-<scale>",
    )
    folder: File | None = Field(
        None, title="Folder", description="of pages and figures; none: reproduction/<scale>"
    )

    @property
    def file(self) -> Path:
        """JSON file of the result; pages and figures lie beside it."""
        folder = self.folder or Path("reproduction") / self.scale
        return folder.absolute() / f"{self.result}.json"


@flow(name="reproduce", flow_run_name="{spec.result}, scale {spec.scale}", persist_result=False)
def reproduce(spec: Reproduction) -> Findings:
    """Do the work that a result stands on, and hold it against the paper.

    Each piece is a flow of its own. What the lake already holds is not computed again, whichever
    result it was computed for.

    Raises
    ------
    BadParameters
        If a piece of work cannot begin.
    """
    result = RESULTS[spec.result]
    folder = spec.file.parent
    folder.mkdir(parents=True, exist_ok=True)
    lake = spec.lake or spec.site.lake or f"lake/reproduction-{spec.scale}"
    lake = lake if "://" in lake else str(Path(lake).absolute())
    works = in_order(spec.scale, result.work)
    levels: dict[str, None] = {}
    shown: dict[str, Findings] = {}
    for work in works:
        parameters = work.parameters(folder, lake, spec.site)
        if level := getattr(parameters, "level", None):
            levels[level.name] = None
        came = work.run(parameters)
        if work.name in result.work:
            shown[work.name] = came.findings(open_lake(lake)) if isinstance(came, Study) else came
    told = paper()[spec.result]
    judged = result.judge(told, {name: findings.numbers for name, findings in shown.items()})
    findings = findings_of(spec, works, shown, judged, " and ".join(levels))
    findings.keep(open_lake(lake), spec.file)
    write_page(spec.file.with_suffix(".md"), findings, judged, told["place"])
    return findings


def findings_of(
    spec: Reproduction,
    works: Sequence[Work],
    shown: dict[str, Findings],
    judged: Judged,
    level: str,
) -> Findings:
    """What a reproduction came to: our numbers beside the paper's, claims, and the figures."""
    kinds = {kind for findings in shown.values() for kind in findings.records}
    return Findings(
        study=f"reproduction-{spec.result}",
        title=f"{heading(spec.result)}: {RESULTS[spec.result].title}",
        level=level,
        said=tuple(map(str, judged.claims)),
        how=(
            f"By nearsight reproduce {spec.result} --scale {spec.scale}, which did or found "
            f"done: {', '.join(work.name for work in works)}."
        ),
        rows=tuple(judged.rows),
        note=(
            f"Paper: PBE-D3(BJ); here: {level}. Claims must agree, absolute values need not: the "
            "levels of theory differ, and at the small scale so do the numbers of structures."
        ),
        drawings=tuple(
            replace(drawing, title=f"{drawing.title}, by {findings.level}")
            if len(shown) > 1
            else drawing
            for findings in shown.values()
            for drawing in findings.drawings
        ),
        numbers={
            "scale": spec.scale,
            "rows": list(judged.rows),
            "claims": [vars(claim) | {"verdict": claim.verdict} for claim in judged.claims],
        },
        records={
            kind: sorted(
                {key for findings in shown.values() for key in findings.records.get(kind, ())}
            )
            for kind in sorted(kinds)
        },
    )
