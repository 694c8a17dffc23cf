"""What is simulated: the UiO-66 family, its disorder, and the user's own frameworks."""

from nearsight.systems.disorder import Disorder
from nearsight.systems.system import System, build, build_crystal

__all__ = ["Disorder", "System", "build", "build_crystal"]
