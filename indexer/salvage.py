"""What can still be read of a damaged database, in a new one."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from indexer.copying import SQLITE
from indexer.tables import metadata

HEAD = 100
"""Bytes that say how large a database is: https://www.sqlite.org/fileformat.html, section 1.3."""


def salvage(source: Path, target: Path) -> int:
    """Copy all rows that can be read from the database `source` into the empty tables of `target`.

    Photos that may have lost words are to be read again; rows that lean on lost ones come along, and
    `indexer.soundness` finds them. Returns how many rows there are, none if `source` is no database at all.
    Raises OSError and sqlite3.Error if `target` takes no more.
    """
    whole = target.with_suffix(".whole")
    _copy_whole(source, whole)
    with closing(sqlite3.connect(whole)) as old, closing(sqlite3.connect(target)) as new, new:
        old.text_factory = lambda raw: raw.decode("utf-8", "replace")
        names = [table.name for table in metadata.sorted_tables]
        for name in names:
            _copy_rows(old, new, name, "")
        (last,) = new.execute("SELECT coalesce(max(id), 0) FROM words").fetchone()
        for name in names:
            _copy_rows(old, new, name, "ORDER BY rowid DESC")
        _read_again(new, last)
        return sum(new.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names)


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a database and its journal; one that was cut is filled up, or else SQLite reads none of it."""
    shutil.copyfile(source, target)
    log = Path(f"{source}-wal")
    if log.exists():
        shutil.copyfile(log, f"{target}-wal")
    with target.open("rb") as file:
        head = file.read(HEAD)
    page = int.from_bytes(head[16:18], "big")
    size = (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if head.startswith(SQLITE) and size > target.stat().st_size:
        os.truncate(target, size)


def _copy_rows(old: sqlite3.Connection, new: sqlite3.Connection, table: str, order: str) -> None:
    """Copy rows in that order up to the damage, if there is any, leaving out those that are there."""
    known = {row[1] for row in _readable(old, f"PRAGMA table_info({table})")}
    names = [row[1] for row in new.execute(f"PRAGMA table_info({table})") if row[1] in known]
    if names:
        listed = ", ".join(names)
        into = f"INSERT OR IGNORE INTO {table} ({listed}) VALUES ({', '.join('?' * len(names))})"
        new.executemany(into, _readable(old, f"SELECT {listed} FROM {table} {order}"))


def _readable(connection: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    with suppress(sqlite3.DatabaseError):
        yield from connection.execute(query)


def _read_again(new: sqlite3.Connection, last: int) -> None:
    """Have photos read again that are without words, or have the words beside the gap after the word `last`.

    A photo's words lie in one piece.
    """
    new.execute(
        "CREATE TEMP TABLE torn AS SELECT id, content_id FROM photos"
        " WHERE id NOT IN (SELECT photo_id FROM words) OR id IN (SELECT photo_id FROM words"
        " WHERE id IN (:last, (SELECT min(id) FROM words WHERE id > :last)))",
        {"last": last},
    )
    new.execute("UPDATE contents SET pages = NULL WHERE id IN (SELECT content_id FROM torn)")
    new.execute(
        "UPDATE photos SET read_at = NULL, detector = NULL, recognizer = NULL, revision = revision + 1"
        " WHERE id IN (SELECT id FROM torn)"
    )
