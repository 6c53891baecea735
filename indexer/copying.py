"""Copies of a database that others may be writing to."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

SQLITE = b"SQLite format 3\0"
"""So begins every database."""

STEP = 4096
"""Pages copied at a time; a signal is heeded in between."""


def copy_database(source: Path, target: Path) -> None:
    """Make `target` what the database `source` holds at one moment, whatever others write meanwhile.

    A database that is `target` already is replaced in one transaction, which its readers survive. Raises
    sqlite3.Error.
    """
    is_new = not target.exists()
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old:
        old.isolation_level = None
        # One transaction over all steps: without it a copy begins anew whenever somebody writes.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target, timeout=30.0)) as new:
            old.backup(new, pages=STEP, progress=lambda *_: None)
            if is_new:  # one file that needs no others beside it
                new.execute("PRAGMA journal_mode = DELETE")


def keep_copy(home: Path, name: str) -> Path:
    """Keep the archive's database in the folder `backups` under a new name that begins so; returns the copy.

    A copy that was not finished has another name. Raises sqlite3.Error, OSError.
    """
    folder = home / "backups"
    folder.mkdir(exist_ok=True)
    stem = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    taken = len(list(folder.glob(f"{stem}*.sqlite")))
    copy = folder / f"{stem}{f'-{taken + 1}' if taken else ''}.sqlite"
    part = copy.with_suffix(".part")
    try:
        part.unlink(missing_ok=True)
        copy_database(home / "archive.sqlite", part)
        settle(part)
        part.replace(copy)
    finally:
        part.unlink(missing_ok=True)
    return copy


def settle(path: Path) -> None:
    """Bring a file to the disk, so that a power failure does not take it any more."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def is_whole(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with the database at `path`."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False
