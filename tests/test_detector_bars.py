"""What the figures of the detectors are computed with, by hand-counted examples."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.detector_bars import f_measure, frames, lines, tally
from detector import Box
from detector.areas import overlaps, places
from recognizer.canvas import Page


def page(*corners: tuple[float, float, float, float]) -> Page:
    quads = tuple(np.array([(a, b), (c, b), (c, d), (a, d)], np.float32) for a, b, c, d in corners)
    return Page(np.zeros((100, 200, 3), np.uint8), np.zeros((100, 200), np.uint8), quads)


def test_what_lies_beyond_the_page_does_not_count() -> None:
    assert frames(page((-20, 10, 29, 29), (180, 90, 260, 140))) == [
        Box(0, 10, 30, 30),
        Box(180, 90, 200, 100),
    ]
    assert frames(page((-20, 10, 1, 29), (300, 10, 340, 30))) == []


def test_overlap_is_what_both_share_of_what_either_covers() -> None:
    [[near, far]] = overlaps(places([Box(0, 0, 10, 10)]), places([Box(5, 0, 15, 10), Box(10, 0, 20, 10)]))
    assert near == pytest.approx(50 / 150)
    assert far == 0


def test_a_word_found_twice_counts_once() -> None:
    word, twice = (Box(0, 0, 40, 20), 20.0), [Box(0, 0, 38, 20), Box(1, 0, 40, 20)]
    assert tally(twice, [word]) == (1, 2, 1)
    assert tally([Box(0, 0, 40, 20)], [word, word]) == (1, 1, 2)
    assert tally([Box(0, 0, 15, 20)], [word]) == (0, 1, 1)


def test_words_too_low_to_read_are_neither_asked_for_nor_wrong() -> None:
    low, high = (Box(0, 0, 40, 10), 10.0), (Box(0, 50, 40, 70), 20.0)
    assert tally([Box(0, 0, 40, 10), Box(0, 50, 40, 70)], [low, high]) == (1, 1, 1)
    assert tally([Box(0, 0, 12, 10), Box(13, 0, 30, 10), Box(60, 0, 90, 9)], [low, high]) == (0, 1, 1)


def test_precision_recall_and_their_mean() -> None:
    assert f_measure(6, 8, 12) == pytest.approx((0.75, 0.5, 0.6))
    assert f_measure(0, 0, 0) == (0, 0, 0)


def test_words_of_one_line_are_put_together_again() -> None:
    words = [
        {"text": "two", "conf": 0.8, "box": [10, 10, 40, 30]},
        {"text": "words", "conf": 0.8, "box": [50, 12, 90, 34]},
        {"text": "below", "conf": 0.8, "box": [10, 50, 60, 70]},
        {"text": "other", "conf": 0.7, "box": [70, 50, 99, 70]},
    ]
    assert [word["box"] for word in lines(words)] == [[10, 10, 90, 34], [10, 50, 60, 70], [70, 50, 99, 70]]
    assert words[0]["box"] == [10, 10, 40, 30]
