"""Queries -> hits with the photos they lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.gallery import Exhibit, Frame
from search import Hit
from search.query import filters
from web.desk import Desk

SHOWN = 24
"""Photos on a page of results."""

MOST = 200
"""Photos that an answer has at most."""

LONGEST = 500
"""Characters of a query; more is no search."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: hits with their photos, best first."""

    hits: tuple[tuple[Hit, Frame], ...]
    more: bool
    """Whether there are further ones."""
    closest: Mapping[str, Sequence[str]]
    """For each typed word that is probably on no photo, the closest words that are; then hits are guesses."""
    elsewhere: int
    """Where there are no hits: photos that answer the query but for its folders and days."""
    everywhere: str
    """The query without its folders and days."""


def find(desk: Desk, query: str, limit: int = SHOWN, exact: bool = False) -> Found:
    """The best photos for `query`; such as have left the archive meanwhile are left out."""
    query = query[:LONGEST]
    found = desk.find(query, limit + 1, exact)
    frames = desk.archive.gallery.at((hit.path, hit.page) for hit in found)
    hits = [(hit, frames[hit.path, hit.page]) for hit in found if (hit.path, hit.page) in frames]
    elsewhere = 0 if hits else desk.elsewhere(query, exact)
    everywhere = filters(query)[0].strip()
    return Found(tuple(hits[:limit]), len(found) > limit, desk.closest(query), elsewhere, everywhere)


@dataclass(frozen=True, slots=True)
class Viewed:
    """A photo, why it was found, and its neighbours among the hits."""

    shown: Exhibit
    hit: Hit | None = None
    before: Frame | None = None
    after: Frame | None = None


def view(desk: Desk, photo: int, query: str = "") -> Viewed:
    """The photo with that id, as a hit of `query` if it is one. Raises `NoSuchPhoto`."""
    shown = desk.archive.gallery.exhibit(photo)
    if not query.strip():
        return Viewed(shown)
    hits = find(desk, query, MOST).hits
    place = next((n for n, (_, frame) in enumerate(hits) if frame.id == photo), None)
    if place is None:
        return Viewed(shown)
    before = hits[place - 1][1] if place else None
    after = hits[place + 1][1] if place + 1 < len(hits) else None
    return Viewed(shown, hits[place][0], before, after)
