"""Language models, and what they do to the readings of a word."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from light import Opinion

from recognizer import Lattice
from recognizer.alphabet import Alphabet
from recognizer.decode import TOGETHER, UNFOUND, _preferred, n_best
from recognizer.language import END, CharacterNgrams, Language
from recognizer.lexicon import CAPITAL, MARK

ALPHABET = Alphabet("abcn ")


def unsure() -> Lattice:
    """First "c", then "a" or "n" (0.45 to 0.55), then "b"."""
    rows = np.full((5, 6), 1e-6)
    for frame, label, chance in ((0, 3, 1), (1, 0, 1), (2, 1, 0.45), (2, 4, 0.55), (3, 0, 1), (4, 2, 1)):
        rows[frame, label] = chance
    return Lattice(np.log(rows / rows.sum(axis=1, keepdims=True)).astype(np.float32))


def test_without_a_language_the_likelier_letter_leads() -> None:
    first, second = n_best(unsure(), ALPHABET, count=2)
    assert (first.text, second.text) == ("cnb", "cab")


@pytest.mark.parametrize("listed", [0.0, 0.8])
def test_a_known_word_overtakes_and_all_that_was_found_is_all_there_is(listed: float) -> None:
    language = Language({"Cab": 9, "can": 4}, listed)
    helped = n_best(unsure(), ALPHABET, 64, 64, language=language)
    assert helped[0].text == "cab"
    assert sum(h.probability for h in helped) == pytest.approx(1, abs=1e-3)


def test_what_was_not_found_has_a_small_share() -> None:
    """Sight gives 0.3 to the texts found: the rest counts, but for less than what people would write."""
    seen, factors = np.array([0.2, 0.1]), np.array([-3.0, -3.0])
    chances = _preferred(seen, factors)
    whole = np.append(seen, UNFOUND * 0.7) ** (1 / TOGETHER)
    assert chances == pytest.approx(whole[:2] / whole.sum())
    assert 0.3 < chances.sum() < 1


@given(st.integers(0, 10**6))
@example(699)  # a label is too unlikely there to be followed
@settings(max_examples=20, deadline=None)
def test_readings_are_ranked_as_when_every_path_is_counted(seed: int) -> None:
    """P(text) of every path that spells it, times the factor of the text, in proportion to its root."""
    toy = Alphabet("ab")
    logits = np.random.default_rng(seed).normal(0, 1.5, (4, 3))
    lattice = Lattice((logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32))
    language = Language({"ab": 5, "ba": 1, "aa": 2}, order=3, weight=1.0)
    chances: dict[str, float] = defaultdict(float)
    for path in product(range(3), repeat=4):
        text = toy.decode(label for label, _ in groupby(path) if label)
        chances[text] += math.exp(sum(lattice.log_probs[frame, label] for frame, label in enumerate(path)))
    weighted = {text: (p * math.exp(language(text))) ** (1 / TOGETHER) for text, p in chances.items()}
    share = 1 / sum(weighted.values())
    expected = [share * value for value in sorted(weighted.values(), reverse=True)]
    found = n_best(lattice, toy, len(weighted), 64, language)
    kept = len(found)
    assert [h.probability for h in found] == pytest.approx(expected[:kept], abs=2e-4)
    assert max(expected[kept:], default=0.0) < 2e-4, "only what hardly can be is not found"
    assert all(h.probability == pytest.approx(share * weighted[h.text], abs=2e-4) for h in found)


def test_what_the_picture_says_is_kept_beside_what_is_likely() -> None:
    plain, helped = (n_best(unsure(), ALPHABET, 2, language=one) for one in (None, Language({"cab": 9})))
    assert [h.text for h in helped] == [h.text for h in reversed(plain)] == ["cab", "cnb"]
    assert [h.by_sight for h in helped] == pytest.approx([h.probability for h in reversed(plain)])
    assert helped[0].probability > helped[0].by_sight
    half = helped[0].times(0.5)
    assert (half.probability, half.seen) == (helped[0].probability / 2, helped[0].by_sight / 2)
    assert plain[0].times(0.5).seen is None


def test_a_language_without_opinion_changes_no_order() -> None:
    plain, helped = (n_best(unsure(), ALPHABET, language=one) for one in (None, Opinion(lambda text: -3.0)))
    assert [h.text for h in helped][:2] == [h.text for h in plain][:2]
    odds, others = (h[0].probability / h[1].probability for h in (plain, helped))
    assert others == pytest.approx(odds ** (1 / TOGETHER), rel=1e-3)


def test_an_impossible_language_is_not_listened_to() -> None:
    helped = n_best(unsure(), ALPHABET, language=Opinion(lambda text: -1e9 * len(text)))
    assert all(0 <= h.probability <= 1 for h in helped)


def test_words_are_known_in_any_case_and_marks_have_their_price() -> None:
    language = Language({"To": 3, "do:": 1}, weight=1.0)
    assert language("to") == language("TO") > language("do") > language("dx")
    assert language("(to)") == pytest.approx(language("to") - 2 * MARK)
    assert language("to do") == pytest.approx(language("to") + language("do"))
    assert all(math.isfinite(language(text)) for text in ("", "?", "42", "...", "Ωmega"))


def test_a_word_is_taken_from_the_list_or_spelled() -> None:
    spelled = CharacterNgrams({"ab": 3, "ba": 1})
    language = Language({"ab": 3, "ba": 1}, listed=0.6, weight=0.5)
    assert language("ab") == pytest.approx(0.5 * math.log(0.6 * 3 / 4 + 0.4 * math.exp(spelled("ab"))))
    assert language("aa") == pytest.approx(0.5 * math.log(0.4 * math.exp(spelled("aa"))))


def test_what_is_learned_later_is_known_too_and_known_words_stay() -> None:
    first = Language({"ab": 3, "ba": 1})
    later = first.knowing({"Cab!": 2, "ab": 1})
    assert later.words == {"ab": 3, "ba": 1, "cab": 2}
    assert later.knowing({"cab": 2}).words == later.words
    assert first.words == {"ab": 3, "ba": 1}


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1), st.integers(1, 99)))
def test_what_is_kept_comes_back(words: dict[str, int]) -> None:
    language = Language(words)
    again = Language.unpacked(language.packed())
    assert again.words == language.words
    assert again("abc d") == pytest.approx(language("abc d"))


def test_damaged_words_are_refused() -> None:
    with pytest.raises(ValueError, match="no list of words"):
        Language.unpacked(np.zeros(9, np.uint8))


def test_counts_by_hand() -> None:
    # Bigrams of "ab" and "ab": after the start "a" twice, of one kind; unigrams a 2, b 2, end 2, three kinds.
    model = CharacterNgrams({"ab": 2}, order=2)
    shortest = (2 + 3 / 4) / (6 + 3)
    each = (2 + shortest) / (2 + 1)
    assert model("ab") == pytest.approx(3 * math.log(each))
    assert model("ab") > model("ba") > model("bz")


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=5), st.integers(1, 9), min_size=1),
    st.text("abcd", max_size=4),
)
def test_chances_of_what_comes_next_add_up_to_one(words: dict[str, int], before: str) -> None:
    model = CharacterNgrams(words, order=3)
    known = sorted(set("".join(words)) | {END})
    context = (END + before)[-2:]
    chances = [model._estimate(context + c) for c in [*known, "?"]]
    assert sum(chances) == pytest.approx(1)


def test_the_weight_is_a_power() -> None:
    strong, weak = (Language({"cab": 3}, weight=w) for w in (1.0, 0.25))
    assert weak("cab") == pytest.approx(strong("cab") / 4)


def test_words_that_marks_or_capitals_join_count_as_these_words() -> None:
    language = Language({"start": 5, "signal": 5, "it's": 1}, weight=1.0)
    both = language("start") + language("signal")
    assert language("startSignal") == pytest.approx(both - CAPITAL)
    assert language("start.signal") == pytest.approx(both - MARK)
    assert language("(start.Signal") == pytest.approx(both - 2 * MARK)
    assert language("startsignal") < language("startSignal")
    assert language("it's") > language("it.s"), "a listed word is one"
    assert language("STARTSIGNAL") == language("startsignal")
    assert math.isfinite(language("...")) and math.isfinite(language(""))
