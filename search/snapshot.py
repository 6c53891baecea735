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
from search.slots import UNIT
from search.words import spellings, terms

WIDE = 12_000
"""Words that are tried by their slots; those with the lowest bounds."""

HOPELESS = 3.0
"""Misfit of a letter, in nats, from which a lattice is not worth asking: on real photos one such word in 700
has a chance of .01 and none one of .1, and four in five of those asked in a small archive were such."""

_NO_KEYS = np.zeros(0, np.int64)

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


class Tried(NamedTuple):
    """N words that were tried for a typed one by their slots."""

    owners: NDArray[np.intp]
    """N; which part has the sketch."""
    numbers: NDArray[np.intp]
    """N; which sketch it is."""
    keys: NDArray[np.int64]
    """N; the version of the photo."""
    misfits: NDArray[np.uint16]
    """N; how badly the typed word fits."""


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
        self._keys: dict[int, int] = {}

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
        """The `count` words whose lattices may hold `word` with the highest probability, likeliest first."""
        tried = self._tried(word)
        best = lowest(tried.misfits, count)
        return self._candidates(word, tried, best[np.argsort(tried.misfits[best], kind="stable")])

    @readable()
    def likeliest_of(self, word: str, keys: Sequence[int]) -> list[Candidate]:
        """The same, one of each of the versions of photos with these `keys`."""
        tried = self._try(word, keys)
        order = np.argsort(tried.misfits, kind="stable")
        return self._candidates(word, tried, order[np.unique(tried.keys[order], return_index=True)[1]])

    def _candidates(self, word: str, tried: Tried, places: NDArray[np.intp]) -> list[Candidate]:
        """Those of the words tried at `places` that are not hopeless."""
        fit = places[tried.misfits[places] <= HOPELESS * UNIT * len(word)]
        some = zip(tried.numbers[fit].tolist(), tried.owners[fit].tolist(), strict=True)
        return [Candidate(number, self._parts[owner].sketches) for number, owner in some]

    @readable()
    def holding(self, words: Sequence[str], count: int) -> list[int]:
        """Keys of the `count` versions of photos that seem to hold all of `words`, by their slots."""
        tried = [self._tried(word) for word in words]
        keys = np.unique(np.concatenate([one.keys for one in tried]))
        lost = np.zeros(len(keys), np.int64)
        for one in tried:
            best = np.full(len(keys), one.misfits.max(initial=0), np.int64)  # the rest fits no better
            np.minimum.at(best, np.searchsorted(keys, one.keys), one.misfits)
            lost += best
        return [int(key) for key in keys[np.argsort(lost, kind="stable")[:count]]]

    @cached_property
    def _tried(self) -> Callable[[str], Tried]:
        return lru_cache(maxsize=4)(self._try)

    def _try(self, word: str, keys: Sequence[int] | None = None) -> Tried:
        """How the WIDE words with the lowest bounds, of those versions of photos, fit `word`."""
        sketches, bounds = [part.sketches for part in self._parts], self._bounds(word)
        if keys is None:
            some = [self._lowest(one, b) for one, b in zip(sketches, bounds, strict=True)]
        else:
            some = [one.of_versions(keys) for one in sketches]
        plain = np.concatenate([np.zeros(0, np.uint16), *(b[n] for b, n in zip(bounds, some, strict=True))])
        limit = np.partition(plain, WIDE)[WIDE] if len(plain) > WIDE else _ANY
        near = [n[b[n] <= limit] for b, n in zip(bounds, some, strict=True)]
        return Tried(
            np.repeat(np.arange(len(near)), [len(n) for n in near]),
            np.concatenate([np.zeros(0, np.intp), *near]),
            np.concatenate([_NO_KEYS, *(one.keys[n] for one, n in zip(sketches, near, strict=True))]),
            misfits_of(word, sketches, near),
        )

    @cached_property
    def _bounds(self) -> Callable[[str], list[NDArray[np.uint16]]]:
        return lru_cache(maxsize=4)(lambda word: [part.sketches.bounds(word) for part in self._parts])

    def _lowest(self, sketches: Sketches, bounds: NDArray[np.uint16]) -> NDArray[np.intp]:
        """The WIDE words with the lowest `bounds`, and perhaps some more, without those that are gone."""
        asked = WIDE
        while True:
            found = lowest(bounds, asked)
            there = found[~np.isin(sketches.keys[found], self._gone)] if len(self._gone) else found
            if len(there) >= WIDE or asked >= len(bounds):
                return there
            asked *= 2

    # Photos

    @readable()
    def key_of(self, photo: int) -> int | None:
        """Key of the version of the photo that is held; None if there is none."""
        numbers = self.photos("photo", str(photo))
        return self.key(numbers[0][0]) if numbers else None

    @readable()
    def number_of(self, key: int) -> int | None:
        """Number of the photo with that key; None if it is there no more."""
        if key not in self._numbers:
            number = next((number for number, _ in self._postings("key", str(key))), None)
            self._numbers[key] = number
            if number is not None:
                self._keys[number] = key
        return self._numbers[key]

    @readable()
    def key(self, number: int) -> int:
        """The other way round."""
        if number not in self._keys:
            self._keys[number] = int(self._stored(number)[5])
        return self._keys[number]

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
