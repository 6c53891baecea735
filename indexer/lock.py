"""One writer an archive: a lock that vanishes with the process that holds it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ClassVar


class ArchiveBusy(Exception):
    """Another process is writing to the archive."""

    exit_code: ClassVar[int] = 6


@contextmanager
def writer_lock(home: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the one writer's place of the archive in `home`, waiting `patience` seconds for it at most.

    The lock is an exclusive transaction on an empty SQLite file of its own: the system takes it back when the
    process dies, however it dies, on every platform that SQLite runs on, and it does not hinder readers.
    Raises `ArchiveBusy` naming the holder.
    """
    with closing(sqlite3.connect(home / "writer.lock", timeout=patience, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise ArchiveBusy(
                f"the archive {home} is being written by {_holder(home)}; wait for it to end, then try again"
            ) from None
        note = home / "writer.pid"
        note.write_text(str(os.getpid()))
        try:
            yield
        finally:
            # The note only names the holder: one that a crash left behind harms nobody.
            with contextlib.suppress(OSError):
                note.unlink()


def _holder(home: Path) -> str:
    try:
        return f"process {int((home / 'writer.pid').read_text())}"
    except (OSError, ValueError):
        return "another process"
