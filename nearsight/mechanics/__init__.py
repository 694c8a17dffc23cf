"""How a framework responds to pressure: E(V), P(V), elasticity, and the errors of what they say."""

from nearsight.mechanics.elastic import ElasticTensor, elastic_constants
from nearsight.mechanics.energy_curve import EnergyCurve, energy_curve
from nearsight.mechanics.eos import EquationOfState, fit_eos
from nearsight.mechanics.points import UnphysicalFit
from nearsight.mechanics.pressure import PressureCurve, pressure_curve
from nearsight.mechanics.relaxation import Relaxation, Relaxed, relax
from nearsight.mechanics.spread import FormSpread, spread_over_forms

__all__ = [
    "ElasticTensor",
    "EnergyCurve",
    "EquationOfState",
    "FormSpread",
    "PressureCurve",
    "Relaxation",
    "Relaxed",
    "UnphysicalFit",
    "elastic_constants",
    "energy_curve",
    "fit_eos",
    "pressure_curve",
    "relax",
    "spread_over_forms",
]
