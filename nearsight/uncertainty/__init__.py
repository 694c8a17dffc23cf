"""What the model does not know: density models over features."""

from nearsight.uncertainty.base import Density
from nearsight.uncertainty.gaussians import MixtureSpec
from nearsight.uncertainty.mixture import Mixture

__all__ = ["Density", "Mixture", "MixtureSpec"]
