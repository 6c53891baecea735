"""Rows come first and the index follows, lost or rebuilt; faults of the disk are said and harm nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from readings import A, B, found, page, reading, seen, texts, word_id
from sqlalchemy import Connection, event

from indexer import postings, rows
from indexer.archive import Archive, ArchiveError
from indexer.tables import photos
from search.index import Index, IndexBusy

# The index is a cache


def test_rows_that_the_index_missed_are_brought_in_later(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("one"), pages=1)
    assert archive.counts().unindexed == 1
    assert archive.update_index() == 1
    assert archive.update_index() == 0
    assert archive.counts().unindexed == 0


def test_a_lost_index_is_made_anew(archive: Archive, tmp_path: Path) -> None:
    archive.add(seen("/a"), page(A), reading("one"), pages=1)
    archive.add(seen("/b"), page(B), reading("two"), pages=1)
    archive.update_index()
    shutil.rmtree(tmp_path / "index")
    with Archive.open(tmp_path) as fresh:
        assert found(fresh, "one") == ["/a"]
        assert found(fresh, "two") == ["/b"]


def test_a_rebuilt_index_holds_what_the_grown_one_held(archive: Archive) -> None:
    archive.add(seen("/a"), page(A), reading("one two"), pages=1)
    archive.add(seen("/b"), page(B), reading("two three"), pages=1)
    archive.vanish(["/a"])
    grown = {word: found(archive, word) for word in ("one", "two", "three")}
    archive.rebuild_index()
    assert {word: found(archive, word) for word in ("one", "two", "three")} == grown


def test_what_changes_while_the_index_is_written_stays_marked(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.add(seen("/a"), page(), reading("one"), pages=1)
    mark = postings.mark_indexed

    def meanwhile(connection: Connection, done: Sequence[postings.Posting]) -> None:
        rows.mark(connection, photos.c.id > 0)
        mark(connection, done)
        monkeypatch.setattr(postings, "mark_indexed", mark)

    monkeypatch.setattr(postings, "mark_indexed", meanwhile)
    assert archive.update_index() == 2


def test_a_label_is_kept_while_another_process_writes_to_the_index(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.add(seen("/a"), page(), reading("one"), pages=1)
    archive.update_index()
    monkeypatch.setattr("search.index.PATIENCE", 0.0)
    with Index(archive.home / "index").writer():
        archive.set_label(word_id(archive, "one"), "eins")
        with pytest.raises(IndexBusy):
            archive.update_index()
    assert found(archive, "eins") == ["/a"]


# Faults


def test_a_full_disk_is_said_and_harms_nothing(archive: Archive) -> None:
    archive.add(seen("/a"), page(A), reading("one"), pages=1)

    def fill(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    event.listen(archive._database._writer, "checkout", fill)
    with pytest.raises(ArchiveError, match="disk is full"):
        archive.add(seen("/b"), page(B), reading("word " * 2000), pages=1)
    assert texts(archive) == ["one"]


def test_a_read_only_archive_is_said(archive: Archive) -> None:
    def protect(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only = 1")

    event.listen(archive._database._writer, "checkout", protect)
    with pytest.raises(ArchiveError, match="cannot be written to; check the permissions"):
        archive.add(seen("/a"), page(A), reading("one"), pages=1)


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    with Archive.open(tmp_path, create=True) as archive:
        archive.add(seen("/a"), page(A), reading("one " * 500), pages=1)
    path = tmp_path / "archive.sqlite"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x55" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match="damaged"), Archive.open(tmp_path) as archive:
        list(archive.words())
