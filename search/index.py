"""The on-disk index: postings with probabilities, the photos they lead to, a version stamp, one writer."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.entry import FIELDS, Entry, Field, Word, has_lattice, postings
from search.files import Files, files_in
from search.library import (
    EmptyIndexError,
    FileIndex,
    IDAnalyzer,
    LockError,
    SegmentWriter,
    fields,
    formats,
)
from search.shelf import Shelf
from search.sketches import Seen, Sketches, joined, sketch
from search.snapshot import DAMAGED, IndexMissing, Snapshot, readable

STAMP = {"format": 10}
"""Raised when what the index holds changes its meaning; another stamp makes the archive build it again."""

PATIENCE = 30.0
"""Seconds that a writer waits for another one."""

__all__ = ["Entry", "Index", "IndexBusy", "IndexMissing", "Word"]


class IndexBusy(Exception):
    """Another program is writing to the index."""

    exit_code = 6


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
    return fields.Schema(
        photo=fields.ID(unique=True), key=fields.ID, read=Readings(), told=Readings(), entry=fields.STORED
    )


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
        with files_in(self._folder) as files, self._writing(FileIndex(files)) as batch:
            yield batch

    @contextmanager
    def _writing(self, store: FileIndex) -> Iterator[Batch]:
        try:
            inner = SegmentWriter(store, timeout=PATIENCE, delay=0.05, compound=False)
        except LockError:
            raise IndexBusy(
                f"another program is writing to {self._folder}; try again when it is done"
            ) from None
        shelf = Shelf(self._folder)
        try:
            with readable():
                reader = store.reader()
            with closing(Snapshot(reader)) as held:
                batch = Batch(inner, held)
                yield batch
                if batch.changed:
                    fresh = set(batch.keys.values())
                    shelf.add(batch.new_terms, batch.sketches, partial(_alive, held, fresh))
        except BaseException:
            inner.cancel()
            raise
        if not batch.changed:
            inner.cancel()
            return
        inner.commit()
        # Only now, for until the commit they are what the index holds.
        shelf.bury(batch.gone)
        _settle(self._folder)

    def _create(self) -> None:
        self.clear()
        self._folder.mkdir(parents=True, exist_ok=True)
        with files_in(self._folder) as files:
            FileIndex.create(files, _schema())
        Shelf(self._folder).begin()
        (self._folder / "stamp.json").write_text(json.dumps(STAMP), "utf-8")

    def snapshot(self) -> Snapshot:
        """What the index holds now. Raises IndexMissing."""
        if not self.usable:
            raise IndexMissing(
                f"{self._folder} holds no index of this version; run: ocr-index reindex --index-only"
            )
        for attempt in range(10):
            try:
                return self._opened()
            except (FileNotFoundError, EmptyIndexError):  # a commit took files away between two steps
                time.sleep(0.02 * (attempt + 1))
        raise IndexMissing(DAMAGED)

    def _opened(self) -> Snapshot:
        """Postings and shelf of one moment. FileNotFoundError if a commit came between."""
        files = Files(self._folder)
        try:
            with readable():
                store = FileIndex(files)
                snapshot = Snapshot(store.reader(), *Shelf(self._folder).read(), files)
                if not store.up_to_date():
                    raise FileNotFoundError(store)
        except BaseException:
            files.release()
            raise
        return snapshot


def _alive(held: Snapshot, fresh: set[int], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which versions of photos the index has, or is getting now."""
    return np.array([key in fresh or held.number_of(key) is not None for key in keys.tolist()], bool)


class Batch:
    """Changes under way."""

    def __init__(self, writer: SegmentWriter, held: Snapshot) -> None:
        """Written by `writer` to the index that is as `held` so far."""
        self._writer, self._held = writer, held
        self._sketches: list[Sketches] = []
        self.new_terms: dict[Field, set[str]] = {field: set() for field in FIELDS}
        self.keys: dict[int, int] = {}
        """Photo -> the key of the version put last."""
        self.gone: set[int] = set()
        """Keys of the versions that these changes replace."""
        self.changed = False

    @property
    def sketches(self) -> Sketches:
        """Of all words put so far."""
        return joined(self._sketches)

    def put(self, entry: Entry) -> None:
        """Add a photo, or replace it."""
        key = time.time_ns()
        found = postings(entry)
        head = (entry.photo, entry.paths, entry.taken, entry.page, entry.alphabet, key)
        self._writer.update_document(
            photo=str(entry.photo),
            key=str(key),
            read=sorted(found.read.items()),
            told=sorted(found.told.items()),
            entry=(*head, tuple(map(_row, entry.words)), tuple(map(_row, entry.alternatives))),
        )
        self._part_with(entry.photo)
        self.keys[entry.photo] = key
        self.new_terms["read"] |= found.read.keys()
        self.new_terms["told"] |= found.told.keys()
        if entry.alphabet:
            some = [_seen(n, word) for n, word in enumerate(entry.places) if has_lattice(word)]
            self._sketches.append(sketch(key, some, entry.alphabet))
        self.changed = True

    def drop(self, photo: int) -> None:
        """Forget a photo; it need not be there."""
        self._writer.delete_by_term("photo", str(photo))
        self._part_with(photo)
        self.changed = True

    def _part_with(self, photo: int) -> None:
        """Note which version of the photo is there no more."""
        former = self.keys.pop(photo, None) or self._held.key_of(photo)
        if former is not None:
            self.gone.add(former)


def _seen(place: int, word: Word) -> Seen:
    return Seen(place, word.readings[0][0] if word.readings else "", word.chance, word.lattice)


def _row(word: Word) -> tuple[Any, ...]:
    """What is stored of a word; its lattice lies beside its sketch."""
    return (word.id, word.box, word.line, word.chance, word.readings)


def _settle(folder: Path) -> None:
    """Bring a commit to the disk: Whoosh itself leaves that to chance."""
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
