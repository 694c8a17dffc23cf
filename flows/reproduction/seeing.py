"""What is claimed of what a model sees: Figures 4 and 5B, SI.7.

Every function takes the paper's numbers, and those of our work by the name of its file.
"""

from __future__ import annotations

from flows.reproduction.claims import Claim, Found, Judged, Paper, ratio, row

APART = 0.5
"""A silhouette above which types count as apart; 1 is the largest, at 0 they touch."""


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
                "Training separates the types better than random weights do",
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
