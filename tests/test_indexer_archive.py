"""The archive: identity is the content; what comes, what goes, what cannot be read, and what it answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from readings import A, B, found, page, reading, seen, stages, texts, word_id

import search
from detector import Box
from indexer.archive import Archive, PhotoStatus, Standing
from indexer.reading import Reading, Sighting, WordReading
from indexer.views import ModelIds
from recognizer import Hypothesis

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
