"""A real Slurm on this machine: a cluster of one made-up node, all of it in one folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from s3_server import _die_with_the_parent, free_port
from waiting import marked

CONFIGURATION = """
ClusterName={name}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/run/munge.sock
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/log/jobcomp.log
SlurmdParameters=config_overrides
KillWait=2
MinJobAge=300
FirstJobId={port}
MessageTimeout=5
GresTypes=gpu
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
NodeName=DEFAULT CPUs=8 RealMemory=16000 Gres=gpu:2 State=UNKNOWN
NodeName={name}1 NodeHostname={host} NodeAddr=127.0.0.1 Port={node_port}
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=ALL MaxTime=INFINITE State=UP
"""
GPUS = """
NodeName={name}1 Name=gpu File=/dev/null
NodeName={name}1 Name=gpu File=/dev/zero
"""
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")


def needs_slurm() -> None:
    """Skip a test where no Slurm is installed, unless NEARSIGHT_REQUIRE_ENGINES is set."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    if os.geteuid() != 0:
        missing.append("root")
    if missing and os.environ.get("NEARSIGHT_REQUIRE_ENGINES") != "1":
        pytest.skip(f"no Slurm can run here, for want of {', '.join(missing)}: make hpc")


def _path() -> str:
    return os.pathsep.join([os.environ["PATH"], "/usr/sbin"])


@dataclass
class Slurm:
    """One cluster, in `folder`; any number of them can run beside each other."""

    folder: Path
    name: str
    port: int = field(default_factory=lambda: free_port(2))

    def __post_init__(self) -> None:
        for name in ("state", "spool", "log", "run"):
            (self.folder / name).mkdir(parents=True)
        about = {
            "name": self.name,
            "host": socket.gethostname().split(".")[0],
            "port": self.port,
            "node_port": self.port + 1,
            "folder": self.folder,
        }
        self.configuration.write_text(CONFIGURATION.format(**about))
        (self.folder / "gres.conf").write_text(GPUS.format(**about))
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        self._daemons: list[subprocess.Popen[bytes]] = []

    @property
    def configuration(self) -> Path:
        """What SLURM_CONF must name for commands to reach this cluster."""
        return self.folder / "slurm.conf"

    def start(self) -> None:
        """Start its daemons, and return when its node is idle."""
        self._munge()
        self.start_controller()
        self._run("slurmd", "-D", "-N", f"{self.name}1")
        while "idle" not in self.ask("sinfo", "--noheader", "--format=%T"):
            self._check()
            time.sleep(0.05)

    def start_controller(self) -> None:
        """Start what takes jobs and hands them to nodes."""
        self.controller = self._run("slurmctld", "-D")

    def stop(self) -> None:
        """End its jobs and its daemons."""
        self.ask("scancel", "--user=root")
        late = time.monotonic() + 10
        while self.jobs() and time.monotonic() < late:
            time.sleep(0.1)
        for daemon in reversed(self._daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self._daemons:
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
        for process in self._marked():
            if process.name() == "slurmstepd":
                process.kill()  # it waits for a controller

    def kill(self) -> None:
        """Kill its daemons and its jobs, as a power cut would."""
        for daemon in self._daemons:
            daemon.kill()
            daemon.wait()
        for process in self._marked():
            process.kill()

    def jobs(self, state: str = "all") -> list[str]:
        """Numbers of the jobs that wait or run, or of those in one state."""
        more = [] if state == "all" else [f"--states={state}"]
        return self.ask("squeue", "--noheader", "--format=%i", *more).split()

    def completed(self) -> list[dict[str, str]]:
        """What is told of jobs that have ended."""
        log = self.folder / "log" / "jobcomp.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [dict(pair.split("=", 1) for pair in line.split() if "=" in pair) for line in lines]

    def ask(self, *command: str) -> str:
        """What a Slurm command says of this cluster."""
        done = subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, check=False
        )
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": _path(), "SLURM_CONF": str(self.configuration)}

    def _marked(self) -> list[psutil.Process]:
        """What runs in its jobs, and what runs these."""
        found = []
        for process in marked(f"SLURM_CONF={self.configuration}"):
            with suppress(OSError, psutil.Error):
                environment = Path(f"/proc/{process.pid}/environ").read_bytes()
                if process.name() == "slurmstepd" or b"\0SLURM_JOB_ID=" in environment:
                    found.append(process)
        return found

    def _munge(self) -> None:
        run = self.folder / "run"
        key = run / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self._run(
            "munged",
            "--foreground",
            "--force",
            f"--key-file={key}",
            f"--socket={run}/munge.sock",
            f"--pid-file={run}/munged.pid",
            f"--log-file={self.folder}/log/munged.log",
            f"--seed-file={run}/munged.seed",
        )
        while not (run / "munge.sock").exists():
            self._check()
            time.sleep(0.02)

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log" / "daemons").open("ab") as log:
            daemon = subprocess.Popen(
                command,
                env=self._environment(),
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_the_parent,
            )
        self._daemons.append(daemon)
        return daemon

    def _check(self) -> None:
        ended = [daemon.args for daemon in self._daemons if daemon.poll() is not None]
        said = (self.folder / "log" / "daemons").read_text(errors="replace")
        assert not ended, f"{ended} ended: {said[-2000:]}"


@contextmanager
def slurm(folder: Path, name: str) -> Iterator[Slurm]:
    """A cluster that runs; commands of this process go to it."""
    cluster = Slurm(folder, name)
    before = os.environ.get("SLURM_CONF")
    try:
        cluster.start()
        os.environ["SLURM_CONF"] = str(cluster.configuration)
        yield cluster
    finally:
        cluster.stop()
        os.environ.pop("SLURM_CONF", None)
        if before is not None:
            os.environ["SLURM_CONF"] = before
