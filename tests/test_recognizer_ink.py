from pathlib import Path

import numpy as np
import pytest
from drawn import training_data

from recognizer.ink import Fonts, Hands, Ink, Unipen, letters, split_of


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return training_data(tmp_path)


def test_no_writer_is_in_two_splits() -> None:
    assert split_of("cec", "cec/1") == split_of("nic", "nic/9") == "test"
    assert split_of("lav", "lav/1") == "unusable"
    assert {split_of("sta", f"sta/{n}") for n in range(60)} == {"train", "validation"}


def test_bad_words_and_other_writers_are_left_out(data: Path) -> None:
    words = Unipen(data / "handwriting" / "unipen", "words", "test")
    assert [r["label"] for r in words.rows] == ["ab", "ba", "AB", "12"]
    assert {r["writer"] for r in words.rows} == {"cec/b"}


def test_strokes_have_their_own_paths_and_y_points_down(data: Path) -> None:
    ink = Unipen(data / "handwriting" / "unipen", "words", "test").ink(0)
    assert ink.text == "ab" and len(ink.paths) == 2
    assert ink.paths[0][:, 1].min() < 0, "the pen went up, so y must fall"


def test_separate_strokes_are_cut_into_letters(data: Path) -> None:
    ink = Unipen(data / "handwriting" / "unipen", "words", "test").ink(0)
    cut = letters(ink)
    assert [c for c, _ in cut] == ["a", "b"]
    assert all(abs(min(float(p[:, 0].min()) for p in g.paths)) < 1e-3 for _, g in cut)


def test_joined_letters_are_not_cut() -> None:
    path = np.array([[0, 0], [10, 5], [20, 0]], np.float32)
    assert letters(Ink("ab", (path,))) == []


def test_hands_without_enough_letters_write_nothing(data: Path) -> None:
    hands = Hands(Unipen(data / "handwriting" / "unipen", "words", "train"))
    assert hands.write("ab", np.random.default_rng(0)) is None


def test_fonts_write_outlines_and_refuse_what_they_lack(data: Path) -> None:
    fonts = Fonts(data / "fonts")
    rng = np.random.default_rng(0)
    ink = fonts.write("Hi there", rng)
    assert ink is not None and ink.filled and ink.text == "Hi there"
    assert fonts.write("\u4e2d", rng) is None


def test_a_word_in_a_font_grows_with_its_letters(data: Path) -> None:
    fonts, rng = Fonts(data / "fonts"), np.random.default_rng(0)
    short, long = fonts.write("in", rng), fonts.write("inininin", rng)
    assert short and long
    assert np.concatenate(long.paths)[:, 0].max() > 3 * np.concatenate(short.paths)[:, 0].max()
