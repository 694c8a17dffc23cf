"""Molecular dynamics that explores, and the guards that stop a bad walk."""

from nearsight.sampling.base import Sampler, Trajectory, WalkSpec

__all__ = ["Sampler", "Trajectory", "WalkSpec"]
