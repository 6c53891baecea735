"""The history of the tables, and the file they lie in: made, brought up to date, refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

import migrations
from indexer.lock import ArchiveBusy, writer_lock
from indexer.schema import ArchiveError, NewerArchive, NoArchive, open_database
from indexer.tables import metadata
from indexer.written import stored_alternatives, stored_words
from recognizer import Hypothesis


def run(database: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection, connection:
        return connection.execute(statement).fetchall()


def test_the_migrations_make_the_tables_that_the_program_uses(tmp_path: Path) -> None:
    database = open_database(tmp_path, create=True)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_every_table_and_its_options_are_as_declared(tmp_path: Path) -> None:
    # Alembic does not compare what SQLite alone knows: AUTOINCREMENT, WITHOUT ROWID, partial indexes.
    open_database(tmp_path, create=True).close()
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.sqlite'}")
    metadata.create_all(declared)
    declared.dispose()

    def shape(database: Path) -> dict[object, list[str]]:
        rows = run(
            database, "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' AND sql NOT NULL"
        )
        bare = {name: str(sql).lower().replace('"', "").removesuffix(")") for name, sql in rows}
        return {name: sorted("".join(part.split()) for part in sql.split(",")) for name, sql in bare.items()}

    assert shape(tmp_path / "archive.sqlite") == shape(tmp_path / "declared.sqlite")


def test_the_names_of_the_files_tell_the_revisions_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", "migrations:")
    script = ScriptDirectory.from_config(config)
    known = [revision.revision for revision in script.walk_revisions()]
    assert list(migrations.revisions()) == list(reversed(known))
    assert script.get_heads() == [migrations.revisions()[-1]]


def test_without_an_archive_one_is_made_only_on_demand(tmp_path: Path) -> None:
    with pytest.raises(NoArchive, match="ocr-index add PATH") as raised:
        open_database(tmp_path / "none")
    assert raised.value.exit_code == 4
    assert not (tmp_path / "none").exists()


def test_an_archive_whose_making_was_cut_off_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "archive.sqlite").touch()
    with pytest.raises(NoArchive):
        open_database(tmp_path)
    open_database(tmp_path, create=True).close()
    open_database(tmp_path).close()


def test_an_older_archive_is_brought_up_to_date_and_keeps_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_database(tmp_path, create=True).close()
    run(tmp_path / "archive.sqlite", "INSERT INTO contents (sha256, pages) VALUES (x'ab', 1)")
    called: list[Connection] = []
    known = migrations.revisions()
    monkeypatch.setattr(migrations, "revisions", lambda: (*known, "9998"))
    monkeypatch.setattr(migrations, "upgrade", called.append)
    open_database(tmp_path).close()
    assert len(called) == 1
    assert run(tmp_path / "archive.sqlite", "SELECT pages FROM contents") == [(1,)]


def test_rows_of_the_third_revision_are_there_in_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "migrations:")
        command.upgrade(config, "0003")
    engine.dispose()
    box = "0, 0, 9, 9, 0.0, 0, 0.5"
    for statement in (
        "INSERT INTO contents (id, sha256, pages) VALUES (1, x'ab', 1)",
        "INSERT INTO photos (id, content_id, page, taken, width, height, revision, indexed)"
        " VALUES (1, 1, 1, 0, 9, 9, 1, 0)",
        f"INSERT INTO words (id, photo_id, x0, y0, x1, y1, angle, line, chance) VALUES (1, 1, {box})",
        "INSERT INTO hypotheses VALUES (1, 1, 'road', 0.25)",
        f"INSERT INTO wholes VALUES (1, 1, {box}, 'roadmap', 0.75, x'01')",
    ):
        run(path, statement)
    database = open_database(tmp_path)
    with database.read() as connection:
        [word] = stored_words(connection, [1])[1]
        [whole] = stored_alternatives(connection, [1])[1]
    database.close()
    assert word.readings == (Hypothesis("road", 0.25),)
    assert whole.readings == (Hypothesis("roadmap", 0.75),) and whole.lattice == b"\x01"


def test_a_migration_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = migrations.upgrade

    def broken(connection: Connection) -> None:
        upgrade(connection)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(migrations, "upgrade", broken)
    with pytest.raises(ArchiveError, match="No space left"):
        open_database(tmp_path, create=True)
    assert run(tmp_path / "archive.sqlite", "SELECT name FROM sqlite_master") == []


def test_a_newer_archive_is_refused_and_left_untouched(tmp_path: Path) -> None:
    open_database(tmp_path, create=True).close()
    run(tmp_path / "archive.sqlite", "UPDATE alembic_version SET version_num = '9999'")
    before = (tmp_path / "archive.sqlite").read_bytes()
    with pytest.raises(NewerArchive, match="9999") as raised:
        open_database(tmp_path, create=True)
    assert raised.value.exit_code == 4
    assert (tmp_path / "archive.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be taken for one" * 20, b"short"]
)
def test_a_file_that_is_no_database_is_refused_and_left_untouched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "archive.sqlite"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="not an archive"):
        open_database(tmp_path, create=True)
    assert path.read_bytes() == content


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "archive.sqlite", "CREATE TABLE songs (title)")
    with pytest.raises(NoArchive, match="another program"):
        open_database(tmp_path, create=True)


def test_a_place_where_no_folder_can_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="file"):
        open_database(tmp_path / "file" / "archive", create=True)


def test_two_writers_exclude_each_other_and_the_second_says_who_holds_it(tmp_path: Path) -> None:
    with (
        writer_lock(tmp_path),
        pytest.raises(ArchiveBusy, match=r"process \d+; wait") as raised,
        writer_lock(tmp_path),
    ):
        pass
    assert raised.value.exit_code == 6
    with writer_lock(tmp_path):
        pass


def test_the_lock_goes_with_the_process_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from indexer.lock import writer_lock\n"
        "with writer_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ArchiveBusy, match=f"process {holder.pid};"), writer_lock(tmp_path):
            pass
        holder.kill()
    with writer_lock(tmp_path):
        pass


def test_opening_an_up_to_date_archive_does_not_load_alembic(tmp_path: Path) -> None:
    open_database(tmp_path, create=True).close()
    code = (
        "import sys; from pathlib import Path; from indexer.archive import Archive\n"
        "with Archive.open(Path(sys.argv[1])) as archive: archive.counts()\n"
        "heavy = {'alembic', 'torch', 'cv2', 'sqlalchemy.orm', 'whoosh'}\n"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
