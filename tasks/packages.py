"""Packages, imported in a process of their own: some, such as GPAW, change the one they are in."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version


def tell(packages: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Import packages: versions of those that can be, and why others cannot, by name."""
    versions, faults = {"Python": platform.python_version()}, {}
    for name in packages:
        try:
            import_module(name)
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "of no release"
        except Exception as error:  # a broken library raises anything
            faults[name] = str(error) or type(error).__name__
    return versions, faults


if __name__ == "__main__":
    print("\n" + json.dumps(tell(sys.argv[1:])))  # below what packages say
