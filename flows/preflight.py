"""What a campaign needs beyond options of the right form, checked before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from ase import Atoms

from flows.campaign import Campaign
from flows.parameters import BadParameters
from nearsight.blocks import partition
from nearsight.potentials import load
from nearsight.references import GPAWLevel, reference
from nearsight.systems import build
from tasks.explore import external
from tasks.ingest import read_labelled


def check(campaign: Campaign) -> None:
    """Make sure that a campaign can begin: engine, frameworks, files, elements.

    Raises
    ------
    BadParameters
        If it cannot; the message names the field and what is wrong.
    """
    with blame("level"):
        reference(campaign.level, campaign.site.known_here("qm"))
    if campaign.explorer is not None:
        with blame("explorer"):
            external(campaign.explorer, campaign.site.known_here("md"))
            if isinstance(campaign.explorer, GPAWLevel) and campaign.walk.pressure is not None:
                raise ValueError(
                    f"{campaign.explorer.name} has no stress, which walks at constant pressure "
                    "need: leave walk.pressure empty"
                )
    with blame("start.training"):
        next(read_labelled(campaign.start.training, campaign.level))
    for name, path in campaign.tests.items():
        with blame(f"tests.{name}"):
            next(read_labelled(path, campaign.level))
    if campaign.start.model is not None:
        with blame("start.model"):
            load(campaign.start.model)
    for i, system in enumerate(campaign.systems):
        with blame(f"systems.{i}"):
            check_cuttable(system.name, build(system))


@contextmanager
def blame(field: str) -> Iterator[None]:
    """Turn what is wrong into `BadParameters` that name the field."""
    try:
        yield
    except (ImportError, OSError, ValueError) as error:
        raise BadParameters(f"{field}: {error}") from error


def check_cuttable(system: str, atoms: Atoms) -> None:
    """Refuse a system that no clusters can be cut from.

    Raises
    ------
    ValueError
        If it does not fall apart into blocks, or one of them has no end.
    """
    if endless := {"rod", "layer"} & set(partition(atoms).kinds):
        raise ValueError(
            f"{system} holds a {min(endless)} that runs without end through its cells: no finite "
            "cluster can be cut from it"
        )


def check_known(field: str, system: str, atoms: Atoms, known: Collection[str]) -> None:
    """Refuse a system with elements that a model does not know.

    Raises
    ------
    BadParameters
        If it has some.
    """
    if strange := set(atoms.symbols) - set(known):
        raise BadParameters(
            f"{field}: the model knows no {', '.join(sorted(strange))}, which {system} holds"
        )
