"""Of every word a sketch that tells which typed words it cannot be, and the lattice that tells the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recognizer.alphabet import BLANK, Alphabet
from recognizer.columns import blocks
from search.words import CLASSES, folded

UNIT = 8.0
"""Ceilings of a whole lattice are kept as -ln(probability) times this; they are added up for all words."""

HIGHEST, FITTING = 63, 4
"""Largest such ceiling, and how many of them fit into one byte."""

PARTS = 8
"""Of a lattice, one after the other; each has ceilings of its own."""

STEP, STEPS = 0.5, 15
"""The unit of the latter, half a byte each, and the most units."""

LENGTH_LOSS = 0.5
"""Taken off ln P for each character that a reading is longer or shorter than the typed word. No bound but
experience: readings are seldom much longer or shorter than what is written."""

BLOCK = 64
"""Words that are passed over together when the best are picked."""


@dataclass(frozen=True)
class Sketches:
    """Of N words: where each is, how long it reads, the most that each character reaches, and the lattice.

    Sorted by length.
    """

    keys: NDArray[np.int64]
    """N; which version of which photo."""
    places: NDArray[np.int32]
    """N; number of the word on that photo."""
    lengths: NDArray[np.uint8]
    """N; characters of the best reading."""
    chances: NDArray[np.uint8]
    """N; chance that there is writing at all, times 255."""
    alphabets: NDArray[np.uint8]
    """N; which of `names` the columns of the lattice mean."""
    starts: NDArray[np.int64]
    """N; where the packed lattice begins in `lattices`."""
    sizes: NDArray[np.uint16]
    """N; its length in bytes."""
    ceilings: NDArray[np.uint8]
    """len(CLASSES) x N; -ln of the largest probability in any frame, times UNIT, at most HIGHEST."""
    parts: NDArray[np.uint8]
    """N x PARTS x len(CLASSES) / 2; the same for each part of the frames in STEPs, two classes a byte."""
    lattices: tuple[NDArray[np.uint8], ...]
    """Packed lattices one after the other; `starts` counts through all of these arrays."""
    names: tuple[str, ...]
    """The alphabets."""

    def __len__(self) -> int:
        return len(self.keys)

    def bounds(self, word: str) -> NDArray[np.uint16]:
        """For each word a bound of ln P(`word` | lattice), times -UNIT, and a loss for unlike lengths; N.

        A path must show every character in some frame, so none is likelier than the product of ceilings.
        """
        rows = [_ROW[c] for c in word if c in _ROW]
        spent = np.zeros(len(self), np.uint16)
        for start in range(0, len(rows), FITTING):  # sums of bytes are four times as fast as wider ones
            part = self.ceilings[rows[start]].copy()
            for row in rows[start + 1 : start + FITTING]:
                part += self.ceilings[row]
            spent += part
        steps = np.searchsorted(self.lengths, np.arange(256, dtype=np.uint8))  # wider numbers are slow here
        for length, (first, last) in enumerate(pairwise([*steps.tolist(), len(self)])):
            if first < last:
                spent[first:last] += np.uint16(UNIT * LENGTH_LOSS * abs(length - len(word)))
        return spent

    def tight_bounds(self, word: str, numbers: NDArray[np.intp]) -> NDArray[np.uint16]:
        """As `bounds`, closer, for the words `numbers` alone; n.

        Characters come in order, each in the same part of the frames as the one before or in a later one. So
        the least sum of ceilings over all such ways is a bound, too.
        """
        seen = self.parts[numbers]
        spent = np.zeros((PARTS, len(numbers)), np.uint16)
        for row in (_ROW[c] for c in word if c in _ROW):
            for before, here in pairwise(spent):
                np.minimum(before, here, out=here)
            spent += seen[:, :, row // 2].T >> 4 * (row % 2) & STEPS
        apart = np.abs(self.lengths[numbers].astype(np.int32) - len(word))
        return np.asarray(UNIT * (STEP * spent.min(axis=0) + LENGTH_LOSS * apart), np.uint16)

    def lattice(self, number: int) -> bytes:
        """The packed lattice of word `number`."""
        start = int(self.starts[number])
        for some in self.lattices:
            if start < len(some):
                return some[start : start + int(self.sizes[number])].tobytes()
            start -= len(some)
        return b""


_ROW = {character: row for row, character in enumerate(CLASSES)}


def lowest(bounds: NDArray[np.uint16], count: int) -> NDArray[np.intp]:
    """Where the `count` lowest of `bounds` stand, in no order."""
    strides = len(bounds) // BLOCK
    numbers = np.arange(len(bounds))
    if strides > count:  # the best of all stand in the best blocks, each one word out of every stride
        best = bounds[: strides * BLOCK].reshape(BLOCK, strides).min(axis=0)
        chosen = _least(best, count)
        numbers = (chosen + strides * np.arange(BLOCK)[:, None]).ravel()
        numbers = np.concatenate([numbers, np.arange(strides * BLOCK, len(bounds))])
    if len(numbers) > count:
        numbers = numbers[_least(bounds[numbers], count)]
    return np.asarray(numbers, np.intp)


def _least(bounds: NDArray[np.uint16], count: int) -> NDArray[np.intp]:
    """Where the `count` lowest of more `bounds` stand: numpy parts small numbers faster than their places."""
    limit = np.partition(bounds, count)[count]
    below = np.flatnonzero(bounds < limit)
    return np.concatenate([below, np.flatnonzero(bounds == limit)[: count - len(below)]])


@dataclass(frozen=True)
class Seen:
    """What is sketched of a word: the number on its photo, the best reading, the chance and the lattice."""

    place: int
    text: str
    chance: float
    lattice: bytes


def sketch(key: int, words: Sequence[Seen], alphabet: str) -> Sketches:
    """Sketches of the words of one photo that have a lattice."""
    some = sorted((w for w in words if w.lattice), key=lambda w: len(w.text))
    lost = np.zeros((len(some), PARTS, len(CLASSES)), np.float32)
    if some:
        for chosen, columns in blocks([w.lattice for w in some], _groups(alphabet)):
            lost[chosen] = _lost(columns)
    sizes = [len(w.lattice) for w in some]
    return Sketches(
        np.full(len(some), key, np.int64),
        np.array([w.place for w in some], np.int32),
        np.array([min(255, len(w.text)) for w in some], np.uint8),
        np.array([round(255 * w.chance) for w in some], np.uint8),
        np.zeros(len(some), np.uint8),
        np.cumsum([0, *sizes], dtype=np.int64)[:-1],
        np.array(sizes, np.uint16),
        np.ascontiguousarray(np.minimum(lost.min(axis=1).T * UNIT, HIGHEST).astype(np.uint8)),
        _halved(np.minimum(lost / STEP, STEPS).astype(np.uint8)),
        (np.frombuffer(b"".join(w.lattice for w in some), np.uint8),),
        (alphabet,),
    )


def _lost(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """-ln of the most that each class reaches in each part, n x PARTS x len(CLASSES).

    From T x (1 + len(CLASSES)) x n; shorter lattices end in certain blanks.
    """
    frames = (columns[:, 0] < 1).cumsum(axis=0)
    part = (frames - 1).clip(0) * PARTS // frames[-1].clip(1)
    letters = columns[:, 1:]
    highest = np.stack([(letters * (part == n)[:, None]).max(axis=0) for n in range(PARTS)])
    return np.asarray(-np.log(np.clip(highest, 1e-8, 1)).transpose(2, 0, 1))


def _halved(steps: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two neighbours of the last axis in one byte."""
    return np.asarray(steps[..., ::2] | steps[..., 1::2] << 4)


