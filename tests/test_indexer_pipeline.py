"""The main job over real small files: what is read, which pages and names, in what batches."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from light import LETTERS, LightDetector, LightRecognizer, board, book, lattice_of
from numpy.typing import NDArray
from PIL import Image
from place import SETTINGS, Place, preferring

from detector import Box
from indexer.pipeline import Pace, Refusal, Summary
from indexer.settings import Settings
from recognizer import Lattice, Strip


def test_photos_go_in_and_words_come_out(place: Place) -> None:
    board(place.photos / "a.png", "quarterly roadmap", "next steps")
    board(place.photos / "deep" / "b.png", "budget")
    assert place.add() == Summary(new=2)
    assert place.texts() == {"a.png": "quarterly roadmap next steps", "b.png": "budget"}
    assert (place.progress.total, sorted(place.progress.done)) == (2, ["a.png", "b.png"])
    assert place.archive.counts().unindexed == 0
    word = next(place.archive.words()).words[2]
    assert (word.box.line, word.box.x0, word.box.y0) == (1, 10, 118)


def test_copies_are_read_once(place: Place) -> None:
    first = board(place.photos / "a.png", "one")
    for name in "bcdef":
        shutil.copy(first, place.photos / f"{name}.png")
    summary = place.add()
    assert summary == Summary(new=1, copied=5)
    assert place.recognizer.seen == [1]
    assert set(place.texts().values()) == {"one"}
    assert len(place.progress.done) == 6


def test_a_link_leads_to_a_photo_until_that_is_gone(place: Place, tmp_path: Path) -> None:
    photo = board(tmp_path / "elsewhere" / "a.png", "one")
    link = place.photos / "link.png"
    link.symlink_to(photo)
    assert place.add() == Summary(new=1)
    photo.unlink()
    assert place.add().refused == (Refusal(str(link), "a link to nothing"),)
    assert place.texts() == {}


def test_what_the_settings_leave_out_is_not_read(place: Place) -> None:
    board(place.photos / "a.png", "one")
    board(place.photos / "old" / "b.png", "two")
    assert place.add(settings=replace(SETTINGS, exclude=("old",))) == Summary(new=1)


def test_boxes_count_in_pixels_of_the_whole_photo(place: Place) -> None:
    class Corner(LightDetector):
        def detect(self, pixels: NDArray[np.uint8]) -> list[Box]:
            rows, columns = pixels.shape[:2]
            return [Box(columns // 2, 0, columns, rows // 2)]

    class Same(LightRecognizer):
        def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
            return [lattice_of("-a-", 4) for _ in strips]

    place.detector, place.recognizer = Corner(), Same()
    Image.new("RGB", (10000, 400), "white").save(place.photos / "a.png")
    place.add()
    found = next(place.archive.words()).words[0].box
    assert replace(found, chance=1.0) == Box(5000, 0, 10000, 200)


def test_all_pages_of_a_file_are_photos(place: Place) -> None:
    book(place.photos / "book.tiff", "one", "two", "three")
    assert place.add() == Summary(new=1)
    assert place.texts() == {"book.tiff": "one", "book.tiff 2": "two", "book.tiff 3": "three"}


def test_strips_are_read_in_batches_across_photos(place: Place) -> None:
    class Slow(LightRecognizer):
        def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
            time.sleep(0.05)  # photos gather meanwhile
            return super().lattices(strips)

    place.recognizer = Slow()
    for number in range(30):
        board(place.photos / f"{number:02}.png", f"plan{LETTERS[number % 26]} part{LETTERS[number // 26]}")
    place.add(settings=Settings(threads=2, batch=10))
    assert sum(place.recognizer.seen) == 60
    assert 2 < max(place.recognizer.seen) <= 10


def test_an_empty_board_is_a_photo_without_words(place: Place) -> None:
    board(place.photos / "a.png", "")
    assert place.add() == Summary(new=1)
    assert place.texts() == {"a.png": ""}
    assert place.recognizer.seen == []


def test_an_empty_board_beside_others_is_one_for_a_reader_that_knows_words(place: Place) -> None:
    place.recognizer = LightRecognizer(language=preferring("one two"))
    for name, text in (("a.png", "one two"), ("b.png", ""), ("c.png", "one")):
        board(place.photos / name, text)
    assert place.add() == Summary(new=3)
    assert place.texts() == {"a.png": "one two", "b.png": "", "c.png": "one"}


def test_names_that_are_no_text_are_read(place: Place) -> None:
    path = place.photos / os.fsdecode(b"caf\xe9.png")
    board(place.photos / "a.png", "one").rename(path)
    assert place.add() == Summary(new=1)
    assert place.texts() == {path.name: "one"}


# The parts


def test_the_index_is_written_by_number_by_time_and_rarer_when_it_is_slow() -> None:
    now = [0.0]
    written: list[float] = []

    def slow(seconds: float) -> None:
        written.append(now[0])
        now[0] += seconds

    pace = Pace(clock=lambda: now[0])
    pace.after(99, lambda: slow(0))
    assert written == []
    pace.after(1, lambda: slow(0.5))
    assert written == [0.0]
    now[0] = 5.0
    pace.after(500, lambda: slow(0))
    assert written == [0.0]
    now[0] = 5.6
    pace.after(1, lambda: slow(0))
    assert written == [0.0, 5.6]
    now[0] = 7.7
    pace.after(1, lambda: slow(0))
    assert written == [0.0, 5.6, 7.7]
