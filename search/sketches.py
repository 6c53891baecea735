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
from recognizer.packing import spread
from search.slots import SLOTS, Codes, ends_of, halved, misfits, slots_of
from search.slots import UNIT as FINE_UNIT
from search.words import CLASSES, ROWS, folded

UNIT = 8.0
"""Ceilings of a whole lattice are kept as -ln(probability) times this; they are added up for all words."""

HIGHEST, FITTING = 63, 4
"""Largest such ceiling, and how many of them fit into one byte."""

STEP, STEPS = 4, 15
"""The unit of ceilings of words that begin and end with a character, in UNITs, and the most of them."""

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
    by_key: NDArray[np.int64]
    """N; the numbers of the words in the order of their keys."""
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
    ends: NDArray[np.uint8]
    """len(CLASSES) x N; the same where a word begins (upper half) or ends with it, in STEPs."""
    slots: Codes
    """N x SLOTS x BYTES; the lattice in slots of about one letter each."""
    lattices: tuple[NDArray[np.uint8], ...]
    """Packed lattices one after the other; `starts` counts through all of these arrays."""
    names: tuple[str, ...]
    """The alphabets."""

    def __len__(self) -> int:
        return len(self.keys)

    def bounds(self, word: str) -> NDArray[np.uint16]:
        """For each word a bound of ln P(`word` | lattice), times -UNIT, and a loss for unlike lengths; N.

        A path must show every character in some frame, the first one at the beginning of a word and the last
        one at its end, so none is likelier than the product of ceilings.
        """
        spent = np.zeros(len(self), np.uint16)
        ceilings = [self._ceilings(word, place) for place in range(len(word)) if word[place] in ROWS]
        for start in range(0, len(ceilings), FITTING):  # sums of bytes are four times as fast as wider ones
            part = ceilings[start].copy()
            for more in ceilings[start + 1 : start + FITTING]:
                part += more
            spent += part
        steps = np.searchsorted(self.lengths, np.arange(256, dtype=np.uint8))  # wider numbers are slow here
        for length, (first, last) in enumerate(pairwise([*steps.tolist(), len(self)])):
            if first < last:
                spent[first:last] += np.uint16(UNIT * LENGTH_LOSS * abs(length - len(word)))
        return spent

    def _ceilings(self, word: str, place: int) -> NDArray[np.uint8]:
        """Of the character at that place of `word`, N; where it is the only one, how it begins a word."""
        row = ROWS[word[place]]
        if place == 0:
            return np.asarray((self.ends[row] >> 4) * np.uint8(STEP), np.uint8)
        if place == len(word) - 1:
            return np.asarray((self.ends[row] & STEPS) * np.uint8(STEP), np.uint8)
        return np.asarray(self.ceilings[row])

    def of_versions(self, keys: Sequence[int]) -> NDArray[np.intp]:
        """The numbers of the words of those versions of photos."""
        first, last = (np.searchsorted(self.keys, keys, side, self.by_key) for side in ("left", "right"))
        count = last - first
        return np.asarray(self.by_key[spread(first, count)], np.intp)

    def lattice(self, number: int) -> bytes:
        """The packed lattice of word `number`."""
        start = int(self.starts[number])
        for some in self.lattices:
            if start < len(some):
                return some[start : start + int(self.sizes[number])].tobytes()
            start -= len(some)
        return b""


_DOUBT = np.rint(-FINE_UNIT * np.log(np.maximum(1, np.arange(256)) / 255)).astype(np.uint16)


