"""Queries -> hits with the photos they lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.gallery import Exhibit, Frame
from search import Hit
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


def find(desk: Desk, query: str, limit: int = SHOWN, exact: bool = False) -> Found:
    """The best photos for `query`; such as have left the archive meanwhile are left out."""
    found = desk.find(query[:LONGEST], limit + 1, exact)
    frames = desk.archive.gallery.at((hit.path, hit.page) for hit in found)
    hits = [(hit, frames[hit.path, hit.page]) for hit in found if (hit.path, hit.page) in frames]
    return Found(tuple(hits[:limit]), len(found) > limit, desk.closest(query[:LONGEST]))


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
