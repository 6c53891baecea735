"""The on-disk index: postings with probabilities, the photos they lead to, a version stamp, one writer."""

from __future__ import annotations

import json
import os
import shutil
import time
import warnings
import weakref
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from search.sketches import Part, Shelf, Sketches, joined, sketch
from search.words import spellings, terms

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it uses idioms that newer Pythons warn of
    from whoosh import fields, formats
    from whoosh import index as whoosh_index
    from whoosh.analysis import IDAnalyzer
    from whoosh.index import EmptyIndexError, LockError
    from whoosh.writing import SegmentWriter

STAMP = {"format": 1}
"""Raised when what the index holds changes its meaning; another stamp makes the archive build it again."""

PATIENCE = 30.0
"""Seconds that a writer waits for another one."""

SPLIT_WORD = 0.5
"""How far two neighbours are believed to be one word that was cut in two."""


class IndexBusy(Exception):
    """Another program is writing to the index."""

    exit_code = 6


class IndexMissing(Exception):
    """There is no index, or one with another stamp; it must be built from the rows."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class Word:
    """A word on a photo, as search sees it."""

    id: int
    box: tuple[int, int, int, int]
    line: int
    chance: float
    """Probability that there is writing in the box at all."""
    readings: tuple[tuple[str, float], ...]
    """Texts with probabilities, best first. A single one of probability 1 was said by a person."""
    lattice: bytes = b""
    """Packed; what the recognizer saw. Empty if unknown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A photo as search sees it."""

    photo: int
    paths: tuple[str, ...]
    taken: float
    """Unix time, seconds."""
    words: tuple[Word, ...]
    page: int = 1
    alphabet: str = ""
    """What the columns of the lattices mean; without it they are not looked at."""


class _Probabilities(formats.Existence):  # type: ignore[misc]
    """Postings whose weight is a probability that is handed in; nothing is analysed."""

    def word_values(self, value: list[tuple[str, float]], _analyzer: object, **_: object) -> Iterator[Any]:
        return ((term, 1, weight, b"") for term, weight in value)


class Readings(fields.FieldType):  # type: ignore[misc]
    """A field fed with (term, probability) pairs. Its import path is part of every stored index."""

    def __init__(self) -> None:
        self.format = _Probabilities()
        self.analyzer = IDAnalyzer()
        self.scorable = True
        self.stored = False
        self.unique = False
        self.vector = None
        self.multitoken_query = "default"
        self.spelling = False
        self.column_type = None


def _schema() -> fields.Schema:
    return fields.Schema(photo=fields.ID(unique=True), key=fields.ID, words=Readings(), entry=fields.STORED)


class Index:
    """The index in a folder. It is a cache: deleting it loses nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def usable(self) -> bool:
        """Whether there is an index here that this program understands."""
        try:
            return bool(json.loads((self._folder / "stamp.json").read_text("utf-8")) == STAMP)
        except (OSError, ValueError):
            return False

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def writer(self) -> Iterator[Batch]:
        """A batch of changes, which show at its end. Waits for another writer, then raises IndexBusy."""
        if not self.usable:
            self._create()
        store = whoosh_index.open_dir(self._folder)
        try:
            inner = SegmentWriter(store, timeout=PATIENCE, delay=0.05, compound=False)
        except LockError:
            raise IndexBusy(
                f"another program is writing to {self._folder}; try again when it is done"
            ) from None
        batch = Batch(inner)
        try:
            yield batch
        except BaseException:
            inner.cancel()
            raise
        if batch.changed:
            Shelf(self._folder).add(batch.new_terms, batch.sketches)
            inner.commit()
            _settle(self._folder)
        else:
            inner.cancel()

    def _create(self) -> None:
        self.clear()
        self._folder.mkdir(parents=True, exist_ok=True)
        whoosh_index.create_in(self._folder, _schema())
        (self._folder / "stamp.json").write_text(json.dumps(STAMP), "utf-8")

    def snapshot(self) -> Snapshot:
        """What the index holds now. Raises IndexMissing."""
        if not self.usable:
            raise IndexMissing(
                f"{self._folder} holds no index of this version; run: ocr-index reindex --index-only"
            )
        for attempt in range(10):
            try:
                reader = whoosh_index.open_dir(self._folder).reader()
                return Snapshot(reader, Shelf(self._folder).read())
            except (FileNotFoundError, EmptyIndexError):  # a commit took files away between two of our steps
                time.sleep(0.02 * (attempt + 1))
        raise IndexMissing(f"{self._folder} is damaged; run: ocr-index reindex --index-only")


