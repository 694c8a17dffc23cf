"""NequIP behind the seam: a network, its weights as plain data, and its evaluation."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from ase import Atoms
from lightning.pytorch.utilities.seed import isolate_rng
from nequip.data import AtomicDataDict
from nequip.model import NequIPGNNModel
from nequip.utils.global_state import set_global_state
from numpy.typing import NDArray
from safetensors import SafetensorError

from nearsight.potentials.architecture import Architecture
from nearsight.potentials.base import Prediction
from nearsight.potentials.domains import Divided, too_large
from nearsight.potentials.graph import Graph, to_graph
from nearsight.potentials.memory import pairs_at_once
from nearsight.potentials.neighbours import Neighbours

FORMAT = "nearsight-nequip-1"

EDGES_AT_ONCE = 60_000
"""Neighbours of all atoms in one call of the network on a processor, some 4 kB each in single
precision; an atom counts as a neighbour of itself."""

EDGES_ON_A_GPU = 1_000_000
"""The same on a GPU, if its memory holds them. More would not be faster."""

_BUILD = threading.Lock()


@dataclass(frozen=True)
class Normalisation:
    """What the data set tells the network before training.

    Attributes
    ----------
    reference_energies
        eV per atom of each element; the network learns the rest.
    force_scale
        Root mean square force of the training set in eV/Å, the scale of atomic energies.
    neighbours
        Mean number of neighbours within the cutoff.
    """

    reference_energies: dict[str, float]
    force_scale: float
    neighbours: float


def build_config(
    architecture: Architecture, elements: tuple[str, ...], norm: Normalisation, seed: int
) -> dict[str, Any]:
    """Arguments of NequIP's own model builder."""
    return {
        "_target_": "nequip.model.NequIPGNNModel",
        "seed": seed,
        "model_dtype": "float32",
        "type_names": list(elements),
        "r_max": architecture.r_max,
        "num_layers": architecture.num_layers,
        "l_max": architecture.l_max,
        "parity": architecture.parity,
        "num_features": list(architecture.num_features),
        "type_embed_num_features": architecture.type_embedding,
        "num_bessels": architecture.num_bessels,
        "radial_mlp_depth": 1,
        "radial_mlp_width": architecture.radial_mlp_width,
        "avg_num_neighbors": norm.neighbours,
        "per_type_energy_scales": norm.force_scale,
        "per_type_energy_shifts": norm.reference_energies,
        "per_type_energy_shifts_trainable": False,
    }


@contextmanager
def building() -> Iterator[None]:
    """Let one thread at a time build a network: NequIP's builder switches torch's default dtype
    and seeds. Random numbers and default dtype of the process go on as if nothing had been built:
    other networks, such as a teacher, break on another default."""
    with _BUILD, isolate_rng():
        before = torch.get_default_dtype()
        set_global_state()
        torch.set_default_dtype(torch.float64)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


