"""Features of made-up atoms."""

import numpy as np
from numpy.typing import NDArray


def environments(
    n: int, seed: int, n_features: int = 8
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return features of hydrogens of one kind and carbons of three, correlated and scaled."""
    rng = np.random.default_rng(seed)
    numbers = np.resize(np.array([1, 6, 6, 6]), n)
    kinds = np.resize(np.arange(4), n)
    world = np.random.default_rng(0)
    centres = 3.0 * world.standard_normal((4, n_features))
    mixing = world.standard_normal((n_features, n_features)) * np.logspace(-2, 0, n_features)
    features = centres[kinds] + 0.3 * rng.standard_normal((n, n_features)) @ mixing
    return 1e-2 * features, numbers
