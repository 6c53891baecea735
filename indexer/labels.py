"""Labels set by people, and how they find their words again after a photo was read anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detector import Box

SAME = 0.5
"""Overlap (intersection over union) from which a new box is taken for the place a label was set on."""

COVERED = 0.5
"""Share of a word's area under labels from which the word is what the labels already say."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says is written in a box; '' says that nothing is."""

    id: int
    box: Box
    text: str


@dataclass(frozen=True, slots=True)
class Matching:
    """Which labels hold for which words, both by their place in the sequences that were matched."""

    words: dict[int, int]
    """Word -> its label."""
    overruled: frozenset[int]
    """Words that say what labels beside them say already; they are left out."""
    alone: tuple[int, ...]
    """Labels without a word: they become words of their own."""


def match(words: Sequence[Box], labels: Sequence[Box]) -> Matching:
    """Give every label at most one word and every word at most one label, best overlap first."""
    pairs = [(_union_share(w, b), i, j) for i, w in enumerate(words) for j, b in enumerate(labels)]
    found: dict[int, int] = {}
    taken: set[int] = set()
    for overlap, word, label in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if overlap >= SAME and word not in found and label not in taken:
            found[word] = label
            taken.add(label)
    overruled = {
        i
        for i, w in enumerate(words)
        if i not in found and sum(_common(w, b) for b in labels) >= COVERED * _area(w)
    }
    return Matching(
        words=found,
        overruled=frozenset(overruled) if labels else frozenset(),
        alone=tuple(j for j in range(len(labels)) if j not in taken),
    )


def line_at(box: Box, words: Sequence[Box]) -> int:
    """The line of the word whose middle is nearest to that of `box` in height; 0 when there is none."""
    middle = box.y0 + box.y1
    return min(words, key=lambda word: abs(word.y0 + word.y1 - middle), default=box).line


def _area(box: Box) -> int:
    return (box.x1 - box.x0) * (box.y1 - box.y0)


def _common(a: Box, b: Box) -> int:
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(0, width) * max(0, height)


def _union_share(a: Box, b: Box) -> float:
    common = _common(a, b)
    return common / max(1, _area(a) + _area(b) - common)
