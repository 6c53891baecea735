"""Words in, hits out; knows no pictures and no torch.

import search
for hit in search.open(home).find("quarterly roadmap"):
    print(hit.path, hit.score)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.index import Entry, Snapshot
    from search.query import Term
    from search.rank import Found

__all__ = ["Hit", "HitWord", "Searcher", "open"]

LEAST = 0.003
"""Photos less likely than this are no hits."""


@dataclass(frozen=True, slots=True)
class HitWord:
    """Why a photo was found: the typed `term`, the reading that matched it, how sure, and where."""

    term: str
    text: str
    probability: float
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Hit:
    """A photo that was found; `score` is the chance that it is what the query asks for."""

    query: str
    rank: int
    path: str
    score: float
    words: tuple[HitWord, ...]
    page: int = 1


class Searcher:
    """Answers queries on one archive, as it was when it was opened."""

    def __init__(self, snapshot: Snapshot) -> None:
        from search.rank import find_term

        self.snapshot = snapshot
        self._find_term = lru_cache(maxsize=4096)(lambda term: find_term(term, snapshot))

    def find(
        self,
        query: str,
        limit: int = 20,
        exact: bool = False,
        folder: str | None = None,
        after: date | None = None,
        before: date | None = None,
    ) -> list[Hit]:
        """Photos for `query`, best first, at most `limit`.

        `exact` takes only readings spelled as typed; `folder` only photos somewhere in it; `after` only
        photos taken on that day or later, `before` earlier than that day (UTC).
        """
        from search.query import every, parse, wanted
        from search.rank import score

        tree = parse(query, exact)
        found: dict[Term, Found] = {term: self._find_term(term) for term in every(tree)}
        numbers = {number for term in wanted(tree) for number in found[term]}
        least = LEAST ** len(wanted(tree))
        scored = sorted(
            ((score(tree, found, n, {}), n) for n in numbers), key=lambda pair: (-pair[0], pair[1])
        )
        hits: list[Hit] = []
        for value, number in scored:
            if value < least or len(hits) >= limit:
                break
            entry = self.snapshot.entry(number)
            path = _path_in(entry, folder)
            if path is not None and _within(entry.taken, after, before):
                words = _hit_words(wanted(tree), found, number)
                hits.append(Hit(query, len(hits) + 1, path, value, words, entry.page))
        return hits

    def closest(self, query: str) -> dict[str, list[str]]:
        """For each typed word that is on no photo, the closest words that the archive has."""
        from search.fuzzy import suggestions
        from search.query import parse, wanted

        return {
            term.text: suggestions(term.text, self.snapshot.terms)
            for term in wanted(parse(query))
            if not any(e.chance > LEAST for e in self._find_term(term).values())
        }


def _hit_words(terms: list[Term], found: dict[Term, Found], number: int) -> tuple[HitWord, ...]:
    places = [(term, found[term].get(number)) for term in terms]
    return tuple(
        HitWord(term.text, place.text, place.chance, place.word.box)
        for term, place in places
        if place is not None and place.chance >= LEAST
    )


def _path_in(entry: Entry, folder: str | None) -> str | None:
    """The first path of the photo, or the first inside `folder`; None if there is none."""
    if folder is None:
        return min(entry.paths, default=None)
    root = os.path.abspath(folder).rstrip(os.sep) + os.sep
    return min((p for p in entry.paths if p.startswith(root)), default=None)


def _within(taken: float, after: date | None, before: date | None) -> bool:
    """Whether the moment `taken` lies from the day `after` on and before the day `before`."""
    return (after is None or taken >= _start(after)) and (before is None or taken < _start(before))


def _start(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()


def open(home: Path) -> Searcher:
    """The searcher of the archive in the folder `home`. Raises IndexMissing."""
    from search.index import Index, IndexMissing

    if not home.is_dir():
        raise IndexMissing(f"there is no archive in {home}; make one with: ocr-index add PATH...")
    return Searcher(Index(home / "index").snapshot())
