"""The main job over real small files: what is read, what is not, what survives, and what it says."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from light import LETTERS, LightDetector, LightRecognizer, Opinion, board, book, empty_archive, lattice_of
from numpy.typing import NDArray
from PIL import Image

from detector import Box
from indexer import pipeline
from indexer.archive import Archive, ArchiveBusy
from indexer.photo import fingerprint
from indexer.pipeline import Models, Pace, Refusal, Summary
from indexer.settings import Settings, SettingsError
from recognizer import Lattice, Strip
from recognizer.language import LanguageModel

SETTINGS = Settings(threads=2, batch=6)


@dataclass
class Watcher:
    """Progress that remembers."""

    total: int = 0
    done: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def start(self, total: int) -> None:
        self.total = total

    def advance(self, path: str) -> None:
        self.done.append(Path(path).name)

    def refuse(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)


@dataclass
class Place:
    """A folder of photos, an archive, and the models it is read with."""

    photos: Path
    archive: Archive
    detector: LightDetector = field(default_factory=LightDetector)
    recognizer: LightRecognizer = field(default_factory=LightRecognizer)
    progress: Watcher = field(default_factory=Watcher)

    def models(self, _settings: Settings) -> Models:
        return Models(self.detector, self.recognizer)

    def add(self, *paths: Path, settings: Settings = SETTINGS) -> Summary:
        self.progress = Watcher()
        return pipeline.add(self.archive, paths or [self.photos], settings, self.progress, self.models)

    def reindex(self) -> Summary:
        return pipeline.reindex(self.archive, None, SETTINGS, self.progress, self.models)

    def texts(self) -> dict[str, str]:
        """What is read on each photo, lines and words joined; pages by their number."""
        return {
            f"{Path(photo.path).name}{f' {photo.page}' if photo.page > 1 else ''}": " ".join(
                word.readings[0].text for word in photo.words
            )
            for photo in self.archive.words()
        }


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "photos").mkdir()
    with empty_archive(tmp_path / "home") as archive:
        yield Place(tmp_path / "photos", archive)


def test_photos_go_in_and_words_come_out(place: Place) -> None:
    board(place.photos / "a.png", "quarterly roadmap", "next steps")
    board(place.photos / "deep" / "b.png", "budget")
    assert place.add() == Summary(new=2)
    assert place.texts() == {"a.png": "quarterly roadmap next steps", "b.png": "budget"}
    assert (place.progress.total, sorted(place.progress.done)) == (2, ["a.png", "b.png"])
    assert place.archive.counts().unindexed == 0
    word = next(place.archive.words()).words[2]
    assert (word.box.line, word.box.x0, word.box.y0) == (1, 10, 118)


def test_the_second_time_nothing_is_opened_and_no_model_loaded(place: Place) -> None:
    board(place.photos / "a.png", "one")
    place.add()

    def never(_settings: Settings) -> Models:
        raise AssertionError("nothing needs reading")

    assert pipeline.add(place.archive, [place.photos], SETTINGS, models=never) == Summary(unchanged=1)


def test_a_touched_file_is_not_read_again(place: Place) -> None:
    path = board(place.photos / "a.png", "one")
    place.add()
    os.utime(path, ns=(1, 1))
    assert place.add() == Summary(unchanged=1)
    assert place.add() == Summary(unchanged=1)
    assert place.recognizer.seen == [1]
    assert place.progress.total == 0


def test_a_changed_file_is_read_again(place: Place) -> None:
    board(place.photos / "a.png", "before")
    place.add()
    board(place.photos / "a.png", "afterwards")
    assert place.add() == Summary(changed=1)
    assert place.texts() == {"a.png": "afterwards"}


def test_a_moved_file_keeps_its_reading_and_labels(place: Place) -> None:
    path = board(place.photos / "a.png", "rood")
    place.add()
    place.archive.set_label(next(place.archive.words()).words[0].id, "road")
    path.rename(place.photos / "b.png")
    assert place.add() == Summary(moved=1)
    assert place.texts() == {"b.png": "road"}
    assert place.recognizer.seen == [1]


def test_copies_are_read_once(place: Place) -> None:
    first = board(place.photos / "a.png", "one")
    for name in "bcdef":
        shutil.copy(first, place.photos / f"{name}.png")
    summary = place.add()
    assert summary == Summary(new=1, copied=5)
    assert place.recognizer.seen == [1]
    assert set(place.texts().values()) == {"one"}
    assert len(place.progress.done) == 6


def test_what_is_gone_leaves_and_what_comes_back_is_not_read(place: Place) -> None:
    path = board(place.photos / "a.png", "one")
    keep = path.read_bytes()
    place.add()
    path.unlink()
    assert place.add() == Summary(vanished=1)
    assert place.texts() == {}
    path.write_bytes(keep)
    assert place.add() == Summary(new=1)
    assert place.texts() == {"a.png": "one"}
    assert place.recognizer.seen == [1]


def test_only_what_lies_under_the_given_folders_can_vanish(place: Place) -> None:
    board(place.photos / "x" / "a.png", "one")
    gone = board(place.photos / "y" / "b.png", "two")
    place.add()
    gone.unlink()
    assert place.add(place.photos / "x") == Summary(unchanged=1)
    assert "b.png" in place.texts()
    assert place.add(gone).vanished == 1
    assert "b.png" not in place.texts()


def test_a_folder_that_is_not_there_takes_nothing_away(place: Place) -> None:
    board(place.photos / "a.png", "one")
    place.add()
    place.photos.rename(place.photos.with_name("unmounted"))
    summary = place.add()
    assert summary.vanished == 0
    assert [refusal.path for refusal in summary.refused] == [str(place.photos)]
    assert "a.png" in place.texts()


def test_a_path_that_never_was_is_refused_and_nothing_more(place: Place) -> None:
    nowhere = place.photos / "nowhere.png"
    assert place.add(nowhere) == Summary(refused=(Refusal(str(nowhere), "no such file or folder"),))
    assert [status.stage for status in place.archive.status([str(nowhere)])] == ["unknown"]


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


def test_all_pages_of_a_file_are_photos(place: Place) -> None:
    book(place.photos / "book.tiff", "one", "two", "three")
    assert place.add() == Summary(new=1)
    assert place.texts() == {"book.tiff": "one", "book.tiff 2": "two", "book.tiff 3": "three"}


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


def test_another_model_reads_everything_again_and_labels_win(place: Place) -> None:
    board(place.photos / "a.png", "one two")
    board(place.photos / "b.png", "three")
    place.add()
    assert place.reindex() == Summary()
    place.archive.set_label(next(place.archive.words()).words[0].id, "ONE")
    place.recognizer = LightRecognizer(id="light recognizer 2", backwards=True)
    assert place.reindex() == Summary(reread=2)
    assert place.texts() == {"a.png": "ONE owt", "b.png": "eerht"}
    assert {status.recognizer for status in place.archive.status()} == {"light recognizer 2"}
    assert place.reindex() == Summary()


def preferring(text: str) -> LanguageModel:
    """Somebody who writes little else."""
    return Opinion(lambda word: 40.0 if word in text.split() else 0.0)


def test_a_model_with_other_words_opens_no_photo(place: Place) -> None:
    """It would see the same, so it reads what was kept; labels hold, and search knows."""
    place.recognizer = LightRecognizer(lattices_id="seen so")
    board(place.photos / "a.png", "one two")
    board(place.photos / "b.png", "three")
    place.add()
    one, three = (photo.words for photo in place.archive.words())
    place.archive.set_label(one[1].id, "TWO")
    other = three[0].readings[1].text
    place.recognizer = LightRecognizer("another", lattices_id="seen so", language=preferring(other))
    (place.photos / "b.png").unlink()  # nobody looks for it
    assert place.reindex() == Summary(decoded=2)
    assert place.recognizer.seen == []
    assert place.texts() == {"a.png": "one TWO", "b.png": other}
    assert {status.recognizer for status in place.archive.status()} == {"another"}
    assert place.reindex() == Summary()


@pytest.mark.parametrize("known", ["", "seen otherwise"])
def test_a_model_that_sees_otherwise_opens_the_photos(place: Place, known: str) -> None:
    place.recognizer = LightRecognizer(lattices_id=known)
    board(place.photos / "a.png", "one")
    place.add()
    place.recognizer = LightRecognizer("another", lattices_id="seen so" if known else "", backwards=True)
    assert place.reindex() == Summary(reread=1)
    assert place.texts() == {"a.png": "eno"}


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
