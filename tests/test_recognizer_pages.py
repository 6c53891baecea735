"""Drawn pages: their truth is where the ink is, and words stand as people set them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn import training_data
from numpy.typing import NDArray

from recognizer.canvas import Page, Sheet, Style
from recognizer.ink import Ink
from recognizer.pages import APART, Pages
from recognizer.words import Word, sized


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training_data(tmp_path_factory.mktemp("data"))


def strokes(*spans: tuple[float, float], tall: float = 10.0) -> tuple[NDArray[np.float32], ...]:
    return tuple(np.array([(a, 0), (b, tall)], np.float32) for a, b in spans)


def pages(data: Path, count: int) -> list[Page]:
    rng = np.random.default_rng(4)
    drawn = (Pages(data, size=256).draw(rng) for _ in range(10 * count))
    return [page for page in drawn if page.words][:count]


def test_a_word_has_the_size_of_its_small_letters() -> None:
    level, high, low = (sized(Ink(text, strokes((0, 9))), 20) for text in ("a", "b", "p"))
    assert [float(np.ptp(word.paths[0][:, 1])) for word in (level, high, low)] == pytest.approx([20, 34, 30])
    assert [float(word.paths[0][:, 1].max()) for word in (level, high, low)] == pytest.approx([0, 0, 10])
    assert level.wide == pytest.approx(18)


def test_a_dash_is_no_higher_for_being_flat() -> None:
    assert sized(Ink("-", strokes((0, 30), tall=1)), 20).wide == pytest.approx(25)


def test_the_widest_gap_is_between_parts_that_no_other_part_bridges() -> None:
    loose = Word([p.astype(float) for p in strokes((0, 4), (10, 14), (15, 20))], False)
    assert (loose.gap, loose.wide) == (6, 20)
    assert Word([*loose.paths, np.array([(3.0, 5.0), (11.0, 5.0)])], False).gap == 1
    assert Word(loose.paths[:1], False).gap == 0


def test_words_stand_further_apart_than_their_letters(data: Path) -> None:
    written: list[tuple[float, float, Word]] = []

    class Written(Sheet):
        def word(
            self, word: Word, style: Style, origin: NDArray[np.float64], at: tuple[float, float]
        ) -> None:
            written.append((*at, word))

    style = Style(body=20, pen=1, turn=0, colour=(0, 0, 0), opacity=1, patchy=0, space=1)
    rooms: list[tuple[float, float]] = []
    for seed in range(12):
        written.clear()
        rng = np.random.default_rng(seed)
        Pages(data)._lines(Written(64, np.random.default_rng(0)), style, np.zeros(2), 9, np.inf, rng)
        beside = [(a, b) for a, b in pairwise(written) if abs(a[1] - b[1]) < style.body]
        rooms += [(b[0] - a[0] - a[2].wide, a[2].gap) for a, b in beside]
    assert len(rooms) > 50 and max(gap for _, gap in rooms) > 2
    assert all(room >= APART * gap - 1e-6 for room, gap in rooms)


def test_the_truth_is_where_the_ink_is(data: Path) -> None:
    for page in pages(data, 8):
        framed = np.zeros(page.mask.shape, np.uint8)
        for quad in page.words:
            cv2.fillPoly(framed, [np.round(quad).astype(np.int32)], 255)
            inside = page.mask[framed > 0]
            assert (inside > 127).any()
            on_page = cv2.contourArea(quad.clip(0, page.mask.shape[0])) / cv2.contourArea(quad)
            assert on_page >= 0.5
        reach = cv2.dilate(framed, np.ones((5, 5), np.uint8))
        ink = page.mask > 127
        assert (ink & (reach > 0)).sum() > 0.8 * ink.sum()


def test_nothing_is_seen_beyond_the_sheet(data: Path) -> None:
    """Once its mirror image was: words that stood on their heads and were not to be found."""
    for page in pages(data, 8):
        edges = np.concatenate([page.pixels[0], page.pixels[-1], page.pixels[:, 0], page.pixels[:, -1]])
        assert (edges.max(axis=1) > 0).mean() > 0.95


def test_the_same_seed_draws_the_same_page(data: Path) -> None:
    one, other = (Pages(data, size=128).draw(np.random.default_rng(9)) for _ in range(2))
    assert np.array_equal(one.pixels, other.pixels) and len(one.words) == len(other.words)
