"""The words people write as a trie: which beginnings of words a beam search should follow."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.alphabet import Alphabet

Whole = NDArray[np.intp]
Numbers = NDArray[np.float64]

MARKS = "()[]{}<>.,:;!?\"'’“”«»-–—•*#/"
"""Stand around words and belong to none."""

MARK = 2.0
"""Price of one of them, in nats."""

CAPITAL = 1.0
"""Price of a word that begins with a capital within another, as in `startSignal`, in nats."""

SYMBOLS = 64
"""Different characters that the words may have: a node's branches are the bits of one number."""

LONGEST = 28
"""Characters; longer words are left out."""

UNLISTED = 0.018
"""Chance that a word is begun that is not in the list, as far as following it goes."""

ANY = 1 / 12
"""Chance of each of its characters: what is looked at is seldom doubtful between more."""

_PAST, _FOREIGN = -1, -2
"""In the place of a character's bit: after the end of a word; a character that has none."""

ROOT, OFF = 0, -1
"""The node where words begin, and that of everything which no word begins with."""


@dataclass(frozen=True)
class Lexicon:
    """A trie of N nodes, numbered level by level; children of one node stand in a row, by their bits."""

    symbols: Mapping[str, int]
    """Which bit stands for a character."""
    branches: NDArray[np.uint64]
    """N; the bits of the characters that may come next."""
    first: NDArray[np.int32]
    """N; the child with the lowest bit."""
    begun: Numbers
    """N; ln of the chance that a word begins so, be it in the list or not."""
    left: Numbers
    """N; ln of the chance that it begins so, and goes on as no word does."""

    @classmethod
    def of(cls, words: Mapping[str, float]) -> Lexicon:
        """The lexicon of `words`, lower case, with how often each is written."""
        counts = Counter("".join(words))
        chosen = sorted(character for character, _ in counts.most_common(SYMBOLS))
        symbols = {character: bit for bit, character in enumerate(chosen)}
        bits = np.full(max(map(ord, counts), default=0) + 1, _FOREIGN, np.int64)
        bits[0] = _PAST
        bits[[ord(c) for c in symbols]] = list(symbols.values())
        kept = sorted(word for word in words if 0 < len(word) <= LONGEST)
        codes = np.array(kept, f"U{LONGEST + 1}").view(np.uint32).reshape(len(kept), LONGEST + 1)
        spelled, times = bits[codes], np.array([float(words[word]) for word in kept])
        known = (spelled != _FOREIGN).all(axis=1)
        return cls(symbols, *_levels(spelled[known], times[known]))


def _levels(spelled: Whole, times: Numbers) -> tuple[NDArray[np.uint64], NDArray[np.int32], Numbers, Numbers]:
    """`branches`, `first`, `begun` and `left` of all nodes, for sorted words W x L, each written `times`."""
    words = max(1e-300, float(times.sum()))
    branches: list[NDArray[np.uint64]] = []
    first: list[NDArray[np.int32]] = []
    listed: list[Numbers] = [np.ones(1)]
    start, nodes = 0, np.zeros(len(spelled), np.intp)
    for depth in range(spelled.shape[1]):
        parents, longer = len(listed[-1]), spelled[:, depth] != _PAST
        spelled, times, nodes = spelled[longer], times[longer], nodes[longer]
        bits = spelled[:, depth]
        new = np.diff((nodes - start) * SYMBOLS + bits, prepend=-1) != 0
        above, row = nodes[new] - start, np.cumsum(new) - 1
        below = np.zeros(parents, np.uint64)
        np.bitwise_or.at(below, above, np.uint64(1) << bits[new].astype(np.uint64))
        branches.append(below)
        first.append((start + parents + np.searchsorted(above, np.arange(parents))).astype(np.int32))
        start += parents
        if not new.any():
            break
        nodes = start + row
        listed.append(np.bincount(row, times) / words)
    depths = np.repeat(np.arange(len(listed)), [len(level) for level in listed])
    free = np.asarray(math.log(UNLISTED) + math.log(ANY) * depths, np.float64)
    begun = np.asarray(np.logaddexp(math.log(1 - UNLISTED) + np.log(np.concatenate(listed)), free))
    return np.concatenate(branches), np.concatenate(first), begun, free + math.log(ANY)


class Guide:
    """Says of labels that prolong a text how likely it is, before the end of the word is seen."""

    def __init__(self, lexicon: Lexicon, alphabet: Alphabet, weight: float) -> None:
        """For texts of `alphabet`; `weight` is the power to which chances are taken."""
        characters, ending = ["", *(c.lower() for c in alphabet.characters)], {" ", *MARKS}
        self._lexicon, self._weight = lexicon, weight
        self._bits = np.array([lexicon.symbols.get(c, -1) for c in characters])
        self._ends = np.array([c in ending for c in characters])
        self._prices = np.array([0.0 if c == " " else -MARK for c in characters])
        self._lower = np.array([False, *(c.islower() for c in alphabet.characters)])
        self._upper = np.array([False, *(c.isupper() for c in alphabet.characters)])

    def step(self, nodes: Whole, labels: Whole, before: Whole) -> tuple[Whole, Numbers]:
        """Where `labels` lead from `nodes`, and the factors in nats, `weight` included; all of one shape.

        A mark or a space that goes on no word ends it, and another begins; so does a capital after the small
        letter `before` it, unless going on is likelier.
        """
        known, at = self._lexicon, np.maximum(nodes, ROOT)
        ends = self._ends[labels]
        off = np.where(nodes == OFF, math.log(ANY), known.left[at] - known.begun[at])
        child, going_on = self._child(nodes, labels)
        goes_on = child != OFF
        chances = np.where(goes_on, going_on, np.where(ends, self._prices[labels], off))
        reached = np.where(goes_on, child, np.where(ends, ROOT, OFF))
        capital = np.nonzero(self._upper[labels] & self._lower[before])
        anew, beginning = self._child(np.full(len(capital[0]), ROOT), labels[capital])
        begins = (anew != OFF) & (beginning - CAPITAL > chances[capital])
        reached[capital] = np.where(begins, anew, reached[capital])
        chances[capital] = np.where(begins, beginning - CAPITAL, chances[capital])
        return reached, self._weight * chances

    def _child(self, nodes: Whole, labels: Whole) -> tuple[Whole, Numbers]:
        """The nodes that `labels` lead to along words, OFF where they do not, and the chances in nats."""
        known, at, bits = self._lexicon, np.maximum(nodes, ROOT), self._bits[labels]
        bit = np.uint64(1) << np.maximum(bits, 0).astype(np.uint64)
        branches = known.branches[at]
        goes_on = (nodes != OFF) & (bits >= 0) & ((branches & bit) != 0)
        child = np.where(goes_on, known.first[at] + np.bitwise_count(branches & (bit - np.uint64(1))), ROOT)
        return np.where(goes_on, child, OFF), known.begun[child] - known.begun[at]
