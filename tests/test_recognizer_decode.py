"""Decoding, proved against the enumeration of every path of small lattices."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer import Lattice
from recognizer.alphabet import Alphabet
from recognizer.decode import (
    best_path,
    log_occurrences,
    log_probabilities,
    log_probability,
    n_best,
    n_best_many,
    split,
)

TOY = Alphabet("ab ")
Text = tuple[int, ...]
Spelled = list[tuple[int, ...]]
SPELLED: list[Spelled] = [
    [(1, 2)],
    [(1, 2), (1, 2)],
    [(1, 2), (3,), (2,)],
    [(2,), (2, 3), (1, 3, 2)],
]
WORDS: list[Spelled] = [[(1,)], [(1,), (1,)], [(1, 2)], [(1,), (2, 1)], [(2,), (3,)]]


def lattice_of(*rows: list[float]) -> Lattice:
    with np.errstate(divide="ignore"):
        return Lattice(
            np.log(np.array(rows, np.float32) / np.sum(rows, axis=1, keepdims=True)).astype(np.float32)
        )


def drawn(rng: np.random.Generator, frames: int, classes: int, sharpness: float = 2.0) -> Lattice:
    logits = rng.normal(0, sharpness, (frames, classes))
    return Lattice((logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32))


def enumerated(lattice: Lattice) -> dict[Text, float]:
    """P(text) for every text: the sum over every path that collapses to it."""
    chances = np.exp(lattice.log_probs.astype(np.float64))
    texts: dict[Text, float] = defaultdict(float)
    for path in product(range(chances.shape[1]), repeat=len(chances)):
        text = tuple(b for a, b in zip((0, *path), path, strict=False) if b not in (0, a))
        texts[text] += math.prod(row[label] for row, label in zip(chances, path, strict=True))
    return texts


def lattices(frames: int = 5, classes: int = 4) -> st.SearchStrategy[Lattice]:
    def build(seed: int, count: int, sharpness: float) -> Lattice:
        return drawn(np.random.default_rng(seed), count, classes, sharpness)

    return st.builds(build, st.integers(0, 10**6), st.integers(1, frames), st.sampled_from([0.5, 2.0, 6.0]))


@given(lattices())
@settings(max_examples=40, deadline=None)
def test_the_probability_of_every_text_is_the_sum_over_its_paths(lattice: Lattice) -> None:
    for text, chance in enumerated(lattice).items():
        assert math.exp(log_probability(lattice, text)) == pytest.approx(chance, rel=1e-6, abs=1e-15)


@given(lattices())
@settings(max_examples=40, deadline=None)
def test_a_wide_beam_finds_the_best_texts_with_their_probabilities(lattice: Lattice) -> None:
    truth = sorted(enumerated(lattice).items(), key=lambda item: -item[1])
    read = n_best(lattice, TOY, count=6, beam=200)
    pruned = 1e-3  # a frame's rarest labels go no further
    assert [h.probability for h in read] == pytest.approx([p for _, p in truth[: len(read)]], abs=pruned)
    for one in read:
        assert one.probability == pytest.approx(dict(truth)[tuple(TOY.encode(one.text))], rel=1e-5)


@given(lattices(frames=12, classes=8), st.integers(1, 20))
@settings(max_examples=50, deadline=None)
def test_readings_are_distinct_ranked_and_share_one(lattice: Lattice, beam: int) -> None:
    read = n_best(lattice, Alphabet("abcdefg"), count=5, beam=beam)
    chances = [h.probability for h in read]
    assert len({h.text for h in read}) == len(read) <= 5
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) <= 1 + 1e-5
    best = best_path(lattice, Alphabet("abcdefg"))
    assert chances[0] >= best.probability - 1e-6, "the narrowest beam reads no worse than the best path"


@given(st.lists(lattices(frames=9), max_size=5))
@settings(max_examples=30, deadline=None)
def test_many_at_once_read_as_one_by_one(some: list[Lattice]) -> None:
    for together, alone in zip(n_best_many(some, TOY), [n_best(o, TOY) for o in some], strict=True):
        assert [h.text for h in together] == [h.text for h in alone]
        assert [h.probability for h in together] == pytest.approx([h.probability for h in alone])


@given(st.lists(lattices(frames=9), max_size=5), st.lists(st.integers(1, 3), max_size=4))
@settings(max_examples=30, deadline=None)
def test_a_word_scores_the_same_among_many_lattices(some: list[Lattice], word: list[int]) -> None:
    assert log_probabilities(some, word).tolist() == pytest.approx([log_probability(o, word) for o in some])


@given(lattices())
@settings(max_examples=30, deadline=None)
def test_spellings_of_a_word_add_up_exactly(lattice: Lattice) -> None:
    truth = enumerated(lattice)
    for word in SPELLED:
        chance = sum(truth[text] for text in product(*word))
        assert math.exp(log_probability(lattice, word)) == pytest.approx(chance, rel=1e-6, abs=1e-15)


@given(lattices(), st.sampled_from([(3,), (2, 3), ()]))
@settings(max_examples=40, deadline=None)
def test_a_word_occurs_between_separators_as_often_as_counted(lattice: Lattice, separators: Text) -> None:
    truth = enumerated(lattice)
    for word in WORDS:
        spellings = list(product(*word))
        outside = set(separators) - {label for text in spellings for label in text}
        chance = sum(p for text, p in truth.items() if any(t in tokens(text, outside) for t in spellings))
        found = math.exp(log_occurrences([lattice], word, separators)[0])
        assert found == pytest.approx(chance, rel=1e-5, abs=1e-6)


def tokens(text: Text, separators: set[int]) -> set[Text]:
    found: list[list[int]] = [[]]
    for label in text:
        if label in separators:
            found.append([])
        else:
            found[-1].append(label)
    return {tuple(token) for token in found}


def test_an_empty_word_is_scored_but_not_looked_for() -> None:
    lattice = lattice_of([0.5, 0.25, 0.25, 0], [0.5, 0.5, 0, 0])
    assert math.exp(log_probability(lattice, [])) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="type at least one"):
        log_occurrences([lattice], [], [3])
    with pytest.raises(ValueError, match="no label"):
        log_occurrences([lattice], [1, ()], [3])


def test_no_lattices_have_no_readings_and_no_scores() -> None:
    assert n_best_many([], TOY) == []
    assert log_probabilities([], [1]).shape == (0,)


def test_a_text_longer_than_the_lattice_is_impossible() -> None:
    lattice = lattice_of([1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1])
    assert log_probability(lattice, [1, 1]) > -math.inf
    assert log_probability(lattice, [1, 1, 1]) == -math.inf
    assert log_probability(lattice, [1, 2, 1, 2]) == -math.inf


def test_very_improbable_words_keep_their_rank() -> None:
    rng = np.random.default_rng(3)
    lattice = drawn(rng, 300, 30, sharpness=40.0)
    word = [1 + n % 29 for n in range(200)]
    found, worse = log_probability(lattice, word), log_probability(lattice, [*word, 5, 6, 7, 8, 9])
    assert -math.inf < worse < found < -720


def test_twins_need_a_blank_between_them() -> None:
    pair = lattice_of([0, 1, 0, 0], [0, 1, 0, 0])
    parted = lattice_of([0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0])
    assert best_path(pair, TOY).text == "a"
    assert best_path(parted, TOY).text == "aa"
    assert [h.text for h in n_best(parted, TOY)] == ["aa"]


def test_the_search_finds_what_the_best_path_misses() -> None:
    # Graves' example: the blank leads in each frame, "a" over all paths.
    lattice = lattice_of([0.6, 0.4, 0, 0], [0.6, 0.4, 0, 0])
    assert best_path(lattice, TOY).text == ""
    first, second = n_best(lattice, TOY)
    assert (first.text, second.text) == ("a", "")
    assert [first.probability, second.probability] == pytest.approx([0.64, 0.36])


def test_long_runs_of_blanks_do_not_change_the_readings() -> None:
    letter, unsure, blank = [0.1, 0.8, 0.1, 0], [0.5, 0.2, 0.3, 0], [0.9995, 0.0005, 0, 0]
    short = n_best(lattice_of(letter, unsure, blank, letter), TOY)
    long = n_best(lattice_of(*[blank] * 9, letter, unsure, *[blank] * 20, letter, *[blank] * 9), TOY)
    assert [h.text for h in long] == [h.text for h in short]
    assert [h.probability for h in long] == pytest.approx([h.probability for h in short], abs=0.02)


def reading(text: str, alphabet: Alphabet, sure: float = 0.97) -> Lattice:
    """A lattice that reads `text`: each character one frame, blanks between."""
    labels = [0, *(n for label in alphabet.encode(text) for n in (label, 0))]
    chances = np.full((len(labels), alphabet.size), (1 - sure) / (alphabet.size - 1))
    chances[range(len(labels)), labels] = sure
    return Lattice(np.log(chances).astype(np.float32))


def test_a_phrase_falls_into_words_at_its_spaces() -> None:
    alphabet = Alphabet("abcd ")
    lattice = reading("  ab  cd a ", alphabet)
    parts = split(lattice, alphabet)
    assert [best_path(part.lattice, alphabet).text for part in parts] == ["ab", "cd", "a"]
    assert all(a.stop <= b.start for a, b in pairwise(parts))
    for part in parts:
        assert np.array_equal(part.lattice.log_probs, lattice.log_probs[part.start : part.stop])


def test_one_word_comes_back_whole_and_nothing_as_nothing() -> None:
    alphabet = Alphabet("ab ")
    word = reading("ab", alphabet)
    assert [(p.start, p.stop) for p in split(word, alphabet)] == [(0, len(word.log_probs))]
    assert split(reading("", alphabet, 0.999), alphabet) == []
    assert split(reading("  ", alphabet, 0.999), alphabet) == []


def test_a_faint_word_is_kept_though_its_best_path_is_empty() -> None:
    faint = lattice_of([0.6, 0.4, 0, 0], [0.6, 0.4, 0, 0])
    assert [(p.start, p.stop) for p in split(faint, TOY)] == [(0, 2)]


def test_an_alphabet_without_a_space_is_not_split() -> None:
    alphabet = Alphabet("ab")
    assert len(split(reading("ab", alphabet), alphabet)) == 1


@given(lattices(frames=20))
@settings(max_examples=40, deadline=None)
def test_parts_are_in_order_and_hold_no_space(lattice: Lattice) -> None:
    parts = split(lattice, TOY)
    ends = [n for part in parts for n in (part.start, part.stop)]
    assert ends == sorted(ends)
    for part in parts:
        assert part.start < part.stop
        assert " " not in best_path(part.lattice, TOY).text
    assert [best_path(p.lattice, TOY).text for p in parts if best_path(p.lattice, TOY).text] == best_path(
        lattice, TOY
    ).text.split()
