"""What is asked first: worth counted by hand, then for any words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.asking import Candidate, order


def first(*words: Candidate, **known: Any) -> list[int]:
    """The words in the order in which they are asked for, one by one."""
    return [q.words[0] for q in order(words, len(words), together=False, **known)]


def word(number: int, *readings: tuple[str, float], photo: int = 0, chance: float = 1.0) -> Candidate:
    return Candidate(number, photo or number, readings, chance)


def test_a_word_between_readings_comes_before_a_sure_one() -> None:
    assert first(word(1, ("roadmap", 0.98)), word(2, ("roadmap", 0.5), ("rodman", 0.4))) == [2, 1]


def test_a_word_that_no_reading_says_comes_before_one_between_two_readings() -> None:
    assert first(word(1, ("roadmap", 0.55), ("rodman", 0.45)), word(2, ("wooclnap", 0.1))) == [2, 1]


def test_what_nobody_searches_for_comes_last() -> None:
    assert first(word(1, ("I", 0.4), ("l", 0.4)), word(2, ("plan", 0.5), ("plum", 0.4))) == [2, 1]


def test_perhaps_no_writing_comes_later() -> None:
    split = (("plan", 0.5), ("plum", 0.4))
    assert first(word(1, *split, chance=0.3), word(2, *split, chance=0.9)) == [2, 1]


def test_a_word_that_the_photo_surely_holds_elsewhere_comes_later() -> None:
    unsure = (("budget", 0.5), ("budged", 0.1))
    words = [
        word(1, *unsure, photo=8),
        word(2, ("budget", 0.99), photo=8),
        word(3, ("stapler", 0.5), photo=9),
    ]
    assert first(*words)[0] == 3
    assert first(words[0], words[2], said={8: {"budget"}})[0] == 3


def test_what_many_photos_hold_is_worth_less_than_what_one_holds() -> None:
    common = [word(n, ("meeting", 0.6)) for n in range(10)]
    assert first(*common, word(99, ("stapler", 0.6)))[0] == 99


def test_what_people_search_for_comes_first_even_if_no_reading_is_it() -> None:
    words = [word(1, ("stapler", 0.5)), word(2, ("rodmap", 0.5))]
    assert first(*words, queries={"roadmap": 3.0})[0] == 2
    assert first(*words, queries={"stapler": 3.0})[0] == 1


def test_questions_spread_over_photos() -> None:
    same = [word(n, (f"aaaa{n}", 0.5), photo=1) for n in range(3)]
    other = word(9, ("bbbbb", 0.45), photo=2)
    assert first(*same, other).index(9) < 2


def test_words_that_look_alike_are_one_question() -> None:
    alike = [word(n, ("roadmap", 0.5), ("rodman", 0.3)) for n in range(5)]
    (question,) = order(alike, 9)
    assert sorted(question.words) == [0, 1, 2, 3, 4]
    assert question.text == "roadmap"
    assert len(order(alike, 9, together=False)) == 5


def test_a_word_without_readings_can_be_asked_for() -> None:
    assert order([word(1)], 5)[0].text == ""


texts = st.tuples(st.text("abA -1", max_size=5), st.floats(0, 1))
WORDS = st.lists(st.tuples(st.integers(0, 3), st.lists(texts, max_size=3), st.floats(0, 1)), max_size=12)


@given(
    drawn=WORDS,
    limit=st.integers(0, 12),
    queries=st.dictionaries(st.text("ab", min_size=1), st.floats(0.5, 9)),
)
def test_every_word_is_asked_for_once_and_no_more_than_wanted(
    drawn: list[tuple[int, list[tuple[str, float]], float]], limit: int, queries: dict[str, float]
) -> None:
    words = [Candidate(n, photo, tuple(said), chance) for n, (photo, said, chance) in enumerate(drawn)]
    asked = order(words, limit, queries)
    assert len(asked) <= limit
    numbers = [n for question in asked for n in question.words]
    assert len(set(numbers)) == len(numbers)
    everything = [n for question in order(words, len(words), queries) for n in question.words]
    assert sorted(everything) == list(range(len(words)))


@pytest.mark.parametrize("limit", [1, 3])
def test_the_best_questions_do_not_depend_on_how_many_are_wanted(limit: int) -> None:
    words = [word(n, (f"word{n}", n / 10), photo=n % 3 + 1) for n in range(1, 9)]
    assert order(words, limit) == order(words, 8)[:limit]
