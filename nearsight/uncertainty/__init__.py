"""What the model does not know: densities over features, and committees."""

from nearsight.uncertainty.base import MOST_SURPRISED, Density, ThresholdSpec
from nearsight.uncertainty.committee import Committee, disagreement
from nearsight.uncertainty.gaussians import MixtureSpec
from nearsight.uncertainty.kinds import DensitySpec, density, density_from, mixture_if_unsaid
from nearsight.uncertainty.mixture import Mixture
from nearsight.uncertainty.neighbours import Neighbours, NeighboursSpec
from nearsight.uncertainty.rigidity import Rigidity, RigiditySpec

__all__ = [
    "MOST_SURPRISED",
    "Committee",
    "Density",
    "DensitySpec",
    "Mixture",
    "MixtureSpec",
    "Neighbours",
    "NeighboursSpec",
    "Rigidity",
    "RigiditySpec",
    "ThresholdSpec",
    "density",
    "density_from",
    "disagreement",
    "mixture_if_unsaid",
]