def misfits_of(
    word: str, sketches: Sequence[Sketches], numbers: Sequence[NDArray[np.intp]]
) -> NDArray[np.uint16]:
    """How badly `word` fits the words `numbers` of each of `sketches`, one after the other; see `misfits`.

    A word that may be none at all fits worse by that.
    """
    codes = [some.slots[n] for some, n in zip(sketches, numbers, strict=True)]
    chances = [some.chances[n] for some, n in zip(sketches, numbers, strict=True)]
    if not codes:
        return np.zeros(0, np.uint16)
    return np.asarray(misfits(np.concatenate(codes), word) + _DOUBT[np.concatenate(chances)], np.uint16)


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
    seen = np.zeros((len(some), SLOTS, len(CLASSES) + 2), np.float32)
    if some:
        for chosen, columns in blocks([w.lattice for w in some], _groups(alphabet)):
            seen[chosen] = slots_of(columns)
    sizes = [len(w.lattice) for w in some]
    return Sketches(
        np.full(len(some), key, np.int64),
        np.arange(len(some), dtype=np.int64),
        np.array([w.place for w in some], np.int32),
        np.array([min(255, len(w.text)) for w in some], np.uint8),
        np.array([round(255 * w.chance) for w in some], np.uint8),
        np.zeros(len(some), np.uint8),
        np.cumsum([0, *sizes], dtype=np.int64)[:-1],
        np.array(sizes, np.uint16),
        _ceilings(seen),
        _ends(seen),
        halved(seen),
        (np.frombuffer(b"".join(w.lattice for w in some), np.uint8),),
        (alphabet,),
    )


def _ceilings(seen: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Of each class in any slot, len(CLASSES) x n."""
    lost = seen[:, :, : len(CLASSES)].min(axis=1).T
    return np.ascontiguousarray(np.minimum(lost * UNIT, HIGHEST).astype(np.uint8))


def _ends(seen: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Of each class at the beginning and the end of a word, len(CLASSES) x n."""
    first, last = np.minimum(ends_of(seen) * (UNIT / STEP), STEPS).astype(np.uint8).transpose(0, 2, 1)
    return np.ascontiguousarray(first << 4 | last)


@lru_cache(maxsize=8)
def _groups(alphabet: str) -> tuple[tuple[int, ...], ...]:
    """The blank, for each of CLASSES the labels that fold to it, and all labels that part words."""
    labels = Alphabet(alphabet)
    found: dict[str, list[int]] = {c: [] for c in CLASSES}
    for character in alphabet:
        if folded(character) in found:
            found[folded(character)] += labels.encode(character)
    return ((BLANK,), *(tuple(found[c]) for c in CLASSES), labels.separators)


def joined(parts: Iterable[Sketches]) -> Sketches:
    """All of `parts` as one. Lattices are not copied."""
    some = [p for p in parts if len(p)]
    if len(some) < 2:
        return some[0] if some else _NONE
    names = list(dict.fromkeys(name for p in some for name in p.names))
    offsets = np.cumsum([0, *(sum(map(len, p.lattices)) for p in some)])
    lengths = np.concatenate([p.lengths for p in some])
    order = np.argsort(lengths, kind="stable")
    keys = np.concatenate([p.keys for p in some])[order]
    return Sketches(
        keys,
        np.argsort(keys, kind="stable"),
        np.concatenate([p.places for p in some])[order],
        lengths[order],
        np.concatenate([p.chances for p in some])[order],
        np.concatenate([_renamed(p, names) for p in some])[order],
        np.concatenate([p.starts + offset for p, offset in zip(some, offsets[:-1], strict=True)])[order],
        np.concatenate([p.sizes for p in some])[order],
        np.concatenate([p.ceilings for p in some], axis=1)[:, order],
        np.concatenate([p.ends for p in some], axis=1)[:, order],
        np.concatenate([p.slots for p in some])[order],
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
        np.argsort(sketches.keys[numbers], kind="stable"),
        sketches.places[numbers],
        sketches.lengths[numbers],
        sketches.chances[numbers],
        sketches.alphabets[numbers],
        np.cumsum([0, *map(len, lattices)], dtype=np.int64)[:-1],
        sketches.sizes[numbers],
        sketches.ceilings[:, numbers],
        sketches.ends[:, numbers],
        sketches.slots[numbers],
        (np.frombuffer(b"".join(lattices), np.uint8),),
        sketches.names,
    )


_NONE = sketch(0, (), "")
