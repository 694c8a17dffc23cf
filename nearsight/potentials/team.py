"""One structure over several processes, each with domains of its own."""

from __future__ import annotations

import multiprocessing
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import torch
from ase import Atoms
from nequip.data import AtomicDataDict
from numpy.typing import NDArray

from nearsight.potentials.base import Prediction
from nearsight.potentials.checkpoint import pack, unpack
from nearsight.potentials.domains import Add, Divided
from nearsight.potentials.graph import Graph
from nearsight.potentials.nequip import NequIP, predictions
from nearsight.references.process import how_it_ended, python, start, stop

WORTH_SHARING = 2_000
"""Atoms from which on a structure is shared."""


@dataclass(frozen=True)
class _Member:
    process: subprocess.Popen[bytes]
    channel: Connection
    log: IO[bytes]


class Team:
    """A NequIP potential at work in several processes of this machine (satisfies `Potential`).

    What it says is what the potential says, to float precision. Each process has a share of the
    domains, and lives for as long as the team does, so that it knows its neighbours along a walk or
    a relaxation. Between two layers of the network they add up features, 100 to 200 bytes
    an atom. Structures that are too small for that are left to the potential.

    Parameters
    ----------
    potential
        The network.
    processes
        How many, this one among them: no more than there are cores. Each computes in one thread,
        and so should this one (``OMP_NUM_THREADS=1``).
    """

    def __init__(self, potential: NequIP, processes: int) -> None:
        self._potential = potential
        self._processes = processes
        self._others: list[_Member] = []

    def evaluate(self, atoms: Atoms) -> Prediction:
        """Energy (eV), forces (eV/Å), stress (eV/Å³) and features of one structure.

        Raises
        ------
        UnknownElement
            If `atoms` holds an element that the network was not built for.
        RuntimeError
            If another process has died. The next call starts new ones.
        """
        if len(atoms) < WORTH_SHARING:
            return self._potential.evaluate(atoms)
        return next(predictions(self._together(atoms, forces=True), [atoms]))

    def features(self, atoms: Atoms) -> NDArray[np.float64]:
        """F, (n_atoms, n_features), without the cost of forces; raises as `evaluate` does."""
        if len(atoms) < WORTH_SHARING:
            return self._potential.features(atoms)
        found = self._together(atoms, forces=False)[AtomicDataDict.NODE_FEATURES_KEY]
        features: NDArray[np.float64] = found.cpu().double().numpy()
        return features

    def close(self) -> None:
        """End the other processes; the next call would start new ones."""
        for other in self._others:
            other.channel.close()
            stop(other.process)
            other.log.close()
        self._others.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _together(self, atoms: Atoms, forces: bool) -> Graph:
        try:
            if not self._others:
                self._start()
            self._tell({"atoms": _packed(atoms), "forces": forces})
            return share(self._potential, atoms, forces, 0, self._processes, self._add)
        except BaseException as error:  # the others wait for what will not come
            died = isinstance(error, EOFError | OSError)
            why = self._why() if died else ""
            self.close()
            if died:
                raise RuntimeError(f"a process that shares a structure is gone: {why}") from None
            raise

    def _start(self) -> None:
        model = torch.frombuffer(bytearray(self._potential.to_bytes()), dtype=torch.uint8)
        for member in range(1, self._processes):
            ours, its = multiprocessing.Pipe()
            log = tempfile.TemporaryFile()  # noqa: SIM115, as long as the process lives
            with its:
                program = python("nearsight.potentials.member", str(its.fileno()))
                self._others.append(_Member(start(program, log, keep=[its.fileno()]), ours, log))
            about = {"model": model, "device": self._potential.device}
            ours.send_bytes(pack({**about, "member": member, "members": self._processes}))

    def _tell(self, message: dict[str, Any]) -> None:
        data = pack(message)
        for other in self._others:
            other.channel.send_bytes(data)

    def _add(self, mine: torch.Tensor) -> torch.Tensor:
        total = mine.cpu()
        for other in self._others:
            total = total + unpack(other.channel.recv_bytes())["part"]
        self._tell({"sum": total})
        return total.to(mine.device)

    def _why(self) -> str:
        """What the first that has died left behind."""
        for other in self._others:
            with suppress(subprocess.TimeoutExpired):
                code = other.process.wait(1.0)
                other.log.seek(0)
                last = other.log.read().decode(errors="replace").strip().split("\n")[-1]
                return f"{how_it_ended(code)} {last}".strip()
        return "it does not answer"


def share(
    potential: NequIP, atoms: Atoms, forces: bool, member: int, members: int, add: Add
) -> Graph:
    """What one of several processes does; the answer for the whole structure."""
    divided = Divided(potential.model, potential.graph(atoms), member, members, add)
    if forces:
        return divided.evaluate()
    return {AtomicDataDict.NODE_FEATURES_KEY: divided.features()}


def _packed(atoms: Atoms) -> dict[str, Any]:
    arrays = {"numbers": atoms.numbers, "positions": atoms.positions, "cell": atoms.cell.array}
    return {name: torch.tensor(array) for name, array in {**arrays, "pbc": atoms.pbc}.items()}


def unpacked(arrays: dict[str, torch.Tensor]) -> Atoms:
    """A structure that another process sent."""
    return Atoms(**{name: array.numpy() for name, array in arrays.items()})
