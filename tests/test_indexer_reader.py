"""From a lattice to words: readings that are one, boxes that hold several."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from light import ALPHABET, lattice_of

from detector import Box
from indexer.reader import merged, parts
from recognizer import Hypothesis


def test_readings_that_differ_in_outer_spaces_are_one() -> None:
    guesses = [("2026", 0.5), ("", 0.2), (" 2026", 0.125), ("20 26", 0.1), ("zozb", 0.6), ("2026 ", 0.125)]
    found = merged([Hypothesis(text, chance) for text, chance in guesses], count=2)
    assert found == (Hypothesis("2026", 0.75), Hypothesis("zozb", 0.6))


def test_what_is_seen_adds_up_with_what_is_likely() -> None:
    guesses = [Hypothesis("to", 0.5, 0.2), Hypothesis("to ", 0.2, 0.3), Hypothesis("t0", 0.1, 0.4)]
    first, second = merged(guesses, count=2)
    assert first.text == "to" and (first.probability, first.seen) == pytest.approx((0.7, 0.5))
    assert second == guesses[2]


def test_a_box_with_two_words_becomes_two_boxes() -> None:
    box = Box(100, 0, 180, 50, line=3, chance=0.5)  # the strip shows 93 to 187
    (left, first), (right, second) = parts(box, lattice_of("ab-- --cde", 5), ALPHABET)
    assert (left, right) == (Box(100, 0, 131, 50, 3, 0.5), Box(140, 0, 180, 50, 3, 0.5))
    assert (first.stop, second.start) == (20, 25)


def test_parts_of_a_tilted_box_lie_along_its_slope() -> None:
    box = Box(0, 0, 200, 200, angle=30.0)
    (left, _), (right, _) = parts(box, lattice_of("ab-- --cde", 5), ALPHABET)
    assert left.y0 == left.x0 == 0
    assert right.x1 == right.y1 == 200
    assert left.x1 < 140 and left.y1 < 170 and right.x0 > 60 and right.y0 > 30


def test_a_box_with_one_word_stays_as_it_is() -> None:
    box = Box(100, 0, 180, 50)
    assert [part for part, _ in parts(box, lattice_of("-a-b-", 5), ALPHABET)] == [box]


def test_a_box_with_nothing_in_it_holds_no_word() -> None:
    assert not list(parts(Box(0, 0, 9, 9), lattice_of("---", 5), ALPHABET))


@given(
    labels=st.text("ab -", min_size=1, max_size=12),
    width=st.integers(1, 300),
    height=st.integers(1, 90),
    angle=st.floats(-44, 44),
)
def test_parts_lie_side_by_side_inside_their_box(labels: str, width: int, height: int, angle: float) -> None:
    box = Box(7, 9, 7 + width, 9 + height, angle=angle)
    found = [part for part, _ in parts(box, lattice_of(labels, 2), ALPHABET)]
    assert all(box.x0 <= part.x0 < part.x1 <= box.x1 for part in found)
    assert all(box.y0 <= part.y0 < part.y1 <= box.y1 for part in found)
    assert [part.x0 for part in found] == sorted(part.x0 for part in found)
    assert len(found) == len(labels.replace("-", "").split())
