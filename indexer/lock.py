"""One writer and one watcher an archive: locks that vanish with the process that holds them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ClassVar

MOMENT = 0.5
"""Seconds that SQLite may wait by itself; in between, signals are heeded."""


class ArchiveBusy(Exception):
    """Another process is writing to the archive."""

    exit_code: ClassVar[int] = 6


@contextmanager
def writer_lock(home: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the one writer's place of the archive in `home`, waiting `patience` seconds for it at most.

    Raises `ArchiveBusy` naming the holder.
    """
    advice = "is being written by {}; wait for it to end, then try again"
    with _lock(home, "writer", patience, advice):
        yield


@contextmanager
def watcher_lock(home: Path) -> Iterator[None]:
    """Be the one watcher of the archive in `home`. Raises `ArchiveBusy` naming the other one."""
    # With some patience, because `is_watched` holds the lock while it looks.
    advice = "is watched by {} already; stop that first, or name all folders in one command"
    with _lock(home, "watch", 1.0, advice):
        yield


@contextmanager
def index_lock(home: Path, patience: float) -> Iterator[None]:
    """Be the one that changes the search index of the archive in `home`. Raises `ArchiveBusy`."""
    with _lock(home, "index", patience, "has its search index written by {}; try again when that is done"):
        yield


def is_watched(home: Path) -> bool:
    """Whether a watcher of the archive in `home` is alive."""
    try:
        # A file that is not there is not made: to ask must be possible where nothing can be written.
        with closing(_connect(home / "watch.lock", 0.0, "rw")) as connection:
            connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return False


@contextmanager
def _lock(home: Path, name: str, patience: float, advice: str) -> Iterator[None]:
    """An exclusive transaction on an empty SQLite file of its own.

    The system takes it back when the process dies, however it dies, on every platform that SQLite runs on,
    and it does not hinder readers.
    """
    with closing(_connect(home / f"{name}.lock", min(patience, MOMENT), "rwc")) as connection:
        end = time.monotonic() + patience
        while not _is_taken(connection):
            if time.monotonic() >= end:
                raise ArchiveBusy(f"the archive {home} {advice.format(_holder(home, name))}")
        note = home / f"{name}.pid"
        # The note only names the holder: none on a full disk, or one that a crash left behind, harms nobody.
        with contextlib.suppress(OSError):
            note.write_text(str(os.getpid()))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                note.unlink()


def _is_taken(connection: sqlite3.Connection) -> bool:
    """Try to take the lock."""
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _connect(path: Path, patience: float, mode: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None)


def _holder(home: Path, name: str) -> str:
    try:
        return f"process {int((home / f'{name}.pid').read_text())}"
    except (OSError, ValueError):
        return "another process"
