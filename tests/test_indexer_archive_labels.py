"""Labels in the archive: they hold whatever models read later, follow the content, and outlive forgetting."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from readings import A, B, found, page, reading, seen, texts, word_id

import search
from indexer.archive import Archive, NoSuchWord, Standing
from recognizer import Hypothesis

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
