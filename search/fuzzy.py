"""A typed word -> the terms of the index that may be misreadings of it."""

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


def close_terms(word: str, terms: Sequence[str], extra: int = 0) -> list[tuple[str, int]]:
    """Terms at most `reach` + `extra` edits away from `word`, with their distance, closest first."""
    most = reach(word) + extra
    near = [t for t in terms if abs(len(t) - len(word)) <= most]
    if not near:
        return []
    distances = cdist([word], near, scorer=Levenshtein.distance, score_cutoff=most, dtype=np.int32)[0]
    found = sorted((int(distances[n]), near[n]) for n in np.flatnonzero(distances <= most))
    return [(term, distance) for distance, term in found[:MOST]]


def suggestions(word: str, terms: Sequence[str], count: int = 3) -> list[str]:
    """The terms most like `word`, for somebody who found nothing."""
    near = [t for t in terms if len(t) > 2]
    if not near:
        return []
    like = cdist([word], near, scorer=Levenshtein.normalized_similarity, score_cutoff=0.5)[0]
    order = np.argsort(-like, kind="stable")[:count]
    return [near[n] for n in order if like[n] > 0]
