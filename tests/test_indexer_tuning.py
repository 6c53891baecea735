"""Learning from labels: what is learned, what is measured, and when new weights are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector import Box
from indexer import choice
from indexer.choice import ChoiceError
from indexer.labelling import Labelled
from indexer.labels import Label
from indexer.settings import Settings
from indexer.tuning import Measured, is_better, parted


def labelled(photos: int, words: int) -> list[Labelled]:
    box = Box(0, 0, 10, 10)
    return [
        Labelled(photo, f"/p/{photo}.jpg", 1, "00", Label(10 * photo + n, box, "x"))
        for photo in range(photos)
        for n in range(words)
    ]


def test_no_photo_is_both_learned_and_measured_on() -> None:
    learned, held = parted(labelled(10, 3))
    assert len(learned) + len(held) == 30 and len(held) == 6
    assert not {one.photo for one in learned} & {one.photo for one in held}


def test_of_few_photos_words_are_parted() -> None:
    learned, held = parted(labelled(1, 20))
    assert len(held) == 4 and not {x.label.id for x in learned} & {x.label.id for x in held}


@pytest.mark.parametrize(
    ("new", "sure", "used"),
    [
        (Measured(50, 0.3, 0.1), Measured(90, 0.02, 0.01), True),
        (Measured(50, 0.4, 0.1), Measured(90, 0.0, 0.0), True),
        (Measured(50, 0.4, 0.2), Measured(90, 0.0, 0.0), False),
        (Measured(50, 0.5, 0.1), Measured(90, 0.0, 0.0), False),
        (Measured(50, 0.3, 0.1), Measured(90, 0.03, 0.01), False),
    ],
)
def test_weights_are_used_only_if_they_read_better_and_forget_little(
    new: Measured, sure: Measured, used: bool
) -> None:
    assert is_better(Measured(50, 0.4, 0.2), new, Measured(90, 0.0, 0.0), sure) is used


def test_a_choice_can_be_taken_back(tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    first.touch()
    second.touch()
    for path in (first, second, second):
        choice.use(tmp_path, str(path))
    assert Settings.load(tmp_path).recognizer == str(second)
    assert choice.roll_back(tmp_path) == str(first)
    assert choice.roll_back(tmp_path) == "default" and Settings.load(tmp_path).recognizer == "default"
    with pytest.raises(ChoiceError, match="no other model"):
        choice.roll_back(tmp_path)
    with pytest.raises(ChoiceError, match="no such weights"):
        choice.use(tmp_path, "nowhere.safetensors")


def test_what_the_settings_name_comes_first(tmp_path: Path) -> None:
    chosen = tmp_path / "a.safetensors"
    chosen.touch()
    choice.use(tmp_path, str(chosen))
    (tmp_path / "settings.toml").write_text("recognizer = 'mine.safetensors'")
    assert Settings.load(tmp_path).recognizer == "mine.safetensors"
