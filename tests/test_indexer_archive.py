"""The archive: identity is the content, labels hold, rows come first and the index follows."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from light import empty_archive
from sqlalchemy import Connection, event

import search
from detector import Box
from indexer import postings, rows
from indexer.archive import Archive, ArchiveError, NoSuchWord, PhotoStatus, Standing
from indexer.reading import Page, Reading, Sighting, WordReading
from indexer.tables import photos
from indexer.views import ModelIds
from recognizer import Hypothesis
from search.index import Index, IndexBusy

A, B = "aa" * 32, "bb" * 32


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with empty_archive(tmp_path) as archive:
        yield archive


def seen(path: str, mtime_ns: int = 1) -> Sighting:
    return Sighting(path, 100, mtime_ns, 7)


def page(sha256: str = A, number: int = 1) -> Page:
    return Page(sha256, number, 1_700_000_000.0, 640, 480)


def reading(text: str, recognizer: str = "reader 1", step: int = 100) -> Reading:
    """Words side by side, `step` pixels apart, each with a second guess; the lattices are left out."""
    return Reading(
        "finder 1",
        recognizer,
        tuple(
            WordReading(
                Box(place * step, 0, place * step + 90, 20, 0, 0.9, 1.5),
                (Hypothesis(word, 0.75), Hypothesis(f"{word}x", 0.125)),
                b"",
            )
            for place, word in enumerate(text.split())
        ),
    )


def texts(archive: Archive, *paths: str) -> list[str]:
    """Best readings, photo by photo."""
    return [" ".join(word.readings[0].text for word in photo.words) for photo in archive.words(paths or None)]


def found(archive: Archive, query: str) -> list[str]:
    """Paths that a search for exactly this word finds."""
    archive.update_index()
    return sorted(hit.path for hit in search.open(archive.home).find(query, exact=True))


def word_id(archive: Archive, text: str) -> int:
    return next(word.id for photo in archive.words() for word in photo.words if word.readings[0].text == text)


def stages(archive: Archive) -> dict[str, str]:
    return {status.path: status.stage for status in archive.status()}


# Photos come


def test_what_is_added_comes_back(archive: Archive) -> None:
    archive.add(seen("/p/a.jpg"), page(), reading("quarterly roadmap"), pages=1)
    (photo,) = archive.words()
    assert (photo.path, photo.page) == ("/p/a.jpg", 1)
    assert [word.box for word in photo.words] == [
        Box(0, 0, 90, 20, 0, 0.9, 1.5),
        Box(100, 0, 190, 20, 0, 0.9, 1.5),
    ]
    assert photo.words[0].readings == (Hypothesis("quarterly", 0.75), Hypothesis("quarterlyx", 0.125))
    assert photo.words[0].label is None
    assert found(archive, "roadmap") == ["/p/a.jpg"]


def with_whole(one: str) -> Reading:
    """Two words, which may be `one`."""
    parts = reading("road map")
    whole = WordReading(Box(0, 0, 190, 20, 0, 0.8, 1.5, alternative=True), (Hypothesis(one, 0.5),), b"")
    return replace(parts, words=(*parts.words, whole))


def test_words_that_may_be_one_are_found_as_one_and_shown_as_two(archive: Archive) -> None:
    archive.add(seen("/p/a.jpg"), page(), with_whole("roadmop"), pages=1)
    assert texts(archive) == ["road map"] and archive.counts().words == 2
    assert found(archive, "roadmop") == found(archive, "map") == ["/p/a.jpg"]
    [hit] = search.open(archive.home).find("roadmop", exact=True)
    assert hit.words[0].box == (0, 0, 190, 20)


def test_nothing_is_one_word_where_a_person_said_what_a_part_is(archive: Archive) -> None:
    archive.add(seen("/p/a.jpg"), page(), with_whole("roadmop"), pages=1)
    archive.labels.set(word_id(archive, "map"), "mop")
    assert found(archive, "roadmop") == []
    archive.labels.undo()
    assert found(archive, "roadmop") == ["/p/a.jpg"]


def test_a_page_read_again_has_only_the_later_alternatives(archive: Archive) -> None:
    archive.add(seen("/p/a.jpg"), page(), with_whole("roadmop"), pages=1)
    archive.add(seen("/p/a.jpg"), page(), with_whole("roadmap"), pages=1)
    assert found(archive, "roadmop") == [] and found(archive, "roadmap") == ["/p/a.jpg"]


def test_people_are_shown_what_is_likely_and_search_is_told_what_was_seen(archive: Archive) -> None:
    """Else a frequent word would be believed wherever something like it stands."""
    sure, guessed = reading("plan"), reading("plan")
    likely = replace(
        guessed.words[0], hypotheses=(Hypothesis("plan", 0.9, 0.125), Hypothesis("plam", 0.05, 0.75))
    )
    archive.add(seen("/p/a.jpg"), page(), replace(guessed, words=(likely,)), pages=1)
    archive.add(seen("/p/b.jpg"), page(B), sure, pages=1)
    first = next(archive.words(["/p/a.jpg"])).words[0].readings[0]
    assert (first.text, first.probability) == ("plan", 0.9)
    assert first.seen == pytest.approx(0.125, rel=0.02)
    archive.update_index()
    assert [hit.path for hit in search.open(archive.home).find("plan")] == ["/p/b.jpg", "/p/a.jpg"]


def test_a_file_is_known_by_its_facts(archive: Archive) -> None:
    assert archive.look(seen("/a")).standing is Standing.NEW
    archive.add(seen("/a"), page(), reading("one"), pages=1)
    assert archive.look(seen("/a")).standing is Standing.SAME
    assert archive.look(seen("/a", mtime_ns=2)).standing is Standing.CHANGED
    assert archive.look(Sighting("/a", 100, 1, 8)).standing is Standing.CHANGED
    assert archive.look(seen("/b")).standing is Standing.NEW


def test_a_file_is_not_known_before_its_last_page_is_read(archive: Archive) -> None:
    archive.add(seen("/a.pdf"), page(number=1), reading("one"))
    assert archive.look(seen("/a.pdf")).standing is Standing.NEW
    assert not archive.has_read(A)
    assert archive.pages_read(A) == {1}
    assert stages(archive) == {"/a.pdf": "waiting"}
    archive.add(seen("/a.pdf"), page(number=2), reading("two"), pages=2)
    assert archive.look(seen("/a.pdf")).standing is Standing.SAME
    assert archive.has_read(A)
    assert [(photo.page, photo.words[0].readings[0].text) for photo in archive.words()] == [
        (1, "one"),
        (2, "two"),
    ]


def test_copies_share_one_reading(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("one"), pages=1)
    assert archive.attach(seen("/b"), A) == ["/a"]
    assert texts(archive) == ["one", "one"]
    assert archive.counts().photos == 1
    assert archive.counts().files == 2
    assert len(found(archive, "one")) >= 1
    archive.vanish(["/a"])
    assert found(archive, "one") == ["/b"]


def test_a_changed_file_shows_its_new_content_only(archive: Archive) -> None:
    archive.add(seen("/a"), page(A), reading("before"), pages=1)
    archive.add(seen("/a", 2), page(B), reading("after"), pages=1)
    assert texts(archive) == ["after"]
    assert found(archive, "before") == []
    assert found(archive, "after") == ["/a"]


def test_a_vanished_file_leaves_search_and_comes_back_unread(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("one"), pages=1)
    assert found(archive, "one") == ["/a"]
    assert archive.vanish(["/a", "/never there"]) == 1
    assert found(archive, "one") == []
    assert texts(archive) == []
    assert archive.has_read(A)
    archive.attach(seen("/other"), A)
    assert found(archive, "one") == ["/other"]


def test_a_photo_without_words_is_a_photo(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading(""), pages=1)
    assert stages(archive) == {"/a": "read"}
    archive.update_index()
    assert stages(archive) == {"/a": "indexed"}
    assert archive.counts().words == 0


def test_names_in_another_encoding_are_kept_and_found(archive: Archive) -> None:
    archive.add(seen("/p/caf\udce9.jpg"), page(), reading("one"), pages=1)
    assert [photo.path for photo in archive.words(["/p"])] == ["/p/caf\udce9.jpg"]
    assert found(archive, "one") == ["/p/caf\udce9.jpg"]


# Photos that cannot be read


def test_damage_belongs_to_the_bytes(archive: Archive) -> None:
    archive.refuse(seen("/a"), "cut short", A)
    look = archive.look(seen("/a"))
    assert (look.standing, look.reason) == (Standing.REFUSED, "cut short")
    archive.attach(seen("/copy"), A)
    assert {status.reason for status in archive.status()} == {"cut short"}
    assert archive.has_read(A)


def test_what_is_out_of_reach_is_tried_again_and_stays_findable(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("one"), pages=1)
    archive.refuse(seen("/a"), "no permission")
    assert stages(archive) == {"/a": "refused"}
    assert archive.look(seen("/a")).standing is Standing.CHANGED
    assert found(archive, "one") == ["/a"]


def test_pages_before_the_damage_are_found(archive: Archive) -> None:
    archive.add(seen("/a.pdf"), page(number=1), reading("one"))
    archive.refuse(seen("/a.pdf"), "page 2 is damaged", A)
    assert found(archive, "one") == ["/a.pdf"]
    assert stages(archive) == {"/a.pdf": "refused"}


def test_problems_are_forgotten_before_looking_again_and_photos_are_not(archive: Archive) -> None:
    archive.refuse(seen("/p/locked"), "no permission")
    archive.refuse(seen("/q/locked"), "no permission")
    archive.add(seen("/p/a"), page(), reading("one"), pages=1)
    archive.forget_problems(["/p"])
    assert set(stages(archive)) == {"/p/a", "/q/locked"}


# Asking


def test_status_answers_for_every_path_asked(archive: Archive) -> None:
    archive.add(seen("/p/a"), page(A), reading("one two"), pages=1)
    archive.refuse(seen("/p/b"), "empty", B)
    archive.update_index()
    assert list(archive.status(["/p", "/nowhere"])) == [
        PhotoStatus("/p/a", "indexed", None, 1, 2, "finder 1", "reader 1"),
        PhotoStatus("/p/b", "refused", "empty"),
        PhotoStatus("/nowhere", "unknown"),
    ]


def test_counts(archive: Archive) -> None:
    archive.add(seen("/a"), page(A), reading("one two three"), pages=1)
    archive.attach(seen("/b"), A)
    archive.add(seen("/c.pdf"), page(B), reading("four"))
    archive.refuse(seen("/d"), "no permission")
    archive.set_label(word_id(archive, "two"), "2")
    archive.vanish([])
    counts = archive.counts()
    assert (counts.files, counts.photos, counts.words, counts.labels) == (4, 2, 4, 1)
    assert (counts.refused, counts.waiting, counts.unindexed) == (1, 1, 0)


def test_many_files_come_in_order_and_each_once(archive: Archive) -> None:
    for number in range(210):
        archive.attach(seen(f"/p/{number:04}"), A)
    assert list(archive.paths()) == [f"/p/{number:04}" for number in range(210)]
    assert len(list(archive.status(["/p"]))) == 210


def test_what_other_models_have_read_is_stale(archive: Archive) -> None:
    archive.add(seen("/a"), page(A), reading("one"), pages=1)
    archive.add(seen("/b"), page(B), reading("two", "reader 2"), pages=1)
    archive.refuse(seen("/c"), "empty", "cc" * 32)
    assert list(archive.stale(ModelIds("finder 1", "reader 2"))) == ["/a", "/c"]
    assert list(archive.stale(ModelIds("finder 1", "reader 2"), ["/b"])) == []
    assert archive.has_read(B, ModelIds("finder 1", "reader 2"))
    assert not archive.has_read(A, ModelIds("finder 1", "reader 2"))
    assert archive.pages_read(A, ModelIds("finder 1", "reader 2")) == frozenset()


# Labels


def test_a_label_is_the_only_reading_and_search_knows_at_once(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("rood map"), pages=1)
    archive.set_label(word_id(archive, "rood"), "  road ")
    word = next(archive.words()).words[0]
    assert (word.label, word.readings) == ("road", (Hypothesis("road", 1.0),))
    assert [hit.path for hit in search.open(archive.home).find("road", exact=True)] == ["/a"]
    assert found(archive, "rood") == []


def test_a_label_survives_another_model(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("rood map"), pages=1)
    archive.set_label(word_id(archive, "rood"), "road")
    archive.add(seen("/a"), page(), reading("rude nap", "reader 2"), pages=1)
    assert texts(archive) == ["road nap"]
    assert found(archive, "rude") == []


def test_a_label_whose_box_is_not_found_again_stays_as_its_own_word(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("one two"), pages=1)
    archive.set_label(word_id(archive, "two"), "zwei")
    archive.add(seen("/a"), page(), reading("one", "reader 2"), pages=1)
    assert texts(archive) == ["one zwei"]
    archive.add(seen("/a"), page(), reading("", "reader 3"), pages=1)
    assert texts(archive) == ["zwei"]
    assert found(archive, "zwei") == ["/a"]


def test_a_place_where_nothing_is_written_stays_empty(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("one two"), pages=1)
    archive.set_label(word_id(archive, "two"), "")
    assert texts(archive) == ["one"]
    archive.add(seen("/a"), page(), reading("one too", "reader 2"), pages=1)
    assert texts(archive) == ["one"]


def test_a_label_taken_back_gives_the_word_to_the_model_again(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("one"), pages=1)
    word = word_id(archive, "one")
    archive.set_label(word, "eins")
    archive.set_label(word, None)
    assert texts(archive) == ["one"]
    archive.add(seen("/a"), page(), reading("one", "reader 2"), pages=1)
    assert texts(archive) == ["one"]


def test_labels_have_a_history(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("one"), pages=1)
    word = word_id(archive, "one")
    for text, by in (("ein", "person"), ("eins", "import"), (None, "person")):
        archive.set_label(word, text, by)
    with closing(sqlite3.connect(archive.home / "archive.sqlite")) as connection:
        rows = connection.execute(
            "SELECT text, set_by, replaces, set_at > 0 FROM labels ORDER BY id"
        ).fetchall()
    assert rows == [("ein", "person", None, 1), ("eins", "import", 1, 1), (None, "person", 2, 1)]


def test_a_word_that_is_not_there_cannot_be_labelled(archive: Archive) -> None:
    with pytest.raises(NoSuchWord, match="99"):
        archive.set_label(99, "x")


def test_labels_follow_the_content(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("one"), pages=1)
    archive.set_label(word_id(archive, "one"), "eins")
    archive.vanish(["/a"])
    archive.attach(seen("/b"), A)
    assert texts(archive) == ["eins"]


# Forgetting


def test_a_forgotten_photo_leaves_nothing_behind(archive: Archive) -> None:
    archive.add(seen("/p/a"), page(A), reading("one"), pages=1)
    archive.add(seen("/q/b"), page(B), reading("two"), pages=1)
    assert archive.forget(["/p"]) == 1
    assert found(archive, "one") == []
    assert found(archive, "two") == ["/q/b"]
    assert not archive.has_read(A)
    with closing(sqlite3.connect(archive.home / "archive.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM photos").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM contents").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM hypotheses").fetchone() == (2,)


def test_a_copy_elsewhere_keeps_the_reading(archive: Archive) -> None:
    archive.add(seen("/p/a"), page(), reading("one"), pages=1)
    archive.attach(seen("/q/a"), A)
    archive.forget(["/p"])
    assert found(archive, "one") == ["/q/a"]


def test_labels_outlive_forgetting(archive: Archive) -> None:
    archive.add(seen("/a"), page(), reading("one two"), pages=1)
    archive.set_label(word_id(archive, "one"), "eins")
    archive.forget(["/a"])
    assert found(archive, "eins") == []
    assert archive.look(seen("/a")).standing is Standing.NEW
    archive.add(seen("/a"), page(), reading("uno two"), pages=1)
    assert texts(archive) == ["eins two"]


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
