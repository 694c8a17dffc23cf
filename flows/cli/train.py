"""`nearsight train`: a potential from a file of labelled structures."""

from __future__ import annotations

from flows.cli.app import ParametersFile, app, at_work, console, read


@app.command()
def train(recipe: ParametersFile) -> None:
    """Train a potential on labelled structures and print its errors on test sets."""
    from flows.pretrain import Pretraining, pretrain

    parameters = read(recipe, Pretraining)
    with at_work() as ready:
        ready()
        for test, errors in pretrain(parameters).items():
            console.print(
                f"{test}: force RMSE {errors['rmse']:.1f} meV/Å, MAE_p95 "
                f"{errors['mae_p95']:.1f} meV/Å, ΔE_avg {errors['delta_e_avg']:+.2f} and "
                f"ΔE_std {errors['delta_e_std']:.2f} meV/atom",
                highlight=False,
            )
        console.print(f"Model: {parameters.file}", highlight=False)
