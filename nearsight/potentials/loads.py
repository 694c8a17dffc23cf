"""The program that tries a compiled network: what a wrong compiler has made kills it.

Usage: python -m nearsight.potentials.loads PACKAGE
"""

from __future__ import annotations

import sys

import torch._inductor.codecache  # asked for by what loads packages

if __name__ == "__main__":
    torch._inductor.aoti_load_package(sys.argv[1])
