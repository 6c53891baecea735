"""Backups: consistent while others write, refused when damaged, put back without losing what was there."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from light import board, empty_archive, light

import migrations
import search
from indexer import pipeline
from indexer.archive import Archive, ArchiveBusy
from indexer.backup import BackupError, Misplaced, Occupied, backup, restore
from indexer.copying import copy_database, is_whole, keep_copy
from indexer.lock import watcher_lock
from indexer.schema import ArchiveError, NewerArchive, NoArchive, open_database
from indexer.settings import Settings


def fill(home: Path, photos: Path, *words: str) -> None:
    with Archive.open(home, create=True) as archive:
        for word in words:
            board(photos / f"{word}.png", word)
        pipeline.add(archive, [photos], Settings(threads=1), models=light)


def found(home: Path, word: str) -> int:
    return len(search.open(home).find(word, exact=True))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An archive with two photos, a label, settings and a model."""
    home = tmp_path / "home"
    empty_archive(home).close()
    fill(home, tmp_path / "photos", "alpha", "beta")
    with Archive.open(home) as archive:
        word = next(iter(archive.words())).words[0]
        archive.set_label(word.id, "said")
    (home / "settings.toml").write_text("threads = 1\n")
    (home / "models").mkdir()
    (home / "models" / "mine.safetensors").write_bytes(b"weights" * 100)
    return home


def test_what_comes_back_is_what_was_there(home: Path, tmp_path: Path) -> None:
    members = backup(home, tmp_path / "copy.zip")
    assert [member.name for member in members] == [
        "archive.sqlite",
        "settings.toml",
        "models/mine.safetensors",
    ]
    other = tmp_path / "other"
    assert restore(tmp_path / "copy.zip", other).former is None
    with Archive.open(home) as old, Archive.open(other) as new:
        assert list(new.words()) == list(old.words())
        assert new.rebuild_index() == 2
    assert found(other, "said") == 1 and found(other, "beta") == 1
    for name in ("settings.toml", "models/mine.safetensors"):
        assert (other / name).read_bytes() == (home / name).read_bytes()


def test_it_is_consistent_though_others_write_in_between(home: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(home / "archive.sqlite")) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE contents SET reason = 'half'")
        copy_database(home / "archive.sqlite", tmp_path / "copy.sqlite")
        writer.rollback()
    assert is_whole(tmp_path / "copy.sqlite")
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT count(*) FROM contents WHERE reason = 'half'").fetchone() == (0,)


def test_nothing_is_overwritten_unasked(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.zip"
    backup(home, target)
    with pytest.raises(Occupied, match="is there already"):
        backup(home, target)
    with pytest.raises(Occupied, match="--replace") as raised:
        restore(target, home)
    assert raised.value.exit_code == 2


def test_replacing_keeps_a_copy_of_what_was_there(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "copy.zip")
    fill(home, tmp_path / "photos", "gamma")
    with Archive.open(home) as reader:  # somebody who has it open goes on with what is there now
        former = restore(tmp_path / "copy.zip", home, replace=True).former
        assert reader.counts().files == 2
        assert reader.update_index() == 2
    assert found(home, "gamma") == 0 and found(home, "beta") == 1
    assert former is not None and is_whole(former)
    with closing(sqlite3.connect(former)) as copy:
        assert copy.execute("SELECT count(*) FROM files").fetchone() == (3,)


def test_a_damaged_archive_steps_aside(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "copy.zip")
    (home / "archive.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(ArchiveError):
        backup(home, tmp_path / "second.zip")
    former = restore(tmp_path / "copy.zip", home, replace=True).former
    assert former is not None and former.read_bytes().startswith(b"no database")
    with Archive.open(home) as archive:
        assert archive.counts().files == 2
    assert not (tmp_path / "second.zip").exists()


def test_a_watched_archive_is_not_replaced(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "copy.zip")
    with watcher_lock(home), pytest.raises(ArchiveBusy, match="nothing was changed"):
        restore(tmp_path / "copy.zip", home, replace=True)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("packed")
    fill(folder / "home", folder / "photos", "alpha")
    backup(folder / "home", folder / "copy.zip")
    return (folder / "copy.zip").read_bytes()


@settings(max_examples=60)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
def test_any_damage_is_noticed_before_anything_is_touched(
    packed: bytes, tmp_path_factory: pytest.TempPathFactory, place: float, bit: int, cut: bool
) -> None:
    at = int(place * len(packed))
    flipped = packed[:at] + bytes([packed[at] ^ 1 << bit]) + packed[at + 1 :]
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "copy.zip").write_bytes(packed[:at] if cut else flipped)
    try:
        restore(folder / "copy.zip", folder / "home")
    except BackupError as error:
        assert str(folder / "copy.zip") in str(error)
        assert not (folder / "home" / "archive.sqlite").exists()
    else:  # a date in the zip file's directory, say: what was put back is whole in any case
        with Archive.open(folder / "home") as archive:
            assert [word.readings[0].text for page in archive.words() for word in page.words] == ["alpha"]


def change(path: Path, deed: Callable[[dict[str, bytes]], object]) -> None:
    """Another zip file with other members."""
    with zipfile.ZipFile(path) as zipped:
        members = {name: zipped.read(name) for name in zipped.namelist()}
    deed(members)
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)


