"""How a framework responds to pressure: E(V), P(V), and the errors of what they say."""

from nearsight.mechanics.eos import EquationOfState, UnphysicalFit, fit_eos
from nearsight.mechanics.spread import FormSpread, spread_over_forms

__all__ = ["EquationOfState", "FormSpread", "UnphysicalFit", "fit_eos", "spread_over_forms"]
