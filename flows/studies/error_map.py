"""Where the errors are: MAE_p95 atom by atom, model by model (paper, Figure 6C)."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.parameters import BadParameters
from flows.studies.base import Drawing, Findings, StudySpec
from flows.studies.errors import errors_of, evaluate_known
from flows.studies.sources import ModelSource, find_model, find_set
from nearsight.figures import error_map as draw
from nearsight.metrics import mae_pk_of_atoms
from nearsight.spec import File
from storage import Lake, Record
from tasks.ingest import members, read_label
from tasks.workplace import workplace


class ErrorMap(StudySpec):
    """Models along a learning curve, and the test set to see them on."""

    models: dict[str, ModelSource] = Field(
        min_length=1, title="Models", description="by name, those of few clusters first"
    )
    test: File = Field(
        title="Test set", description="labelled extended XYZ; the same atoms in every frame"
    )


@flow(
    name="error_map",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def error_map(spec: ErrorMap) -> Findings:
    """Evaluate the models and colour every atom by its own MAE_p95 over the frames.

    Raises
    ------
    BadParameters
        If frames differ in their atoms, a model knows none of an element, or is not there.
    BadFile
        If a file is not what it should be.
    """
    with workplace(spec.lake, spec.site) as work:
        models = {name: find_model(work.lake, source) for name, source in spec.models.items()}
        data = find_set(work.lake, spec.test, spec.level)
        atoms = one_system(work.lake, data, spec.test.name)
        found = evaluate_known(work, models, {spec.test.name: data})
        records = {name: record for (name, _), record in found.items()}
        errors = {name: of_atoms(record, len(atoms)) for name, record in records.items()}
        centre = int(next(iter(errors.values())).argmax())
        symbols = np.array(atoms.get_chemical_symbols())
        return Findings(
            study="error-map",
            title="Error map (paper, Figure 6C)",
            level=spec.level.name,
            said=tuple(
                f"With {name}, the worst atom is {symbols[worst]} {worst} "
                f"({values[worst]:.0f} meV/Å), {distance:.1f} Å from that of the first model; the "
                f"median atom has {np.median(values):.0f} meV/Å."
                for name, values in errors.items()
                for worst in [int(values.argmax())]
                for distance in [atoms.get_distance(centre, worst, mic=True)]
            ),
            how=(
                f"MAE_p95 of each atom by itself, over the {len(members(work.lake, data))} "
                "frames of the test set and the three components of the force; drawn on one "
                "frame, shifted so that the first model's worst atom is in the middle."
            ),
            rows=tuple(
                {
                    "model": name,
                    "all atoms together": f"{record.metadata['metrics']['mae_p95']:.0f}",
                    "worst atom": f"{errors[name].max():.0f} ({symbols[errors[name].argmax()]})",
                }
                | {
                    f"mean of {s}": f"{errors[name][symbols == s].mean():.0f}"
                    for s in np.unique(symbols).tolist()
                }
                for name, record in records.items()
            ),
            note="Force MAE_p95 in meV/Å: of all atoms together, then of atoms by themselves.",
            drawings=(
                Drawing(
                    title="Where the errors are",
                    caption=(
                        "Every atom by its own force MAE_p95, on one scale for all models; below, "
                        "the mean over shells around the first model's worst atom."
                    ),
                    alt="The structure once for each model, the atoms coloured by force error",
                    figure=draw(atoms, errors, centre),
                ),
            ),
            numbers={
                "unit": "meV/Å",
                "centre": centre,
                "symbols": symbols.tolist(),
                "distances": atoms.get_distances(centre, range(len(atoms)), mic=True).tolist(),
                "errors": {name: values.tolist() for name, values in errors.items()},
            },
            records={
                "model": list(dict.fromkeys(models.values())),
                "dataset": [data],
                "evaluation": [record.key for record in records.values()],
            },
        ).keep(work.lake, spec.file)


def one_system(lake: Lake, data: str, name: str) -> Atoms:
    """A structure of a data set, whose atoms all others must have in the same order."""
    structures = [read_label(lake, label)[0] for label, _ in members(lake, data)]
    first = structures[0]
    if any(not np.array_equal(first.numbers, other.numbers) for other in structures):
        raise BadParameters(f"{name} holds structures of other atoms, or in another order")
    return first


def of_atoms(record: Record, atoms: int) -> NDArray[np.float64]:
    """MAE_p95 of every atom over the frames of an evaluation; (n_atoms,) in meV/Å."""
    return mae_pk_of_atoms(errors_of(record).reshape(-1, atoms, 3), 95)
