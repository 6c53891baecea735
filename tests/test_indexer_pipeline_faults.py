"""The main job in trouble: a fault costs one photo, and what was broken off goes on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from light import LightDetector, LightRecognizer, board, book
from numpy.typing import NDArray
from place import Place

from detector import Box
from indexer import pipeline
from indexer.archive import Archive, ArchiveBusy
from indexer.photo import fingerprint
from indexer.pipeline import Refusal, Summary
from indexer.settings import Settings, SettingsError
from recognizer import Lattice, Strip


def test_a_path_that_never_was_is_refused_and_nothing_more(place: Place) -> None:
    nowhere = place.photos / "nowhere.png"
    assert place.add(nowhere) == Summary(refused=(Refusal(str(nowhere), "no such file or folder"),))
    assert [status.stage for status in place.archive.status([str(nowhere)])] == ["unknown"]


def test_a_file_caught_while_it_is_written_is_no_damaged_photo(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = board(place.photos / "a.png", "one")
    whole = path.read_bytes()
    path.write_bytes(whole[:70])

    def slow(opened: Path) -> str:
        sha256 = fingerprint(opened)
        os.utime(path, ns=(5, 5))
        return sha256

    monkeypatch.setattr("indexer.prepare.fingerprint", slow)
    assert len(place.add().refused) == 1
    with closing(sqlite3.connect(place.archive.home / "archive.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM contents WHERE reason NOT NULL").fetchone() == (0,)
    monkeypatch.undo()
    path.write_bytes(whole)
    assert place.add() == Summary(new=1)


def test_one_bad_photo_never_stops_the_run(place: Place) -> None:
    board(place.photos / "a.png", "one")
    bad = place.photos / "b.png"
    bad.write_bytes(board(place.photos / "c.png", "two").read_bytes()[:60])
    summary = place.add()
    assert summary.new == 2
    assert [refusal.path for refusal in summary.refused] == [str(bad)]
    assert place.progress.refusals == list(summary.refused)
    assert [(status.stage, status.reason) for status in place.archive.status([str(bad)])] == [
        ("refused", summary.refused[0].reason)
    ]
    again = place.add()
    assert (again.unchanged, again.refused) == (2, summary.refused)
    board(bad, "three")
    assert place.add() == Summary(changed=1, unchanged=2)


def test_a_fault_in_the_detector_is_one_photo_s_fault(place: Place) -> None:
    class Fragile(LightDetector):
        def detect(self, pixels: NDArray[np.uint8]) -> list[Box]:
            if pixels.shape[1] > 150:
                raise ZeroDivisionError("too wide")
            return super().detect(pixels)

    board(place.photos / "a.png", "one")
    board(place.photos / "b.png", "incomprehensibilities")
    place.detector = Fragile()
    summary = place.add()
    assert summary.new == 1
    assert "ZeroDivisionError: too wide" in summary.refused[0].reason
    place.detector = LightDetector()
    assert place.add() == Summary(new=1, unchanged=1)


@pytest.mark.parametrize("when", ["seen", "read"])
def test_a_fault_in_the_recognizer_is_one_photo_s_fault(place: Place, when: str) -> None:
    class Fragile(LightRecognizer):
        def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
            wide = [strip.shape[1] > 150 for strip in strips]
            if any(wide) and when == "seen":
                raise MemoryError
            unreadable = Lattice(np.log(np.eye(1, 999, 998, np.float32) + 1e-9))  # a label that means nothing
            found = super().lattices(strips)
            return [unreadable if no else one for no, one in zip(wide, found, strict=True)]

    board(place.photos / "a.png", "one")
    board(place.photos / "b.png", "incomprehensibilities")
    board(place.photos / "c.png", "three")
    place.recognizer = Fragile()
    summary = place.add()
    assert summary.new == 2
    assert [Path(refusal.path).name for refusal in summary.refused] == ["b.png"]
    assert place.texts() == {"a.png": "one", "c.png": "three"}


def test_a_broken_off_book_is_read_on_where_it_was_left(place: Place) -> None:
    book(place.photos / "book.tiff", "one", "two", "three")

    class Interrupted(LightRecognizer):
        def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
            if len(self.seen) == 2:
                raise KeyboardInterrupt
            return super().lattices(strips)

    place.recognizer = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        place.add(settings=Settings(threads=1, batch=1))
    assert place.texts() == {"book.tiff": "one", "book.tiff 2": "two"}
    assert place.archive.counts().unindexed == 0
    place.recognizer = LightRecognizer()
    assert place.add() == Summary(new=1)
    assert place.recognizer.seen == [1]
    assert len(place.texts()) == 3


def test_a_second_writer_is_sent_away(place: Place) -> None:
    with (
        Archive.open(place.archive.home) as other,
        other.writing(),
        pytest.raises(ArchiveBusy),
    ):
        place.add()


def test_an_unknown_detector_is_a_matter_of_settings() -> None:
    with pytest.raises(SettingsError, match="known: "):
        pipeline.load_models(Settings(detector="crystal ball"))
