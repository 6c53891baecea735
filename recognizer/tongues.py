"""Common words of the tongues that people write."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

MOST = 80_000
"""Words of one tongue, the most written ones."""


@cache
def common_words(languages: tuple[str, ...]) -> Mapping[str, float]:
    """The words of `languages` (codes such as "en"), lower case, and how often each is written.

    The tongues count alike; all shares together are 1, or none. Raises ValueError for unknown codes.
    """
    from spellchecker import SpellChecker

    known = sorted(SpellChecker.languages())
    shares: dict[str, float] = {}
    for language in languages:
        if language not in known:
            raise ValueError(f"no words are known of the language {language!r}; known: {', '.join(known)}")
        counts = SpellChecker(language).word_frequency.dictionary
        chosen = sorted(counts, key=lambda word: -counts[word])[:MOST]
        total = len(languages) * sum(counts[word] for word in chosen)
        for word in chosen:
            shares[word.lower()] = shares.get(word.lower(), 0.0) + counts[word] / total
    return shares
