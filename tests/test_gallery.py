"""Photos by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from light import board, book, empty_archive, light

from indexer import pipeline
from indexer.archive import Archive
from indexer.gallery import NoSuchPhoto
from indexer.settings import Settings


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    board(folder / "one.png", "quarterly roadmap", "budget")
    board(folder / "copy of one.png", "quarterly roadmap", "budget")
    book(folder / "book.tiff", "first", "second")
    (folder / "empty.png").write_bytes(b"")
    return folder


@pytest.fixture
def archive(tmp_path: Path, photos: Path) -> Iterator[Archive]:
    with empty_archive(tmp_path / "archive") as archive:
        pipeline.add(archive, [photos], Settings(), models=light)
        yield archive


def test_pages_are_photos_and_copies_are_one(archive: Archive, photos: Path) -> None:
    latest = archive.gallery.latest(10)
    assert sorted((Path(frame.path).name, frame.page, frame.pages) for frame in latest) == [
        ("book.tiff", 1, 2),
        ("book.tiff", 2, 2),
        ("copy of one.png", 1, 1),
    ]


def test_the_latest_come_in_pieces(archive: Archive) -> None:
    every = archive.gallery.latest(10)
    [first], rest = archive.gallery.latest(1), archive.gallery.latest(10, before=every[0])
    assert [first, *rest] == every


def test_places_lead_to_photos(archive: Archive, photos: Path) -> None:
    one, two = str(photos / "one.png"), str(photos / "book.tiff")
    found = archive.gallery.at([(one, 1), (two, 2), (two, 3), (str(photos / "gone.png"), 1)])
    assert set(found) == {(one, 1), (two, 2)}
    assert found[one, 1].path == one
    assert archive.gallery.frame(found[two, 2].id) == found[two, 2]


def test_a_photo_is_shown_with_its_words(archive: Archive, photos: Path) -> None:
    [frame] = archive.gallery.at([(str(photos / "one.png"), 1)]).values()
    exhibit = archive.gallery.exhibit(frame.id)
    assert [word.readings[0].text for word in exhibit.words] == ["quarterly", "roadmap", "budget"]
    assert exhibit.detector == "light detector 1"


def test_photos_that_are_gone_cannot_be_looked_at(archive: Archive, photos: Path) -> None:
    [frame] = archive.gallery.at([(str(photos / "one.png"), 1)]).values()
    archive.vanish([str(photos / "one.png"), str(photos / "copy of one.png")])
    for look in (archive.gallery.frame, archive.gallery.exhibit):
        with pytest.raises(NoSuchPhoto, match=str(frame.id)):
            look(frame.id)


def test_what_could_not_be_read_is_told_with_the_reason(archive: Archive, photos: Path) -> None:
    [problem] = archive.gallery.problems(10)
    assert (problem.path, problem.reason) == (str(photos / "empty.png"), "an empty file")