class Batch:
    """Changes under way."""

    def __init__(self, writer: SegmentWriter) -> None:
        self._writer = writer
        self._sketches: list[Sketches] = []
        self.new_terms: set[str] = set()
        self.changed = False

    @property
    def sketches(self) -> Sketches:
        """Of all words put so far."""
        return joined(self._sketches)

    def put(self, entry: Entry) -> None:
        """Add a photo, or replace it."""
        key = time.time_ns()
        weights = postings(entry)
        stored = (
            entry.photo,
            entry.paths,
            entry.taken,
            entry.page,
            entry.alphabet,
            key,
            tuple(map(_row, entry.words)),
        )
        self._writer.update_document(
            photo=str(entry.photo), key=str(key), words=sorted(weights.items()), entry=stored
        )
        self.new_terms |= weights.keys()
        if entry.alphabet:
            best = [w.readings[0][0] if w.readings else "" for w in entry.words]
            lattices = [b"" if is_said(w) else w.lattice for w in entry.words]
            self._sketches.append(sketch(key, best, lattices, entry.alphabet))
        self.changed = True

    def drop(self, photo: int) -> None:
        """Forget a photo; it need not be there."""
        self._writer.delete_by_term("photo", str(photo))
        self.changed = True


def is_said(word: Word) -> bool:
    """Whether a person said what stands here; then nobody asks the lattice any more."""
    return len(word.readings) == 1 and word.readings[0][1] >= 1.0


def _row(word: Word) -> tuple[Any, ...]:
    return (word.id, word.box, word.line, word.chance, word.readings, word.lattice)


def postings(entry: Entry) -> dict[str, float]:
    """term -> the largest probability with which it stands in one place on the photo.

    Neighbours on a line are also tried as one word, because writers leave gaps within words and detectors cut
    there.
    """
    weights: dict[str, float] = defaultdict(float)
    for word in entry.words:
        for text, probability in word.readings:
            for term in spellings(text):
                weights[term] = max(weights[term], probability * word.chance)
    for left, right in neighbours(entry.words):
        whole = "".join(terms(left.readings[0][0]) + terms(right.readings[0][0]))
        chance = left.readings[0][1] * right.readings[0][1] * SPLIT_WORD
        if whole:
            weights[whole] = max(weights[whole], chance)
    return dict(weights)


def neighbours(words: tuple[Word, ...]) -> Iterator[tuple[Word, Word]]:
    """Pairs of words that follow each other on one line."""
    read = [w for w in words if w.readings and w.readings[0][0]]
    for left, right in pairwise(read):
        if left.line == right.line:
            yield left, right


class Snapshot:
    """What one reader sees, unchanged by later commits."""

    def __init__(self, reader: Any, parts: list[Part]) -> None:
        self._reader = reader
        weakref.finalize(self, reader.close)  # Whoosh itself never closes the files of a dropped reader
        self.parts = parts
        self._numbers: dict[int, int | None] = {}

    @cached_property
    def terms(self) -> list[str]:
        """All distinct terms, sorted."""
        return sorted({term for part in self.parts for term in part.terms})

    def photos(self, term: str) -> list[tuple[int, float]]:
        """Numbers of the photos that `term` may stand on, with its probability."""
        if ("words", term) not in self._reader:
            return []
        matcher, found = self._reader.postings("words", term), []
        while matcher.is_active():
            found.append((matcher.id(), matcher.weight()))
            matcher.next()
        return found

    def number_of(self, key: int) -> int | None:
        """Number of the photo with that key; None if it is there no more."""
        if key not in self._numbers:
            self._numbers[key] = self._looked_up(key)
        return self._numbers[key]

    def _looked_up(self, key: int) -> int | None:
        if ("key", str(key)) not in self._reader:
            return None
        matcher = self._reader.postings("key", str(key))
        return int(matcher.id()) if matcher.is_active() else None

    def entry(self, number: int) -> Entry:
        """The photo `number`."""
        found: Entry = self._entries(number)
        return found

    @cached_property
    def _entries(self) -> Any:
        return lru_cache(maxsize=4096)(self._load)

    def _load(self, number: int) -> Entry:
        photo, paths, taken, page, alphabet, _, rows = self._reader.stored_fields(number)["entry"]
        return Entry(photo, paths, taken, tuple(Word(*row) for row in rows), page, alphabet)

    def __len__(self) -> int:
        return int(self._reader.doc_count())


def _settle(folder: Path) -> None:
    """Bring a commit to the disk: Whoosh itself leaves that to chance."""
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
