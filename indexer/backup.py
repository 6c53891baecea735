"""One file that holds an archive: made while everything runs, and put back when all is lost.

It is a zip file with the database, the settings, the models and a manifest with the sha256 of each. The
search index is not in it, as it is made from the database.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import ClassVar

from indexer.copying import SQLITE, copy_database, is_whole, keep_copy, settle
from indexer.lock import ArchiveBusy, watcher_lock, writer_lock
from indexer.schema import check_version, storage_errors

DATABASE = "archive.sqlite"
MANIFEST = "manifest.json"
FORMAT = 1
CHUNK = 1 << 20

_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError)
"""What reading a damaged zip file may raise."""


class BackupError(Exception):
    """A backup cannot be made there, or the file is none, or a damaged one."""

    exit_code: ClassVar[int] = 4


class Misplaced(BackupError):
    """There is no such place to write to."""

    exit_code: ClassVar[int] = 2


class Occupied(Misplaced):
    """There is something at the place that is to be written to."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a backup."""

    name: str
    """Its path in the archive's folder, with `/` between folders."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What has been put back."""

    made: str
    """When the backup was made, as ISO 8601 says it."""
    former: Path | None
    """A copy of the database that was there before."""


def backup(home: Path, target: Path) -> list[Member]:
    """Write a backup of the archive in `home` to `target`; returns what is in it.

    Readers, writers and a watcher go on meanwhile. Raises `Misplaced`, `NoArchive`, `NewerArchive`,
    `BackupError` for an archive that is damaged, `ArchiveError`.
    """
    check_version(home)
    if target.exists():
        raise Occupied(f"{target} is there already; name another file, or delete it")
    if not target.absolute().parent.is_dir():
        raise Misplaced(f"there is no folder {target.absolute().parent}; make it first, or name another one")
    with storage_errors(target), TemporaryDirectory(dir=target.absolute().parent, prefix=".backup-") as name:
        copy = Path(name) / DATABASE
        copy_database(home / DATABASE, copy)
        if not is_whole(copy):
            raise BackupError(
                f"the archive in {home} is damaged, so no backup was made; see: ocr-index doctor"
            )
        part = Path(name) / "backup.zip"
        members = _packed(part, {DATABASE: copy} | dict(_beside(home)))
        settle(part)
        part.replace(target)
    return members


def _beside(home: Path) -> Iterator[tuple[str, Path]]:
    """The files beside the database that nobody can make anew."""
    for path in (home / "settings.toml", home / "mounts.json", *sorted(home.glob("models/*"))):
        if path.is_file():
            yield path.relative_to(home).as_posix(), path


def _packed(target: Path, files: dict[str, Path]) -> list[Member]:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        members = [_pack(zipped, name, path) for name, path in files.items()]
        manifest = {
            "format": FORMAT,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": [{"name": m.name, "size": m.size, "sha256": m.sha256} for m in members],
        }
        zipped.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return members


def _pack(zipped: zipfile.ZipFile, name: str, path: Path) -> Member:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, zipped.open(name, "w", force_zip64=True) as sink:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            sink.write(chunk)
    return Member(name, size, digest.hexdigest())