def best_device() -> str:
    """A GPU where this process sees one, else the processor."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def gpus() -> list[str]:
    """Names of the GPUs on which this process can compute.

    Raises
    ------
    RuntimeError
        If torch sees one that it cannot use.
    """
    number = torch.cuda.device_count()
    for gpu in range(number):
        torch.ones(1, device=f"cuda:{gpu}").sum().item()
    return [torch.cuda.get_device_name(gpu) for gpu in range(number)]


class NequIP:
    """A NequIP potential (satisfies `Potential`).

    Parameters
    ----------
    architecture, elements, norm
        What the network is built from; `elements` are its atom types.
    weights
        Tensors by name, as NequIP names them.
    device
        Where it runs: "cpu" or "cuda". With the first on a GPU, torch's deterministic algorithms
        are switched on for the whole process, so that answers can be repeated.
    """

    def __init__(
        self,
        architecture: Architecture,
        elements: tuple[str, ...],
        norm: Normalisation,
        weights: Mapping[str, torch.Tensor],
        device: str = "cpu",
    ) -> None:
        self.architecture = architecture
        self.elements = elements
        self.norm = norm
        self.weights = dict(weights)
        self.device = device
        if device != "cpu":
            _add_up_in_order()
        config = build_config(architecture, elements, norm, seed=0)
        del config["_target_"]
        with building():
            model = NequIPGNNModel(**config)
        model.load_state_dict(self.weights)
        self.model = model.to(device).eval()
        self.model.requires_grad_(False)
        self._energy_model = self.model.model.func
        self._neighbours = Neighbours(architecture.r_max, device=device)

    def graph(self, atoms: Atoms) -> Graph:
        """The structure as this network sees it."""
        graph = to_graph(
            atoms, self.elements, self.architecture.r_max, self._neighbours.find(atoms)
        )
        return {k: v.to(self.device) for k, v in graph.items()}

    def evaluate(self, atoms: Atoms) -> Prediction:
        """Energy (eV), forces (eV/Å), stress (eV/Å³) and features of one structure.

        Raises
        ------
        UnknownElement
            If `atoms` holds an element that the network was not built for.
        """
        return next(predictions(self.run(self.graph(atoms)), [atoms]))

    def features(self, atoms: Atoms) -> NDArray[np.float64]:
        """F, (n_atoms, n_features), without the cost of forces (paper, Section 2.1.2)."""
        return _array(self._describe(self.graph(atoms)))

    def evaluate_many(self, frames: Iterable[Atoms]) -> Iterator[Prediction]:
        """`evaluate` for structures that have nothing to do with each other, in their order.

        Small ones go through the network together, up to `EDGES_AT_ONCE` or `EDGES_ON_A_GPU`;
        however many there are, no more are in memory at a time.
        """
        for atoms, batch in self._batches(frames):
            yield from predictions(self.run(batch), atoms)

    def features_many(self, frames: Iterable[Atoms]) -> Iterator[NDArray[np.float64]]:
        """`features` likewise."""
        for atoms, batch in self._batches(frames):
            yield from _split(_array(self._describe(batch)), atoms)

    def run(self, graph: Graph) -> Graph:
        """The network's output; one large structure goes through it in domains."""
        large = too_large(self.model, graph)
        out: Graph = Divided(self.model, graph).evaluate() if large else self.model(graph)
        return out

    def _describe(self, graph: Graph) -> torch.Tensor:
        if too_large(self.model, graph):
            return Divided(self.model, graph).features()
        with torch.no_grad():
            features: torch.Tensor = self._energy_model(graph)[AtomicDataDict.NODE_FEATURES_KEY]
        return features

    def _batches(self, frames: Iterable[Atoms]) -> Iterator[tuple[list[Atoms], Graph]]:
        atoms: list[Atoms] = []
        graphs: list[Graph] = []
        edges = 0
        at_once = min(EDGES_ON_A_GPU, pairs_at_once(self.model, self.device, EDGES_AT_ONCE))
        for frame in frames:
            graph = to_graph(frame, self.elements, self.architecture.r_max)
            more = len(frame) + graph[AtomicDataDict.EDGE_INDEX_KEY].shape[1]
            if graphs and edges + more > at_once:
                yield atoms, self._together(graphs)
                atoms, graphs, edges = [], [], 0
            atoms.append(frame)
            graphs.append(graph)
            edges += more
        if graphs:
            yield atoms, self._together(graphs)

    def _together(self, graphs: list[Graph]) -> Graph:
        batch = AtomicDataDict.batched_from_list(graphs)
        return {k: v.to(self.device) for k, v in batch.items()}

    def to_bytes(self) -> bytes:
        """Weights and architecture as one safetensors file: data, never code.

        The same model gives the same bytes: they are hashed into keys.
        """
        header = {
            "format": FORMAT,
            "architecture": self.architecture.model_dump_json(),
            "elements": json.dumps(self.elements),
            "normalisation": json.dumps(asdict(self.norm)),
        }
        tensors = {k: v.detach().cpu().contiguous() for k, v in self.weights.items()}
        data = safetensors.torch.save(tensors, metadata=header)
        return _sorted_header(data)

    @classmethod
    def from_bytes(cls, data: bytes, device: str = "cpu") -> NequIP:
        """Read what `to_bytes` wrote.

        Raises
        ------
        ValueError
            If `data` is not such a model.
        """
        try:
            length = int.from_bytes(data[:8], "little")
            header = json.loads(data[8 : 8 + length])["__metadata__"]
            known = header["format"] == FORMAT
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise ValueError(
                "this is not a Nearsight model (safetensors with its header)"
            ) from error
        if not known:
            raise ValueError(f"model format {header['format']!r} is not {FORMAT!r}")
        try:
            return cls(
                Architecture.model_validate_json(header["architecture"]),
                tuple(json.loads(header["elements"])),
                Normalisation(**json.loads(header["normalisation"])),
                safetensors.torch.load(data),
                device,
            )
        except (
            AssertionError,
            KeyError,
            RuntimeError,
            SafetensorError,
            TypeError,
            ValueError,
        ) as error:
            raise ValueError(f"this Nearsight model is damaged: {error}") from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `to_bytes` to a file."""
        Path(path).write_bytes(self.to_bytes())


def _add_up_in_order() -> None:
    """Let GPUs of this process add up in one order: then the same question has the same answer, to
    the last bit, and it takes no longer."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if not torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(True, warn_only=True)


def predictions(out: Graph, frames: Sequence[Atoms]) -> Iterator[Prediction]:
    """What a network's output says of each of the structures that went into it."""
    energies = _array(out[AtomicDataDict.TOTAL_ENERGY_KEY]).ravel()
    stresses = _array(out[AtomicDataDict.STRESS_KEY])
    forces = _split(_array(out[AtomicDataDict.FORCE_KEY]), frames)
    features = _split(_array(out[AtomicDataDict.NODE_FEATURES_KEY]), frames)
    for i, atoms in enumerate(frames):
        yield Prediction(
            energy=float(energies[i]),
            forces=forces[i],
            stress=stresses[i] if atoms.pbc.all() else None,
            features=features[i],
        )


def _array(tensor: torch.Tensor) -> NDArray[np.float64]:
    array: NDArray[np.float64] = tensor.detach().cpu().double().numpy()
    return array


def _split(values: NDArray[np.float64], frames: Sequence[Atoms]) -> list[NDArray[np.float64]]:
    return np.split(values, np.cumsum([len(atoms) for atoms in frames[:-1]], dtype=int))


def _sorted_header(data: bytes) -> bytes:
    """Safetensors with its header in one order (the library writes metadata in a random one)."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # tensors start at a multiple of 8 bytes
    return len(header).to_bytes(8, "little") + header + data[end:]
