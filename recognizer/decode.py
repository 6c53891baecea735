"""Lattice -> ranked readings with their probabilities; numpy alone.

n_best(lattice, alphabet)              the likeliest texts, with P(text | lattice)
log_probability(lattice, labels)       the same for any text, see `recognizer.forward`
split(lattice, alphabet)               the words of a phrase
pack(lattice), unpack(packed)          a few hundred bytes to keep, see `recognizer.packing`
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer import Hypothesis, Lattice
from recognizer.alphabet import BLANK, Alphabet
from recognizer.beam import BEAM, survivors
from recognizer.forward import log_occurrences, log_probabilities, log_probability
from recognizer.language import LanguageModel
from recognizer.packing import PackingError, pack, unpack

__all__ = [
    "PackingError",
    "Span",
    "best_path",
    "log_occurrences",
    "log_probabilities",
    "log_probability",
    "n_best",
    "n_best_many",
    "pack",
    "split",
    "unpack",
]

Numbers = NDArray[np.float64]

TOGETHER = 1.2
"""Temperature of what was seen and what is likely to be written, taken together: the network has learned from
the same words, so the two are no independent evidence. Fitted by benchmarks/known_temperature.py."""

UNFOUND = 0.03
"""How likely people are to write a text that was not found, for each time that they write one that was: the
search follows what they write, and what it leaves is mostly no words. Fitted by the same."""

NOTHING = 0.9
"""Probability of the empty text from which on a lattice without any best reading holds no word at all."""


@dataclass(frozen=True, slots=True)
class Span:
    """One word of a phrase: frames `start` to `stop`, right exclusive, and the lattice of these frames."""

    start: int
    stop: int
    lattice: Lattice


def best_path(lattice: Lattice, alphabet: Alphabet) -> Hypothesis:
    """The text of the likeliest path, with the exact probability of that text, over all of its paths."""
    labels = _collapsed(lattice.log_probs.argmax(axis=1))
    probability = math.exp(log_probability(lattice, labels))
    return Hypothesis(alphabet.decode(labels), min(1.0, probability))


def n_best(
    lattice: Lattice,
    alphabet: Alphabet,
    count: int = 5,
    beam: int | None = None,
    language: LanguageModel | None = None,
) -> list[Hypothesis]:
    """Up to `count` texts, best first, see `n_best_many`."""
    return n_best_many([lattice], alphabet, count, beam, language)[0]


def n_best_many(
    lattices: Sequence[Lattice],
    alphabet: Alphabet,
    count: int = 5,
    beam: int | None = None,
    language: LanguageModel | None = None,
) -> list[list[Hypothesis]]:
    """For each lattice up to `count` texts, best first; many lattices at once go several times as fast.

    The texts are found by prefix beam search (Hannun et al. 2014, arXiv 1408.2873), which may miss one; the
    probability of each is exact, P(text | lattice) over all paths. The empty text may be among them: it says
    that nothing is written. A `language` leads the search and has the last word on what it found, see
    `_preferred`. Without `beam` BEAM texts are followed, and twice as many with a language.
    """
    found: list[list[Hypothesis]] = []
    beam = max(beam or BEAM * (2 if language else 1), count)
    guide = language.guide(alphabet) if language else None
    for labels, log_probs in survivors(lattices, beam, beam if language else 2 * count, guide):
        texts = [alphabet.decode(one) for one in labels]
        seen = np.minimum(1.0, np.exp(log_probs))
        given = np.array([language(text) for text in texts]) if language and texts else None
        chances = seen if given is None else _preferred(seen, given)
        ranked = np.argsort(-chances, kind="stable")[:count]
        found.append(
            [Hypothesis(texts[n], float(chances[n]), float(seen[n]) if language else None) for n in ranked]
        )
    return found


def _preferred(seen: Numbers, factors: Numbers) -> Numbers:
    """P(text | lattice, language) of the texts found: `seen` exp(`factors`), over the same for all texts.

    Those not found have what is left of `seen`, and UNFOUND times the mean factor of the others.
    """
    weighted = seen * np.exp(factors - factors.max())
    total = weighted.sum()
    if total <= 0:
        return seen
    left = max(0.0, 1 - seen.sum())
    chances = np.append(weighted, UNFOUND * left * total / seen.sum())
    tempered = (chances / chances.max()) ** (1 / TOGETHER)
    return np.asarray(tempered[:-1] / tempered.sum(), np.float64)


def split(lattice: Lattice, alphabet: Alphabet) -> list[Span]:
    """The words of `lattice`, cut at the frames where the best path reads spaces.

    Nothing comes back where nothing is written. A lattice whose best path is empty, though not surely so,
    comes back whole: a faint word may be among its other readings.
    """
    best = lattice.log_probs.argmax(axis=1)
    gaps = best == (-1 if alphabet.space is None else alphabet.space)
    edges = np.flatnonzero(np.diff(gaps, prepend=True, append=True)).reshape(-1, 2)
    words = [(int(a), int(b)) for a, b in edges if (best[a:b] != BLANK).any()]
    if not words and not gaps.any() and lattice.log_probs[:, BLANK].sum() < math.log(NOTHING):
        words = [(0, len(best))]
    return [Span(a, b, Lattice(lattice.log_probs[a:b])) for a, b in words]


def _collapsed(path: NDArray[np.intp]) -> list[int]:
    """Repeated labels become one, blanks nothing."""
    changes = np.diff(path, prepend=BLANK) != 0
    return [int(label) for label in path[changes & (path != BLANK)]]
