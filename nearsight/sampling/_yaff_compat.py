"""YAFF 1.4.2, a release of 2017, on the Python and NumPy of today."""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType

import numpy as np
import scipy


class MissingYaff(ImportError):
    """YAFF is not installed, or not for this Python; the message says what to do."""


def import_yaff() -> ModuleType:
    """Import YAFF and make it silent.

    Three cures: SciPy no longer has the ``random`` that a module of YAFF imports from it; in
    NumPy 2 ``np.array(copy=False)`` no longer means "copy if needed", so `yaff.system` gets a
    NumPy of its own; and molmod, which YAFF stands on, turns warnings of NumPy into errors in the
    whole process, which is taken back.

    Raises
    ------
    MissingYaff
        If YAFF, or what it stands on, cannot be imported.
    """
    if not hasattr(scipy, "random"):
        scipy.random = np.random
    try:
        with warnings.catch_warnings(), np.errstate():
            warnings.simplefilter("ignore")  # pkg_resources, invalid escapes
            yaff = importlib.import_module("yaff")
    except (ImportError, ValueError) as error:  # ValueError: built against another NumPy
        raise MissingYaff(
            f"walks of constant volume with a free cell shape need YAFF, which cannot be imported "
            f"({error}): sh deployments/engines/install.sh .venv/bin/python"
        ) from error
    yaff.log.set_level(yaff.log.silent)
    yaff.system.np = _OldNumPy("numpy")
    return yaff


class _OldNumPy(ModuleType):
    """NumPy, but ``array(copy=False)`` copies if it must."""

    def __getattr__(self, name: str) -> object:
        return getattr(np, name)

    @staticmethod
    def array(values: object, *, copy: bool = True, **options: object) -> object:
        return np.array(values, copy=copy or None, **options)  # type: ignore[call-overload]
