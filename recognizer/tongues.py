"""Common words of the tongues that people write."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

JARGON = 0.01
"""Share of the words of meetings and of software (`jargon.txt`) among those of any tongue: lists of everyday
language lack them, boards do not."""

MOST = 80_000
"""Words of one tongue, the most written ones."""


@cache
def common_words(languages: tuple[str, ...]) -> Mapping[str, float]:
    """The words of `languages` (codes such as "en"), lower case, and how often each is written.

    The tongues count alike, and jargon belongs to any. All shares together are 1; without a tongue there is
    no word. Raises ValueError for unknown codes.
    """
    from spellchecker import SpellChecker

    known = sorted(SpellChecker.languages())
    shares: dict[str, float] = {}
    for language in languages:
        if language not in known:
            raise ValueError(f"no words are known of the language {language!r}; known: {', '.join(known)}")
        counts = SpellChecker(language).word_frequency.dictionary
        chosen = sorted(counts, key=lambda word: -counts[word])[:MOST]
        each = (1 - JARGON) / len(languages) / sum(counts[word] for word in chosen)
        for word in chosen:
            shares[word.lower()] = shares.get(word.lower(), 0.0) + counts[word] * each
    jargon = (Path(__file__).parent / "jargon.txt").read_text("utf-8").split() if languages else []
    for word in jargon:
        shares[word] = shares.get(word, 0.0) + JARGON / len(jargon)
    return shares
