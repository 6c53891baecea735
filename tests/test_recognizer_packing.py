"""Packed lattices: small, nearly the same, scored without being unpacked."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer import Lattice
from recognizer.alphabet import DEFAULT
from recognizer.decode import best_path, log_occurrences, log_probabilities, log_probability
from recognizer.packing import KEPT, PackingError, pack, unpack


def drawn(seed: int, frames: int, classes: int, sharpness: float, quiet: float) -> Lattice:
    """Random logits, some frames being mere blanks."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, sharpness, (frames, classes))
    logits[rng.random(frames) < quiet, 0] += 20 * sharpness
    return Lattice((logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32))


LATTICES = st.builds(
    drawn,
    st.integers(0, 10**6),
    st.integers(0, 70),
    st.sampled_from([2, 4, 15, 16, 17, 155, 256]),
    st.sampled_from([0.5, 2.0, 4.0]),
    st.sampled_from([0.0, 0.7, 1.0]),
)
SOME = st.integers(3, 200).flatmap(
    lambda classes: st.lists(
        st.builds(
            drawn, st.integers(0, 999), st.integers(0, 40), st.just(classes), st.just(4.0), st.just(0.6)
        ),
        max_size=5,
    )
)


def written(text: str, rng: np.random.Generator) -> Lattice:
    """A lattice as networks give them: sure of each letter, with a rival, and a faint rest everywhere."""
    labels = [n for label in DEFAULT.encode(text) for n in (0, label, label, 0, 0)]
    logits = rng.normal(-8, 1.5, (len(labels), DEFAULT.size))
    logits[range(len(labels)), labels] = rng.normal(4, 1, len(labels))
    logits[range(len(labels)), rng.integers(0, DEFAULT.size, len(labels))] += 5
    return Lattice((logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32))


@given(LATTICES)
@settings(max_examples=60, deadline=None)
def test_an_unpacked_lattice_has_the_same_shape_and_sums_to_one(lattice: Lattice) -> None:
    again = unpack(pack(lattice))
    assert again.log_probs.shape == lattice.log_probs.shape
    assert again.log_probs.dtype == np.float32
    assert np.exp(again.log_probs.astype(np.float64)).sum(axis=1) == pytest.approx(1, abs=1e-5)


@given(LATTICES)
@settings(max_examples=60, deadline=None)
def test_likely_labels_stay_as_likely(lattice: Lattice) -> None:
    before, after = (np.exp(o.log_probs) for o in (lattice, unpack(pack(lattice))))
    assert np.abs(before - after).max(initial=0) < 0.04


@given(SOME, st.lists(st.integers(1, 2).map(lambda n: (n,)), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_packed_lattices_score_as_unpacked_ones(some: list[Lattice], word: list[tuple[int, ...]]) -> None:
    packed = [pack(o) for o in some]
    loose = [unpack(p) for p in packed]
    direct, slow = np.exp(log_probabilities(packed, word)), np.exp(log_probabilities(loose, word))
    # Two letters in one run of blank frames count only unpacked: KEPT squared for each pair of frames. There
    # are at most 28 such pairs in each of the five runs that 40 frames make.
    assert direct == pytest.approx(slow, rel=0.05, abs=5 * 28 * KEPT**2)


@pytest.mark.parametrize("text", ["Budget", "ll", "a", "Über 3 Fälle", "x" * 40])
def test_the_score_of_what_is_written_hardly_changes(text: str) -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        lattice = written(text, rng)
        packed = pack(lattice)
        labels = DEFAULT.encode(text)
        before, after = log_probability(lattice, labels), log_probabilities([packed], labels)[0]
        assert after == pytest.approx(before, abs=0.05 + 0.02 * len(text))
        assert best_path(unpack(packed), DEFAULT).text == best_path(lattice, DEFAULT).text


def test_a_word_is_found_in_packed_phrases() -> None:
    rng = np.random.default_rng(6)
    plain = [written(text, rng) for text in ("the budget, 2024", "budgets", "Budget")]
    word = DEFAULT.variants("budget")
    separators = [DEFAULT.encode(c)[0] for c in " ,"]
    found = np.exp(log_occurrences([pack(o) for o in plain], word, separators))
    assert found == pytest.approx(np.exp(log_occurrences(plain, word, separators)), abs=0.02)
    assert found[1] < 0.01 < 0.5 < min(found[0], found[2])


def test_a_word_takes_about_three_hundred_bytes() -> None:
    rng = np.random.default_rng(7)
    sizes = [len(pack(written("roadmap", rng))) for _ in range(30)]
    assert np.mean(sizes) < 350


def test_a_long_run_of_blanks_takes_next_to_nothing() -> None:
    lattice = drawn(1, 1000, 155, 2.0, 1.0)
    assert len(pack(lattice)) < 1000 / 8 * 2 + 10
    assert len(unpack(pack(lattice)).log_probs) == 1000


def test_no_frames_at_all_mean_that_nothing_is_written() -> None:
    empty = pack(Lattice(np.zeros((0, 5), np.float32)))
    assert log_probabilities([empty, empty], []).tolist() == [0, 0]
    assert log_probabilities([empty], [1]).tolist() == [-math.inf]


def test_too_many_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="1 frames x 257 classes cannot be packed"):
        pack(Lattice(np.zeros((1, 257), np.float32)))


GOOD = pack(drawn(2, 9, 40, 2.0, 0.3))


@given(st.binary(max_size=60) | st.integers(0, len(GOOD) - 1).map(lambda n: GOOD[:n]))
@settings(max_examples=200, deadline=None)
def test_damage_is_told_and_nothing_worse_happens(data: bytes) -> None:
    try:
        lattice = unpack(data)
    except PackingError as refused:
        assert "ocr-index" in str(refused)
    else:
        assert np.isfinite(lattice.log_probs).all()


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_is_told_or_harmless(place: int, value: int) -> None:
    damaged = GOOD[:place] + bytes([value]) + GOOD[place + 1 :]
    try:
        lattice = unpack(damaged)
    except PackingError:
        pass
    else:
        assert np.isfinite(lattice.log_probs).all()


def test_lattices_of_two_recognizers_are_not_scored_together() -> None:
    with pytest.raises(PackingError, match="different recognizers"):
        log_probabilities([GOOD, pack(drawn(2, 9, 41, 2.0, 0.3))], [1])


def test_a_newer_format_says_so() -> None:
    with pytest.raises(PackingError, match="newer"):
        unpack(b"\x02" + GOOD[1:])