def test_files_that_are_no_backups_are_refused(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.zip"
    for content in (b"", b"no zip file", b"PK\x03\x04"):
        target.write_bytes(content)
        with pytest.raises(BackupError):
            restore(target, tmp_path / "other")
    target.unlink()
    with pytest.raises(BackupError, match="check the name"):
        restore(target, tmp_path / "other")
    backup(home, target)
    change(target, lambda members: members.pop("settings.toml"))
    with pytest.raises(BackupError, match=r"settings\.toml is missing"):
        restore(target, tmp_path / "other")


def test_nothing_is_written_outside_of_the_archive(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.zip"
    backup(home, target)

    def lead_astray(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        manifest["files"].append({"name": "../evil", "size": 1, "sha256": ""})
        members |= {"../evil": b"x", "manifest.json": json.dumps(manifest).encode()}

    change(target, lead_astray)
    with pytest.raises(BackupError, match="belong to no archive"):
        restore(target, tmp_path / "other")
    assert not (tmp_path / "evil").exists()


def test_a_backup_of_a_newer_version_is_refused(home: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(home / "archive.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerArchive):
        backup(home, tmp_path / "copy.zip")
    with pytest.raises(NoArchive):
        backup(tmp_path / "nowhere", tmp_path / "copy.zip")


def test_before_a_migration_a_copy_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    revisions = migrations.revisions()
    fill(tmp_path, tmp_path / "photos", "alpha")
    with closing(sqlite3.connect(tmp_path / "archive.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", revisions[:1])
    seen = []

    def upgrade(_connection: object) -> None:
        [copy] = (tmp_path / "backups").iterdir()
        seen.append(is_whole(copy))

    monkeypatch.setattr(migrations, "upgrade", upgrade)
    open_database(tmp_path).close()
    assert seen == [True]
    [copy] = (tmp_path / "backups").iterdir()
    assert copy.name.startswith(f"before-{revisions[-1]}-")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == revisions[:1]
        assert connection.execute("SELECT count(*) FROM files").fetchone() == (1,)


def test_a_copy_never_takes_the_place_of_another(home: Path) -> None:
    assert len({keep_copy(home, "same") for _ in range(3)}) == 3
    assert not list((home / "backups").glob("*.part"))


def test_a_copy_that_was_kept_can_be_put_back(home: Path, tmp_path: Path) -> None:
    kept = keep_copy(home, "before")
    with Archive.open(home) as archive:
        archive.forget([str(tmp_path / "photos")])
    restored = restore(kept, home, replace=True)
    assert restored.former is not None
    with Archive.open(home) as archive:
        archive.update_index()
        assert archive.counts().labels == 1
    assert found(home, "beta") == 1 and (home / "settings.toml").exists()
    kept.write_bytes(kept.read_bytes()[:5000])
    with pytest.raises(BackupError, match="damaged"):
        restore(kept, home, replace=True)


def test_what_cannot_be_restored_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "copy.zip").write_bytes(b"no zip")
    for name in ("copy.zip", "none.zip"):
        with pytest.raises(BackupError):
            restore(tmp_path / name, tmp_path / "new" / "home")
    assert not (tmp_path / "new" / "home").exists()


def test_a_backup_wants_a_folder_that_is_there(home: Path, tmp_path: Path) -> None:
    with pytest.raises(Misplaced, match="make it first"):
        backup(home, tmp_path / "none" / "copy.zip")
