"""What is claimed of learning from clusters: Figures 6B and 6C.

Every function takes the paper's numbers, and those of our work by the name of its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from flows.reproduction.claims import (
    Claim,
    Found,
    Judged,
    Paper,
    Row,
    descending,
    not_tested,
    ratio,
    row,
    told,
)

DIPS = 0.05
"""A learning curve of one seed may rise by this fraction from one size to the next."""


def learning_curves(paper: Paper, found: Found) -> Judged:
    """Figure 6B."""
    curves = found["learning-curve"]["curves"]
    rows: list[Row] = []
    claims: list[Claim] = []
    start: dict[str, float | None] = {}
    crossing: dict[str, int | None] = {}
    for name, curve in curves.items():
        means = {
            n: float(np.mean(errors))
            for n, errors in zip(curve["sizes"], curve["mae_p95"], strict=True)
            if None not in errors
        }
        start[name] = means.get(0)
        crossing[name] = next((n for n, e in means.items() if e < curve["periodic"]), None)
        rows += [
            row(f"{name}, MAE_p95 with {n} clusters, meV/Å", None, e) for n, e in means.items()
        ]
        rows.append(row(f"{name}, MAE_p95 of the periodic model, meV/Å", None, curve["periodic"]))
        rows.append(
            row(f"{name}, clusters that overtake it", paper["overtakes"].get(name), crossing[name])
        )
        by_size: dict[str, float | None] = {f"N = {n}": error for n, error in means.items()}
        claims.append(descending(f"Errors on {name} fall with clusters", by_size, "meV/Å", DIPS))
        claims.append(_early(name, means))
        claims.append(
            Claim(
                f"The cluster model overtakes the periodic one on {name}",
                crossing[name] is not None,
                f"with {crossing[name]} clusters"
                if crossing[name] is not None
                else f"{told(by_size)} meV/Å, periodic {curve['periodic']:.0f}",
            )
        )
        claims.append(_cost(name, curve, crossing[name], rows, paper["cost"]))
    periodic = {name: curve["periodic"] for name, curve in curves.items()}
    return Judged(rows, [*claims, *_across(start, crossing, periodic)])


def _early(name: str, means: Mapping[int, float]) -> Claim:
    """Whether the first half of the clusters teaches more than the second, in logarithms."""
    sizes = sorted(means)
    middle = next(n for n in sizes if n >= sizes[-1] / 2)
    first, second = (
        np.log(means[a] / means[b]) for a, b in ((sizes[0], middle), (middle, sizes[-1]))
    )
    return Claim(
        f"The first clusters teach most of {name}",
        bool(first > second),
        f"the error falls to {np.exp(-first):.0%} with {middle} clusters, and then to "
        f"{np.exp(-second):.0%} of that with {sizes[-1]}",
    )


def _cost(
    name: str, curve: Mapping[str, Any], crossing: int | None, rows: list[Row], paper: float
) -> Claim:
    sentence = f"At equal error on {name}, labels of clusters cost less than of periodic cells"
    labels = curve["labels"]
    if not crossing or "crystals" not in labels:
        return not_tested(sentence, "no error is equal" if not crossing else "no costs are known")
    cheaper = {
        how: labels["crystals"][how] / (crossing * labels["a cluster"][how])
        for how in ("seconds", "dft")
        if labels["a cluster"][how]
    }
    for how, heading in ("seconds", "as measured"), ("dft", "counted as atoms cubed"):
        if how in cheaper:
            rows.append(
                row(
                    f"{name}, cost of labels, periodic over clusters, {heading}",
                    paper,
                    cheaper[how],
                )
            )
    said = f"{cheaper['dft']:.2g} times, counted as atoms cubed"
    if "seconds" in cheaper:
        said = f"{cheaper['seconds']:.2g} times in seconds, {said}"
    return Claim(sentence, cheaper.get("seconds", cheaper["dft"]) > 1, said)


def _across(
    start: Mapping[str, float | None],
    crossing: Mapping[str, int | None],
    periodic: Mapping[str, float],
) -> list[Claim]:
    """What is claimed of one curve against another."""
    worse = [
        descending(
            f"mlp_pr errs more on {name} than on S_ld",
            {name: start.get(name), "S_ld": start.get("S_ld")},
            "meV/Å",
        )
        for name in ("S_hf", "S_reo")
    ]
    return [
        *worse,
        descending(
            "S_reo is overtaken by fewer clusters than S_ld",
            {"S_ld": crossing.get("S_ld"), "S_reo": crossing.get("S_reo")},
            "clusters",
        ),
        Claim(
            "Of the periodic models, that of S_reo is the worst on its own system",
            max(periodic, key=lambda name: periodic[name]) == "S_reo",
            f"{told(periodic)} meV/Å",
        ),
    ]


def error_map(paper: Paper, found: Found) -> Judged:
    """Figure 6C."""
    f = found["error-map"]
    symbols, distances = np.array(f["symbols"]), np.array(f["distances"])
    errors = {name: np.array(values) for name, values in f["errors"].items()}
    hafnium = int(np.flatnonzero(symbols == "Hf")[0])
    first, last = next(iter(errors)), list(errors)[-1]
    hf: dict[str, float | None] = {n: float(e[hafnium]) for n, e in errors.items()}
    zr = {n: float(e[symbols == "Zr"].mean()) for n, e in errors.items()}
    near, far = distances < 4.0, distances > 8.0
    around = {n: (float(e[near].mean()), float(e[far].mean())) for n, e in errors.items()}
    shown = dict(zip(errors, paper["clusters"], strict=False))
    return Judged(
        rows=[
            row(f"MAE_p95 of {what}, {name}, meV/Å", paper[key].get(shown.get(name)), value[name])
            for what, key, value in (("Hf", "hf", hf), ("Zr, mean", "zr", zr))
            for name in errors
        ]
        + [
            row(f"within 4 Å of the worst atom, {n}, meV/Å", None, a)
            for n, (a, _) in around.items()
        ]
        + [row(f"beyond 8 Å of it, {n}, meV/Å", None, b) for n, (_, b) in around.items()],
        claims=[
            Claim(
                "Without clusters, the worst atom is Hf",
                int(errors[first].argmax()) == hafnium,
                f"{symbols[errors[first].argmax()]} with {errors[first].max():.0f} meV/Å, Hf with "
                f"{errors[first][hafnium]:.0f}",
            ),
            ratio(
                "Errors coalesce around the substitution, and far from it they are low",
                *around[first],
                2.0,
                "MAE_p95 within 4 Å and beyond 8 Å",
            ),
            descending("The error of Hf falls with clusters", hf, "meV/Å"),
            descending(
                "The sphere of errors shrinks", {n: a for n, (a, _) in around.items()}, "meV/Å"
            ),
            descending(
                "In the end Hf is still worse than Zr", {"Hf": hf[last], "Zr": zr[last]}, "meV/Å"
            ),
        ],
    )