@lru_cache(maxsize=8)
def _groups(alphabet: str) -> tuple[tuple[int, ...], ...]:
    """The blank, then for each of CLASSES the labels that fold to it."""
    labels = Alphabet(alphabet)
    found: dict[str, list[int]] = {c: [] for c in CLASSES}
    for character in alphabet:
        if folded(character) in found:
            found[folded(character)] += labels.encode(character)
    return ((BLANK,), *(tuple(found[c]) for c in CLASSES))


def joined(parts: Iterable[Sketches]) -> Sketches:
    """All of `parts` as one. Lattices are not copied."""
    some = [p for p in parts if len(p)]
    if len(some) < 2:
        return some[0] if some else _NONE
    names = list(dict.fromkeys(name for p in some for name in p.names))
    offsets = np.cumsum([0, *(sum(map(len, p.lattices)) for p in some)])
    lengths = np.concatenate([p.lengths for p in some])
    order = np.argsort(lengths, kind="stable")
    return Sketches(
        np.concatenate([p.keys for p in some])[order],
        np.concatenate([p.places for p in some])[order],
        lengths[order],
        np.concatenate([p.chances for p in some])[order],
        np.concatenate([_renamed(p, names) for p in some])[order],
        np.concatenate([p.starts + offset for p, offset in zip(some, offsets[:-1], strict=True)])[order],
        np.concatenate([p.sizes for p in some])[order],
        np.concatenate([p.ceilings for p in some], axis=1)[:, order],
        np.concatenate([p.parts for p in some])[order],
        tuple(array for p in some for array in p.lattices),
        tuple(names),
    )


def _renamed(sketches: Sketches, names: Sequence[str]) -> NDArray[np.uint8]:
    table = np.array([names.index(name) for name in sketches.names], np.uint8)
    return np.asarray(table[sketches.alphabets], np.uint8)


def only(sketches: Sketches, kept: NDArray[np.bool_]) -> Sketches:
    """Those of the N words that are `kept`, N; their lattices alone."""
    numbers = np.flatnonzero(kept)
    lattices = [sketches.lattice(n) for n in numbers.tolist()]
    return Sketches(
        sketches.keys[numbers],
        sketches.places[numbers],
        sketches.lengths[numbers],
        sketches.chances[numbers],
        sketches.alphabets[numbers],
        np.cumsum([0, *map(len, lattices)], dtype=np.int64)[:-1],
        sketches.sizes[numbers],
        sketches.ceilings[:, numbers],
        sketches.parts[numbers],
        (np.frombuffer(b"".join(lattices), np.uint8),),
        sketches.names,
    )


_NONE = sketch(0, (), "")
