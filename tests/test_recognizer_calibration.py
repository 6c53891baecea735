"""Temperatures, found again where they are known."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer import Lattice
from recognizer.alphabet import Alphabet
from recognizer.calibration import fitted_temperature, tempered
from recognizer.decode import n_best_many
from recognizer.score import expected_calibration_error

ALPHABET = Alphabet("abcdef")


def written(count: int, temperature: float) -> tuple[list[Lattice], list[str]]:
    """Lattices, and texts drawn from them as they are at `temperature`."""
    rng = np.random.default_rng(8)
    lattices, texts = [], []
    for _ in range(count):
        lattice = tempered(Lattice(rng.normal(0, 3, (6, ALPHABET.size)).astype(np.float32)), 1.0)
        chances = np.exp(tempered(lattice, temperature).log_probs.astype(np.float64))
        path = [int(rng.choice(ALPHABET.size, p=row / row.sum())) for row in chances]
        labels = [b for a, b in zip([0, *path], path, strict=False) if b not in (0, a)]
        lattices.append(lattice)
        texts.append(ALPHABET.decode(labels))
    return lattices, texts


@pytest.mark.parametrize("temperature", [0.7, 1.5])
def test_a_known_temperature_is_found_and_calibrates(temperature: float) -> None:
    lattices, texts = written(300, temperature)
    found = fitted_temperature(lattices, texts, ALPHABET)
    assert found == pytest.approx(temperature, rel=0.2)
    assert error(lattices, texts, found) < 0.07 < error(lattices, texts, 1.0)


def error(lattices: list[Lattice], texts: list[str], temperature: float) -> float:
    read = n_best_many([tempered(one, temperature) for one in lattices], ALPHABET, count=1)
    first = [readings[0] for readings in read]
    right = [one.text == text for one, text in zip(first, texts, strict=True)]
    return expected_calibration_error([one.probability for one in first], right)


def test_temperature_keeps_the_order_and_the_sum() -> None:
    lattice = Lattice(np.log(np.array([[0.7, 0.2, 0.1]], np.float32)))
    warm = np.exp(tempered(lattice, 2.0).log_probs[0])
    assert warm.sum() == pytest.approx(1)
    assert warm == pytest.approx(np.sqrt([0.7, 0.2, 0.1]) / np.sqrt([0.7, 0.2, 0.1]).sum(), rel=1e-5)
