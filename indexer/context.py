"""What stands on a page is likely to stand there again: a cache language model (Kuhn and De Mori 1990).

Names, headings and the words of a subject recur. Where a word may say `enqueue` or `engine`, the page on
which `enqueue` is read elsewhere tells which. Only what is likelier right than not convinces others: doubtful
words would convince each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from recognizer import Hypothesis
from recognizer.decode import TOGETHER
from recognizer.language import LanguageModel

Readings = tuple[Hypothesis, ...]
"""What a word may say, best first."""

LIKELY = 0.5
"""Probability from which on a reading counts for the other words."""

NEVER = 1e-12
"""Nothing is less likely than this, so that something is left of every word."""


def in_context(words: Sequence[Readings], language: LanguageModel) -> list[Readings]:
    """The readings of all `words` of a page, those of each given what the others say."""
    said = [_said(readings) for readings in words]
    total: defaultdict[str, float] = defaultdict(float)
    for own in said:
        for key, chance in own.items():
            total[key] += chance
    return [
        _given(readings, {key: (total[key] - chance) / len(words) for key, chance in own.items()}, language)
        for readings, own in zip(words, said, strict=True)
    ]


def _said(readings: Readings) -> Mapping[str, float]:
    """All that a word may say, each text with how much that counts for others."""
    chances: defaultdict[str, float] = defaultdict(float)
    for one in readings:
        chances[_key(one.text)] += one.probability
    return {key: chance if chance > LIKELY else 0.0 for key, chance in chances.items()}


def _key(text: str) -> str:
    """The same for a word wherever it stands in a sentence."""
    return "".join(filter(str.isalnum, text.casefold())) or text


def _given(readings: Readings, around: Mapping[str, float], language: LanguageModel) -> Readings:
    """`readings` where these shares of the words `around` say the same, and none says what was not found."""
    gains = [language.amid(one.text, around[_key(one.text)]) - language(one.text) for one in readings]
    gains.append(language.amid("", 0.0) - language(""))
    factors = np.exp((np.array(gains) - max(gains)) / TOGETHER)
    chances = np.array([one.probability for one in readings])
    weights = factors * np.append(chances, 1 - chances.sum()).clip(NEVER)
    found = zip(readings, (weights / weights.sum()).tolist(), strict=False)  # without what was not found
    return tuple(sorted((replace(one, probability=p) for one, p in found), key=lambda one: -one.probability))
