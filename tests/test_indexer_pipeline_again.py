"""The main job over photos that it knows: what is read again, by other models too, and what is not."""

from __future__ import annotations

import os

import pytest
from light import LightRecognizer, board
from place import SETTINGS, Place, preferring

from indexer import pipeline
from indexer.pipeline import Models, Summary
from indexer.settings import Settings


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
