"""What one reader of the index sees, unchanged by later commits."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.entry import FIELDS, Entry, Field, Word, neighbours
from search.files import Files
from search.fuzzy import misreadings, widest, within
from search.library import TermNotFound
from search.shelf import Part
from search.sketches import Sketches, lowest, misfits_of
from search.words import spellings, terms

WIDER = 30
"""How many times more words are tried by their slots than are picked."""

_ANY = np.iinfo(np.uint16).max

DAMAGED = "the search index is damaged; make it anew with: ocr-index reindex --index-only"


class IndexMissing(Exception):
    """There is no index that can be used; it must be built from the rows."""

    exit_code = 4


@contextmanager
def readable() -> Iterator[None]:
    """Raise IndexMissing for whatever comes of reading nonsense: Whoosh passes on errors of all kinds."""
    try:
        yield
    except (IndexMissing, FileNotFoundError, MemoryError):
        raise
    except Exception as damage:
        raise IndexMissing(DAMAGED) from damage


class Candidate(NamedTuple):
    """A word whose lattice may hold the typed one: where its sketch is."""

    number: int
    sketches: Sketches


class Snapshot:
    """Postings, photos, terms and sketches of one moment."""

    def __init__(
        self,
        reader: Any,
        parts: Sequence[Part] = (),
        gone: Set[int] = frozenset(),
        files: Files | None = None,
    ) -> None:
        """Of the postings behind `reader`, which lie in `files`, and the `parts` of the shelf.

        Words of the versions of photos that are `gone` are not looked at.
        """
        self._reader = reader
        self._leaves = sorted(reader.leaf_readers(), key=lambda leaf: -leaf[0].doc_count_all())
        # Whoosh itself never closes the files of a dropped reader.
        self.close: Callable[[], object] = weakref.finalize(self, _close, reader, files)
        self._parts = parts
        self._gone = np.array(sorted(gone), np.int64)
        self._numbers: dict[int, int | None] = {}

    def __len__(self) -> int:
        return int(self._reader.doc_count())

    # Terms

    @readable()
    def close_terms(self, field: Field, word: str, most: int) -> list[tuple[str, int]]:
        """Terms at most `most` edits away from `word`, with their distance, closest first."""
        near = {t for part in self._parts for t in part.lexicons[field].candidates(word, most)}
        return within(word, sorted(near), most)

    @readable()
    def misreadings(self, word: str) -> list[tuple[str, float]]:
        """Terms that somebody said and that may be misreadings of `word`, with what that costs."""
        told = [part.lexicons["told"] for part in self._parts]
        near = {t for some in told for t in [*some.candidates(word, widest(word)), *some.containing(word)]}
        return misreadings(word, sorted(near))

    @readable()
    def terms_starting(self, prefix: str) -> list[str]:
        """Terms that begin with `prefix`."""
        found = {t for field in FIELDS for t in self._reader.expand_prefix(field, prefix)}
        return sorted(t.decode("utf-8") for t in found)

    @readable()
    def photos(self, field: Field | Literal["photo", "key"], term: str) -> list[tuple[int, float]]:
        """Numbers of the photos that `term` may stand on, with its probability."""
        return list(self._postings(field, term))

    def _postings(self, field: str, term: str) -> Iterator[tuple[int, float]]:
        for reader, first in self._leaves:  # the whole reader would look for the term in each three times
            try:
                matcher = reader.postings(field, term)
            except TermNotFound:
                continue
            while matcher.is_active():
                yield first + matcher.id(), matcher.weight()
                matcher.next()

    # Words

    def stands(self, term: str) -> bool:
        """Whether some photo may show `term`, by a reading or by what was said."""
        return any(self.photos(field, term) for field in FIELDS)

    @readable()
    def likeliest(self, word: str, count: int) -> list[Candidate]:
        """The `count` words whose lattices may hold `word` with the highest probability, likeliest first.

        Only the WIDER times `count` with the lowest bounds are looked at more closely.
        """
        bounds = [part.sketches.bounds(word) for part in self._parts]
        picked = [
            self._lowest(part.sketches, some, WIDER * count)
            for part, some in zip(self._parts, bounds, strict=True)
        ]
        plain = np.concatenate(
            [b[n] for b, n in zip(bounds, picked, strict=True)] or [np.zeros(0, np.uint16)]
        )
        limit = np.partition(plain, WIDER * count)[WIDER * count] if len(plain) > WIDER * count else _ANY
        near = [n[b[n] <= limit] for b, n in zip(bounds, picked, strict=True)]
        sketches = [part.sketches for part in self._parts]
        misfits = misfits_of(word, sketches, near)
        best = lowest(misfits, count)
        best = best[np.argsort(misfits[best], kind="stable")]
        owners = np.repeat(np.arange(len(near)), [len(n) for n in near])[best].tolist()
        numbers = np.concatenate([*near, np.zeros(0, np.intp)])[best].tolist()
        return [Candidate(number, sketches[owner]) for owner, number in zip(owners, numbers, strict=True)]

    def _lowest(self, sketches: Sketches, bounds: NDArray[np.uint16], count: int) -> NDArray[np.intp]:
        """Where the `count` lowest of `bounds` stand, and perhaps some more, without words that are gone."""
        asked = count
        while True:
            found = lowest(bounds, asked)
            there = found[~np.isin(sketches.keys[found], self._gone)] if len(self._gone) else found
            if len(there) >= count or asked >= len(bounds):
                return there
            asked *= 2

    # Photos

    @readable()
    def key_of(self, photo: int) -> int | None:
        """Key of the version of the photo that is held; None if there is none."""
        numbers = self.photos("photo", str(photo))
        return int(self._stored(numbers[0][0])[5]) if numbers else None

    @readable()
    def number_of(self, key: int) -> int | None:
        """Number of the photo with that key; None if it is there no more."""
        if key not in self._numbers:
            self._numbers[key] = next((number for number, _ in self._postings("key", str(key))), None)
        return self._numbers[key]

    def entry(self, number: int) -> Entry:
        """The photo `number`; its words come without their lattices."""
        found: Entry = self._entries(number)
        return found

    def entries(self) -> Iterator[Entry]:
        """All photos, without their lattices."""
        return map(self._load, self._reader.all_doc_ids())

    @cached_property
    def _entries(self) -> Any:
        return lru_cache(maxsize=4096)(self._load)

    @readable()
    def _load(self, number: int) -> Entry:
        photo, paths, taken, page, alphabet, _, *rows = self._stored(number)
        words, alternatives = (tuple(Word(*row) for row in some) for some in rows)
        return Entry(photo, paths, taken, words, page, alphabet, alternatives)

    def _stored(self, number: int) -> Any:
        return self._reader.stored_fields(number)["entry"]


def _close(reader: Any, files: Files | None) -> None:
    reader.close()
    if files:
        files.release()


def place_of(entry: Entry, term: str) -> tuple[Word, str] | None:
    """The word that most likely reads `term`, or two neighbours that do together; and how it is read."""
    found = [(p, -n, t) for n, w in enumerate(entry.places) for t, p in w.readings if term in spellings(t)]
    if found:
        _, number, reading = max(found)
        return entry.places[-number], reading
    for left, right in neighbours(entry.words):
        first, second = left.readings[0][0], right.readings[0][0]
        if "".join(terms(first) + terms(second)) == term:
            return _both(left, right), f"{first} {second}"
    return None


def _both(left: Word, right: Word) -> Word:
    """Two words that were cut apart, as the one that they are."""
    a, b = left.box, right.box
    box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
    return replace(left, box=box, readings=())
