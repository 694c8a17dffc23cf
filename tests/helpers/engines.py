"""Engines that tests need: where one is missing they are skipped, and fail where all must be."""

import os
from importlib.util import find_spec

import pytest


def needs(package: str) -> None:
    """Skip a test without `package`, unless NEARSIGHT_REQUIRE_ENGINES is set."""
    if find_spec(package) is None and os.environ.get("NEARSIGHT_REQUIRE_ENGINES") != "1":
        pytest.skip(f"{package} is not installed: make engines")
