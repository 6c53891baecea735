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
        Box(120, 10, 150, 30, line=0),
        Box(10, 32, 60, 52, line=1),
    )
    boxes = [box.turned(quarters, WIDE, TALL) for box in (road, map_, later, below)]
    *same, whole = with_alternatives(boxes)
    assert same == boxes
    expected = Box(10, 10, 90, 34, line=0, chance=0.7, alternative=True).turned(quarters, WIDE, TALL)
    assert whole == expected


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
