"""Scores, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.score import (
    Bin,
    among,
    calibration_error_by_chance,
    character_error_rate,
    confusions,
    exact,
    expected_calibration_error,
    mean_edit_distance,
    normalised_edit_distance,
    reliability,
    scores,
    word_error_rate,
)

TRUTH = ["kitten", "the cat", "Go", ""]
READ = ["sitting", "the hat", "go", "x"]
# Edits: 3 (k/s, e/i, +g), 1 (c/h), 1 (G/g), 1 (+x) = 6; characters 6 + 7 + 2 + 0 = 15.
# Words: 1 of 1, 1 of 2, 1 of 1, 1 inserted to 0 = 4 of 4.


def test_character_error_rate_by_hand() -> None:
    assert character_error_rate(TRUTH, READ) == 6 / 15
    assert character_error_rate(TRUTH, READ, ignore_case=True) == 5 / 15


def test_word_error_rate_by_hand() -> None:
    assert word_error_rate(TRUTH, READ) == 4 / 4
    assert word_error_rate(TRUTH, READ, ignore_case=True) == 3 / 4
    assert word_error_rate(["a b c d"], ["a x b  d"]) == 2 / 4


def test_edit_distances_by_hand() -> None:
    assert mean_edit_distance(TRUTH, READ) == 6 / 4
    assert normalised_edit_distance(TRUTH, READ) == pytest.approx((3 / 7 + 1 / 7 + 1 / 2 + 1) / 4)
    assert normalised_edit_distance(["", "a"], ["", "a"]) == 0


def test_exact_words_by_hand() -> None:
    assert exact(["Go", "on", ""], ["go", "on", ""]) == 2 / 3
    assert exact(["Go", "on", ""], ["go", "on", ""], ignore_case=True) == 1
    assert among(["Go", "on"], [["to", "go", "Go"], ["an"]]) == 1 / 2
    assert among(["GO", "on"], [["to", "go"], []], ignore_case=True) == 1 / 2


def test_all_scores_at_once() -> None:
    found = scores(TRUTH, READ)
    assert (found.count, found.cer, found.wer, found.edits) == (4, 6 / 15, 1, 1.5)
    assert (found.exact, found.exact_ignoring_case) == (0, 1 / 4)


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert exact(["é"], ["e\u0301"]) == 1
    assert character_error_rate(["é"], ["e\u0301"]) == 0


def test_no_texts_have_no_errors() -> None:
    assert scores([], []).cer == scores([], []).exact == 0
    assert expected_calibration_error([], []) == 0


def test_missing_readings_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        character_error_rate(["a", "b"], ["a"])


def test_confusions_by_hand() -> None:
    found = confusions(["corn", "corn", "cat", "to", "oo"], ["com", "com", "cats", "o", "00"])
    assert found == {("rn", "m"): 2, ("", "s"): 1, ("t", ""): 1, ("oo", "00"): 1}
    assert confusions(["Aa"], ["aA"], ignore_case=True) == {}


def test_few_readings_miss_their_probabilities_by_chance() -> None:
    assert calibration_error_by_chance([]) == 0 and calibration_error_by_chance([0.0, 1.0]) == 0
    one, many = calibration_error_by_chance([0.5]), calibration_error_by_chance([0.5] * 400)
    assert one == pytest.approx(0.5)
    # The mean of |heads / 400 - 1/2|: sqrt(2 / pi) of its standard deviation.
    assert many == pytest.approx(np.sqrt(2 / np.pi) * 0.5 / 20, rel=0.2)


def test_reliability_by_hand() -> None:
    stated = [0.05, 0.5, 0.41, 0.9, 1.0, 1.0]
    right = [False, True, False, True, True, False]
    found = reliability(stated, right, bins=5)
    assert [b.count for b in found] == [1, 0, 2, 0, 3]
    assert found[1] == Bin(0.2, 0.4, 0, 0.0, 0.0)
    assert (found[2].stated, found[2].right) == pytest.approx((0.455, 0.5))
    assert found[4].right == pytest.approx(2 / 3)
    error = (1 * 0.05 + 2 * abs(0.455 - 0.5) + 3 * abs(2.9 / 3 - 2 / 3)) / 6
    assert expected_calibration_error(stated, right, bins=5) == pytest.approx(error)


def test_the_edges_belong_to_the_first_and_the_lower_bin() -> None:
    found = reliability([0.0, 0.1, 0.2, 1.0], [True] * 4)
    assert [b.count for b in found] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("stated", "right"), [([1.1], [True]), ([-0.1], [True]), ([float("nan")], [True]), ([], [True])]
)
def test_what_is_no_probability_is_refused(stated: list[float], right: list[bool]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        reliability(stated, right)


@given(st.lists(st.tuples(st.text("abAé ", max_size=8), st.text("abAé ", max_size=8))))
def test_rates_agree_with_each_other(pairs: list[tuple[str, str]]) -> None:
    truth, read = [t for t, _ in pairs], [r for _, r in pairs]
    found = scores(truth, read)
    assert (found.edits == 0) == (found.cer == 0)
    assert 0 <= found.normalised <= 1 and 0 <= found.exact <= found.exact_ignoring_case <= 1
    changed = sum(n * max(len(a), len(b)) for (a, b), n in confusions(truth, read).items())
    assert changed >= sum(t != r for t, r in pairs)
    assert changed == 0 or found.edits > 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_bins_hold_all_readings_within_their_edges(readings: list[tuple[float, bool]]) -> None:
    stated, right = [p for p, _ in readings], [r for _, r in readings]
    found = reliability(stated, right)
    assert sum(b.count for b in found) == len(readings)
    assert sum(b.count * b.right for b in found) == pytest.approx(sum(right))
    assert all(b.low - 1e-9 <= b.stated <= b.high + 1e-9 for b in found if b.count)
    assert 0 <= expected_calibration_error(stated, right) <= 1
