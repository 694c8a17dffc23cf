"""What a model does not know: densities of training environments in feature space."""

from nearsight.uncertainty.base import Density
from nearsight.uncertainty.gaussians import MixtureSpec
from nearsight.uncertainty.mixture import MOST_SURPRISED, Mixture

__all__ = ["MOST_SURPRISED", "Density", "Mixture", "MixtureSpec"]
