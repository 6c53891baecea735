"""Word crops in, lattices and ranked readings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from recognizer.alphabet import Alphabet

__all__ = ["Hypothesis", "Lattice", "Recognizer", "load"]

Strip = NDArray[np.float32]
"""One height-normalised crop, float32 h x w: 0 is background, 1 is full ink, whatever the colours were."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """What the network saw in one strip: natural-log probabilities, float32 T x C, blank is label 0."""

    log_probs: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of one word, with the probability that it is right."""

    text: str
    probability: float


class Recognizer(Protocol):
    """Turns strips into lattices."""

    @property
    def id(self) -> str:
        """Name and content hash; stored with every reading, so that two models never mix unnoticed."""

    @property
    def alphabet(self) -> Alphabet:
        """Meaning of the lattice's columns."""

    @property
    def height(self) -> int:
        """Rows a strip must have."""

    def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
        """One lattice a strip, in the same order; batched by width inside."""


def load(name: str = "default") -> Recognizer:
    """The recognizer that ships (`default`) or one from a weights file.

    Raises `detector.weights.WeightsError` when the file is missing, damaged or not ours.
    """
    from recognizer.model import TorchRecognizer

    return TorchRecognizer.load(name)
