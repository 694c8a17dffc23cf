"""What a network sees of one element, before and after training (paper, Section 4.1, Figure 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, field_validator

from flows.parameters import BadParameters
from flows.studies.base import Drawing, Findings, StudySpec
from flows.studies.errors import evaluate_known
from flows.studies.sources import ModelSource, find_model, find_set
from nearsight.blocks import find_bonds
from nearsight.figures import atom_types
from nearsight.figures import feature_map as draw
from nearsight.potentials import load
from nearsight.spec import File
from storage import Lake
from storage.origin import Origin
from tasks.ingest import dataset, members, read_label
from tasks.train import put_model
from tasks.workplace import workplace


class FeatureMap(StudySpec):
    """Which network, which element, and which structures."""

    model: ModelSource = Field(title="Model", description="mlp_pr")
    pristine: File = Field(title="Known structures", description="labelled extended XYZ, D_pr")
    defect: File = Field(title="Structures with a defect", description="labelled extended XYZ")
    element: str = Field("C", title="Element")
    frames: int = Field(
        20, ge=2, title="Structures of each set", description="evenly from the file"
    )
    seed: int = Field(0, ge=0, title="Seed", description="of the untrained network's weights")

    @field_validator("element")
    @classmethod
    def _known(cls, symbol: str) -> str:
        if symbol not in atomic_numbers:
            raise ValueError(f"{symbol!r} is no element")
        return symbol


@dataclass(frozen=True)
class Cloud:
    """Features (n_atoms, n_features) and types (n_atoms,) of an element's atoms."""

    features: NDArray[np.float64]
    types: NDArray[np.str_]


