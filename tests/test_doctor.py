"""The doctor finds what was broken, mends it, and throws no label away."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from light import board, empty_archive, light

import search
from indexer import pipeline
from indexer.archive import Archive, NoArchive
from indexer.doctor import Finding, State, examine
from indexer.schema import NewerArchive
from indexer.settings import Settings

SETTINGS = Settings(threads=1)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    board(tmp_path / "photos" / "one.png", "alpha beta")
    board(tmp_path / "photos" / "two.png", "gamma")
    return tmp_path / "photos"


@pytest.fixture
def home(photos: Path, tmp_path: Path) -> Path:
    """Two photos; a person has said what the word `gamma` is."""
    with empty_archive(tmp_path / "home") as archive:
        pipeline.add(archive, [photos], SETTINGS, models=light)
        [gamma] = [w for page in archive.words() for w in page.words if w.readings[0].text == "gamma"]
        archive.set_label(gamma.id, "said")
        return archive.home


def run(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "archive.sqlite")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def faults(found: Sequence[Finding]) -> list[str]:
    return [finding.part for finding in found if finding.state is State.FAULT]


def mended(home: Path) -> list[str]:
    """The parts with faults, which a repair mends and a second look does not find any more."""
    before = faults(list(examine(home)))
    repaired = list(examine(home, repair=True))
    assert not faults(repaired)
    assert not faults(list(examine(home)))
    with Archive.open(home) as archive:
        [label] = [w.label for page in archive.words() for w in page.words if w.label] or [""]
    with closing(sqlite3.connect(home / "archive.sqlite")) as connection:
        assert connection.execute("SELECT text FROM labels").fetchall() == [("said",)]
    assert label in ("said", "")
    return before


def read_again(home: Path, photos: Path) -> list[str]:
    with Archive.open(home) as archive:
        pipeline.add(archive, [photos], SETTINGS, models=light)
        return sorted(word.readings[0].text for page in archive.words() for word in page.words)


def test_an_archive_that_is_well(home: Path) -> None:
    found = list(examine(home, repair=True))
    assert {finding.state for finding in found} == {State.FINE}
    assert [finding.part for finding in found if finding.part != "weights"] == [
        "database", "rows", "index", "files",
    ]  # fmt: skip
    assert not (home / "backups").exists()


def test_without_an_archive_or_with_a_newer_one_nothing_is_touched(home: Path, tmp_path: Path) -> None:
    with pytest.raises(NoArchive):
        list(examine(tmp_path / "none", repair=True))
    run(home, "UPDATE alembic_version SET version_num = '9999'")
    before = (home / "archive.sqlite").read_bytes()
    with pytest.raises(NewerArchive):
        list(examine(home, repair=True))
    assert (home / "archive.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO hypotheses VALUES (999, 1, 'ghost', 0.5, NULL)",
        "INSERT INTO lattices VALUES (999, x'00')",
        "UPDATE files SET content_id = 999 WHERE path = (SELECT min(path) FROM files)",
        "DELETE FROM models WHERE kind = 'recognizer'",
        "DELETE FROM photos WHERE id = (SELECT min(id) FROM photos)",
        "DELETE FROM words WHERE label_id IS NULL",
        "DELETE FROM hypotheses",
        "UPDATE contents SET pages = 2",
        "UPDATE words SET label_id = 999 WHERE label_id IS NULL",
    ],
)
def test_broken_rows_are_mended_and_read_again(home: Path, photos: Path, statement: str) -> None:
    run(home, "PRAGMA foreign_keys = OFF", statement)
    found = mended(home)
    # Words that were deleted as a whole leave nothing that could tell of them.
    assert "rows" in found or "DELETE FROM words" in statement
    assert (home / "backups").exists() or "DELETE FROM words" in statement
    if "DELETE FROM words" not in statement:
        assert read_again(home, photos) == ["alpha", "beta", "said"]
        assert len(search.open(home).find("said", exact=True)) == 1


def test_labels_without_a_photo_are_kept_and_said(home: Path) -> None:
    run(home, "PRAGMA foreign_keys = OFF", "UPDATE labels SET photo_id = 999")
    found = list(examine(home, repair=True))
    assert "rows" in faults(found)
    with closing(sqlite3.connect(home / "archive.sqlite")) as connection:
        assert connection.execute("SELECT text FROM labels").fetchall() == [("said",)]


def test_an_index_that_lags_behind_or_lies(home: Path) -> None:
    run(home, "UPDATE photos SET taken = 0")  # nobody has told search
    assert mended(home) == ["index"]
    run(home, "UPDATE photos SET revision = 7, indexed = 7, read_at = NULL WHERE id = 1")
    assert "index" in mended(home)


# Whoosh leaves the file open that it could not read.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("files", ["*.toc", "*.pst", "*.trm", "*._stored.col", "parts.json", "part-*"])
@pytest.mark.parametrize("how", ["cut", "garbage", "gone"])
def test_an_index_that_cannot_be_read(home: Path, files: str, how: str) -> None:
    for path in (home / "index").glob(files):
        data = path.read_bytes()
        path.unlink() if how == "gone" else path.write_bytes(
            data[: len(data) // 2] if how == "cut" else b"\7" * len(data)
        )
    assert mended(home) == ["index"]
    assert len(search.open(home).find("alpha", exact=True)) == 1


def test_an_index_that_is_not_there_is_made(home: Path) -> None:
    shutil.rmtree(home / "index")
    assert faults(list(examine(home))) == []
    assert len(search.open(home).find("alpha", exact=True)) == 1


def test_a_database_whose_inner_index_is_wrong(home: Path) -> None:
    run(
        home,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = sql || ' WHERE 0' WHERE name = 'ix_words_photo_id'",
    )
    found = mended(home)
    assert set(found) <= {"database"} and found


def test_a_database_that_is_torn_is_said_with_the_copy_to_put_back(home: Path) -> None:
    (home / "backups").mkdir()
    shutil.copy(home / "archive.sqlite", home / "backups" / "earlier.sqlite")
    with (home / "archive.sqlite").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 20000)
    [finding, *_] = [f for f in examine(home) if f.state is State.FAULT]
    assert finding.part == "database" and "earlier.sqlite" in finding.text
    # A copy of what is damaged would be no help.
    (home / "backups" / "earlier.sqlite").rename(home / "backups" / "damaged-1.sqlite")
    assert "damaged-1.sqlite" not in next(f.text for f in examine(home) if f.state is State.FAULT)


def zero(home: Path, table: str) -> None:
    """Overwrite the first page of a table."""
    with closing(sqlite3.connect(home / "archive.sqlite")) as connection:
        [(size,)] = connection.execute("PRAGMA page_size")
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table])
    with (home / "archive.sqlite").open("r+b") as file:
        file.seek(size * (page - 1))
        file.write(bytes(size))


def cut(home: Path) -> None:
    """Take away the end, where nothing lies that anybody needs: SQLite reads none of it then."""
    run(home, "CREATE TABLE last (x)", "INSERT INTO last VALUES (zeroblob(30000))")
    data = (home / "archive.sqlite").read_bytes()
    (home / "archive.sqlite").write_bytes(data[:-5000])


@pytest.mark.parametrize(
    "harm",
    [
        partial(zero, table="words"),
        partial(zero, table="hypotheses"),
        cut,
        lambda home: run(home, "DELETE FROM alembic_version"),
        lambda home: run(home, "DROP TABLE lattices"),
    ],
    ids=["words", "hypotheses", "cut", "version", "table"],
)
def test_what_can_be_read_of_a_torn_database_is_saved(
    home: Path, photos: Path, harm: Callable[[Path], None]
) -> None:
    harm(home)
    assert "database" in mended(home)
    assert any(path.name.startswith(("damaged-", "replaced-")) for path in (home / "backups").iterdir())
    assert read_again(home, photos) == ["alpha", "beta", "said"]
    assert faults(list(examine(home))) == []


def test_what_is_no_database_is_left_as_it_is(home: Path) -> None:
    (home / "archive.sqlite").write_bytes(b"no database at all" * 500)
    assert faults(list(examine(home, repair=True))) == ["database"]
    assert (home / "archive.sqlite").read_bytes().startswith(b"no database")


def test_files_that_are_gone_or_changed_are_noted(home: Path, photos: Path) -> None:
    (photos / "one.png").unlink()
    board(photos / "two.png", "other")
    notes = [f.text for f in examine(home, repair=True) if f.state is State.NOTE]
    assert ["1 of 2 are not there" in notes[0], "1 of 2 have changed" in notes[1]] == [True, True]
    with Archive.open(home) as archive:
        assert archive.counts().files == 2


def test_weights_and_settings(home: Path) -> None:
    (home / "settings.toml").write_text('recognizer = "/nowhere/at/all.safetensors"\n')
    (home / "models").mkdir()
    (home / "models" / "bad.safetensors").write_bytes(b"\x10")
    assert faults(list(examine(home, repair=True))) == ["weights", "weights"]
    (home / "settings.toml").write_text("nonsense = 1\n")
    assert faults(list(examine(home, repair=True))) == ["settings", "weights"]
