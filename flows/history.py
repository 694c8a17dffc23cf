"""What a campaign left in the lake, cycle by cycle: written by the flow, read by every report."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from nearsight.potentials import TrainingSpec
from storage import Lake
from storage.origin import Origin, told

if TYPE_CHECKING:
    from flows.campaign import Campaign

MAY_CHANGE = (
    "cycles",
    "target",
    "max_failed",
    "site",
    *(f"start.schedule.{name}" for name in TrainingSpec.OPERATIONAL),
    *(f"retraining.schedule.{name}" for name in TrainingSpec.OPERATIONAL),
)
"""Options that a campaign may be resumed with other values of: no result depends on them."""


class CampaignChanged(ValueError):
    """The lake holds a campaign of this name that was run with other options."""


@dataclass(frozen=True)
class Cycle:
    """One cycle's results, all by key. Cycle 0 is the start model.

    Attributes
    ----------
    model, dataset
        The model that the cycle ends with, and everything labelled that it has learned from.
    evaluations
        Key of the model's errors by test set.
    walks, density, scores
        Of this cycle; the density is over the features of the model it began with.
    batch
        What this cycle cut: the key of its record, "" in cycle 0.
    labels
        Of this cycle, failed ones too.
    clusters
        (label key, cluster key) of every converged cluster so far.
    """

    campaign: str
    number: int
    model: str
    dataset: str
    evaluations: dict[str, str]
    walks: list[str] = field(default_factory=list)
    density: str = ""
    scores: list[str] = field(default_factory=list)
    batch: str = ""
    labels: list[str] = field(default_factory=list)
    clusters: list[tuple[str, str]] = field(default_factory=list)

    @property
    def tag(self) -> str:
        """Tag of the cycle's snapshot."""
        return f"{self.campaign}/cycle-{self.number:03d}"

    def keep(self, lake: Lake) -> Self:
        """Record the cycle and commit its snapshot; both once only.

        Raises
        ------
        CampaignChanged
            If the lake holds this cycle with other results.
        """
        origin = _cycle_origin(self.campaign, self.number)
        lake.put(origin.record(asdict(self)))
        if _read(lake, origin.key) != self:
            raise CampaignChanged(
                f"cycle {self.number} of campaign {self.campaign!r} came out otherwise than the "
                f"lake {lake.url} holds it: Nearsight changed since; give the campaign another name"
            )
        told = {"campaign": self.campaign, "cycle": self.number, "model": self.model}
        lake.commit(self.tag, self.members(lake), told)
        return self

    def members(self, lake: Lake) -> dict[str, list[str]]:
        """Keys, by kind, of the records that the cycle's snapshot names."""
        known = lake.get("dataset", self.dataset).arrays["labels"].tolist()
        return {
            "walk": self.walks,
            "scores": self.scores,
            "cluster": lake.get("batch", self.batch).metadata["clusters"] if self.batch else [],
            "label": [*known, *self.labels],
            "dataset": [self.dataset],
            "model": [self.model],
            "evaluation": list(self.evaluations.values()),
        }


def _cycle_origin(campaign: str, number: int) -> Origin:
    return Origin("cycle", {"campaign": campaign, "number": number})


def read_cycles(lake: Lake, campaign: str) -> list[Cycle]:
    """All finished cycles of a campaign, oldest first."""
    cycles: list[Cycle] = []
    while lake.has("cycle", key := _cycle_origin(campaign, len(cycles)).key):
        cycles.append(_read(lake, key))
    return cycles


def _read(lake: Lake, key: str) -> Cycle:
    results = told(lake.get("cycle", key))
    results["clusters"] = [tuple(pair) for pair in results["clusters"]]
    return Cycle(**results)


def register(lake: Lake, campaign: Campaign) -> None:
    """Note the campaign's options in the lake, or check that they are those noted before.

    Raises
    ------
    CampaignChanged
        If this lake holds a campaign of the same name that was run with other options.
    """
    options = campaign.model_dump(mode="json", exclude={"lake"})
    options["contents"] = {
        field: hashlib.sha256(path.read_bytes()).hexdigest()
        for field, path in campaign.files().items()
    }
    origin = Origin("campaign", {"name": campaign.name})
    lake.put(origin.record(options))
    if changed := _changed(told(lake.get("campaign", origin.key)), options):
        raise CampaignChanged(
            f"the lake {lake.url} holds a campaign {campaign.name!r} that was run with another "
            f"{changed[0]}; give this one another name, or another lake, or that option back"
        )


def _changed(before: Any, now: Any) -> list[str]:
    """Options whose change would change results. A file may move, but not change its content."""
    moved = {f for f in before["contents"] if f in now["contents"]}
    fields = [d for d in _differences(before, now) if d not in moved]
    return [
        field.removeprefix("contents.")
        for field in fields
        if not any(f"{field}.".startswith(f"{free}.") for free in MAY_CHANGE)
    ]


def _differences(a: Any, b: Any, path: str = "") -> list[str]:
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        a, b = ({str(i): value for i, value in enumerate(values)} for values in (a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return [
            d
            for name in sorted(a.keys() | b.keys())
            for d in _differences(a.get(name), b.get(name), f"{path}.{name}" if path else name)
        ]
    return [] if a == b else [path]


def campaigns(lake: Lake) -> dict[str, dict[str, Any]]:
    """Options of every campaign in the lake, by name."""
    found = [told(lake.get("campaign", key)) for key in lake.keys("campaign")]
    return {options["name"]: options for options in sorted(found, key=lambda o: str(o["name"]))}
