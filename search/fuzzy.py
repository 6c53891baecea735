"""How far a term may be from what was typed, and how much the reader's own confusions cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from search.words import CLASSES

MOST = 150
"""Terms that one typed word leads to, at most."""

UNLIKE = 0.4
"""Edits per letter of the longer word from which two words have nothing to do with each other."""

PART, REST = 0.3, 0.03
"""Cost of a typed word that is only part of a term, and more for each further letter: engines that see no
blanks read several words as one."""

TWIN = 0.5
"""Share of the cost of a letter that is read twice."""

CONFUSIONS = Path(__file__).with_name("confusions.json")


def reach(word: str) -> int:
    """Edits that a reading of `word` may be away where lattices can be asked for the rest."""
    return 0 if len(word) < 3 else 1 if len(word) < 8 else 2


def widest(word: str) -> int:
    """Edits that a term may be away from `word` where nothing but the term is known."""
    return int(UNLIKE * len(word) / (1 - UNLIKE)) if len(word) > 2 else 0


def within(word: str, terms: Sequence[str], most: int) -> list[tuple[str, int]]:
    """Those of `terms` at most `most` edits away from `word`, with their distance, closest first."""
    if not terms:
        return []
    distances = cdist([word], terms, scorer=Levenshtein.distance, score_cutoff=most, dtype=np.int32)[0]
    found = sorted((int(distances[n]), terms[n]) for n in np.flatnonzero(distances <= most).tolist())
    return [(term, distance) for distance, term in found[:MOST]]


def misreadings(word: str, terms: Sequence[str]) -> list[tuple[str, float]]:
    """Those of `terms` that may be misreadings of `word`, with the cost of taking one for the other."""
    found = {
        term: cost(word, term)
        for term, distance in within(word, terms, widest(word))
        if distance <= UNLIKE * max(len(word), len(term))
    }
    for term in terms:
        if word != term and word in term:
            part = PART + REST * (len(term) - len(word))
            found[term] = min(part, found.get(term, part))
    return sorted(found.items(), key=lambda item: item[1])[:MOST]


def cost(true: str, read: str) -> float:
    """Edit distance of `read` from `true` (Wagner and Fischer 1974) at the costs of our confusions.

    An edit that it hardly ever makes costs 1.
    """
    table = _table()
    added = [table.added(c) * (TWIN if c == b else 1) for b, c in zip(" " + read, read, strict=False)]
    before = [0.0]
    for price in added:
        before.append(before[-1] + price)
    for wanted in true:
        lost = table.lost(wanted)
        now = [before[0] + lost]
        for place, seen in enumerate(read):
            swapped = 0.0 if wanted == seen else table.swapped(wanted, seen)
            now.append(min(before[place] + swapped, before[place + 1] + lost, now[place] + added[place]))
        before = now
    return before[-1]


class Confusions:
    """Costs of swapped, lost and added characters; those of no known kind cost 1."""

    def __init__(self, costs: NDArray[np.float64]) -> None:
        """`costs` of reading column for row; the last row is a character added, the last column one lost."""
        self._costs = costs.tolist()

    def swapped(self, true: str, read: str) -> float:
        """Reading `read` where `true` is written."""
        return self._at(_PLACE.get(true), _PLACE.get(read))

    def lost(self, true: str) -> float:
        """Reading nothing where `true` is written."""
        return self._at(_PLACE.get(true), len(CLASSES))

    def added(self, read: str) -> float:
        """Reading `read` where nothing is written."""
        return self._at(len(CLASSES), _PLACE.get(read))

    def _at(self, row: int | None, column: int | None) -> float:
        return 1.0 if row is None or column is None else float(self._costs[row][column])


_PLACE = {character: place for place, character in enumerate(CLASSES)}


@lru_cache(maxsize=1)
def _table() -> Confusions:
    return Confusions(np.array(json.loads(CONFUSIONS.read_text("utf-8"))["costs"]))
