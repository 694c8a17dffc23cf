"""What is claimed of errors, model by model and set by set: SI.8, Tables 3 and 4.

Every function takes the paper's numbers, and those of our work by the name of its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.reproduction.claims import (
    Claim,
    Found,
    Judged,
    Paper,
    Row,
    descending,
    not_tested,
    row,
    short,
    told,
)

Errors = dict[tuple[str, str], Mapping[str, float]]

METRICS = {
    "delta_e_avg": "ΔE_avg, meV/atom",
    "delta_e_std": "ΔE_std, meV/atom",
    "rmse": "RMSE, meV/Å",
    "mae_p95": "MAE_p95, meV/Å",
}


def cross_validation(paper: Paper, found: Found) -> Judged:
    """SI.8."""
    errors = _errors(found["cross-validation"])
    tests = list(dict.fromkeys(test for _, test in errors))
    models = list(dict.fromkeys(model for model, _ in errors))

    def worst(model: str, metric: str) -> str:
        described = [t for t in tests if (model, t) in errors]
        return max(described, key=lambda t: abs(errors[model, t][metric]))

    def alike(test: str) -> float | None:
        pair = [errors.get((model, test)) for model in ("mlp_ld^c", "mlp_reo^c")]
        if None in pair:
            return None
        a, b = (told["mae_p95"] for told in pair if told)
        return max(a, b) / min(a, b)

    everywhere = {
        m: max(errors[m, t]["mae_p95"] for t in tests)
        for m in models
        if all((m, t) in errors for t in tests)
    }
    shifted = {m: worst(m, "delta_e_avg") for m in models}
    shifts = {m: abs(errors[m, t]["delta_e_avg"]) for m, t in shifted.items()}
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
            "mlp_mix^c is the most transferable model: of those that know every element, its "
            "worst MAE_p95 is the least",
            everywhere,
        ),
        _least("Only mlp_mix^c has right absolute energies everywhere", shifts),
        _shifts(errors, {m: t for m, t in shifted.items() if m != "mlp_mix^c"}),
    ]
    return Judged(
        rows=[
            {"quantity": f"{model} on {test}"}
            | {heading: short(errors[model, test][m]) for m, heading in METRICS.items()}
            | {"paper": _bounds(paper.get(f"{model} on {test}", {}))}
            for model, test in errors
        ],
        claims=claims,
    )


def _bounds(paper: Mapping[str, float]) -> str:
    return ", ".join(f"{METRICS[m].partition(',')[0]} below {most:g}" for m, most in paper.items())


def _sensitivity(errors: Errors, test: str) -> Claim:
    """Whether forces tell extrapolation better than energies, which may shift as a whole."""
    home, away = errors["mlp_pr", "D_pr"], errors["mlp_pr", test]
    force, energy = (away[m] / home[m] for m in ("mae_p95", "delta_e_std"))
    return Claim(
        f"Of mlp_pr, force errors grow more than spreads of energy, from D_pr to {test}",
        force > energy,
        f"MAE_p95 {force:.1f} times, ΔE_std {energy:.1f} times",
    )


def _shifts(errors: Errors, shifted: Mapping[str, str]) -> Claim:
    """Whether most models shift energies as a whole, where they shift them most."""
    where = {
        f"{m} on {t}": (abs(errors[m, t]["delta_e_avg"]), errors[m, t]["delta_e_std"])
        for m, t in shifted.items()
    }
    large = [shift > 3 * spread for shift, spread in where.values()]
    return Claim(
        "Energy errors of most other models are a large shift with a small spread",
        sum(large) > len(large) / 2,
        "|ΔE_avg| and ΔE_std: "
        + "; ".join(f"{name} {short(a)} and {short(b)}" for name, (a, b) in where.items())
        + " meV/atom",
    )


def _least(sentence: str, values: Mapping[str, float]) -> Claim:
    if "mlp_mix^c" not in values:
        return not_tested(sentence, "it is missing")
    return Claim(sentence, min(values, key=lambda name: values[name]) == "mlp_mix^c", told(values))


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
    same = [abs(errors[m, t]["delta_e_std"]) for t in tests for m in ("mlp_mix", "mlp_sup")]
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
                max(abs(errors["mlp_sup", t]["delta_e_avg"]) for t in tests) < 3 * max(same),
                told({t: errors["mlp_sup", t]["delta_e_avg"] for t in tests}) + " meV/atom",
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
    mix = {t: errors["mlp_mix", t]["mae_p95"] for t in gains}
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


def _gain(errors: Errors, test: str, metric: str) -> float:
    """The fraction by which mlp_sup is better than mlp_mix."""
    return 1 - errors["mlp_sup", test][metric] / errors["mlp_mix", test][metric]


def _table(
    errors: Errors, paper: Paper, lines: list[tuple[str, str, Mapping[str, float]]]
) -> list[Row]:
    return [
        row(f"{model} on {test}, {heading}", theirs[metric], errors[model, test][metric])
        for model, test, theirs in lines
        for metric, heading in METRICS.items()
    ]
