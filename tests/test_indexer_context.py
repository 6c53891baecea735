"""What a word is taken to say where other words of its page say the same."""

from __future__ import annotations

import math

import pytest

from indexer.context import Readings, in_context
from recognizer import Hypothesis
from recognizer.decode import TOGETHER
from recognizer.language import AGAIN, Language

LANGUAGE = Language({"engine": 20, "queue": 5, "the": 75}, weight=0.5)


def word(**chances: float) -> Readings:
    return tuple(Hypothesis(text, chance, 0.9 * chance) for text, chance in chances.items())


def texts(words: list[Readings]) -> list[str]:
    return [readings[0].text for readings in words]


def test_what_is_read_elsewhere_is_read_here() -> None:
    sure, doubtful = word(Enqueue=0.95), word(engine=0.5, enqueue=0.4)
    assert texts(in_context([doubtful], LANGUAGE)) == ["engine"]
    assert texts(in_context([doubtful, word(the=0.9)], LANGUAGE)) == ["engine", "the"]
    assert texts(in_context([sure, doubtful], LANGUAGE)) == ["Enqueue", "enqueue"], "in whatever case"
    assert texts(in_context([doubtful, sure], LANGUAGE)) == ["enqueue", "Enqueue"], "in whatever order"


def test_doubtful_words_do_not_convince_each_other() -> None:
    page = [word(engine=0.6, enqueue=0.05)] * 3
    assert texts(in_context(page, LANGUAGE)) == ["engine"] * 3


def test_common_words_gain_less_than_rare_ones() -> None:
    page = [word(the=0.4, zzxq=0.4), word(the=0.9), word(zzxq=0.9)]
    the, rare = sorted(in_context(page, LANGUAGE)[0], key=lambda one: one.text)
    assert rare.probability > the.probability


def test_chances_follow_the_formula_and_leave_room_for_what_was_not_found() -> None:
    page = [word(engine=0.5, queue=0.3), word(queue=0.8)]
    found = {one.text: one.probability for one in in_context(page, LANGUAGE)[0]}
    assert found == pytest.approx(expected({"engine": (0.5, 0.0), "queue": (0.3, 0.8 / 2)}, other=0.2))
    assert sum(found.values()) < 1


def expected(readings: dict[str, tuple[float, float]], other: float) -> dict[str, float]:
    weights = {text: chance * factor(text, share) for text, (chance, share) in readings.items()}
    whole = sum(weights.values()) + other * (1 - AGAIN) ** (0.5 / TOGETHER)
    return {text: weight / whole for text, weight in weights.items()}


def factor(text: str, share: float) -> float:
    written = math.exp(LANGUAGE(text) / 0.5)
    return math.pow((1 - AGAIN) + AGAIN * share / written, 0.5 / TOGETHER)


def test_what_was_seen_stays_as_it_was_seen() -> None:
    page = [word(engine=0.5, enqueue=0.4), word(enqueue=0.95)]
    after = in_context(page, LANGUAGE)
    assert [{one.text: one.seen for one in some} for some in after] == [
        {one.text: one.seen for one in some} for some in page
    ]


def test_endless_words_are_no_trouble() -> None:
    endless = word(**{"q#z" * 400: 0.9, "the": 0.05})
    assert texts(in_context([endless, endless, word(the=0.9)], LANGUAGE))[2] == "the"
    assert texts(in_context([endless], LANGUAGE)) == ["q#z" * 400]


def test_marks_and_an_empty_page() -> None:
    assert in_context([], LANGUAGE) == []
    assert texts(in_context([word(**{"->": 0.6, "-": 0.3}), word(**{"->": 0.9})], LANGUAGE)) == ["->", "->"]
