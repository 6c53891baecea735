"""Disks that take no more, anywhere in a run; archives that may not be written, or are too new."""

from __future__ import annotations

import errno
import random
import sqlite3
import stat
import sys
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import test_kill
from light import board, light
from whoosh.index import FileIndex

import search
from indexer import pipeline, schema
from indexer.archive import Archive, ArchiveError, NewerArchive
from indexer.schema import OutOfReach
from indexer.settings import Settings

PHOTOS = 8


def add(photos: Path, home: Path) -> None:
    with Archive.open(home, create=True) as archive:
        pipeline.add(archive, [photos], Settings(threads=2, batch=8), models=light)


def add_in_vain(photos: Path, home: Path, limit: int, pipe: Connection) -> None:
    """Add, while no file can grow beyond `limit` bytes; says how that ended."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        add(photos, home)
    except ArchiveError as error:
        pipe.send(type(error).__name__)
    except BaseException as error:
        pipe.send(repr(error))
    else:
        pipe.send("done")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(PHOTOS):
        board(folder / f"{number}.png", f"{test_kill.word(number)} common", "words of many kinds")
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_wherever_room_ends_it_is_said_and_the_archive_stays_whole(photos: Path, tmp_path: Path) -> None:
    add(photos, tmp_path / "calm")
    dice = random.Random(4)
    ends = set()
    for number in range(5):
        home = tmp_path / f"{number}"
        here, there = test_kill.PROCESSES.Pipe()
        limit = [0, 30_000, 100_000, 150_000, 200_000][number] + dice.randrange(30_000)
        process = test_kill.PROCESSES.Process(target=add_in_vain, args=(photos, home, limit, there))
        process.start()
        ends.add(here.recv())
        process.join()
        add(photos, home)
        assert test_kill.state(home) == test_kill.state(tmp_path / "calm")
        assert test_kill.hits(home) == test_kill.hits(tmp_path / "calm")
    assert ends <= {"OutOfReach", "done"} and "OutOfReach" in ends


def test_what_may_pass_by_itself_is_told_from_what_does_not(tmp_path: Path) -> None:
    def said(error: Exception) -> type[Exception]:
        with pytest.raises(ArchiveError) as raised, schema.storage_errors(tmp_path):
            raise error
        return raised.type

    assert said(OSError(28, "No space left on device")) is OutOfReach
    assert said(OSError(30, "Read-only file system")) is OutOfReach
    assert said(sqlite3.DatabaseError("file is not a database")) is ArchiveError


@pytest.fixture
def home(photos: Path, tmp_path: Path) -> Path:
    add(photos, tmp_path / "home")
    return tmp_path / "home"


def test_a_folder_that_may_not_be_written_is_said(
    home: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By the mode of the folder; root, who may write anywhere, meets a lock that cannot be opened instead.
    (home / "writer.lock").unlink()
    (home / "writer.lock").mkdir()
    mode = stat.S_IMODE(home.stat().st_mode)
    home.chmod(0o500)
    try:
        with pytest.raises(OutOfReach, match="permissions"):
            add(photos, home)
    finally:
        home.chmod(mode)
    (home / "writer.lock").rmdir()
    add(photos, home)


@pytest.mark.parametrize("files", ["*.toc", "*.trm", "parts.json", "stamp.json"])
@pytest.mark.parametrize("how", ["cut", "garbage", "gone"])
def test_an_index_that_cannot_be_written_to_is_made_anew(
    home: Path, photos: Path, tmp_path: Path, files: str, how: str
) -> None:
    for path in (home / "index").glob(files):
        data = path.read_bytes()
        path.unlink() if how == "gone" else path.write_bytes(
            data[: len(data) // 2] if how == "cut" else b"\7" * len(data)
        )
    board(tmp_path / "more" / "new.png", "another")
    add(tmp_path / "more", home)
    assert len(search.open(home).find("another", exact=True)) == 1
    assert len(search.open(home).find("common", exact=True)) == PHOTOS


def test_an_index_whose_reader_is_led_astray_is_made_anew(
    home: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a file may name a place before its beginning, by chance: then the system refuses, not Whoosh."""
    opened = FileIndex.reader

    def astray(self: FileIndex, *args: object, **options: object) -> object:
        monkeypatch.setattr(FileIndex, "reader", opened)
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(FileIndex, "reader", astray)
    board(tmp_path / "more" / "new.png", "another")
    add(tmp_path / "more", home)
    assert len(search.open(home).find("another", exact=True)) == 1
    assert len(search.open(home).find("common", exact=True)) == PHOTOS


def test_a_newer_archive_is_touched_by_nobody(home: Path, photos: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(home / "archive.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    with pytest.raises(NewerArchive):
        add(photos, home)
    assert {path: path.read_bytes() for path in before} == before
