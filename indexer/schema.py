"""The archive's database file: opening it, its version, and bringing it up to date."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

import migrations
from indexer.copying import keep_copy
from indexer.lock import ArchiveBusy, writer_lock

BUSY_SECONDS = 30.0
"""How long a statement waits for another process to finish its transaction."""


class ArchiveError(Exception):
    """The archive cannot be used: a full disk, a read-only folder, a damaged file."""

    exit_code: ClassVar[int] = 4


class OutOfReach(ArchiveError):
    """The archive cannot be used just now, but perhaps later as it is: a full disk, a share that is away."""


class NoArchive(ArchiveError):
    """There is no archive at this place."""


class NewerArchive(ArchiveError):
    """The archive was made by a newer version of this program."""


class Database:
    """Transactions on one database file. Each may raise `ArchiveError` or `ArchiveBusy`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = _engine(path)
        self._reader = self._writer.execution_options(begin="DEFERRED")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database, whatever others write meanwhile."""
        with storage_errors(self.path), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at its end, or not at all."""
        with storage_errors(self.path), self._writer.begin() as connection:
            yield connection

    def harden(self) -> None:
        """Make sure that what is committed survives a power failure too; seconds of work may be lost else."""
        with storage_errors(self.path), closing(self._writer.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").close()

    def close(self) -> None:
        """Let go of the file."""
        self._writer.dispose()


def open_database(home: Path, create: bool = False) -> Database:
    """The database in `home`, its tables up to date.

    Raises `NoArchive`, `NewerArchive` (the file stays untouched), `ArchiveBusy` when it must be brought up to
    date while another process writes, or `ArchiveError`.
    """
    version = check_version(home, create)
    database = Database(home / "archive.sqlite")
    if version != migrations.revisions()[-1]:
        with storage_errors(database.path):
            home.mkdir(parents=True, exist_ok=True)
            with writer_lock(home, patience=BUSY_SECONDS):
                _upgrade(home, database)
    return database


def check_version(home: Path, create: bool = False) -> str | None:
    """The revision of the tables in `home`; the file stays untouched. None where it holds none yet.

    Raises `NoArchive` (unless `create`), `NewerArchive`, `ArchiveError`.
    """
    version = _version(home / "archive.sqlite")
    if version is None and not create:
        raise NoArchive(f"there is no archive in {home}; make one with: ocr-index add PATH...")
    if version is not None and version not in migrations.revisions():
        raise NewerArchive(
            f"the archive in {home} was made by a newer version of ocr-index (its tables are {version}); "
            "it was left as it is: update ocr-index to use it"
        )
    return version


def _upgrade(home: Path, database: Database) -> None:
    """Bring the tables up to date, keeping a copy of the file as it was."""
    version = _version(database.path)  # now that no other process can be at it
    if version == migrations.revisions()[-1]:
        return
    if version is None:
        # An index that is there tells of a database that is gone.
        shutil.rmtree(home / "index", ignore_errors=True)
    else:
        keep_copy(home, f"before-{migrations.revisions()[-1]}")
    with database.write() as connection:
        migrations.upgrade(connection)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """What goes wrong inside with the database at `path`, in words: raises `ArchiveError`, `ArchiveBusy`."""
    try:
        yield
    except DBAPIError as error:
        raise _in_words(path, error.orig) from error
    except (OSError, sqlite3.Error) as error:
        raise _in_words(path, error) from error


_FULL = "the disk is full; make room and run the same command again, nothing is lost"
_READ_ONLY = "it cannot be written to; check the permissions of the folder and its files"
_DOCTOR = "`ocr-index doctor --repair` mends what can be mended, `ocr-index restore` puts a backup back"
_CLOSED = "it cannot be opened; check the permissions of the folder and its files"

_PASSING = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_IOERR: "it cannot be read or written (is the disk full or failing?)",
}
_LASTING = {
    sqlite3.SQLITE_NOTADB: "it is not an archive of ocr-index; name another folder with --archive",
    sqlite3.SQLITE_CORRUPT: f"it is damaged; {_DOCTOR}",
}
_BY_THE_SYSTEM = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
}


def _in_words(path: Path, error: BaseException | None) -> ArchiveError | ArchiveBusy:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ArchiveBusy(f"the archive {path} is busy; wait for the other process to end, then try again")
    if isinstance(error, OSError):
        advice = _BY_THE_SYSTEM.get(error.errno or 0)
        return OutOfReach(
            f"the archive {path}: " + (f"{advice} ({error.strerror})" if advice else str(error))
        )
    if code in _PASSING:
        return OutOfReach(f"the archive {path}: {_PASSING[code]}")
    return ArchiveError(f"the archive {path}: {_LASTING.get(code, f'{error}; {_DOCTOR}')}")


def _version(path: Path) -> str | None:
    """The revision of the tables in the file; None when it holds none yet, as after a crash while making it.

    Asked without SQLAlchemy and without writing, so that a file that is not ours or too new is not changed.
    """
    with storage_errors(path):
        if not path.exists():
            return None
        try:
            return _version_in(path, "ro")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
                raise
            # A crash has left a journal, and what it holds must be put into the file first.
            return _version_in(path, "rw")


def _version_in(path: Path, mode: str) -> str | None:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = {name for (name,) in rows}
        if not names:
            return None
        if "alembic_version" not in names or "contents" not in names:
            raise NoArchive(f"{path} is another program's database; name another folder with --archive")
        versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        if not versions:
            raise ArchiveError(f"the archive {path}: {_LASTING[sqlite3.SQLITE_CORRUPT]}")
        return str(versions[0][0])


def _engine(path: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own idea of when to begin would leave CREATE TABLE outside of transactions.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    # What a process has committed survives its end in any case; power failures are met by `Database.harden`.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later can be refused half-way, so writers say so at once.
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'IMMEDIATE')}")
