"""Compiled networks (AOTInductor, by NequIP's own means), for long walks.

A compiled network is machine code. It is made on the machine that runs it and kept in the user's
cache folder, never in a lake. Weights are among its inputs, so one serves every model of an
architecture, whatever it learns.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import signal
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import nequip
import torch
from ase import Atoms
from filelock import FileLock
from nequip.data import AtomicDataDict
from nequip.data._key_registry import get_dynamic_shapes
from nequip.nn.compile import ListInputOutputStateDictWrapper
from nequip.utils.fx import nequip_make_fx
from numpy.typing import NDArray

from nearsight.potentials.base import Prediction
from nearsight.potentials.domains import count_pairs
from nearsight.potentials.graph import Graph
from nearsight.potentials.memory import pairs_at_once
from nearsight.potentials.nequip import NequIP, build_config, building, predictions
from nearsight.references.process import how_it_ended, python, start

INPUTS = [
    AtomicDataDict.POSITIONS_KEY,
    AtomicDataDict.EDGE_INDEX_KEY,
    AtomicDataDict.ATOM_TYPE_KEY,
    AtomicDataDict.CELL_KEY,
    AtomicDataDict.EDGE_CELL_SHIFT_KEY,
]
OUTPUTS = [
    AtomicDataDict.TOTAL_ENERGY_KEY,
    AtomicDataDict.FORCE_KEY,
    AtomicDataDict.STRESS_KEY,
    AtomicDataDict.NODE_FEATURES_KEY,
]


COMPILED_PAIRS = 1_000_000
"""Pairs of neighbours that a compiled network takes at most on a processor: some 4 GB with the one
that ships. A GPU takes what its memory holds."""

CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL)


class Compiled:
    """A NequIP potential with a compiled network (satisfies `Potential`).

    It says what the network says, up to the noise of single precision. What is too small to have
    been compiled, less than two atoms or neighbours, is left to the network itself, and so is
    what is too large for the memory (`COMPILED_PAIRS`): that goes in domains.

    Parameters
    ----------
    potential
        The network.
    example
        A structure to compile with, where this machine has no such network yet: two atoms with
        neighbours, or more, of the elements of `potential`. That takes a minute or two.

    Raises
    ------
    RuntimeError
        If what was compiled here cannot be loaded.
    """

    def __init__(self, potential: NequIP, example: Atoms) -> None:
        self._potential = potential
        self._weights = _weights(potential)
        package = _package(potential)
        package.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(package.with_suffix(".lock")):
            if not package.exists():
                unfinished = package.with_suffix(".new.pt2")
                _compile(potential, potential.graph(example), unfinished)
                _try(unfinished)
                unfinished.replace(package)
        self._run = torch._inductor.aoti_load_package(str(package))

    def graph(self, atoms: Atoms) -> Graph:
        """The structure as the network sees it."""
        return self._potential.graph(atoms)

    def model(self, graph: Graph) -> Graph:
        """The compiled network's output."""
        inputs = [graph[name] for name in INPUTS]
        with torch.inference_mode():
            outputs = self._run([*inputs, *self._weights.values()])
        return dict(zip(OUTPUTS, outputs, strict=True))

    def evaluate(self, atoms: Atoms) -> Prediction:
        """Energy (eV), forces (eV/Å), stress (eV/Å³) and features of one structure."""
        graph = self.graph(atoms)
        pairs, network = count_pairs(graph), self._potential
        at_once = pairs_at_once(network.model, network.device, COMPILED_PAIRS)
        apart = min(len(atoms), pairs) < 2 or pairs > at_once
        out = network.run(graph) if apart else self.model(graph)
        return next(predictions(out, [atoms]))

    def features(self, atoms: Atoms) -> NDArray[Any]:
        """F, (n_atoms, n_features), by the network itself: it needs no forces."""
        return self._potential.features(atoms)


def _weights(potential: NequIP) -> dict[str, torch.Tensor]:
    """All that training and data decide about a network."""
    model = potential.model
    named = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {name: tensor for name, tensor in named.items() if tensor.numel()}


def _package(potential: NequIP) -> Path:
    """Where the compiled network of this architecture, device and machine lies."""
    config = build_config(potential.architecture, potential.elements, potential.norm, seed=0)
    for learned in ("avg_num_neighbors", "per_type_energy_scales", "per_type_energy_shifts"):
        del config[learned]
    about = [config, INPUTS, OUTPUTS, torch.__version__, nequip.__version__, *_machine(potential)]
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "nearsight" / f"{key[:32]}.nequip.pt2"


def _machine(potential: NequIP) -> list[str]:
    if potential.device == "cuda":
        in_order = torch.are_deterministic_algorithms_enabled()
        return [torch.cuda.get_device_name(), f"in order: {in_order}"]
    flags = [
        line
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith(("flags", "Features"))
    ]
    return [platform.machine(), *flags[:1]]


def _compile(potential: NequIP, graph: Graph, package: Path) -> None:
    """Compile for any numbers of atoms and neighbours from two on."""
    weights = _weights(potential)
    wrapped = ListInputOutputStateDictWrapper(potential.model, INPUTS, OUTPUTS, list(weights))
    inputs = [graph[name] for name in INPUTS]
    dimension = torch.export.Dim
    sizes = {
        "graph": dimension.STATIC,
        "node": dimension("num_nodes", min=2),
        "edge": dimension("num_edges", min=2),
    }
    torch._dynamo.reset()
    with building():
        traced = nequip_make_fx(wrapped, graph, INPUTS, extra_inputs=list(weights.values()))
        exported = torch.export.export(
            traced,
            (*inputs, *weights.values()),
            dynamic_shapes=get_dynamic_shapes([*INPUTS, *weights], sizes),
        )
        torch._inductor.aoti_compile_and_package(exported, package_path=str(package))


def _try(package: Path) -> None:
    """Load it, but in another process first: what a wrong compiler has made kills that.

    Raises
    ------
    RuntimeError
        If it cannot be loaded. It is gone then.
    """
    with TemporaryFile() as log:
        code = start(python("nearsight.potentials.loads", str(package)), log).wait()
    why = how_it_ended(code) if -code in CRASHES else ""
    if not why:
        try:
            torch._inductor.aoti_load_package(str(package))
        except Exception as error:
            why = str(error)
    if why:
        package.unlink()
        compilers = ", ".join(f"{name}={os.environ.get(name, '')}" for name in ("CC", "CXX"))
        raise RuntimeError(
            f"a network was compiled but cannot be loaded: {why}. Does the compiler suit this "
            f"torch ({compilers})? Unset CC and CXX where the workers start, or let them name the "
            "compiler of the system; or walk with `compiled: false`"
        )
