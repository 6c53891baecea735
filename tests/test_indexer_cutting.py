"""Which cut of a line stands: the one whose words are worth most together."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np

from detector import Box
from detector.areas import lying_in
from indexer.cutting import TOUCHED, settled
from indexer.reading import WordReading
from recognizer import Hypothesis
from recognizer.language import Language

LANGUAGE = Language({"electrical": 9, "to": 40, "buy": 9, "a": 40, "milk": 9, "the": 60}, order=3)


def word(
    text: str, x0: int, x1: int, chance: float = 0.9, alternative: bool = False, y0: int = 0
) -> WordReading:
    box = Box(x0, y0, x1, y0 + 20, chance=chance, alternative=alternative)
    return WordReading(box, (Hypothesis(text, 0.99, chance), Hypothesis("x", 0.001, 0.001)), b"")


def other(text: str, x0: int, x1: int, chance: float = 0.9, y0: int = 0) -> WordReading:
    return word(text, x0, x1, chance, True, y0)


def texts(found: list[WordReading]) -> list[str]:
    return [one.hypotheses[0].text for one in found if not one.box.alternative]


def test_pieces_of_a_known_word_become_one() -> None:
    found = [
        word("E", 0, 12),
        word("lectrical", 16, 100),
        other("Electrical", 0, 100),
        word("milk", 130, 180),
    ]
    after = settled(found, LANGUAGE)
    assert texts(after) == ["Electrical", "milk"]
    assert {one.hypotheses for one in after} == {one.hypotheses for one in found}, "nothing is lost"
    assert [one.box.alternative for one in after] == [False, False, True, True]


def test_words_that_stand_together_are_parted() -> None:
    found = [word("tobuy", 0, 100), other("to", 0, 38), other("buy", 42, 100), other("ob", 20, 60)]
    assert texts(settled(found, LANGUAGE)) == ["to", "buy"]


def test_good_words_stay_apart() -> None:
    found = [word("the", 0, 40), word("milk", 46, 100), other("themilk", 0, 100)]
    assert texts(settled(found, LANGUAGE)) == ["the", "milk"]


def test_what_is_badly_seen_convinces_nobody() -> None:
    found = [word("E", 0, 12), word("lectrical", 16, 100), other("Electrical", 0, 100, chance=1e-9)]
    assert texts(settled(found, LANGUAGE)) == ["E", "lectrical"]


def test_a_long_word_outweighs_the_letter_that_a_sign_reads_like() -> None:
    found = [word("a", 0, 100, chance=0.9), other("electrical", 0, 100, chance=0.01)]
    assert texts(settled(found, LANGUAGE)) == ["electrical"]


def test_a_whole_that_cuts_into_a_neighbour_is_none() -> None:
    found = [
        word("E", 0, 12),
        word("lectrical", 16, 100),
        word("milk", 104, 160),
        other("Electrical", 0, 125),
    ]
    assert texts(settled(found, LANGUAGE)) == ["E", "lectrical", "milk"]


def test_three_lines_are_not_one_sign() -> None:
    sign = other("a", 0, 100)
    sign = replace(sign, box=replace(sign.box, y1=80))
    found = [*(word("lectr", 5, 95, 0.2, y0=y) for y in (0, 30, 60)), sign]
    assert texts(settled(found, LANGUAGE)) == ["lectr"] * 3


def test_words_beside_a_tilted_one_leave_it_standing() -> None:
    tilted = word("lectr", 0, 150, 0.2)
    tilted = replace(tilted, box=replace(tilted.box, y1=70, angle=20.0))
    above, below = other("milk", 70, 150), other("the", 0, 75, 0.9)
    below = replace(below, box=replace(below.box, y0=50, y1=70))
    assert texts(settled([tilted, above, below], LANGUAGE)) == ["lectr", "milk", "the"]
    level = replace(tilted, box=replace(tilted.box, angle=0.0))
    assert texts(settled([level, above, below], LANGUAGE)) == ["milk", "the"]


def test_two_wholes_do_not_share_a_piece() -> None:
    found = [
        word("a", 0, 20), word("electric", 24, 80), word("al", 84, 100),
        other("electrical", 24, 100), other("aelectric", 0, 80),
    ]  # fmt: skip
    assert texts(settled(found, LANGUAGE)) == ["a", "electrical"]


def test_what_gains_only_together_comes_together() -> None:
    found = [
        word("electricalmilk", 0, 150, 0.3),
        other("elec", 0, 40), other("tricalmilk", 40, 150, 0.2),
        other("electrical", 0, 100, 0.3), other("milk", 105, 150, 0.3),
    ]  # fmt: skip
    assert texts(settled(found, LANGUAGE)) == ["electrical", "milk"]


def test_a_page_without_alternatives_or_words_stays_as_it_is() -> None:
    found = [word("E", 0, 12), word("lectrical", 16, 100)]
    assert settled(found, LANGUAGE) == found


def test_where_nothing_stands_an_alternative_does_if_it_reads_like_anything() -> None:
    assert texts(settled([other("milk", 0, 20)], LANGUAGE)) == ["milk"]
    assert texts(settled([other("x#", 0, 20, chance=1e-4)], LANGUAGE)) == []
    assert texts(settled([other("a", 0, 20)], LANGUAGE)) == [], "one letter is little"
    assert texts(settled([word("x#", 0, 20), other("a", 0, 20)], LANGUAGE)) == ["a"]


def test_the_detectors_words_stand_however_badly_they_are_read() -> None:
    assert texts(settled([word("x#", 0, 20, chance=1e-4)], LANGUAGE)) == ["x#"]


def test_lines_are_told_anew() -> None:
    """Words of two lines that were taken for one, and what stood as an alternative of another line."""
    low = other("the", 0, 40, y0=30)
    found = [
        word("tobuy", 0, 100),
        other("to", 0, 38),
        other("buy", 42, 100),
        low,
        other("te", 0, 20, 0.01, y0=30),
    ]
    after = settled([replace(one, box=replace(one.box, line=7)) for one in found], LANGUAGE)
    assert texts(after) == ["to", "buy", "the"]
    assert [one.box.line for one in after] == [0, 0, 1, 0, 1]
    assert settled([], LANGUAGE) == []


def test_no_two_words_share_ink_and_the_order_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    for _ in range(40):
        ends = [(int(x), int(x + w)) for x, w in rng.integers((0, 9), (90, 60), (12, 2))]
        sizes, chances = rng.integers(2, 11, 12), rng.uniform(0.2, 0.9, 12)
        found = [
            other("electrical"[:size], *end, chance)
            for size, end, chance in zip(sizes, ends, chances, strict=True)
        ]
        standing = [one.box for one in settled(found, LANGUAGE) if not one.box.alternative]
        shares = [share for n, near in enumerate(lying_in(standing)) for m, share in near.items() if m != n]
        assert max(shares, default=0.0) < TOUCHED
        shuffled = [found[n] for n in rng.permutation(12)]
        assert sorted(texts(settled(shuffled, LANGUAGE))) == sorted(texts(settled(found, LANGUAGE)))


def test_shares_are_of_the_tilted_words_and_both_ways() -> None:
    half, cross = Box(0, 0, 40, 20), Box(20, 0, 60, 10)
    beside = Box(200, 0, 260, 60)
    assert lying_in([half, cross]) == [{0: 1.0, 1: 0.25}, {0: 0.5, 1: 1.0}]
    assert [set(near) for near in lying_in([half, beside])] == [{0}, {1}]
    leaning = Box(0, 0, 100, 60, angle=20.0)
    inside, corner = Box(45, 25, 55, 35), Box(90, 0, 100, 6)
    assert leaning.core() != (100, 60), "its upright rectangle is larger"
    shares = lying_in([leaning, inside, corner])
    assert shares[1][0] > 0.99
    assert 0 not in shares[2], "the corner of the upright rectangle is no part of the word"


def test_thousands_of_boxes_take_megabytes() -> None:
    boxes = [Box(x, y, x + 50, y + 20) for x in range(0, 3000, 45) for y in range(0, 1500, 18)]
    assert len(boxes) > 5000
    tracemalloc.start()
    lying_in(boxes)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100e6
