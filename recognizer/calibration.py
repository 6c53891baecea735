"""The temperature that makes stated probabilities come true."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognizer import Lattice
from recognizer.alphabet import Alphabet
from recognizer.decode import n_best_many

TEMPERATURES = np.round(np.geomspace(0.5, 2.0, 29), 3)
"""Those that are tried, a twentieth apart."""


def tempered(lattice: Lattice, temperature: float) -> Lattice:
    """`lattice` as the network would have given it with its logits divided by `temperature`."""
    logits = lattice.log_probs.astype(np.float64) / temperature
    return Lattice((logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32))


def fitted_temperature(lattices: Sequence[Lattice], truth: Sequence[str], alphabet: Alphabet) -> float:
    """The temperature at which first readings are right as often as they say they are.

    Temperature scaling (Guo et al. 2017, arXiv 1706.04599), fitted to the first readings and not to P(truth):
    least cross-entropy of "the first reading is right". Use texts of writers not trained on; a thousand do.
    """
    losses = [_loss([tempered(one, t) for one in lattices], truth, alphabet) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _loss(lattices: Sequence[Lattice], truth: Sequence[str], alphabet: Alphabet) -> float:
    first = [readings[0] for readings in n_best_many(lattices, alphabet, count=1)]
    right = [one.text == text for one, text in zip(first, truth, strict=True)]
    return cross_entropy([one.probability for one in first], right)


def cross_entropy(stated: Sequence[float], right: Sequence[bool]) -> float:
    """Nats a reading, of "it is right" under the probabilities `stated`."""
    chances = np.clip(stated, 1e-6, 1 - 1e-6)
    return float(-np.log(np.where(right, chances, 1 - chances)).mean())
