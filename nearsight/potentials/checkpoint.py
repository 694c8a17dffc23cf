"""The state of a training between two epochs, as safetensors: data, never a pickle."""

from __future__ import annotations

import json
from typing import Any, Protocol

import safetensors.torch
import torch

FORMAT = 1
"""Version of what a checkpoint holds."""


class Checkpoints(Protocol):
    """Where a training leaves its state, and finds it when it is begun again."""

    def keep(self, epoch: int, state: bytes) -> None:
        """Keep the state after so many epochs."""
        ...

    def last(self) -> bytes | None:
        """Return the latest state that was kept; None if there is none."""
        ...


def pack(state: dict[str, Any]) -> bytes:
    """Write dictionaries and lists of tensors and of what JSON can say."""
    tensors: dict[str, torch.Tensor] = {}

    def set_aside(part: Any) -> Any:
        if isinstance(part, torch.Tensor):
            name = str(len(tensors))
            tensors[name] = part.detach().cpu().contiguous().clone()
            return {"tensor": name}
        if isinstance(part, dict):
            return {"items": [[key, set_aside(value)] for key, value in part.items()]}
        if isinstance(part, list | tuple):
            return [set_aside(value) for value in part]
        return part

    said = json.dumps(set_aside(state))
    return safetensors.torch.save(tensors, metadata={"state": said})


def unpack(data: bytes) -> dict[str, Any]:
    """Read what `pack` wrote; tuples come back as lists."""
    length = int.from_bytes(data[:8], "little")
    said = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["state"])
    tensors = safetensors.torch.load(data)

    def put_back(part: Any) -> Any:
        if isinstance(part, dict):
            if "tensor" in part:
                return tensors[part["tensor"]]
            return {key: put_back(value) for key, value in part["items"]}
        return [put_back(value) for value in part] if isinstance(part, list) else part

    state: dict[str, Any] = put_back(said)
    return state
