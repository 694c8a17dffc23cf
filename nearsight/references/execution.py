"""How labels run at a site. Nothing of it changes a result, so it is part of no key."""

from __future__ import annotations

from pydantic import Field

from nearsight.spec import File, Spec


class Execution(Spec):
    """How a level of theory runs its calculations."""

    command: str = Field(
        "",
        title="Command",
        description="put before the engine, such as 'mpiexec -n 8' or 'srun'; of GPAW only",
    )
    scratch: File | None = Field(
        None,
        title="Scratch folder",
        description="every calculation works in a folder of its own in it, and leaves nothing; "
        "it must be there on all nodes of a calculation",
    )
    time_limit: float = Field(
        86400.0,
        gt=0,
        le=2e6,  # a longer wait is more than the kernel counts
        title="Time limit of a label",
        description="s; then it is killed",
    )
    memory_limit: float | None = Field(
        None, gt=0, title="Memory limit", description="GiB; of every process of an engine"
    )
