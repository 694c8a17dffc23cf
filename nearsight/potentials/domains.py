"""Large structures: a network's layers, one after another, over parts of the structure.

A network that takes a whole structure at once keeps some kilobytes for every pair of neighbours
until forces are known. Here atoms are divided into domains, and every layer goes through all of
them before the next one begins, so that no more than the pairs of one domain in one layer are in
memory; of the rest, only features and gradients are kept. A domain's halo is one cutoff wide: what
neighbours outside of it became in the layer before is known by then. On the way back to forces, the
layers but the last are computed once more.

The other way, whole networks on domains with halos of layers times cutoff, is 15 Å wide for three
layers of 5 Å, and does everything in the halo again: five times the pairs for boxes of 40 Å. Here
no pair is in two domains, and what is found is the undivided result: energies and features are sums
in the same order, gradients differ by rounding. Neighbours come from the whole structure's list, so
nothing depends on how a domain lies in the cell, or on images; a division that is bad is only slow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from ase.geometry import complete_cell
from nequip.data import AtomicDataDict
from nequip.model import NequIPGNNModel
from numpy.typing import NDArray

from nearsight.potentials.graph import Graph
from nearsight.potentials.memory import pairs_at_once

PAIRS_AT_ONCE = 120_000
"""Pairs of neighbours that go through the network together on a processor: those of a whole
structure, or of one of its domains. Smaller domains cost more, for the atoms in their halos."""

Add = Callable[[torch.Tensor], torch.Tensor]
"""Adds up what each of several processes has; all of them call it, and all get the sum."""

PAIR_FIELDS = (AtomicDataDict.EDGE_EMBEDDING_KEY, AtomicDataDict.EDGE_ATTRS_KEY)
ATOM_FIELDS = (
    AtomicDataDict.POSITIONS_KEY,
    AtomicDataDict.ATOM_TYPE_KEY,
    AtomicDataDict.NODE_ATTRS_KEY,
    AtomicDataDict.NODE_FEATURES_KEY,
)


@dataclass(frozen=True)
class Domain:
    """A part of a structure.

    Attributes
    ----------
    atoms
        (n_local,) its own atoms, then those of its halo: their neighbours that are not its own.
    own
        How many are its own.
    pairs
        (2, n_pairs) own atoms and neighbours, as indices into `atoms`.
    vectors
        (n_pairs, 3) from the first to the second, Å.
    """

    atoms: torch.Tensor
    own: int
    pairs: torch.Tensor
    vectors: torch.Tensor

    @property
    def mine(self) -> torch.Tensor:
        """(own,) its own atoms."""
        return self.atoms[: self.own]


def at_once(model: NequIPGNNModel, graph: Graph) -> int:
    """Pairs of neighbours that go through the network together."""
    return pairs_at_once(model, graph[AtomicDataDict.POSITIONS_KEY].device, PAIRS_AT_ONCE)


def too_large(model: NequIPGNNModel, graph: Graph) -> bool:
    """Whether a graph is one structure that is to be divided."""
    return AtomicDataDict.num_frames(graph) == 1 and count_pairs(graph) > at_once(model, graph)


def divide(graph: Graph, pairs: int, member: int = 0, members: int = 1) -> list[Domain]:
    """Divide a structure into domains of about so many `pairs` at most, as many for each of
    `members` processes; the domains of one of them."""
    parts = members * max(1, -(-count_pairs(graph) // (members * pairs)))
    first, second = graph[AtomicDataDict.EDGE_INDEX_KEY].cpu().numpy()
    weights = 1 + np.bincount(first, minlength=len(graph[AtomicDataDict.POSITIONS_KEY]))
    part = _boxes(_places(graph), weights, parts)
    order = np.argsort(part[first], kind="stable")
    ends = np.searchsorted(part[first[order]], np.arange(parts + 1))
    return [
        _domain(graph, np.flatnonzero(part == d), first, second, order[ends[d] : ends[d + 1]])
        for d in range(member, parts, members)
    ]


class Divided:
    """A structure in domains, on its way through a network.

    Parameters
    ----------
    model, graph
        The network, and the whole structure.
    member, members
        Which of several processes this one is. Each does its own domains; all of them ask for the
        same, and all get the answer for the whole structure.
    add
        How they add up.
    """

    def __init__(
        self,
        model: NequIPGNNModel,
        graph: Graph,
        member: int = 0,
        members: int = 1,
        add: Add = lambda mine: mine,
    ) -> None:
        modules = dict(model.model.func.named_children())
        layers = [name for name in modules if name.startswith("layer")]
        names = list(modules)
        self._embedding = [modules[name] for name in names[: names.index(layers[0])]]
        self._layers = [modules[name] for name in layers]
        self._readout = [modules[name] for name in names[names.index(layers[-1]) + 1 :]]
        self._graph = graph
        self._add = add
        self._domains = divide(graph, at_once(model, graph), member, members)
        with torch.no_grad():
            self._states = [self._embed(domain, domain.vectors) for domain in self._domains]
        self._hidden: list[torch.Tensor] = []

    def features(self) -> torch.Tensor:
        """F of all atoms, (n_atoms, n_features)."""
        self._forward(len(self._layers))
        return self._hidden[-1]

    def evaluate(self) -> Graph:
        """Energy, forces, stress and features, as the network gives them for the whole graph."""
        last = len(self._layers) - 1
        self._forward(last)
        pulls = [[torch.zeros_like(state[f]) for f in PAIR_FIELDS] for state in self._states]
        energy, features, gradient = self._read_out(pulls)
        for layer in range(last - 1, -1, -1):
            gradient = self._backward(layer, gradient, pulls)
        forces, virial = self._forces(pulls)
        volume = torch.linalg.det(self._cell).abs()
        return {
            AtomicDataDict.TOTAL_ENERGY_KEY: energy,
            AtomicDataDict.FORCE_KEY: forces,
            AtomicDataDict.STRESS_KEY: (virial + virial.T)[None] / (2.0 * volume),
            AtomicDataDict.NODE_FEATURES_KEY: features,
        }

    def _embed(self, domain: Domain, vectors: torch.Tensor) -> Graph:
        """What the first layer is given."""
        state: Graph = {
            AtomicDataDict.POSITIONS_KEY: self._graph[AtomicDataDict.POSITIONS_KEY][domain.atoms],
            AtomicDataDict.ATOM_TYPE_KEY: self._graph[AtomicDataDict.ATOM_TYPE_KEY][domain.atoms],
            AtomicDataDict.EDGE_INDEX_KEY: domain.pairs,
            AtomicDataDict.EDGE_VECTORS_KEY: vectors,
        }
        for module in self._embedding:
            state = module(state)
        # what nobody asks for any more would be half of the memory
        kept = (*ATOM_FIELDS, AtomicDataDict.EDGE_INDEX_KEY, *PAIR_FIELDS)
        return {field: state[field] for field in kept}

    def _through(self, layer: int, domain: Domain, state: Graph) -> tuple[Graph, Graph]:
        """What a layer is given that has a gradient, and what it makes of that."""
        inputs = {field: state[field].detach().requires_grad_() for field in PAIR_FIELDS}
        if layer > 0:
            x = self._hidden[layer - 1][domain.atoms].requires_grad_()
            inputs[AtomicDataDict.NODE_FEATURES_KEY] = x
        return inputs, self._layers[layer]({**state, **inputs})

    def _forward(self, layers: int) -> None:
        """Features of all atoms after each of the first layers."""
        with torch.no_grad():
            for layer in range(layers):
                after = self._zeros(layer)
                for domain, state in zip(self._domains, self._states, strict=True):
                    _, out = self._through(layer, domain, state)
                    after[domain.mine] = out[AtomicDataDict.NODE_FEATURES_KEY][: domain.own]
                self._hidden.append(self._add(after))

    def _read_out(
        self, pulls: list[list[torch.Tensor]]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Energy, features, and the gradient of the energy to what went into the last layer."""
        last = len(self._layers) - 1
        energy = torch.zeros(1, 1, dtype=torch.float64, device=self._cell.device)
        features, before = self._zeros(last), self._zeros(last - 1)
        for domain, state, pull in zip(self._domains, self._states, pulls, strict=True):
            inputs, out = self._through(last, domain, state)
            features[domain.mine] = out[AtomicDataDict.NODE_FEATURES_KEY][: domain.own].detach()
            for module in self._readout:
                out = module(out)
            own = out[AtomicDataDict.PER_ATOM_ENERGY_KEY][: domain.own].sum()
            energy += own.detach()
            self._collect(domain, torch.autograd.grad(own, list(inputs.values())), pull, before)
        return self._add(energy), self._add(features), self._add(before)

    def _backward(
        self, layer: int, gradient: torch.Tensor, pulls: list[list[torch.Tensor]]
    ) -> torch.Tensor:
        """The gradient to what went into a layer, from that to what came out of it."""
        before = self._zeros(layer - 1)
        for domain, state, pull in zip(self._domains, self._states, pulls, strict=True):
            inputs, out = self._through(layer, domain, state)
            own = out[AtomicDataDict.NODE_FEATURES_KEY][: domain.own]
            found = torch.autograd.grad(own, list(inputs.values()), gradient[domain.mine])
            self._collect(domain, found, pull, before)
        return self._add(before) if layer > 0 else before

    def _collect(
        self,
        domain: Domain,
        found: tuple[torch.Tensor, ...],
        pull: list[torch.Tensor],
        before: torch.Tensor,
    ) -> None:
        for total, gradient in zip(pull, found, strict=False):
            total += gradient
        if len(found) > len(pull):
            before.index_add_(0, domain.atoms, found[-1])

    def _forces(self, pulls: list[list[torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Forces and virial, from the gradients to what stands for pairs in every layer."""
        forces = torch.zeros_like(self._graph[AtomicDataDict.POSITIONS_KEY])
        virial = torch.zeros_like(self._cell)
        for domain, pull in zip(self._domains, pulls, strict=True):
            vectors = domain.vectors.clone().requires_grad_()
            state = self._embed(domain, vectors)
            (along,) = torch.autograd.grad([state[f] for f in PAIR_FIELDS], vectors, pull)
            forces.index_add_(0, domain.atoms[domain.pairs[0]], along)
            forces.index_add_(0, domain.atoms[domain.pairs[1]], -along)
            virial += domain.vectors.T @ along
        return self._add(forces), self._add(virial)

    @property
    def _cell(self) -> torch.Tensor:
        cell: torch.Tensor = self._graph[AtomicDataDict.CELL_KEY].view(3, 3)
        return cell

    def _zeros(self, layer: int) -> torch.Tensor:
        """Room for what a layer makes of all atoms."""
        width = self._layers[max(layer, 0)].irreps_out[AtomicDataDict.NODE_FEATURES_KEY].dim
        like: torch.Tensor = self._states[0][PAIR_FIELDS[0]]
        return like.new_zeros((len(self._graph[AtomicDataDict.POSITIONS_KEY]), width))


def count_pairs(graph: Graph) -> int:
    """Pairs of neighbours in a graph."""
    return int(graph[AtomicDataDict.EDGE_INDEX_KEY].shape[1])


def _places(graph: Graph) -> NDArray[np.float64]:
    """Where atoms are along the lattice directions, in Å, those outside of the cell inside."""
    cell = complete_cell(graph[AtomicDataDict.CELL_KEY].view(3, 3).cpu().numpy())
    places = np.linalg.solve(cell.T, graph[AtomicDataDict.POSITIONS_KEY].cpu().numpy().T).T
    places -= np.where(graph[AtomicDataDict.PBC_KEY].view(3).cpu().numpy(), np.floor(places), 0.0)
    along: NDArray[np.float64] = places * np.linalg.norm(cell, axis=1)
    return along


def _boxes(
    places: NDArray[np.float64], weights: NDArray[np.int64], parts: int
) -> NDArray[np.int32]:
    """The part of every atom: boxes that are cut where they are longest, of equal weights."""
    part = np.zeros(len(places), dtype=np.int32)
    todo = [(np.arange(len(places)), 0, parts)]
    while todo:
        atoms, name, pieces = todo.pop()
        if pieces > 1 and len(atoms):
            axis = np.ptp(places[atoms], axis=0).argmax()
            atoms = atoms[np.argsort(places[atoms, axis], kind="stable")]
            heavy = np.cumsum(weights[atoms])
            here = pieces // 2
            cut = int(np.searchsorted(heavy, heavy[-1] * here / pieces, side="right"))
            todo += [(atoms[:cut], name, here), (atoms[cut:], name + here, pieces - here)]
        part[atoms] = name
    return part


def _domain(
    graph: Graph,
    own: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    pairs: NDArray[np.int64],
) -> Domain:
    """Own atoms, with the pairs that they are the first of."""
    x, cell = graph[AtomicDataDict.POSITIONS_KEY], graph[AtomicDataDict.CELL_KEY].view(3, 3)
    i, j = first[pairs], second[pairs]
    place = np.full(len(x), -1)
    place[own] = np.arange(len(own))
    halo = np.unique(j[place[j] < 0])
    place[halo] = len(own) + np.arange(len(halo))
    shifts = graph[AtomicDataDict.EDGE_CELL_SHIFT_KEY][torch.from_numpy(pairs).to(x.device)]
    here = [torch.from_numpy(a).to(x.device) for a in (i, j, np.concatenate([own, halo]))]
    return Domain(
        atoms=here[2],
        own=len(own),
        pairs=torch.from_numpy(np.stack([place[i], place[j]])).to(x.device),
        vectors=x[here[1]] - x[here[0]] + shifts @ cell,
    )
