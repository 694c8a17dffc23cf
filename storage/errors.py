"""What can go wrong with a lake; every message names the object and the way out."""

from __future__ import annotations


class LakeError(RuntimeError):
    """The lake could not do what was asked; nothing that it holds was lost."""


class MissingObject(LakeError):
    """The lake holds no object of this name."""


class CorruptObject(LakeError):
    """An object of the lake was torn or changed after it was written."""
