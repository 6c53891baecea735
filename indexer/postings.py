"""Rows -> what the search index holds of a photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from search.index import Entry, Word
from sqlalchemy import Connection, select, update

from indexer.tables import files, photos
from indexer.views import StoredWord, stored_words


@dataclass(frozen=True, slots=True)
class Posting:
    """One photo as search should know it now; without an entry it should know it no more."""

    photo: int
    revision: int
    entry: Entry | None


def unindexed(connection: Connection, limit: int) -> list[int]:
    """The first photos that search has not heard of in their present state."""
    statement = (
        select(photos.c.id).where(photos.c.revision != photos.c.indexed).order_by(photos.c.id).limit(limit)
    )
    return list(connection.execute(statement).scalars())


def postings(connection: Connection, ids: Sequence[int]) -> list[Posting]:
    """The photos `ids` for the index, in the order of their ids."""
    statement = (
        select(photos.c.id, photos.c.revision, photos.c.page, photos.c.taken, photos.c.read_at, files.c.path)
        .select_from(photos.outerjoin(files, files.c.content_id == photos.c.content_id))
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
            entry = Entry(first.id, paths, first.taken, tuple(map(_word, found[first.id])), first.page)
        result.append(Posting(first.id, first.revision, entry))
    return result


def _word(word: StoredWord) -> Word:
    box = word.box
    readings = tuple((hypothesis.text, hypothesis.probability) for hypothesis in word.readings)
    return Word(word.id, (box.x0, box.y0, box.x1, box.y1), box.line, box.chance, readings, word.lattice)


def mark_indexed(connection: Connection, done: Sequence[Posting]) -> None:
    """Say which state of each photo the index now holds; what has changed since stays marked."""
    for posting in done:
        connection.execute(
            update(photos).where(photos.c.id == posting.photo).values(indexed=posting.revision)
        )


def mark_all_unindexed(connection: Connection) -> None:
    """Say that the index holds nothing."""
    connection.execute(update(photos).values(indexed=0))
