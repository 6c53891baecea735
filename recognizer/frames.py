"""How many frames a strip has, and which texts these have room for."""

from __future__ import annotations

from itertools import pairwise

from recognizer.alphabet import Alphabet
from recognizer.synthesis import Sample

FRAME = 4
"""Columns of a strip that one frame of the lattice covers."""


def frames(width: int) -> int:
    """Frames of the lattice of a strip `width` columns wide."""
    return max(1, width // FRAME)


def misfit(sample: Sample, alphabet: Alphabet) -> str | None:
    """Why CTC cannot spell the text in its frames: one each, and a blank between equal neighbours."""
    missing = next((c for c in sample.text if not alphabet.can_encode(c)), None)
    if missing is not None:
        return f"the alphabet has no {missing!r}"
    labels, room = alphabet.encode(sample.text), frames(sample.strip.shape[1])
    needed = len(labels) + sum(a == b for a, b in pairwise(labels))
    return f"it needs {needed} frames, and there are {room}" if needed > room else None


def fits(sample: Sample, alphabet: Alphabet) -> bool:
    """Whether there is no `misfit`."""
    return misfit(sample, alphabet) is None
