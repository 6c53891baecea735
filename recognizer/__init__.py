"""Word crops in, lattices and ranked readings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from recognizer.alphabet import Alphabet
    from recognizer.language import LanguageModel

__all__ = ["Hypothesis", "Lattice", "Recognizer", "load"]

Strip = NDArray[np.float32]
"""One height-normalised crop, float32 h x w: 0 is background, 1 is full ink, whatever the colours were."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """What the network saw in one strip: natural-log probabilities, float32 T x C, blank is label 0."""

    log_probs: NDArray[np.float32]

    @property
    def sureness(self) -> float:
        """Probability of the likeliest path, which no likelier text has less of: 1 where all is clear."""
        return float(np.exp(self.log_probs.max(axis=1).sum(dtype=np.float64)))


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of one word, with the probability that it is right."""

    text: str
    probability: float
    seen: float | None = None
    """What the picture alone says of it, without regard to what people write; None for the same."""

    @property
    def by_sight(self) -> float:
        """The probability without any language."""
        return self.probability if self.seen is None else self.seen

    def times(self, chance: float) -> Hypothesis:
        """The same text where the word itself has only this chance."""
        seen = None if self.seen is None else chance * self.seen
        return Hypothesis(self.text, chance * self.probability, seen)


class Recognizer(Protocol):
    """Turns strips into lattices."""

    @property
    def id(self) -> str:
        """Name and content hash; stored with every reading, so that two models never mix unnoticed."""

    @property
    def lattices_id(self) -> str:
        """Recognizers of one such id give the same lattices, whatever they make of them; "" is no id."""

    @property
    def alphabet(self) -> Alphabet:
        """Meaning of the lattice's columns."""

    @property
    def height(self) -> int:
        """Rows a strip must have."""

    @property
    def language(self) -> LanguageModel | None:
        """Which texts people write, for choosing among readings; None where nothing is known of that."""

    def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
        """One lattice a strip, in the same order; batched by width inside."""


LANGUAGES = ("en",)
"""What people write, if nobody says otherwise."""


def load(name: str = "default", languages: Sequence[str] = LANGUAGES) -> Recognizer:
    """The recognizer that ships (`default`) or one from a weights file, which knows words of `languages`.

    Raises `detector.weights.WeightsError` when the file is missing, damaged or not ours, ValueError for
    languages of which no words are known.
    """
    from recognizer.model import TorchRecognizer

    return TorchRecognizer.load(name, languages)
