"""Slots of a lattice: what they keep, and how well they tell which words a lattice holds."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from search.slots import (
    AT_ONCE,
    BYTES,
    GAP,
    NOTHING,
    NOTHING_COUNTS,
    SECOND,
    SLOTS,
    UNIT,
    ends_of,
    halved,
    misfits,
    slots_of,
)
from search.words import CLASSES

COLUMNS = 2 + len(CLASSES)


def columns_of(*texts: str) -> NDArray[np.float64]:
    """Frames T x columns x n of lattices of `texts`; "." is a frame of blanks, " " parts words."""
    length = max(map(len, texts))
    found = np.full((length, COLUMNS, len(texts)), 1e-4)
    for number, text in enumerate(texts):
        for frame, character in enumerate(text.ljust(length, ".")):
            column = {".": 0, " ": COLUMNS - 1}.get(character, 1 + CLASSES.find(character))
            found[frame, column, number] = 1
    return np.asarray(found / found.sum(axis=1, keepdims=True), np.float64)


def misfit(text: str, word: str) -> int:
    return int(misfits(halved(slots_of(columns_of(text))), word)[0])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("plan", "plan"),
        ("p.l.a.n", "plan"),
        ("pp.l..aaa.n..", "plan"),
        ("the. p.l.a.n .b", "plan"),
        ("al.l", "all"),
    ],
)
def test_a_word_fits_where_it_stands(text: str, word: str) -> None:
    assert misfit(text, word) < UNIT


@pytest.mark.parametrize("text", ["plank", "airplan", "pln", "pxlan", "nalp", "", "pla n", "p a n"])
def test_a_word_fits_badly_where_another_one_stands(text: str) -> None:
    assert misfit(text, "plan") > 4 * UNIT


def test_words_longer_than_there_are_slots_fit_all_the_same() -> None:
    text = "i.n.t.e.r.n.a.t.i.o.n.a.l.i.s.a.t.i.o.n"
    right, wrong = misfit(text, text.replace(".", "")), misfit(text, "interpretationalism")
    assert right <= SECOND * (20 - SLOTS) + UNIT < wrong


def test_a_faint_letter_between_sure_ones_has_its_slot() -> None:
    columns = columns_of("p.a.n")
    columns[1] = 1e-4
    columns[1, [0, 1 + CLASSES.index("l")], 0] = 0.7, 0.3
    [loss] = misfits(halved(slots_of(columns)), "plan")
    assert loss == pytest.approx(-UNIT * np.log(0.3), abs=0.3 * UNIT)
    [without] = misfits(halved(slots_of(columns)), "pan")
    assert without == pytest.approx(-UNIT * NOTHING_COUNTS * np.log(0.7), abs=0.3 * UNIT)


def test_characters_that_no_slot_knows_are_passed_over() -> None:
    assert misfit("plan", "plan") == misfit("plan", "plдan")
    assert misfits(np.zeros((0, SLOTS, BYTES), np.uint8), "plan").shape == (0,)


def test_endless_words_fit_badly() -> None:
    losses = [misfit("p.l.a.n", "plan" * times) for times in (1, 2, 20, 25, 5000)]
    assert losses == sorted(losses) and losses[1] > 4 * UNIT


def test_ends_know_how_words_begin_and_end() -> None:
    first, last = ends_of(slots_of(columns_of("road map")))[:, 0]
    starts = {c for c, loss in zip(CLASSES, first, strict=True) if loss < 1}
    stops = {c for c, loss in zip(CLASSES, last, strict=True) if loss < 1}
    assert (starts, stops) == ({"r", "m"}, {"d", "p"})


def test_many_words_are_tried_as_each_alone() -> None:
    texts = ["plan", "p.l.a.n", "plank", "budget"]
    codes = np.tile(halved(slots_of(columns_of(*texts))), (AT_ONCE // 2, 1, 1))
    assert (misfits(codes, "plan").reshape(-1, 4) == [misfit(t.ljust(7, "."), "plan") for t in texts]).all()


def enumerated(codes: NDArray[np.uint8], word: str) -> int:
    """The least loss over all ways to give each character of `word` a slot."""
    whole = np.stack([codes & 15, codes >> 4], axis=-1).reshape(SLOTS, -1).astype(int) ** 2
    gap, nothing = whole[:, GAP], whole[:, NOTHING]

    def outside(slots: NDArray[np.intp], parted: NDArray[np.intp]) -> int:
        """From a border of the lattice over `slots` to a word; one of them, or the word's own, may part."""
        ways = [int(nothing[slots].sum())]
        ways += [int(gap[s] + nothing[slots[k + 1 :]].sum()) for k, s in enumerate(slots)]
        return min(*ways, int(gap[parted].min()))

    best = 10**6
    for places in combinations_with_replacement(range(SLOTS), len(word)):
        loss = sum(int(whole[s, CLASSES.index(c)]) for s, c in zip(places, word, strict=True))
        loss += SECOND * (len(places) - len(set(places)))
        loss += int(nothing[[s for s in range(places[0], places[-1]) if s not in places]].sum())
        first, last = places[0], places[-1]
        loss += outside(np.arange(first), np.array([first]))
        loss += outside(np.arange(SLOTS - 1, last, -1), np.array([last]))
        best = min(best, loss)
    return best


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.uint8, (SLOTS, BYTES), elements=st.integers(0, 255)), st.text("ab01", min_size=1, max_size=3)
)
def test_the_likeliest_way_is_found(codes: NDArray[np.uint8], word: str) -> None:
    assert misfits(codes[None], word)[0] == enumerated(codes, word)
