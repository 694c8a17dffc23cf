"""What is claimed of learning: Figures 4, 5B, 6B and 6C, SI.7 and SI.8, Tables 3 and 4.

Every function takes the paper's numbers, and those of our work by the name of its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from flows.reproduction.claims import Claim, Judged, Row, descending, not_tested, ratio, row, told

Paper = Mapping[str, Any]
Found = Mapping[str, Mapping[str, Any]]
Errors = dict[tuple[str, str], Mapping[str, float]]

METRICS = {
    "delta_e_avg": "ΔE_avg, meV/atom",
    "delta_e_std": "ΔE_std, meV/atom",
    "rmse": "RMSE, meV/Å",
    "mae_p95": "MAE_p95, meV/Å",
}
APART = 0.5
"""A silhouette above which types count as apart; 1 is the largest, at 0 they touch."""

DIPS = 0.05
"""A learning curve of one seed may rise by this fraction from one size to the next."""


def feature_map(paper: Paper, found: Found) -> Judged:
    """Figure 4."""
    f = found["feature-map"]
    spread, silhouette = f["spread"], f["silhouette"]
    before, after = "untrained, known", "trained, known"
    both = silhouette["trained, known and defect"]
    types = {"known": len(f["known_types"]), "new": len(f["new_types"])}
    return Judged(
        rows=[
            row("types of C in S_pr", paper["types"], types["known"]),
            row("more types in S_ld", paper["new_types"], types["new"]),
            row(
                "spread of the features, trained over untrained",
                None,
                spread[after] / spread[before],
            ),
            row("silhouette of the types, untrained", None, silhouette[before]),
            row("silhouette of the types, trained", None, silhouette[after]),
            row("silhouette, trained, formates among them", None, both),
        ],
        claims=[
            ratio(
                "Training spreads the features, which begin in a small region",
                spread[after],
                spread[before],
                2.0,
                "spread after and before",
            ),
            Claim(
                "The trained model groups carbons as chemistry does",
                types["known"] == paper["types"] and silhouette[after] > APART,
                f"{types['known']} types with a silhouette of {silhouette[after]:.2f}",
            ),
            Claim(
                "Training separates the types, which random weights do not",
                silhouette[after] > silhouette[before],
                f"silhouette {silhouette[before]:.2f} before and {silhouette[after]:.2f} after",
            ),
            Claim(
                "Formates, never seen, lie in a cloud of their own",
                types["new"] == paper["new_types"] and both > APART,
                f"{types['new']} new type, silhouette {both:.2f} with it",
            ),
        ],
    )


def force_matching(paper: Paper, found: Found) -> Judged:
    """Figure 5B."""
    f = found["force-matching"]
    matches = {m["blueprint"]: m for m in f["matches"] if "forces" in m["rmse"]}
    rmse = {name: match["rmse"]["forces"] for name, match in matches.items()}
    minimal, first = "mantle 0", "mantle 1"
    bulk = f["bulk_seconds"]
    return Judged(
        rows=[row(f"core RMSE, {name}, eV/Å", None, value) for name, value in rmse.items()]
        + [row(f"seconds of a label, {name}", None, m["seconds"]) for name, m in matches.items()]
        + [row("seconds of a label, bulk", None, bulk)],
        claims=[
            ratio(
                "The minimal cluster is not suited; with first neighbours forces match far better",
                rmse.get(minimal),
                rmse.get(first),
                5.0,
                "core RMSE in eV/Å",
            ),
            Claim(
                "First neighbours are an adequate approximation of the bulk",
                rmse[first] < f["tolerance"],
                f"core RMSE {rmse[first]:.3f}, tolerance {f['tolerance']:g} eV/Å",
            ),
            ratio(
                "And they remain cheap",
                bulk,
                matches[first]["seconds"],
                1.0,
                "seconds of a label, bulk and cluster",
            ),
        ],
    )


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


def likelihood(paper: Paper, found: Found) -> Judged:
    """SI.7."""
    rows, claims = [], []
    for name, t in found["likelihood"]["tests"].items():
        unknown, known = t["mean_error_of_unknown"], t["mean_error_of_known"]
        correlation = t["rank_correlation"]["all"]
        rows += [
            row(f"{name}, unknown atoms of {t['atoms']:,}", None, t["unknown"]),
            row(f"{name}, mean error of unknown atoms, meV/Å", None, unknown),
            row(f"{name}, mean error of known atoms, meV/Å", None, known),
            row(f"{name}, rank correlation of surprise and error", None, correlation),
        ]
        claims += [
            ratio(
                f"Unlikely atoms have larger errors, on {name}",
                unknown,
                known,
                1.0,
                "mean error of unknown and known atoms, meV/Å",
            ),
            Claim(
                f"Likelihood and error are inversely correlated, on {name}",
                correlation is not None and correlation > 0,
                f"rank correlation of surprise and error {correlation:.2f}",
            ),
        ]
    return Judged(rows, claims)


def cross_validation(paper: Paper, found: Found) -> Judged:
    """SI.8."""
    errors = _errors(found["cross-validation"])
    tests = list(dict.fromkeys(test for _, test in errors))
    models = list(dict.fromkeys(model for model, _ in errors))

    def worst(metric: str, over: str) -> float | None:
        values = [abs(errors[over, t][metric]) for t in tests if (over, t) in errors]
        return max(values) if len(values) == len(tests) else None

    def alike(test: str) -> float | None:
        pair = [errors.get((model, test)) for model in ("mlp_ld^c", "mlp_reo^c")]
        if None in pair:
            return None
        a, b = (told["mae_p95"] for told in pair if told)
        return max(a, b) / min(a, b)

    everywhere = {m: worst("mae_p95", m) for m in models}
    shifts = {m: worst("delta_e_avg", m) for m in models}
    spreads = {m: worst("delta_e_std", m) for m in models}
    mix = "mlp_mix^c"
    claims = [
        _sensitivity(errors, test)
        for test in ("D_ld", "D_reo", "D_hf")
        if ("mlp_pr", test) in errors
    ]
    for test in ("D_ld", "D_reo"):
        factor = alike(test)
        claims.append(
            Claim(
                f"Cluster models of S_ld and S_reo are alike on {test}",
                None if factor is None else factor < 1.25,
                "one is missing"
                if factor is None
                else f"MAE_p95 differ by a factor of {factor:.2f}",
            )
        )
    claims += [
        _least(
            "mlp_mix^c is the most transferable model: its worst MAE_p95 is the least", everywhere
        ),
        _least("Only mlp_mix^c has right absolute energies everywhere", shifts),
        Claim(
            "Energy errors of other cluster models are a large shift with a small spread",
            None
            if not (others := [m for m in models if m.endswith("^c") and m != mix])
            else all((shifts[m] or 0.0) > 3 * (spreads[m] or 0.0) for m in others),
            "; ".join(
                f"{m} |ΔE_avg| up to {shifts[m] or 0:.3g}, ΔE_std up to {spreads[m] or 0:.2g}"
                for m in others
            )
            + " meV/atom",
        ),
    ]
    bounds = paper["mlp_pr on D_pr"]
    return Judged(
        rows=[
            row(
                f"{model} on {test}, {heading}",
                f"<{bounds[m]:g}"
                if f"{model} on {test}" == "mlp_pr on D_pr" and m in bounds
                else None,
                errors[model, test][m],
            )
            for model, test in errors
            for m, heading in METRICS.items()
        ],
        claims=claims,
    )


def _sensitivity(errors: Errors, test: str) -> Claim:
    """Whether forces tell extrapolation better than energies, which may shift as a whole."""
    home, away = errors["mlp_pr", "D_pr"], errors["mlp_pr", test]
    force, energy = (away[m] / home[m] for m in ("mae_p95", "delta_e_std"))
    return Claim(
        f"Of mlp_pr, force errors grow more than spreads of energy, from D_pr to {test}",
        force > energy,
        f"MAE_p95 {force:.1f} times, ΔE_std {energy:.1f} times",
    )


def _least(sentence: str, values: Mapping[str, float | None]) -> Claim:
    known = {name: value for name, value in values.items() if value is not None}
    if "mlp_mix^c" not in known:
        return not_tested(sentence, "it is missing")
    return Claim(sentence, min(known, key=lambda name: known[name]) == "mlp_mix^c", told(known))


def unit_cell_errors(paper: Paper, found: Found) -> Judged:
    """Table 3."""
    errors = _errors(found["validation"])
    tests = [test for test in paper if test.startswith("D_")]
    ours: dict[str, float | None] = {t: errors["mlp_sup", t]["mae_p95"] for t in tests}
    values = [value for value in ours.values() if value is not None]
    claims = []
    for metric in ("rmse", "mae_p95"):
        gains = {t: 100 * _gain(errors, t, metric) for t in tests}
        claims.append(
            Claim(
                f"mlp_sup has better {METRICS[metric].partition(',')[0]} than mlp_mix on every set",
                min(gains.values()) > 0,
                f"improvement in %: {told(gains)}; paper: {paper['improvement'][0]} to "
                f"{paper['improvement'][1]}",
            )
        )
    same = [abs(_of(errors, m, t, "delta_e_std")) for t in tests for m in ("mlp_mix", "mlp_sup")]
    return Judged(
        rows=_table(errors, paper, [("mlp_sup", t, paper[t]) for t in tests]),
        claims=[
            Claim(
                "One model is as good on every kind of defect, none of which it was learned from",
                max(values) < 1.25 * min(values),
                f"MAE_p95 in meV/Å: {told(ours)}",
            ),
            Claim(
                "Absolute energies are right to within a few times their spread",
                max(abs(_of(errors, "mlp_sup", t, "delta_e_avg")) for t in tests) < 3 * max(same),
                told({t: _of(errors, "mlp_sup", t, "delta_e_avg") for t in tests}) + " meV/atom",
            ),
            *claims,
        ],
    )


def cluster_errors(paper: Paper, found: Found) -> Judged:
    """Table 4."""
    errors, elements = _errors(found["validation"]), _elements(found["validation"])
    models = ("mlp_mix", "mlp_sup")
    rows = _table(errors, paper, [(m, "D_cl", paper[m]) for m in models])
    metals = {m: elements[m, "D_cl"] for m in models}
    rows += [
        row(f"{m} on D_cl, RMSE of {s}, meV/Å", paper[m][s], metals[m].get(s))
        for m in models
        for s in ("Zr", "Hf")
    ]
    gains = {t: 100 * _gain(errors, t, "mae_p95") for t in ("D_ld", "D_hf", "D_reo", "D_cl")}
    mix = {t: _of(errors, "mlp_mix", t, "mae_p95") for t in gains}
    return Judged(
        rows=rows,
        claims=[
            *(
                descending(
                    f"mlp_sup outperforms mlp_mix on D_cl: {heading}",
                    {m: abs(errors[m, "D_cl"][metric]) for m in models},
                    "",
                )
                for metric, heading in METRICS.items()
            ),
            Claim(
                "It does so more convincingly than on unit cells",
                gains["D_cl"] > max(gains[t] for t in gains if t != "D_cl"),
                f"improvement of MAE_p95 in %: {told(gains)}",
            ),
            Claim(
                "mlp_mix, which never saw two defects together, remains accurate there",
                mix["D_cl"] < 2 * max(mix[t] for t in mix if t != "D_cl"),
                f"MAE_p95 in meV/Å: {told(mix)}",
            ),
            descending(
                "Metals limit mlp_mix: Hf more than Zr, and both more than all atoms together",
                {s: metals["mlp_mix"].get(s) for s in ("Hf", "Zr")}
                | {"all": errors["mlp_mix", "D_cl"]["rmse"]},
                "meV/Å (RMSE)",
            ),
        ],
    )


def _errors(numbers: Mapping[str, Any]) -> Errors:
    """Metrics by model and test set, of those that are there."""
    return {(e["model"], e["test"]): e["metrics"] for e in numbers["errors"] if e["metrics"]}


def _elements(numbers: Mapping[str, Any]) -> Errors:
    """Force RMSE of elements, by model and test set."""
    return {
        (e["model"], e["test"]): {s: told["rmse"] for s, told in e["elements"].items()}
        for e in numbers["errors"]
    }


def _of(errors: Errors, model: str, test: str, metric: str) -> float:
    return errors[model, test][metric]


def _gain(errors: Errors, test: str, metric: str) -> float:
    """The fraction by which mlp_sup is better than mlp_mix."""
    return 1 - _of(errors, "mlp_sup", test, metric) / _of(errors, "mlp_mix", test, metric)


def _table(
    errors: Errors, paper: Paper, lines: list[tuple[str, str, Mapping[str, float]]]
) -> list[Row]:
    return [
        row(f"{model} on {test}, {heading}", theirs[metric], errors[model, test][metric])
        for model, test, theirs in lines
        for metric, heading in METRICS.items()
    ]
