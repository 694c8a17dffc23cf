"""What is simulated: the UiO-66 family and the user's own frameworks."""

from nearsight.systems.system import System, build

__all__ = ["System", "build"]
