"""`nearsight run`: a flow from its YAML file."""

from __future__ import annotations

from pkgutil import resolve_name

from flows.cli.app import ParametersFile, app, at_work, refuse
from flows.cli.findings import show
from flows.parameters import BadParameters, read_flow

FLOWS = {
    "al_cycle": "flows.campaign:Campaign",
    "mechanical_pv": "flows.mechanical_pv:MechanicalPV",
    "supercell_ev": "flows.supercell_ev:SupercellEV",
}
"""The parameters of every flow."""


@app.command()
def run(parameters: ParametersFile) -> None:
    """Run a flow, or go on with one that was interrupted; without `flow:` it is a campaign."""
    try:
        flow, spec = read_flow(parameters, FLOWS, default="al_cycle")
    except BadParameters as error:
        refuse(str(error))
    if flow == "al_cycle":
        from flows.cli.show import run_and_show

        run_and_show(spec)
        return
    with at_work() as ready:
        function = resolve_name(f"flows.{flow}:{flow}")
        ready()
        show(function(spec), spec.file)
