"""What may be wrong with the rows, and what mends it without throwing away a label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    true,
    update,
)

from indexer import rows
from indexer.tables import contents, files, hypotheses, labels, metadata, photos, suggestions, words

SAID = frozenset({"labels", "derived_labels"})
"""What people have said: such rows are never deleted, whatever they point at."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Rows that should not be as they are."""

    text: str
    rows: int
    mendable: bool = True


def flaws(connection: Connection, mend: bool) -> Iterator[Flaw]:
    """What is wrong with the rows; with `mend` it is no more, where it is mendable. Part of a transaction."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.foreign_keys:
                yield from _dangling(connection, table, column, mend)
    yield from _unread(connection, mend)
    yield from _left_over(connection, mend)


def _dangling(connection: Connection, table: Table, column: Column[object], mend: bool) -> Iterator[Flaw]:
    """Rows that point at rows that are not there."""
    target = next(iter(column.foreign_keys)).column
    there = target.table.alias()  # as labels point at labels
    lost = and_(column.is_not(None), ~exists().where(there.c[target.name] == column).correlate(table))
    count = _count(connection, table, lost)
    if not count:
        return
    kept = _count(connection, table, and_(lost, _is_needed(table, column)))
    what = f"rows of {table.name} whose {column.name} leads to no row of {target.table.name}"
    if count > kept:
        yield Flaw(what, count - kept)
    if kept:
        yield Flaw(f"{what}, and which are kept as people have said something there", kept, mendable=False)
    if mend:
        _let_go(connection, table, column, and_(lost, ~_is_needed(table, column)))


def _is_needed(table: Table, column: Column[object]) -> ColumnElement[bool]:
    """Whether a row holds what people have said, and cannot do without what it points at."""
    if table.name in SAID:
        return true()
    if table is photos and not column.nullable:
        return exists().where(labels.c.photo_id == photos.c.id).correlate(photos)
    return false()


def _let_go(connection: Connection, table: Table, column: Column[object], which: ColumnElement[bool]) -> None:
    """Have the rows point at nothing, or delete them where they cannot."""
    if column.nullable and not column.primary_key:
        connection.execute(update(table).where(which).values({column.name: None}))
    else:
        connection.execute(delete(table).where(which))


def _unread(connection: Connection, mend: bool) -> Iterator[Flaw]:
    """Photos that count as read, though their reading is not there as a whole."""
    read = (
        select(func.count())
        .select_from(photos)
        .where(photos.c.content_id == contents.c.id, *_has_been_read())
        .correlate(contents)
        .scalar_subquery()
    )
    speechless = (
        select(photos.c.content_id)
        .join(words, words.c.photo_id == photos.c.id)
        .where(
            words.c.label_id.is_(None),
            ~exists().where(hypotheses.c.word_id == words.c.id),
            ~exists().where(suggestions.c.word_id == words.c.id),
        )
    )
    broken = and_(contents.c.pages.is_not(None), or_(contents.c.pages != read, contents.c.id.in_(speechless)))
    ids = connection.execute(select(contents.c.id).where(broken)).scalars().all()
    if ids:
        yield Flaw("photos that count as read, but whose words are not all there", len(ids))
    if mend:
        for some in range(0, len(ids), 500):
            read_again(connection, ids[some : some + 500])


def _has_been_read() -> tuple[ColumnElement[bool], ...]:
    return photos.c.read_at.is_not(None), photos.c.detector.is_not(None), photos.c.recognizer.is_not(None)


def read_again(connection: Connection, which: Sequence[int]) -> None:
    """Have these contents read again by the next `add`, `reindex` or watcher; labels stay."""
    connection.execute(update(contents).where(contents.c.id.in_(which)).values(pages=None, reason=None))
    unread = {"read_at": None, "detector": None, "recognizer": None, "revision": photos.c.revision + 1}
    connection.execute(update(photos).where(photos.c.content_id.in_(which)).values(unread))


def _left_over(connection: Connection, mend: bool) -> Iterator[Flaw]:
    """Rows of forgotten photos that nothing needs any more; `remove` was broken off, say."""
    forgotten = and_(
        photos.c.read_at.is_(None),
        photos.c.revision == photos.c.indexed,
        ~exists().where(files.c.content_id == photos.c.content_id),
        ~exists().where(labels.c.photo_id == photos.c.id),
    )
    if count := _count(connection, photos, forgotten):
        yield Flaw("rows of photos that were removed", count)
        if mend:
            rows.purge(connection)


def _count(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(which)).scalar_one())
