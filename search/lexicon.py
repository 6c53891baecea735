"""The distinct terms of an index as arrays: found by closeness without looking at most of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from search.words import CLASSES

_BIT = {character: 1 << n for n, character in enumerate(CLASSES)}
_OTHER = 1 << len(CLASSES)
LONGEST = 255
"""Terms count as at most this long."""


@dataclass(frozen=True)
class Lexicon:
    """N terms, sorted by length, each with a signature: which letters it has."""

    text: NDArray[np.uint8]
    """All terms one after the other, UTF-8."""
    starts: NDArray[np.uint32]
    """N + 1; where each begins."""
    lengths: NDArray[np.uint8]
    """N; characters."""
    letters: NDArray[np.uint64]
    """N; one bit for each of CLASSES, one for all others."""
    pairs: NDArray[np.uint64]
    """N; one bit for each pair of neighbours, ends included, many pairs to a bit."""

    def __len__(self) -> int:
        return len(self.lengths)

    def candidates(self, word: str, most: int) -> list[str]:
        """All terms that may be at most `most` edits from `word`, and some that are not.

        An edit brings in at most one letter and two pairs of neighbours and takes as many away, so terms that
        differ from `word` in more, either way, are passed over, as are those much longer or shorter.
        """
        shortest, longest = (np.uint8(np.clip(len(word) + n, 0, LONGEST)) for n in (-most, most))
        first = np.searchsorted(self.lengths, shortest)
        numbers = np.arange(first, np.searchsorted(self.lengths, longest, side="right"))
        for signs, typed, limit in (
            (self.letters, _letters(word), most),
            (self.pairs, _pairs(word), 2 * most),
        ):
            there = signs[numbers]
            few = (np.bitwise_count(there & ~typed) <= limit) & (np.bitwise_count(typed & ~there) <= limit)
            numbers = numbers[few]
        return [self._term(int(number)) for number in numbers]

    def containing(self, word: str) -> list[str]:
        """All terms that `word` is a part of."""
        typed, text = word.encode("utf-8", "surrogatepass"), self.text.tobytes()
        found, at = [], text.find(typed) if typed else -1
        while at >= 0:
            number = int(np.searchsorted(self.starts, at, side="right")) - 1
            if at + len(typed) <= self.starts[number + 1]:
                found.append(number)
            at = text.find(typed, at + 1)
        return [self._term(number) for number in dict.fromkeys(found)]

    def terms(self) -> list[str]:
        """All of them."""
        return [self._term(n) for n in range(len(self))]

    def _term(self, number: int) -> str:
        return bytes(self.text[self.starts[number] : self.starts[number + 1]]).decode(
            "utf-8", "surrogatepass"
        )


def _pairs(term: str) -> np.uint64:
    """The pairs of neighbours in `term` as bits."""
    found = 0
    for left, right in pairwise(f" {term} "):
        found |= 1 << (31 * ord(left) + ord(right)) % 64
    return np.uint64(found)


def _letters(term: str) -> np.uint64:
    """The letters of `term` as bits."""
    found = 0
    for character in term:
        found |= _BIT.get(character, _OTHER)
    return np.uint64(found)


def lexicon_of(terms: Iterable[str]) -> Lexicon:
    """The lexicon of `terms`, each once."""
    ordered = sorted(set(terms), key=lambda term: (len(term), term))
    encoded = [term.encode("utf-8", "surrogatepass") for term in ordered]
    return Lexicon(
        np.frombuffer(b"".join(encoded), np.uint8),
        np.cumsum([0, *map(len, encoded)], dtype=np.uint32),
        np.array([min(LONGEST, len(term)) for term in ordered], np.uint8),
        np.array([_letters(term) for term in ordered], np.uint64),
        np.array([_pairs(term) for term in ordered], np.uint64),
    )
