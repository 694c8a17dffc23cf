"""The program behind a team: computes its domains of every structure that it is sent.

Usage: python -m nearsight.potentials.member CHANNEL (a file descriptor)
"""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection

import torch

from nearsight.potentials.checkpoint import pack, unpack
from nearsight.potentials.nequip import NequIP
from nearsight.potentials.team import share, unpacked


def serve(channel: Connection) -> None:
    """Work until the channel closes."""
    about = unpack(channel.recv_bytes())
    potential = NequIP.from_bytes(about["model"].numpy().tobytes(), about["device"])

    def add(mine: torch.Tensor) -> torch.Tensor:
        channel.send_bytes(pack({"part": mine}))
        total: torch.Tensor = unpack(channel.recv_bytes())["sum"]
        return total.to(mine.device)

    while True:
        asked = unpack(channel.recv_bytes())
        atoms = unpacked(asked["atoms"])
        share(potential, atoms, asked["forces"], about["member"], about["members"], add)


if __name__ == "__main__":
    torch.set_num_threads(1)
    try:
        serve(Connection(int(sys.argv[1])))
    except (EOFError, OSError):
        sys.exit()
