"""What is kept of a word to tell which typed words it cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from entries import ALPHABET, seen
from hypothesis import given
from hypothesis import strategies as st

from search import slots
from search.sketches import UNIT, Seen, Sketches, joined, lowest, misfits_of, only, sketch


def sketched(key: int, *texts: str) -> Sketches:
    return sketch(key, [Seen(n, t, 1.0, seen(t, doubt=0.5)) for n, t in enumerate(texts)], ALPHABET)


def test_a_sketch_never_rules_out_what_is_there() -> None:
    texts = ["roadmap", "budget", "Q3"]
    sketches = sketched(7, *texts)
    for place, text in enumerate(texts):
        bounds = sketches.bounds(text.lower())
        best = int(bounds.argmin())
        assert sketches.places[best] == place and bounds[best] < 0.5 * UNIT
        assert sketches.lattice(best) == seen(text, doubt=0.5)


def test_sketches_are_joined_and_thinned_without_mixing_them_up() -> None:
    whole = joined([sketched(1, "roadmap", "Q3"), sketched(2, "plan"), joined([sketched(3, "budget")])])
    rows = {
        (int(k), int(p)): whole.lattice(n)
        for n, (k, p) in enumerate(zip(whole.keys, whole.places, strict=True))
    }
    assert rows[1, 1] == seen("Q3", doubt=0.5) and rows[3, 0] == seen("budget", doubt=0.5)
    assert list(whole.lengths) == sorted(whole.lengths)
    for keys, places in (([1], [0, 1]), ([2, 3], [0, 0]), ([3, 9, 1], [0, 0, 1]), ([0, 4], []), ([], [])):
        assert sorted(whole.places[whole.of_versions(keys)]) == places
    thinned = only(whole, whole.keys != 2)
    assert len(thinned) == 3
    assert all(thinned.lattice(n) == rows[int(thinned.keys[n]), int(thinned.places[n])] for n in range(3))


def test_the_best_of_many_sketches_are_the_best_of_all() -> None:
    many = joined(sketched(n, f"plan{n:03}", "roadmap"[: n % 7 + 1]) for n in range(300))
    for typed in ("roadmap", "plan123"):
        bounds = many.bounds(typed)
        assert sorted(bounds[lowest(bounds, 3)].tolist()) == sorted(bounds.tolist())[:3]


def test_misfits_know_the_order_of_letters_and_doubt_what_may_be_no_word() -> None:
    both = sketched(1, "roadmap", "ramdaop")
    assert len(set(both.bounds("roadmap").tolist())) == 1
    right, wrong = misfits_of("roadmap", [both], [np.arange(2)])
    assert right < 8 * slots.UNIT and wrong > right + 8 * slots.UNIT
    doubted = sketch(1, [Seen(0, "roadmap", 0.1, seen("roadmap", doubt=0.5))], ALPHABET)
    [worse] = misfits_of("roadmap", [doubted], [np.arange(1)])
    assert worse - right == pytest.approx(-np.log(0.1) * slots.UNIT, abs=1)
    assert misfits_of("roadmap", [], []).shape == (0,)


@given(
    st.text("roadmp", min_size=1, max_size=9), st.text("roadmp", min_size=1, max_size=9), st.floats(0.1, 0.9)
)
def test_no_path_of_a_lattice_is_likelier_than_its_bounds(text: str, other: str, doubt: float) -> None:
    size = min(len(text), len(other))
    text, other = text[:size], other[:size]
    likely = size * np.log(max(doubt, 1 - doubt) if text == other else doubt)
    sketches = sketch(1, [Seen(0, text, 1.0, seen(text, other, doubt))], ALPHABET)
    assert sketches.bounds(text)[0] <= -UNIT * likely + 1
