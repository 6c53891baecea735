"""Labels find their words again: counted by hand, then for any boxes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detector import Box
from indexer.labels import line_at, match

corner, side = st.integers(0, 60), st.integers(1, 30)
boxes = st.lists(
    st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), corner, corner, side, side), max_size=8
)


def test_a_label_holds_for_the_box_at_its_place() -> None:
    found = match([Box(0, 0, 10, 10), Box(20, 0, 30, 10)], [Box(21, 0, 31, 10)])
    assert found.words == {1: 0}
    assert not found.overruled
    assert not found.alone


def test_the_nearest_box_gets_the_label_and_no_other() -> None:
    found = match([Box(2, 0, 12, 10), Box(0, 0, 10, 10)], [Box(0, 0, 10, 10)])
    assert found.words == {1: 0}
    assert found.overruled == {0}


def test_a_label_whose_box_is_not_found_again_stands_alone() -> None:
    found = match([Box(0, 0, 10, 10)], [Box(50, 50, 60, 60)])
    assert found.words == {}
    assert found.alone == (0,)


def test_half_a_union_is_enough_and_less_is_not() -> None:
    assert match([Box(0, 0, 20, 10)], [Box(0, 0, 10, 10)]).words == {0: 0}
    assert match([Box(0, 0, 21, 10)], [Box(0, 0, 10, 10)]).words == {}


def test_a_word_found_in_two_halves_is_what_its_label_says() -> None:
    found = match([Box(0, 0, 10, 10), Box(11, 0, 21, 10)], [Box(0, 0, 21, 10)])
    assert found.words == {}
    assert found.overruled == {0, 1}
    assert found.alone == (0,)


def test_two_labelled_words_found_as_one_are_what_the_labels_say() -> None:
    found = match([Box(0, 0, 21, 10)], [Box(0, 0, 10, 10), Box(11, 0, 21, 10)])
    assert found.overruled == {0}
    assert found.alone == (0, 1)


@given(words=boxes, labels=boxes)
def test_every_label_is_kept_once_and_no_word_twice(words: list[Box], labels: list[Box]) -> None:
    found = match(words, labels)
    assert sorted([*found.words.values(), *found.alone]) == list(range(len(labels)))
    assert not found.overruled & set(found.words)
    assert labels or not found.overruled


@given(words=boxes)
def test_labels_on_the_very_boxes_all_find_a_word(words: list[Box]) -> None:
    assert len(match(words, words).words) == len(words)


def test_the_line_is_that_of_the_nearest_word() -> None:
    words = [Box(0, 0, 9, 10, line=3), Box(0, 40, 9, 50, line=4)]
    assert line_at(Box(100, 35, 120, 45), words) == 4
    assert line_at(Box(100, 35, 120, 45), []) == 0
