"""Words in, hits out; knows no pictures and no torch.

import search
for hit in search.open(home).find("quarterly roadmap"):
    print(hit.path, hit.score)
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache, partial
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.entry import Entry
    from search.query import Node, Term
    from search.rank import Found
    from search.snapshot import Snapshot

    Finds = Mapping[Term, Found]

__all__ = ["Hit", "HitWord", "Searcher", "open"]

LEAST = 0.001
"""Photos and places on them less likely than this are no hits."""

LOOKED_AT = 50
"""Photos of which search looks how their words stand to each other; where more fit, the likeliest."""

LOOKED_CLOSER = 100
"""Photos that are asked for each of several typed words once more: they fit best so far."""

DOUBTFUL = 0.1
"""A word that is less likely than this on every photo is probably on none."""


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
        from search.rank import find_term, where

        self.snapshot = snapshot
        self._where = lru_cache(maxsize=4096)(partial(where, snapshot))
        self._find_term = lru_cache(maxsize=4096)(lambda term: find_term(term, snapshot))
        # A page asks again and again for the last few: for its photos, one after the other.
        self._ranking = lru_cache(maxsize=16)(lambda tree, least: list(self._ranked(tree, least)))

    def find(
        self,
        query: str,
        limit: int = 20,
        exact: bool = False,
        folder: str | None = None,
        after: date | None = None,
        before: date | None = None,
        least: float = LEAST,
    ) -> list[Hit]:
        """Photos for `query`, best first, at most `limit`.

        `exact` takes only readings spelled as typed; `folder` only photos somewhere in it; `after` only
        photos taken on that day or later, `before` earlier than that day. What the query
        itself says of these (`in:work after:2024-01`) holds as well. Photos less likely than `least` for
        one word, or its square for two and so on, are left out.
        """
        from search.query import filters, parse

        text, asked = filters(query)
        hits: list[Hit] = []
        for value, number, found in self._ranking(parse(text, exact), least):
            if len(hits) >= limit:
                break
            entry = self.snapshot.entry(number)
            path = _path_in(entry, folder, asked.folders)
            if (
                path
                and _within(entry.taken, after, before)
                and _within(entry.taken, asked.after, asked.before)
            ):
                seen = self._hit_words(found, number)
                hits.append(Hit(query, len(hits) + 1, path, value, seen, entry.page))
        return hits

    def _ranked(self, tree: Node, least: float) -> Iterator[tuple[float, int, Finds]]:
        """Photos for `tree`, best first: chance, number and what was found of the words it is made of."""
        from search.entry import SPLIT_WORD
        from search.query import ways

        best: dict[int, tuple[float, Finds]] = {}
        for turn, way in enumerate(ways(tree, self.snapshot.stands)):
            scored, found = self._scored(way, least)
            for value, number in scored:
                chance = value * SPLIT_WORD if turn else value
                if number not in best or chance > best[number][0]:
                    best[number] = chance, found
        for value, number in _ordered((value, number) for number, (value, _) in best.items()):
            yield value, number, best[number][1]

    def _scored(self, tree: Node, least: float) -> tuple[Iterable[tuple[float, int]], Finds]:
        """Chance and number of the photos for `tree`, and what was found of the words wanted in it."""
        from search.query import every, wanted
        from search.rank import look_closer, nearness, score

        words = wanted(tree)
        found: dict[Term, Found] = {term: self._find_term(term) for term in every(tree)}

        def in_order() -> list[tuple[float, int]]:
            numbers = {number for term in words for number in found[term]}
            return _ordered((score(tree, found, n, self._where), n) for n in numbers)

        scored = in_order()
        if len(words) > 1:
            best = [number for _, number in scored[:LOOKED_CLOSER]]
            found |= look_closer({term: found[term] for term in words}, self.snapshot, best)
            scored = in_order()
            near = [(v * nearness(words, found, n, self._where), n) for v, n in scored[:LOOKED_AT]]
            scored = _ordered(near) + scored[LOOKED_AT:]
        bound = least ** len(words)
        return takewhile(lambda pair: pair[0] >= bound, scored), {term: found[term] for term in words}

    def closest(self, query: str) -> dict[str, list[str]]:
        """For each typed word that is hardly on any photo, the closest words that the archive has."""
        from search.query import filters, parse, wanted

        return {
            term.text: self._suggestions(term.text)
            for term in wanted(parse(filters(query)[0]))
            if not any(e.chance > DOUBTFUL for e in self._find_term(term).values())
        }

    def elsewhere(self, query: str, exact: bool = False, least: float = LEAST) -> int:
        """How many photos answer `query` well, wherever they lie and whenever they were taken."""
        from search.query import filters, parse

        ranking = self._ranking(parse(filters(query)[0], exact), least)
        return sum(chance > DOUBTFUL for chance, _, _ in ranking)

    def _suggestions(self, word: str, count: int = 3) -> list[str]:
        """The terms most like `word`, for somebody who found nothing."""
        from search.entry import FIELDS

        most = max(1, len(word) // 2)
        near = {
            (distance, term, field)
            for field in FIELDS
            for term, distance in self.snapshot.close_terms(field, word, most)
            if len(term) > 2
        }
        # Terms of former versions of photos are among them.
        there = (term for _, term, field in sorted(near) if self.snapshot.photos(field, term))
        return list(islice(dict.fromkeys(there), count))

    def _hit_words(self, finds: Finds, number: int) -> tuple[HitWord, ...]:
        words = []
        for term, found in finds.items():
            evidence = found.get(number)
            place = evidence and evidence.chance >= LEAST and self._where(number, evidence)
            if evidence and place:
                words.append(HitWord(term.text, place[1], evidence.chance, place[0].box))
        return tuple(words)


def _ordered(scored: Iterable[tuple[float, int]]) -> list[tuple[float, int]]:
    return sorted(scored, key=lambda pair: (-pair[0], pair[1]))


def _path_in(entry: Entry, folder: str | None, named: Sequence[str]) -> str | None:
    """The first path of the photo inside `folder` and below folders `named` so; None if there is none."""
    root = "" if folder is None else os.path.abspath(folder).rstrip(os.sep) + os.sep
    paths = (p for p in sorted(entry.paths) if p.startswith(root))
    return next((p for p in paths if all(_is_below(p, name) for name in named)), None)


def _is_below(path: str, name: str) -> bool:
    """Whether `name`, one folder or some in a row, is a part of the folder of `path`, in either case."""
    folder = str(Path(path).parent).casefold() + os.sep
    return os.sep + name.strip(os.sep).casefold() + os.sep in folder


def _within(taken: float, after: date | None, before: date | None) -> bool:
    """Whether the moment `taken` lies from the day `after` on and before the day `before`."""
    return (after is None or taken >= _start(after)) and (before is None or taken < _start(before))


def _start(day: date) -> float:
    return datetime.combine(day, time()).timestamp()


def open(home: Path) -> Searcher:
    """The searcher of the archive in the folder `home`. Raises IndexMissing."""
    from search.index import Index, IndexMissing

    if not home.is_dir():
        raise IndexMissing(f"there is no archive in {home}; make one with: ocr-index add PATH...")
    return Searcher(Index(home / "index").snapshot())
