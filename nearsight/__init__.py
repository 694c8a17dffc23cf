"""The science of Nearsight: pure functions on `ase.Atoms` and NumPy arrays."""
