"""How a framework responds to pressure: E(V), P(V), and the errors of what they say."""

from nearsight.mechanics.eos import EquationOfState, fit_eos
from nearsight.mechanics.points import UnphysicalFit
from nearsight.mechanics.pressure import PressureCurve, pressure_curve
from nearsight.mechanics.spread import FormSpread, spread_over_forms

__all__ = [
    "EquationOfState",
    "FormSpread",
    "PressureCurve",
    "UnphysicalFit",
    "fit_eos",
    "pressure_curve",
    "spread_over_forms",
]
