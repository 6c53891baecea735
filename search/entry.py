"""A photo as search is told of it, and the terms that it is found by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from search.words import spellings, terms

SPLIT_WORD = 0.5
"""How far two neighbours are believed to be one word that was cut in two."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word on a photo, as search sees it."""

    id: int
    box: tuple[int, int, int, int]
    line: int
    chance: float
    """Probability that there is writing in the box at all."""
    readings: tuple[tuple[str, float], ...]
    """Texts with probabilities, best first. A single one of probability 1 was said by a person."""
    lattice: bytes = b""
    """Packed; what the recognizer saw. Empty if unknown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A photo as search sees it."""

    photo: int
    paths: tuple[str, ...]
    taken: float
    """Unix time, seconds."""
    words: tuple[Word, ...]
    page: int = 1
    alphabet: str = ""
    """What the columns of the lattices mean; without it they are not looked at."""
    alternatives: tuple[Word, ...] = ()
    """Other ways to cut the words, read as well."""

    @property
    def places(self) -> tuple[Word, ...]:
        """All that was read, numbered as search numbers it: the words, then the alternatives."""
        return self.words + self.alternatives


Field = Literal["read", "told"]
"""Where a term comes from: read off a lattice that can be asked for more; or told, and no more is known."""

FIELDS: tuple[Field, ...] = ("read", "told")


@dataclass(frozen=True, slots=True)
class Postings:
    """term -> the largest probability with which it stands in one place on the photo."""

    read: dict[str, float]
    """Readings of lattices that can be asked for more."""
    told: dict[str, float]
    """What people or other engines say, and nothing else is known of."""


def is_said(word: Word) -> bool:
    """Whether a person said what stands here; then nobody asks the lattice any more."""
    return len(word.readings) == 1 and word.readings[0][1] >= 1.0


def has_lattice(word: Word) -> bool:
    """Whether the word can be asked how likely any text is."""
    return bool(word.lattice) and not is_said(word)


def postings(entry: Entry) -> Postings:
    """The terms of a photo.

    Neighbours on a line are also tried as one word, because writers leave gaps within words and detectors cut
    there.
    """
    read: dict[str, float] = defaultdict(float)
    told: dict[str, float] = defaultdict(float)
    for word in entry.places:
        field = read if has_lattice(word) else told
        for text, probability in word.readings:
            for term in spellings(text):
                field[term] = max(field[term], probability)
    for left, right in neighbours(entry.words):
        field = read if has_lattice(left) and has_lattice(right) else told
        whole = "".join(terms(left.readings[0][0]) + terms(right.readings[0][0]))
        if whole:
            chance = left.readings[0][1] * right.readings[0][1] * SPLIT_WORD
            field[whole] = max(field[whole], chance)
    return Postings(dict(read), dict(told))


def neighbours(words: tuple[Word, ...]) -> Iterator[tuple[Word, Word]]:
    """Pairs of words that follow each other on one line, and that may be one as far as anybody has said."""
    with_text = [w for w in words if w.readings and w.readings[0][0]]
    for left, right in pairwise(with_text):
        if left.line == right.line and not is_said(left) and not is_said(right):
            yield left, right