@flow(
    name="feature_map",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def feature_map(spec: FeatureMap) -> Findings:
    """Compare the features of known and of defective structures, before and after training.

    Raises
    ------
    BadParameters
        If the model does not know an element of the structures, or the element is not there.
    BadFile
        If a file is not what it should be.
    """
    with workplace(spec.lake, spec.site) as work:
        model = find_model(work.lake, spec.model)
        models = {"untrained": put_untrained(work.lake, model, spec.seed), "trained": model}
        tests = {
            name: some(work.lake, find_set(work.lake, path, spec.level), spec.frames)
            for name, path in (("pristine", spec.pristine), ("defect", spec.defect))
        }
        found = evaluate_known(work, models, tests)
        types = {name: types_in(work.lake, data, spec.element) for name, data in tests.items()}
        clouds = {}
        for (who, which), record in found.items():
            arrays = record.arrays
            mask = arrays["numbers"] == atomic_numbers[spec.element]
            clouds[who, which] = Cloud(arrays["features"][mask].astype(float), types[which])
        known, defect = clouds["trained", "pristine"], clouds["trained", "defect"]
        before = clouds["untrained", "pristine"]
        both = Cloud(
            np.concatenate([known.features, defect.features]),
            np.concatenate([known.types, defect.types]),
        )
        table = {
            "untrained, known": before,
            "trained, known": known,
            "trained, known and defect": both,
        }
        separation = {name: silhouette(cloud, spec.seed) for name, cloud in table.items()}
        new = sorted(set(defect.types.tolist()) - set(known.types.tolist()))
        return Findings(
            study="feature-map",
            title=f"Feature map of {spec.element} (paper, Figure 4)",
            level=spec.level.name,
            said=(
                f"Training takes the spread of the {len(set(known.types.tolist()))} types of "
                f"{spec.element} from {spread(before):.2g} to {spread(known):.2g} (r.m.s.), their "
                f"silhouette from {separation['untrained, known']:.2f} to "
                f"{separation['trained, known']:.2f} (1: types are apart, 0: they touch).",
                f"The defect brings {len(new)} new type{'s' if len(new) != 1 else ''}"
                f"{': ' + ', '.join(new) if new else ''}; with it, the silhouette is "
                f"{separation['trained, known and defect']:.2f}.",
            ),
            how=(
                "Features F of the last hidden layer of the model, and of the same network with "
                f"random weights (seed {spec.seed}); at most {spec.frames} structures of each set. "
                "The two principal components are those of the trained features of the known "
                "structures; silhouettes are of all features. Types are by bonded neighbours, "
                "for each atom the commonest over the structures."
            ),
            rows=tuple(
                {
                    "features": name,
                    "atoms": str(len(cloud.types)),
                    "types": str(len(set(cloud.types.tolist()))),
                    "spread (r.m.s.)": f"{spread(cloud):.3g}",
                    "silhouette": f"{separation[name]:.2f}",
                }
                for name, cloud in table.items()
            ),
            note="Spread: r.m.s. distance from the mean, no unit. Silhouette: −1 to 1.",
            drawings=(
                Drawing(
                    title=f"What the network sees of {spec.element}",
                    caption=(
                        "Every point is an atom, coloured by its bonded neighbours. A: random "
                        "weights. B: trained. C: B with the types on top that only the defective "
                        "structures have. All on the principal components and the scale of B; "
                        "A may need more room."
                    ),
                    alt="Three scatter plots of features, by atom type",
                    figure=draw(
                        before.features,
                        known.features,
                        known.types,
                        defect.features,
                        defect.types,
                        element=spec.element,
                    ),
                ),
            ),
            numbers={
                "silhouette": separation,
                "spread": {name: spread(cloud) for name, cloud in table.items()},
                "known_types": sorted(set(known.types.tolist())),
                "new_types": new,
            },
            records={
                "model": list(models.values()),
                "dataset": list(tests.values()),
                "evaluation": [record.key for record in found.values()],
            },
        ).keep(work.lake, spec.file)


def put_untrained(lake: Lake, model: str, seed: int) -> str:
    """Put a model's network with random weights into the lake; its key."""
    from nearsight.potentials.initial import untrained

    origin = Origin("model", {"untrained": seed}, [model])
    if not lake.has("model", origin.key):
        network = untrained(load(model, lake), seed)
        metadata: dict[str, object] = {
            "training": None,
            "dataset": dataset(lake, []),
            "parent": model,
            "frames": 0,
            "seconds": 0.0,
        }
        put_model(lake, origin, network, metadata, {})
    return origin.key


def some(lake: Lake, data: str, count: int) -> str:
    """At most so many structures of a data set, evenly."""
    labels = [label for label, _ in members(lake, data)]
    chosen = np.unique(np.linspace(0, len(labels) - 1, min(count, len(labels))).astype(int))
    return dataset(lake, [labels[i] for i in chosen])


def types_in(lake: Lake, data: str, element: str) -> NDArray[np.str_]:
    """Types of an element's atoms in all structures of a data set, end to end.

    Hot frames stretch bonds until they seem broken, so an atom has its commonest type over the
    structures of the same atoms.
    """
    structures = [read_label(lake, label)[0] for label, _ in members(lake, data)]
    seen: dict[bytes, list[NDArray[np.str_]]] = {}
    for atoms in structures:
        found = atom_types(atoms.numbers, find_bonds(atoms)[0])[atoms.symbols == element]
        seen.setdefault(atoms.numbers.tobytes(), []).append(found)
    if not all(len(types[0]) for types in seen.values()):
        raise BadParameters(f"element: some structures hold no {element}")
    commonest = {numbers: _commonest(np.array(types)) for numbers, types in seen.items()}
    return np.concatenate([commonest[atoms.numbers.tobytes()] for atoms in structures])


def _commonest(types: NDArray[np.str_]) -> NDArray[np.str_]:
    names, numbered = np.unique(types, return_inverse=True)
    counts = [np.bincount(atom, minlength=len(names)) for atom in numbered.reshape(types.shape).T]
    commonest: NDArray[np.str_] = names[np.argmax(counts, axis=1)]
    return commonest


def spread(cloud: Cloud) -> float:
    """Root mean square distance of features from their mean."""
    return float(np.sqrt(np.square(cloud.features - cloud.features.mean(axis=0)).sum(1).mean()))


def silhouette(cloud: Cloud, seed: int) -> float:
    """How well the types part the features, −1 to 1 (Rousseeuw 1987), on 2,000 atoms at most."""
    from sklearn.metrics import silhouette_score

    if len(np.unique(cloud.types)) < 2:
        return 0.0
    size = min(2000, len(cloud.types))
    score = silhouette_score(cloud.features, cloud.types, sample_size=size, random_state=seed)
    return float(score)
