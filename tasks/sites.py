"""Sites: what a place offers to each kind of work, as its file says it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationInfo, model_validator

from nearsight.references import Execution
from nearsight.spec import File, Spec, read_mapping
from tasks.options import LakeUrl

PoolName = Literal["md", "qm", "train", "cpu"]
Kind = Literal["local", "slurm", "pbs", "moab", "lsf", "sge", "oar"]

SITE_NAME = "NEARSIGHT_SITE"
"""Variable that names the site of a Prefect worker, for limits of what a site does at once."""

MARGIN = timedelta(minutes=1)
"""What a job keeps of its walltime at least, to start its worker and to end it."""

_SECRET = re.compile(r"(SECRET|PASSWORD|PASSWD|TOKEN|API_KEY|ACCESS_KEY)\w*\s*=", re.IGNORECASE)


class Pool(Spec):
    """Workers for one kind of work: processes of this machine, or jobs of a batch system."""

    kind: Kind = Field(
        "local", title="Kind", description="processes on this machine, or jobs of a batch system"
    )
    workers: int = Field(
        2,
        ge=0,
        le=1024,
        title="Workers",
        description="processes on this machine, or jobs at most; 0 runs the work in the flow "
        "itself, one by one",
    )
    minimum: int = Field(
        0, ge=0, title="Jobs that stay", description="also when there is no work for them"
    )
    cores: int = Field(
        1, ge=1, le=1024, title="Cores of a worker", description="share large structures"
    )
    memory: float | None = Field(None, gt=0, title="Memory of a job", description="GiB")
    walltime: timedelta | None = Field(
        None, ge=2 * MARGIN, title="Walltime of a job", description="HH:MM:SS"
    )
    interface: str | None = Field(
        None,
        title="Network interface",
        description="such as ib0; by it jobs and the machine of the flow reach each other, and "
        "nothing listens on others",
    )
    queue: str | None = Field(None, title="Queue", description="or partition")
    account: str | None = Field(None, title="Account", description="that pays, or project")
    gpus: int = Field(0, ge=0, title="GPUs of a job", description="of Slurm and PBS")
    setup: tuple[str, ...] = Field(
        (), title="Commands", description="that make the environment of a job, such as module load"
    )
    directives: tuple[str, ...] = Field(
        (), title="More directives", description="such as '--qos=long', as the batch system's own"
    )

    @property
    def lifetime(self) -> timedelta | None:
        """How long a worker may work; None where it has no walltime."""
        return None if self.walltime is None else self.walltime - max(MARGIN, self.walltime / 20)

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.kind == "local":
            for name, field in type(self).model_fields.items():
                if (
                    name not in ("kind", "workers", "cores")
                    and getattr(self, name) != field.default
                ):
                    raise ValueError(
                        f"{name}: processes of this machine have none; leave it out, or give the "
                        "pool a kind, such as slurm"
                    )
            if self.workers == 0 and self.cores > 1:
                raise ValueError("cores: work in the flow itself has one; give the pool a worker")
            return self
        if self.workers == 0:
            raise ValueError("workers: a pool of jobs needs one at least")
        for name, why in (
            ("memory", "in GiB, for without it a job may get a whole node or next to nothing"),
            ("walltime", "such as 24:00:00, so that workers leave in time"),
            ("interface", "such as ib0, by which jobs reach the machine that the flow runs on"),
        ):
            if getattr(self, name) is None:
                raise ValueError(f"{name}: jobs need it, {why}")
        if self.minimum > self.workers:
            raise ValueError(
                f"minimum: {self.minimum} jobs that stay are more than the {self.workers} workers"
            )
        if self.gpus and self.kind not in ("slurm", "pbs"):
            raise ValueError(f"gpus: ask {self.kind} for them by a line of `directives`")
        if any(_SECRET.search(line) for line in self.setup):
            raise ValueError(
                "setup: a site holds no secrets, for all who see the run see them; read them from "
                "a file of your own, such as 'source ~/.nearsight'"
            )
        return self


class Site(Spec):
    """What a site offers to each kind of work. Equal pools share their workers.

    In a file of parameters it is a mapping, or the path of a YAML file with one.
    """

    md: Pool = Field(Pool(), title="Molecular dynamics")
    qm: Pool = Field(Pool(), title="Labels")
    train: Pool = Field(Pool(), title="Training")
    cpu: Pool = Field(Pool(), title="Everything else")
    labels: Execution = Field(Execution(), title="How labels run")
    logs: File = Field(
        Path("logs"),
        title="Logs of jobs",
        description="a folder that all nodes see",
        validate_default=True,
    )
    lake: LakeUrl | None = Field(
        None,
        min_length=1,
        title="Lake",
        description="a directory, or s3://bucket/prefix, of flows here that name none",
    )

    def known_here(self, name: PoolName) -> Execution:
        """How labels run in a pool, as far as the machine of the flow can know.

        The launcher and the scratch folder of jobs may be found on their nodes alone.
        """
        pool: Pool = getattr(self, name)
        return self.labels if pool.kind == "local" else Execution()

    @model_validator(mode="wrap")
    @classmethod
    def _perhaps_a_file(
        cls, value: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        if not isinstance(value, str | Path):
            return handler(value)
        folder = (info.context or {}).get("folder", Path.cwd())
        path = (folder / value).absolute()
        try:
            content = read_mapping(path, "pools, such as 'md: {workers: 2}'")
        except ValueError as error:
            raise ValueError(f"the site file {error}") from error
        if info.context is None:
            return cls.model_validate(content, context={"folder": path.parent})
        info.context["folder"] = path.parent  # where paths in that file start
        try:
            return handler(content)
        finally:
            info.context["folder"] = folder

    @model_validator(mode="after")
    def _labels_fit_into_jobs(self) -> Self:
        life = self.qm.lifetime
        if life is not None and self.labels.time_limit > life.total_seconds():
            raise ValueError(
                f"labels.time_limit: a label may take {self.labels.time_limit:.0f} s, but workers "
                f"of qm live for {life.total_seconds():.0f} s: lower it, or raise qm.walltime"
            )
        return self
