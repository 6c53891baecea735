"""How well texts were read: error rates, exact words, calibration, confusions.

Everywhere `truth` and `read` are texts in the same order, compared in NFC; ValueError if one list is longer.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

BINS = 10
"""Steps of stated probability in which calibration is looked at."""


@dataclass(frozen=True, slots=True)
class Scores:
    """All rates of one measurement, each 0 to 1 unless said."""

    count: int
    """Texts."""
    cer: float
    cer_ignoring_case: float
    wer: float
    edits: float
    """Mean edit distance, in characters."""
    normalised: float
    """Mean normalised edit distance."""
    exact: float
    exact_ignoring_case: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The readings whose stated probability lies between `low` and `high`: how often they are right."""

    low: float
    high: float
    count: int
    stated: float
    """Mean stated probability, 0 without readings."""
    right: float
    """Share that is right, 0 without readings."""


def scores(truth: Sequence[str], read: Sequence[str]) -> Scores:
    """Every rate of this module for one set of readings."""
    return Scores(
        count=len(truth),
        cer=character_error_rate(truth, read),
        cer_ignoring_case=character_error_rate(truth, read, ignore_case=True),
        wer=word_error_rate(truth, read),
        edits=mean_edit_distance(truth, read),
        normalised=normalised_edit_distance(truth, read),
        exact=exact(truth, read),
        exact_ignoring_case=exact(truth, read, ignore_case=True),
    )


def character_error_rate(truth: Sequence[str], read: Sequence[str], ignore_case: bool = False) -> float:
    """CER = (substitutions + deletions + insertions) / characters of the truth, summed over all texts.

    Levenshtein 1966; the sums are taken before the quotient, so that long texts weigh more. It exceeds 1 when
    more is read than is written. Where the truth has no character at all, each character read counts as one.
    """
    pairs = list(_pairs(truth, read, ignore_case))
    return sum(Levenshtein.distance(t, r) for t, r in pairs) / max(1, sum(len(t) for t, _ in pairs))


def word_error_rate(truth: Sequence[str], read: Sequence[str], ignore_case: bool = False) -> float:
    """WER: the same as CER with words, cut at white space, in place of characters."""
    pairs = [(t.split(), r.split()) for t, r in _pairs(truth, read, ignore_case)]
    return sum(Levenshtein.distance(t, r) for t, r in pairs) / max(1, sum(len(t) for t, _ in pairs))


def mean_edit_distance(truth: Sequence[str], read: Sequence[str], ignore_case: bool = False) -> float:
    """Mean Levenshtein distance of a text, in characters; 0 without texts."""
    return _mean([Levenshtein.distance(t, r) for t, r in _pairs(truth, read, ignore_case)])


def normalised_edit_distance(truth: Sequence[str], read: Sequence[str], ignore_case: bool = False) -> float:
    """Mean of distance / length of the longer of the two texts (1 - N.E.D. of ICDAR 2019's contests)."""
    return _mean([Levenshtein.normalized_distance(t, r) for t, r in _pairs(truth, read, ignore_case)])


def exact(truth: Sequence[str], read: Sequence[str], ignore_case: bool = False) -> float:
    """Share of texts without any error; 0 without texts."""
    return _mean([t == r for t, r in _pairs(truth, read, ignore_case)])


def among(truth: Sequence[str], read: Sequence[Sequence[str]], ignore_case: bool = False) -> float:
    """Share of texts that stand among their readings (several each); 0 without texts."""
    found = []
    for text, readings in zip(truth, read, strict=True):
        wanted = _comparable(text, ignore_case)
        found.append(any(_comparable(reading, ignore_case) == wanted for reading in readings))
    return _mean(found)


def reliability(stated: Sequence[float], right: Sequence[bool], bins: int = BINS) -> list[Bin]:
    """Readings sorted by stated probability into `bins` steps of equal width, the upper edge included.

    The reliability diagram of Guo et al. 2017 (arXiv 1706.04599), section 2. ValueError outside of 0..1.
    """
    chances, hits = np.asarray(stated, np.float64), np.asarray(right, np.float64)
    if chances.shape != hits.shape or not np.all((chances >= 0) & (chances <= 1)):
        raise ValueError("each reading needs one probability between 0 and 1")
    place = np.clip(np.ceil(chances * bins).astype(np.intp) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    means = [np.bincount(place, v, bins) / np.maximum(1, counts) for v in (chances, hits)]
    return [
        Bin(n / bins, (n + 1) / bins, int(counts[n]), float(means[0][n]), float(means[1][n]))
        for n in range(bins)
    ]


def expected_calibration_error(stated: Sequence[float], right: Sequence[bool], bins: int = BINS) -> float:
    """ECE: mean over all readings of how far its bin's stated probability is from the share that is right.

    Naeini et al. 2015; Guo et al. 2017 (arXiv 1706.04599), equation 3. 0 without readings.
    """
    found = reliability(stated, right, bins)
    return sum(b.count * abs(b.stated - b.right) for b in found) / max(1, len(stated))


def calibration_error_by_chance(stated: Sequence[float], bins: int = BINS, draws: int = 100) -> float:
    """The ECE to be expected if every reading were right with just the probability `stated`.

    It is not 0: in each bin the share that is right scatters around what is stated, the more the fewer
    readings there are. Mean over random `draws`, always the same.
    """
    rng, chances = np.random.default_rng(0), np.asarray(stated, np.float64)
    drawn = (rng.random(len(chances)) < chances for _ in range(draws))
    return _mean([expected_calibration_error(stated, right.tolist(), bins) for right in drawn])


def confusions(
    truth: Sequence[str], read: Sequence[str], ignore_case: bool = False
) -> Counter[tuple[str, str]]:
    """How often what (first) was read as what (second), along one shortest alignment of each text.

    Neighbouring edits make one pair, so that "rn" read as "m" is told as such; "" stands for nothing.
    """
    found: Counter[tuple[str, str]] = Counter()
    for t, r in _pairs(truth, read, ignore_case):
        found.update(_confused(t, r))
    return found


def _confused(truth: str, read: str) -> Iterator[tuple[str, str]]:
    t = r = 0
    for block in Levenshtein.editops(truth, read).as_matching_blocks():  # ends with an empty one
        if (t, r) != (block.a, block.b):
            yield truth[t : block.a], read[r : block.b]
        t, r = block.a + block.size, block.b + block.size


def _pairs(truth: Sequence[str], read: Sequence[str], ignore_case: bool) -> Iterator[tuple[str, str]]:
    for t, r in zip(truth, read, strict=True):
        yield _comparable(t, ignore_case), _comparable(r, ignore_case)


def _comparable(text: str, ignore_case: bool) -> str:
    return unicodedata.normalize("NFC", text.lower() if ignore_case else text)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
