"""Rows -> search index: the photos that search has not heard of in their present state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, select, update

from indexer import interrupts
from indexer.schema import Database, storage_errors
from indexer.tables import files, models, photos
from indexer.written import StoredWord, stored_words
from search.index import Entry, Index, IndexBusy, Word

BATCH = 500
"""Photos put into the index in one commit; each commit costs some work, each photo some memory."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One photo as search should know it now; without an entry it should know it no more."""

    photo: int
    revision: int
    entry: Entry | None


class IndexFeed:
    """Keeps the index in a folder in step with the rows."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._index = Index(folder)

    def update(self, insist: bool = True) -> int:
        """Bring in what the index has not heard of; returns how many photos. A lost index is made anew.

        Raises `IndexBusy` if `insist`.
        """
        if not self._index.usable:
            with self._database.write() as connection:
                mark_all_unindexed(connection)
        total = 0
        try:
            while count := self._update_some():
                total += count
        except IndexBusy:
            if insist:
                raise
        return total

    def rebuild(self) -> int:
        """Make the index anew; returns how many photos it has heard of."""
        with storage_errors(self._database.path):
            self._index.clear()
        return self.update()

    def _update_some(self) -> int:
        with self._database.read() as connection:
            batch = postings(connection, unindexed(connection, BATCH))
        if batch:
            # Search must never know what a power failure can still take from the rows.
            self._database.harden()
            with storage_errors(self._database.path), interrupts.held():
                self._write(batch)
            with self._database.write() as connection:
                mark_indexed(connection, batch)
        return len(batch)

    def _write(self, batch: Sequence[Posting]) -> None:
        with self._index.writer() as writer:
            for posting in batch:
                if posting.entry is None:
                    writer.drop(posting.photo)
                else:
                    writer.put(posting.entry)


def unindexed(connection: Connection, limit: int) -> list[int]:
    """The first photos that search has not heard of in their present state."""
    changed = photos.c.revision != photos.c.indexed
    return list(
        connection.execute(select(photos.c.id).where(changed).order_by(photos.c.id).limit(limit)).scalars()
    )


def postings(connection: Connection, ids: Sequence[int]) -> list[Posting]:
    """The photos `ids` for the index, in the order of their ids."""
    statement = (
        select(photos, models.c.alphabet, files.c.path)
        .select_from(
            photos.outerjoin(files, files.c.content_id == photos.c.content_id).outerjoin(
                models, models.c.id == photos.c.recognizer
            )
        )
        .where(photos.c.id.in_(ids))
        .order_by(photos.c.id, files.c.path)
    )
    found = stored_words(connection, ids, with_lattices=True)
    result = []
    for _, group in groupby(connection.execute(statement), key=lambda row: row.id):
        first, *rest = group
        paths = tuple(row.path for row in (first, *rest) if row.path is not None)
        entry = None
        if paths and first.read_at is not None:
            words = tuple(map(_word, found[first.id]))
            entry = Entry(first.id, paths, first.taken, words, first.page, first.alphabet)
        result.append(Posting(first.id, first.revision, entry))
    return result


def _word(word: StoredWord) -> Word:
    box = word.box
    readings = tuple((hypothesis.text, hypothesis.probability) for hypothesis in word.readings)
    return Word(word.id, (box.x0, box.y0, box.x1, box.y1), box.line, box.chance, readings, word.lattice)


def mark_indexed(connection: Connection, done: Sequence[Posting]) -> None:
    """Say which state of each photo the index now holds; what has changed since stays marked."""
    for posting in done:
        held = update(photos).where(photos.c.id == posting.photo).values(indexed=posting.revision)
        connection.execute(held)


def mark_all_unindexed(connection: Connection) -> None:
    """Say that the index holds nothing."""
    connection.execute(update(photos).values(indexed=0))
