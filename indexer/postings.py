"""Rows -> search index: the photos that search has not heard of in their present state."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import ClassVar

from sqlalchemy import Connection, select, update

from indexer import interrupts
from indexer.lock import ArchiveBusy, index_lock
from indexer.schema import Database, storage_errors
from indexer.tables import files, models, photos
from indexer.written import StoredWord, stored_alternatives, stored_words
from search.index import PATIENCE, Entry, Index, IndexBusy, Word

log = logging.getLogger(__name__)

BATCH = 500
"""Photos put into the index in one commit; each commit costs some work, each photo some memory."""


class IndexDamaged(Exception):
    """The search index cannot be written to as it is; it is only a cache, so nothing is lost."""

    exit_code: ClassVar[int] = 4


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
        """Bring in what the index has not heard of; returns how many photos.

        An index that is lost or damaged is made anew. Raises `IndexBusy` if `insist`.
        """
        try:
            if not self._index.usable:
                self._forget()
            return self._update_all()
        except IndexDamaged as damage:
            log.warning("event=index-damaged why=%r", f"{damage}; it is made anew, and nothing is lost")
            return self.rebuild()
        except IndexBusy:
            if insist:
                raise
            return 0

    def _update_all(self) -> int:
        total = 0
        while count := self._update_some():
            total += count
        return total

    def rebuild(self) -> int:
        """Make the index anew; returns how many photos it has heard of."""
        self._forget()
        return self._update_all()

    def _forget(self) -> None:
        """Empty the index, and have the rows know it."""
        with self._turn(), storage_errors(self._database.path):
            self._index.clear()
            with self._database.write() as connection:
                mark_all_unindexed(connection)

    def _update_some(self) -> int:
        with self._turn():
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

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Be the one that changes the index and what the rows say of it.

        The lock that the index has of its own lies in the folder that may be emptied, and is taken only after
        files were opened that another writer may have replaced by then.
        """
        with ExitStack() as stack:
            try:
                with storage_errors(self._database.path):
                    stack.enter_context(index_lock(self._database.path.parent, PATIENCE))
            except ArchiveBusy as busy:
                raise IndexBusy(str(busy)) from None
            yield

    def _write(self, batch: Sequence[Posting]) -> None:
        try:
            with self._index.writer() as writer:
                for posting in batch:
                    if posting.entry is None:
                        writer.drop(posting.photo)
                    else:
                        writer.put(posting.entry)
        except (IndexBusy, MemoryError):
            raise
        except Exception as damage:  # whatever a damaged file makes of Whoosh; a full disk is none
            if isinstance(damage, OSError) and not isinstance(damage, FileNotFoundError):
                raise
            raise IndexDamaged(f"{type(damage).__name__}: {damage}") from damage


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
    found, more = stored_words(connection, ids, with_lattices=True), stored_alternatives(connection, ids)
    result = []
    for _, group in groupby(connection.execute(statement), key=lambda row: row.id):
        first, *rest = group
        paths = tuple(row.path for row in (first, *rest) if row.path is not None)
        entry = None
        if paths and first.read_at is not None:
            words, others = (tuple(map(_word, some[first.id])) for some in (found, more))
            entry = Entry(first.id, paths, first.taken, words, first.page, first.alphabet, others)
        result.append(Posting(first.id, first.revision, entry))
    return result


def _word(word: StoredWord) -> Word:
    box = word.box
    # What is likely to be written is the same for every photo: only what is seen tells photos apart.
    readings = tuple((one.text, one.by_sight) for one in word.readings)
    return Word(word.id, (box.x0, box.y0, box.x1, box.y1), box.line, box.chance, readings, word.lattice)


def mark_indexed(connection: Connection, done: Sequence[Posting]) -> None:
    """Say which state of each photo the index now holds; what has changed since stays marked."""
    for posting in done:
        held = update(photos).where(photos.c.id == posting.photo).values(indexed=posting.revision)
        connection.execute(held)


def mark_all_unindexed(connection: Connection) -> None:
    """Say that the index holds nothing."""
    connection.execute(update(photos).values(indexed=0))
