"""Which cut of a line stands: the detector's, unless another is clearly likelier to be what was written."""

from __future__ import annotations

from dataclasses import replace

from detector import Box
from indexer.cutting import settled
from indexer.reading import WordReading
from recognizer import Hypothesis
from recognizer.language import Language

LANGUAGE = Language({"electrical": 9, "to": 40, "buy": 9, "a": 40, "milk": 9, "the": 60}, order=3)


def word(
    text: str, x0: int, x1: int, chance: float = 0.9, alternative: bool = False, y0: int = 0
) -> WordReading:
    box = Box(x0, y0, x1, y0 + 20, chance=chance, alternative=alternative)
    return WordReading(box, (Hypothesis(text, 0.99, chance), Hypothesis("x", 0.001, 0.001)), b"")


def other(text: str, x0: int, x1: int, chance: float = 0.9) -> WordReading:
    return word(text, x0, x1, chance, alternative=True)


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
    assert [one.hypotheses for one in after] == [one.hypotheses for one in found], "nothing is lost"
    assert [one.box.alternative for one in after] == [True, True, False, False]


def test_words_that_stand_together_are_parted() -> None:
    found = [word("tobuy", 0, 100), other("to", 0, 38), other("buy", 42, 100), other("ob", 20, 60)]
    assert texts(settled(found, LANGUAGE)) == ["to", "buy"]


def test_good_words_stay_apart() -> None:
    found = [word("the", 0, 40), word("milk", 46, 100), other("themilk", 0, 100)]
    assert texts(settled(found, LANGUAGE)) == ["the", "milk"]


def test_what_is_badly_seen_convinces_nobody() -> None:
    found = [word("E", 0, 12), word("lectrical", 16, 100), other("Electrical", 0, 100, chance=1e-9)]
    assert texts(settled(found, LANGUAGE)) == ["E", "lectrical"]


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


def test_words_beside_a_tilted_one_are_no_pieces_of_it() -> None:
    tilted = word("lectr", 0, 150, 0.2)
    tilted = replace(tilted, box=replace(tilted.box, y1=70, angle=20.0))
    above, below = other("milk", 70, 150), other("the", 0, 75, 0.9)
    below = replace(below, box=replace(below.box, y0=50, y1=70))
    assert texts(settled([tilted, above, below], LANGUAGE)) == ["lectr"]
    level = replace(tilted, box=replace(tilted.box, angle=0.0))
    assert texts(settled([level, above, below], LANGUAGE)) == ["milk", "the"]


def test_two_wholes_do_not_share_a_piece() -> None:
    found = [
        word("a", 0, 20), word("electric", 24, 80), word("al", 84, 100),
        other("electrical", 24, 100), other("aelectric", 0, 80),
    ]  # fmt: skip
    assert texts(settled(found, LANGUAGE)) == ["a", "electrical"]


def test_a_page_without_alternatives_or_words_stays_as_it_is() -> None:
    found = [word("E", 0, 12), word("lectrical", 16, 100)]
    assert settled(found, LANGUAGE) == found
    assert settled([], LANGUAGE) == []
    assert texts(settled([other("milk", 0, 20)], LANGUAGE)) == []
