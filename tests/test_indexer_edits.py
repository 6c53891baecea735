"""Labels go along when a photo is turned, scaled, cropped or saved anew, and not to another photo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from light import empty_archive
from readings import A, B, page, reading, seen, texts, word_id

import search
from detector import Box
from indexer.archive import Archive
from indexer.edits import Picture, Placement, placement
from indexer.reading import Reading

TEXT = "quarterly roadmap budget team"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with empty_archive(tmp_path) as archive:
        archive.add(seen("/a"), page(), reading(TEXT), pages=1)
        archive.labels.set(word_id(archive, "budget"), "BUDGET")
        yield archive


def moved(found: Reading, where: Callable[[Box], Box]) -> Reading:
    return replace(found, words=tuple(replace(word, box=where(word.box)) for word in found.words))


def test_a_photo_that_is_saved_anew_keeps_its_labels(archive: Archive) -> None:
    archive.add(seen("/a", 2), page(B), reading("quartely roadmap budged team"), pages=1)
    assert texts(archive) == ["quartely roadmap BUDGET team"]
    (said,) = archive.labels.history(word_id(archive, "BUDGET"))
    assert (said.by, said.why) == ("person", "edit")
    archive.add(seen("/a", 2), page(B), reading("quartely roadmap budged team", "reader 2"), pages=1)
    assert texts(archive) == ["quartely roadmap BUDGET team"]


def test_a_photo_that_is_scaled_keeps_its_labels(archive: Archive) -> None:
    half = Placement(640, 480, 0, 0.5, 0.5)
    archive.add(seen("/a", 2), replace(page(B), width=320, height=240), moved(reading(TEXT), half), pages=1)
    assert texts(archive) == ["quarterly roadmap BUDGET team"]
    assert next(archive.words()).words[2].box.x0 == 100


def test_a_photo_that_is_cropped_keeps_the_labels_that_are_still_on_it(archive: Archive) -> None:
    archive.labels.set(word_id(archive, "quarterly"), "Quarterly")
    cut = reading(TEXT)
    cut = moved(replace(cut, words=cut.words[1:]), Placement(640, 480, right=-100))
    archive.add(seen("/a", 2), replace(page(B), width=500), cut, pages=1)
    assert texts(archive) == ["roadmap BUDGET team"]


def test_a_photo_that_is_turned_keeps_its_labels_though_nothing_reads_as_before(tmp_path: Path) -> None:
    with empty_archive(tmp_path) as archive:
        archive.add(seen("/a"), page(), reading("a b c d e f g h i j", step=60), pages=1)
        archive.labels.set(word_id(archive, "c"), "see")
        turned = moved(reading("0 1 2 3 4 5 6 7 8 9", step=60), Placement(640, 480, 1))
        archive.add(seen("/a", 2), replace(page(B), width=480, height=640), turned, pages=1)
        assert sorted(texts(archive)[0].split()) == [*"013456789", "see"]


def test_another_photo_at_the_same_path_gets_no_labels(archive: Archive) -> None:
    archive.add(seen("/a", 2), page(B), reading("holiday at the sea"), pages=1)
    assert texts(archive) == ["holiday at the sea"]


def test_the_newer_label_holds_when_the_former_photo_comes_back(archive: Archive) -> None:
    archive.add(seen("/a", 2), page(B), reading(TEXT), pages=1)
    archive.labels.set(word_id(archive, "BUDGET"), "Budget!")
    archive.attach(seen("/a", 3), A)
    assert texts(archive) == ["quarterly roadmap Budget! team"]
    archive.attach(seen("/a", 4), B)
    assert texts(archive) == ["quarterly roadmap Budget! team"]


def test_search_hears_of_labels_that_a_copy_of_the_former_photo_got_since(archive: Archive) -> None:
    archive.attach(seen("/copy"), A)
    archive.add(seen("/a", 2), page(B), reading(TEXT), pages=1)
    [copy] = archive.words(["/copy"])
    archive.labels.set(copy.words[3].id, "crew")
    archive.update_index()
    archive.attach(seen("/a", 3), B)
    assert texts(archive) == ["quarterly roadmap BUDGET crew"] * 2
    archive.update_index()
    assert {hit.path for hit in search.open(archive.home).find("=crew")} == {"/a", "/copy"}


def test_undo_reaches_the_edited_photo(archive: Archive) -> None:
    archive.add(seen("/a", 2), page(B), reading(TEXT), pages=1)
    archive.labels.undo()
    assert texts(archive) == [TEXT]


boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h), *(st.integers(0, 200),) * 2, *(st.integers(4, 90),) * 2
)


@given(box=boxes)
def test_four_quarters_lead_back(box: Box) -> None:
    once, back = Placement(300, 400, 1), Placement(400, 300, 3)
    assert back(once(box)) == box
    assert Placement(300, 400)(box) == box


@given(words=st.lists(st.tuples(boxes, st.text("abc", min_size=1, max_size=4)), min_size=1, max_size=6))
def test_a_photo_lies_on_itself(words: list[tuple[Box, str]]) -> None:
    picture = Picture(300, 300, tuple(words))
    where = placement(picture, picture)
    assert where is not None
    assert placement(picture, Picture(300, 300, ())) is None
