"""Where cuts differ, what was read decides: `E` and `lectrical`, or `Electrical`.

A cut is as good as its words are likely, seen and written: the sum over its words of

    ln P(it is a word) + ln P(text seen) + weight ln P(text written) + EACH

Two pieces of one word may both be read well; that people write them, one after the other, is unlikely.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.areas import lying_in
from indexer.reading import WordReading
from recognizer.language import LanguageModel

EACH = 1.0
"""What a further word is given, in nats: each brings chances below 1, however well it is read."""

CLEAR = 1.0
"""By how much, in nats, another cut must be better than the detector's. Measured on real photos, as EACH."""

COVERED, WITHIN, TOUCHED = 0.6, 0.7, 0.3
"""Share of a word that its whole covers; share of a piece that lies in its word; share from which two places
cannot both be words."""

HIGHER = 1.5
"""How much higher than its parts a whole may be."""

UNREAD = 1e-9

Shares = NDArray[np.float64]
"""n x n: how much of the first word lies in the second."""


@dataclass(frozen=True, slots=True, order=True)
class Swap:
    """Words that are cut otherwise: numbers of those taken away and of those put in their place."""

    gain: float
    taken: tuple[int, ...]
    put: tuple[int, ...]


def settled(found: Sequence[WordReading], language: LanguageModel) -> list[WordReading]:
    """The words and alternatives of a page; alternatives that are clearly better cuts have become words."""
    shares = lying_in([one.box for one in found])
    swaps = sorted(_swaps(found, shares, language), reverse=True)
    gone: set[int] = set()
    come: set[int] = set()
    for swap in swaps:
        taken, put = set(swap.taken), set(swap.put)
        if not taken & gone and not any(_clash(shares, n, m) for n in put for m in come):
            gone |= taken
            come |= put
    standing = {n for n, one in enumerate(found) if not one.box.alternative} - gone | come
    return [replace(one, box=replace(one.box, alternative=n not in standing)) for n, one in enumerate(found)]


def _swaps(found: Sequence[WordReading], shares: Shares, language: LanguageModel) -> Iterator[Swap]:
    """All that gain clearly."""
    words = [n for n, one in enumerate(found) if not one.box.alternative]
    others = [n for n, one in enumerate(found) if one.box.alternative]
    value = [_value(one, language) for one in found]
    for taken, put in (*_wholes(words, others, shares, found), *_pieces(words, others, shares, value, found)):
        gain = sum(value[n] for n in put) - sum(value[n] for n in taken)
        if gain > CLEAR:
            yield Swap(gain, tuple(taken), tuple(put))


def _wholes(
    words: list[int], others: list[int], shares: Shares, found: Sequence[WordReading]
) -> Iterator[tuple[list[int], list[int]]]:
    """Alternatives in the place of the words that they cover; none that cuts into further words."""
    for other in others:
        taken = [n for n in words if shares[n, other] >= COVERED]
        cut = any(_clash(shares, other, n) for n in words if n not in taken)
        if taken and not cut and _is_one_line(found[other], [found[n] for n in taken]):
            yield taken, [other]


def _is_one_line(whole: WordReading, parts: Sequence[WordReading]) -> bool:
    """Whether `whole` is about as high as its `parts`: one sign is no better than three lines."""
    return whole.box.height <= HIGHER * max(one.box.height for one in parts)


def _pieces(
    words: list[int], others: list[int], shares: Shares, value: list[float], found: Sequence[WordReading]
) -> Iterator[tuple[list[int], list[int]]]:
    """Several alternatives in the place of the word that they make up."""
    for word in words:
        inside = [n for n in others if shares[n, word] >= WITHIN and shares[word, n] < COVERED]
        kept: list[int] = []
        for piece in sorted(inside, key=lambda n: -value[n] / found[n].box.length):
            if not any(_clash(shares, piece, n) for n in kept):
                kept.append(piece)
        if len(kept) > 1 and sum(found[n].box.length for n in kept) >= COVERED * found[word].box.length:
            yield [word], kept


def _value(one: WordReading, language: LanguageModel) -> float:
    best = one.hypotheses[0]
    return math.log(max(UNREAD, best.by_sight)) + language(best.text) + EACH


def _clash(shares: Shares, one: int, other: int) -> bool:
    return bool(max(shares[one, other], shares[other, one]) >= TOUCHED)
