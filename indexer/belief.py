"""Whether there is writing in a box at all: what the detector saw, and what came of reading it."""

from __future__ import annotations

import math

BIAS = -1.48
FOUND = 0.88
SURE = 0.11
LETTER = 0.53
MARKS = 0.37
"""Logistic regression on the words of drawn pages, one box in twenty of which was wrong; the bias is
set for three in ten, as on photos that hold more than boards. `benchmarks/writing_chance.py` fits it anew;
what it says of the present detector (-4.37, 3.37, 0.24, 0.19, -1.60) finds photos no better and believes
twice as many words on photos without any, so these stayed."""

LONG = 6
"""Letters beyond which a longer word tells no more."""

NEVER = 1e-3
"""Nothing is surer than this, or less sure than its opposite."""


def evidence(found: float, text: str, probability: float) -> tuple[float, float, float, float]:
    """What FOUND, SURE, LETTER and MARKS weigh, see `chance_of_writing`."""
    letters = sum(character.isalnum() for character in text)
    return _log_odds(found), _log_odds(probability), float(min(LONG, letters)), float(not letters)


def chance_of_writing(found: float, text: str, probability: float) -> float:
    """Probability that there is writing where the detector says so with the chance `found`.

    `text` is the best reading and `probability` its own, given that something is written. Leaves, cables and
    edges read as dots, dashes and single letters; a long word that reads well is no accident.
    """
    seen, sure, letters, marks = evidence(found, text, probability)
    return 1 / (1 + math.exp(-(BIAS + FOUND * seen + SURE * sure + LETTER * letters + MARKS * marks)))


def _log_odds(probability: float) -> float:
    bounded = min(1 - NEVER, max(NEVER, probability))
    return math.log(bounded / (1 - bounded))
