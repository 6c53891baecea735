"""A typed word -> the terms that may be misreadings of it, and how much each misreading costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

MOST = 150
"""Terms that one typed word leads to, at most."""


def reach(word: str) -> int:
    """Edits that a misreading of `word` may be away: more for longer words."""
    return 0 if len(word) < 3 else 1 if len(word) < 5 else 2 if len(word) < 9 else 3


def within(word: str, terms: Sequence[str], most: int) -> list[tuple[str, int]]:
    """Those of `terms` at most `most` edits away from `word`, with their distance, closest first."""
    if not terms:
        return []
    distances = cdist([word], terms, scorer=Levenshtein.distance, score_cutoff=most, dtype=np.int32)[0]
    found = sorted((int(distances[n]), terms[n]) for n in np.flatnonzero(distances <= most).tolist())
    return [(term, distance) for distance, term in found[:MOST]]
