from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.alternatives import with_alternatives
from detector.box import Box
from detector.lines import in_reading_order

PAGE = [Box(x, y, x + 60, y + 20) for y in (10, 40, 70) for x in (10, 80, 150)]
WIDE, TALL = 300, 200


@pytest.mark.parametrize("quarters", range(4))
def test_a_turned_page_is_read_in_the_same_order(quarters: int) -> None:
    turned = [box.turned(quarters, WIDE, TALL) for box in PAGE]
    found = in_reading_order(turned[::-1])
    assert [replace(box, line=0) for box in found] == turned
    assert [box.line for box in found] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("quarters", range(4))
def test_close_neighbours_are_offered_as_one_word_as_well(quarters: int) -> None:
    road, map_, later, below = (
        Box(10, 10, 50, 30, line=0, chance=0.9),
        Box(52, 12, 90, 34, line=0, chance=0.7),
        Box(130, 10, 160, 30, line=0),
        Box(10, 32, 60, 52, line=1),
    )
    boxes = [box.turned(quarters, WIDE, TALL) for box in (road, map_, later, below)]
    *same, whole = with_alternatives(boxes)
    assert same == boxes
    expected = Box(10, 10, 90, 34, line=0, chance=0.7, alternative=True).turned(quarters, WIDE, TALL)
    assert whole == expected


@pytest.mark.parametrize("angle", [-38, -25, -12, 12, 25, 38])
def test_a_page_that_leans_is_read_line_by_line(angle: float) -> None:
    leaning = [box.levelled(-angle) for box in PAGE]
    found = in_reading_order(leaning[::-1])
    assert [replace(box, line=0) for box in found] == leaning
    assert [box.line for box in found] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("angle", [-30, 30])
def test_close_neighbours_on_a_line_that_leans_are_one_word_as_well(angle: float) -> None:
    b, oard, later = Box(10, 10, 30, 40), Box(38, 12, 120, 34), Box(170, 10, 230, 34)
    *words, whole = with_alternatives(in_reading_order([one.levelled(-angle) for one in (b, oard, later)]))
    assert len(words) == 3 and whole.alternative and whole.angle == angle
    assert whole.core() == pytest.approx((110, 30), abs=3)
    level = whole.levelled(angle)
    assert (level.x0, level.y0, level.x1, level.y1) == pytest.approx((10, 10, 120, 40), abs=2)


def test_lines_that_cross_are_two() -> None:
    level, steep = Box(10, 50, 60, 70), Box(70, 50, 140, 70).levelled(-35)
    found = in_reading_order([level, replace(steep, x0=70, x1=70 + steep.x1 - steep.x0, y0=40, y1=100)])
    assert [box.line for box in found] == [0, 1]


@given(st.floats(-39, 39), st.integers(30, 300), st.integers(8, 29))
def test_a_word_levelled_by_its_tilt_has_the_sides_of_its_core(angle: float, wide: int, tall: int) -> None:
    box = Box(50, 60, 50 + wide, 60 + tall).levelled(-angle)
    assert box.core() == pytest.approx((wide, tall), abs=6)
    level = box.levelled(angle)
    assert (level.x1 - level.x0, level.y1 - level.y0) == pytest.approx((wide, tall), abs=6)


def test_a_note_on_its_head_is_read_after_the_board() -> None:
    note = [box.turned(2, 1000, 600) for box in PAGE]
    found = in_reading_order([*note, *PAGE])
    assert [replace(box, line=0) for box in found] == [*PAGE, *note]
    assert [box.line for box in found][::3] == [0, 1, 2, 3, 4, 5]


def test_writing_that_runs_down_is_turned_clockwise() -> None:
    box = Box(10, 20, 50, 30).turned(1, 100, 80)
    assert (box.x0, box.y0, box.x1, box.y1, box.angle) == (50, 10, 60, 50, 90)
    assert box.quarter == 1 and box.core() == pytest.approx((40, 10))


@given(
    st.integers(0, 90), st.integers(0, 70), st.floats(-180, 180, exclude_min=True), st.integers(-5, 5)
)  # fmt: skip
def test_turning_back_undoes_a_turn(x: int, y: int, angle: float, quarters: int) -> None:
    box = Box(x, y, x + 10, y + 10, angle=angle)
    size = (100, 80)
    there = box.turned(quarters, *size)
    back = there.turned(-quarters, *(size if quarters % 2 == 0 else size[::-1]))
    assert (back.x0, back.y0, back.x1, back.y1) == (box.x0, box.y0, box.x1, box.y1)
    assert back.angle == pytest.approx(angle)
    assert -180 < there.angle <= 180
