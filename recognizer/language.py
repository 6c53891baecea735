"""What people write: factors that prefer likely texts among the readings of a word. Optional everywhere."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

Language = Callable[[str], float]
"""Natural logarithm of the factor that a text gets; only differences between texts matter."""

END = "\n"
"""Stands before and after a word, so that its beginning and end are learned too."""


class CharacterNgrams:
    """Chances of each character after the ones before it, learned from words; case is ignored.

    Interpolated after Witten and Bell (1991), method C: a context leaves to the next shorter one as much
    as it has seen new characters come.
    """

    def __init__(self, words: Mapping[str, int], order: int = 5, weight: float = 0.5) -> None:
        """`words` with how often each occurs; contexts of up to `order` - 1 characters.

        The probability of a text is taken to the power `weight`: the network has learned some of it already.
        """
        self._order, self._weight = order, weight
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        for word, times in words.items():
            self._learn(END + word.lower() + END, times)
        self._totals = {context: sum(counts.values()) for context, counts in self._counts.items()}
        self._floor = 1 / (len(self._counts[""]) + 1)
        self._chance = lru_cache(maxsize=1 << 16)(self._estimate)

    def __call__(self, text: str) -> float:
        """`weight` times ln P(text, and then nothing more)."""
        line = END + text.lower() + END
        grams = (line[max(0, place - self._order + 1) : place + 1] for place in range(1, len(line)))
        return self._weight * sum(math.log(self._chance(gram)) for gram in grams)

    def _learn(self, line: str, times: int) -> None:
        for place in range(1, len(line)):
            for start in range(max(0, place - self._order + 1), place + 1):
                self._counts[line[start:place]][line[place]] += times

    def _estimate(self, gram: str) -> float:
        """P(last character of `gram` | those before it), from the shortest context to the longest."""
        chance = self._floor
        for start in range(len(gram) - 1, -1, -1):
            context = gram[start:-1]
            if context not in self._totals:
                break
            counts, total = self._counts[context], self._totals[context]
            chance = (counts[gram[-1]] + len(counts) * chance) / (total + len(counts))
        return chance


class WordList:
    """Prefers texts of which every word is in a list; case and marks around words are ignored."""

    def __init__(self, words: Iterable[str], bonus: float = 2.0) -> None:
        """A text of listed words gets the factor exp(`bonus`)."""
        self._words = frozenset(word.lower() for word in words)
        self._bonus = bonus

    def __call__(self, text: str) -> float:
        """`bonus` or 0."""
        bare = [word.strip(_MARKS) for word in text.lower().split()]
        known = any(bare) and all(not word or word in self._words or word.isdigit() for word in bare)
        return self._bonus if known else 0.0


_MARKS = "()[]{}<>.,:;!?\"'’“”«»-–—•*#/"
