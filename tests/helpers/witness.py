"""What must still be true of a campaign when it has ended, whatever was killed on its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from flow_process import FlowProcess
from likeness import differences

from storage import Lake
from storage.audit import audit


class Witness:
    """Remembers what was finished at every kill, and says in the end what is wrong."""

    def __init__(self, flow: FlowProcess, lake: Lake) -> None:
        self._flow = flow
        self._lake = lake
        self._labelled: dict[str, str] = {}
        self._finished: list[Counter[str]] = []

    def note(self) -> None:
        """Remember what has a label in the journal now, and how often it was calculated."""
        for key in self._lake.keys("label"):
            if key not in self._labelled:
                self._labelled[key] = self._lake.get("label", key).metadata["structure"]
        calculated = self._flow.calculations()
        labelled = set(self._labelled.values())
        self._finished.append(Counter({s: calculated[s] for s in labelled & calculated.keys()}))

    def findings(self, twin: Lake, rivals: Sequence[str]) -> Iterator[str]:
        """Everything that is wrong, in sentences; nothing, if all is well.

        Parameters
        ----------
        twin
            Of the same campaign, undisturbed.
        rivals
            Tags that were committed to the lake by others.
        """
        if not self._flow.alone():
            yield f"{self._flow.folder}: processes of the flow outlive it"
        if left := self._flow.litter():
            yield f"{self._flow.folder}: temporary files are left: {', '.join(left)}"
        calculated = self._flow.calculations()
        for finished in self._finished:
            for structure, times in finished.items():
                if calculated[structure] > times:
                    yield f"{self._lake.url}: structure {structure} was labelled and is again"
        yield from differences(self._lake, twin, rivals)
        for defect in audit(self._lake).defects:
            yield f"{self._lake.url}: {defect.sentence}"