def restore(source: Path, home: Path, replace: bool = False) -> Restored:
    """Put the backup `source` into `home`; with `replace`, in the place of the archive that is there.

    A copy of a database, as the folder `backups` of an archive holds them, will do as well. Everything is
    checked before anything is touched, and a copy of a former database is kept. Raises `Occupied` without
    `replace`, `BackupError` for a damaged backup, `NewerArchive` for one of a newer version, `ArchiveBusy`
    while the archive is written or watched.
    """
    if (home / DATABASE).exists() and not replace:
        raise Occupied(
            f"there is an archive in {home}; name another folder with --archive, or replace it with --replace"
        )
    if not source.exists():
        raise BackupError(f"there is no file {source}; check the name")
    with storage_errors(home), ExitStack() as stack:
        if not home.exists():
            stack.callback(_leave_nothing, home)
        home.mkdir(parents=True, exist_ok=True)
        stack.enter_context(alone(home))
        folder = Path(stack.enter_context(TemporaryDirectory(dir=home, prefix=".restore-")))
        made, members = _unpacked(source, folder)
        check_version(folder)
        former = put_back(folder, home, members)
    return Restored(made, former)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Nobody else reads photos into the archive meanwhile. Raises `ArchiveBusy`."""
    try:
        with watcher_lock(home), writer_lock(home, patience=5.0):
            yield
    except ArchiveBusy as error:
        raise ArchiveBusy(f"{error} (nothing was changed)") from None


def _leave_nothing(home: Path) -> None:
    """Take away the new folder `home`, unless there is an archive in it now."""
    if not (home / DATABASE).exists():
        shutil.rmtree(home, ignore_errors=True)


def _unpacked(source: Path, folder: Path) -> tuple[str, list[Member]]:
    """When the backup was made and what is in it, checked and laid into `folder`."""
    with source.open("rb") as file:
        if file.read(len(SQLITE)) == SQLITE:
            return _copied(source, folder)
    try:
        with zipfile.ZipFile(source) as zipped:
            made, members = _manifest(source, zipped)
            for member in members:
                _unpack(source, zipped, member, folder)
    except OSError as fault:
        if fault.errno == errno.EINVAL:  # it leads to a place before its beginning
            raise _damaged(source, str(fault)) from fault
        raise
    except _BROKEN as fault:
        raise _damaged(source, str(fault)) from fault
    if DATABASE not in {member.name for member in members} or not is_whole(folder / DATABASE):
        raise _damaged(source, "its database is not whole")
    return made, members


def _copied(source: Path, folder: Path) -> tuple[str, list[Member]]:
    """The same of a bare copy of a database."""
    if not is_whole(source):
        raise _damaged(source, "it is not whole")
    copy_database(source, folder / DATABASE)
    facts = source.stat()
    made = datetime.fromtimestamp(facts.st_mtime, UTC).isoformat(timespec="seconds")
    return made, [Member(DATABASE, facts.st_size, "")]


def _manifest(source: Path, zipped: zipfile.ZipFile) -> tuple[str, list[Member]]:
    try:
        manifest = json.loads(zipped.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise BackupError(
                f"{source} was made by a newer version of ocr-index; update ocr-index to use it"
            )
        members = [Member(str(m["name"]), int(m["size"]), str(m["sha256"])) for m in manifest["files"]]
        made = str(manifest["made"])
    except (KeyError, ValueError, TypeError):
        raise BackupError(f"{source} is no backup made by: ocr-index backup") from None
    if not all(_is_ours(member.name) for member in members):
        raise _damaged(source, "it names files that belong to no archive")
    return made, members


def _is_ours(name: str) -> bool:
    """Whether a file of that name may lie in an archive: nothing is ever written elsewhere."""
    parts = PurePosixPath(name).parts
    if name in (DATABASE, "settings.toml", "mounts.json"):
        return True
    return len(parts) == 2 and parts[0] == "models" and parts[1] not in ("..", ".") and "\\" not in name


def _unpack(source: Path, zipped: zipfile.ZipFile, member: Member, folder: Path) -> None:
    path = folder / member.name
    path.parent.mkdir(exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with zipped.open(member.name) as packed, path.open("wb") as sink:
            while (chunk := packed.read(CHUNK)) and size <= member.size:
                digest.update(chunk)
                size += len(chunk)
                sink.write(chunk)
    except KeyError:
        raise _damaged(source, f"{member.name} is missing") from None
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise _damaged(source, f"{member.name} is not what it was")


def _damaged(source: Path, why: str) -> BackupError:
    return BackupError(f"the backup {source} is damaged ({why}); nothing was restored, take another one")


def put_back(folder: Path, home: Path, members: Sequence[Member] = ()) -> Path | None:
    """Move what lies in `folder` to `home`, the database first; returns a copy of the former one.

    The caller sees to it that it is `alone`.
    """
    _forget_index(folder / DATABASE)
    former = _keep_former(home)
    shutil.rmtree(home / "index", ignore_errors=True)
    copy_database(folder / DATABASE, home / DATABASE)
    for member in members:
        if member.name != DATABASE:
            (home / member.name).parent.mkdir(exist_ok=True)
            (folder / member.name).replace(home / member.name)
    return former


def _forget_index(database: Path) -> None:
    """Say that search has heard of nothing, so that it is told anew even after a crash in the middle."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE photos SET indexed = 0")


def _keep_former(home: Path) -> Path | None:
    if not (home / DATABASE).exists():
        return None
    if is_whole(home / DATABASE):
        return keep_copy(home, "replaced")
    # SQLite cannot write over what it cannot read, so the damaged files step aside as they are.
    aside = home / "backups" / f"damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    aside.mkdir(parents=True)
    for suffix in ("", "-wal", "-shm", "-journal"):
        path = home / f"{DATABASE}{suffix}"
        if path.exists():
            path.replace(aside / path.name)
    return aside / DATABASE
