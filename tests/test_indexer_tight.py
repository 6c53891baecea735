"""Words that cannot be read surely are read from a tight crop as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from light import LightRecognizer

from detector import Box
from indexer.prepare import Known, Prepared, strips_of
from indexer.reader import SURE, Read, read, see, words_of
from indexer.reading import Page, Sighting
from recognizer import Lattice, Strip
from recognizer.alphabet import Alphabet
from recognizer.crop import TIGHTER, strip, tightened
from recognizer.decode import best_path

CLEAR, FAINT, FROM_TIGHT = "abc", "cab", "bca"


@dataclass
class Eyes(LightRecognizer):
    """Reads a strip by the text that its first column numbers; FAINT as surely as said."""

    sure: float = 0.1

    def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
        self.seen.append(len(strips))
        return [self._lattice((CLEAR, FAINT, FROM_TIGHT)[int(one[0, 0])]) for one in strips]

    def _lattice(self, text: str) -> Lattice:
        sure = super()._lattice(text)
        if text != FAINT:
            return sure
        chances = np.exp(sure.log_probs)
        kept = (self.sure / sure.sureness) ** (1 / len(chances))
        return Lattice(np.log(kept * chances + (1 - kept) / chances.shape[1]))


def page(*cuts: tuple[Box, int, int | None]) -> Prepared:
    boxes, strips, tight = zip(*cuts, strict=True)
    shown = tuple(np.full((32, 60), text, np.float32) for text in strips)
    tight_ones = tuple(None if text is None else np.full((32, 60), text, np.float32) for text in tight)
    return Prepared(Sighting("/p/a.jpg"), Page("a" * 64, 1, 0.0, 900, 900), boxes, shown, tight_ones)


WORD = Box(100, 100, 300, 150)


def texts_of(cuts: Prepared, sure: float = 0.1) -> tuple[list[tuple[str, Box]], list[int]]:
    eyes = Eyes(sure=sure)
    words = words_of(cuts, eyes, 3)
    return [(word.hypotheses[0].text, replace(word.box, chance=1.0)) for word in words], eyes.seen


def test_a_doubtful_word_is_read_from_a_tight_crop_too_and_stays_a_word() -> None:
    found, looks = texts_of(page((WORD, 1, 2)))
    assert found == [(FAINT, WORD), (FROM_TIGHT, replace(tightened(WORD), alternative=True))]
    assert looks == [1, 1]


def test_sure_words_and_other_cuts_are_not() -> None:
    other = replace(WORD, y0=200, y1=250, alternative=True)
    found, looks = texts_of(page((WORD, 0, 2), (other, 1, None)))
    assert [text for text, _ in found] == [CLEAR, FAINT]
    assert looks == [2]


@pytest.mark.parametrize(("sure", "looks"), [(SURE - 0.05, [1, 1]), (SURE + 0.05, [1])])
def test_how_sure_is_sure(sure: float, looks: list[int]) -> None:
    assert texts_of(page((WORD, 1, 2)), sure)[1] == looks


def test_of_several_pages_each_keeps_its_own() -> None:
    below = replace(WORD, y0=300, y1=350)
    eyes, known = Eyes(), Known(Sighting("/p/b.jpg"), "b" * 64, in_hand=False)
    seen = see([page((WORD, 0, 2)), known, page((WORD, 1, 2), (below, 1, 2))], eyes)
    first, between, second = read(seen, "d", eyes, 3)
    assert isinstance(first, Read) and isinstance(second, Read)
    texts = [[word.hypotheses[0].text for word in one.reading.words] for one in (first, second)]
    assert texts == [[CLEAR], [FAINT, FAINT, FROM_TIGHT, FROM_TIGHT]] and between is known
    assert eyes.seen == [3, 2], "all pages at once"


def test_the_tight_crop_is_the_middle_of_the_word() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (400, 400, 3)).astype(np.uint8)
    tilted = Box(50, 200, 250, 330, angle=20.0)
    boxes = [WORD, replace(WORD, alternative=True), tilted]
    strips, tight = strips_of(pixels, boxes, 32)
    assert len(strips) == 3 and tight[1] is None
    for box, near in ((WORD, tight[0]), (tilted, tight[2])):
        assert near is not None and np.array_equal(near, strip(pixels, tightened(box), 32))
    off = round(TIGHTER * 50)
    assert tightened(WORD) == Box(100 + off, 100 + off, 300 - off, 150 - off)


@given(st.integers(1, 300), st.integers(1, 80), st.integers(0, 60), st.floats(-30, 30))
def test_a_box_without_its_edges_lies_within_and_is_something(
    wide: int, tall: int, by: int, angle: float
) -> None:
    box = Box(100, 100, 100 + wide, 100 + tall)
    inner = box.shrunk(by)
    assert box.x0 <= inner.x0 < inner.x1 <= box.x1 and box.y0 <= inner.y0 < inner.y1 <= box.y1
    assert inner.x1 - inner.x0 == max(wide - 2 * by, 2 - wide % 2)
    whole = Box(100, 100, 400, 140).levelled(-angle)
    assert whole.shrunk(8).core() == pytest.approx((284, 24), abs=7)


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=5, max_size=5), min_size=1, max_size=6))
def test_no_text_is_less_likely_than_its_likeliest_path(rows: list[list[float]]) -> None:
    chances = np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    lattice = Lattice(np.log(chances).astype(np.float32))
    assert lattice.sureness == pytest.approx(chances.max(axis=1).prod(), rel=1e-4)
    assert lattice.sureness <= best_path(lattice, Alphabet("abc ")).probability * 1.0001
