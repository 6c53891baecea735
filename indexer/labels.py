"""Labels set by people, and how they find their words again after a photo was read anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

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
    by: str = ""
    at: float = 0.0
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Which labels hold for which words, both by their place in the sequences that were matched."""

    words: dict[int, int]
    """Word -> its label."""
    overruled: frozenset[int]
    """Words that say what labels beside them say already; they are left out."""
    alone: tuple[int, ...]
    """Labels without a word: they become words of their own."""


def match(
    words: Sequence[Box],
    labels: Sequence[Box],
    held: Mapping[int, int] = MappingProxyType({}),
    silent: Collection[int] = (),
) -> Matching:
    """Give every label at most one word and every word at most one label, best overlap first.

    Of words that fit as well the one that had the label before (`held`: word -> label) keeps it. Labels in
    `silent` overrule no word beside them: they say that nothing is written, not what is.
    """
    pairs = [(share(w, b), held.get(i) == j, i, j) for i, w in enumerate(words) for j, b in enumerate(labels)]
    found: dict[int, int] = {}
    taken: set[int] = set()
    for overlap, _, word, label in sorted(pairs, key=lambda pair: (-pair[0], not pair[1], pair[2], pair[3])):
        if overlap >= SAME and word not in found and label not in taken:
            found[word] = label
            taken.add(label)
    telling = [box for j, box in enumerate(labels) if j not in silent]
    return Matching(
        words=found,
        overruled=frozenset(i for i, w in enumerate(words) if i not in found and _is_covered(w, telling)),
        alone=tuple(j for j in range(len(labels)) if j not in taken),
    )


def _is_covered(word: Box, labels: Sequence[Box]) -> bool:
    return bool(labels) and sum(_common(word, box) for box in labels) >= COVERED * _area(word)


def line_at(box: Box, words: Sequence[Box]) -> int:
    """The line of the word whose middle is nearest to that of `box` in height; 0 when there is none."""
    middle = box.y0 + box.y1
    return min(words, key=lambda word: abs(word.y0 + word.y1 - middle), default=box).line


def share(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    common = _common(a, b)
    return common / max(1, _area(a) + _area(b) - common)


def touches(a: Box, b: Box) -> bool:
    """Whether the boxes share half of the smaller one: they are about the same writing."""
    return _common(a, b) * 2 >= max(1, min(_area(a), _area(b)))


def _area(box: Box) -> int:
    return (box.x1 - box.x0) * (box.y1 - box.y0)


def _common(a: Box, b: Box) -> int:
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(0, width) * max(0, height)
