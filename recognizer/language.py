"""What people write: how likely a text is before anybody has looked at the picture."""

from __future__ import annotations

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

LanguageModel = Callable[[str], float]
"""Natural logarithm of the factor that a text gets; only differences between texts matter."""

END = "\n"
"""Stands before and after a word, so that its beginning and end are learned too."""

ORDER = 6
"""Characters of the longest n-gram."""

LISTED = 0.8
"""Share of the words written that are in the list; the rest are names, codes and other tongues."""

WEIGHT = 0.5
"""Power to which the chance of a text is taken: the network has learned some of it already."""

MARKS = "()[]{}<>.,:;!?\"'’“”«»-–—•*#/"
"""Stand around words and belong to none."""

MARK = 2.0
"""Price of one of them, in nats."""


class Language:
    """Words and how often they are written; what else is written, character after character. Case is ignored.

    P(word) = listed f(word) + (1 - listed) P(characters of word), with f the share of the word in the list.
    Marks around a word have a fixed price: learned ones would depend on who wrote the list.
    """

    def __init__(
        self, words: Mapping[str, int], listed: float = LISTED, order: int = ORDER, weight: float = WEIGHT
    ) -> None:
        """`words` with how often each occurs; `weight` is the power to which chances are taken."""
        self.words = _counted(words)
        self._characters = CharacterNgrams(self.words, order)
        self._total, self._listed, self._weight = max(1, self.words.total()), listed, weight
        self._of_word = lru_cache(maxsize=1 << 16)(self._log_chance)

    def __call__(self, text: str) -> float:
        """`weight` times ln P(text); the words of a phrase are taken one by one."""
        return self._weight * sum(map(self._of_word, text.lower().split() or [""]))

    def knowing(self, words: Mapping[str, int]) -> Language:
        """One that has seen `words` as well; whoever has seen them already stays as it is."""
        return Language(self.words | _counted(words), self._listed, self._characters.order, self._weight)

    def _log_chance(self, word: str) -> float:
        bare = _bare(word)
        listed = self._listed * self.words[bare] / self._total
        spelled = (1 - self._listed) * math.exp(self._characters(bare))
        return math.log(listed + spelled) - MARK * (len(word) - len(bare))

    def packed(self) -> NDArray[np.uint8]:
        """The words, to be kept in a file."""
        lines = "\n".join(f"{times} {word}" for word, times in sorted(self.words.items()))
        return np.frombuffer(zlib.compress(lines.encode(), 9), np.uint8)

    @classmethod
    def unpacked(cls, packed: NDArray[np.uint8]) -> Language:
        """What `packed` gave. Raises ValueError."""
        try:
            lines = zlib.decompress(packed.tobytes()).decode().split("\n")
        except zlib.error as fault:
            raise ValueError("no list of words") from fault
        pairs = (line.partition(" ") for line in lines if line)
        return cls({word: int(times) for times, _, word in pairs})


class CharacterNgrams:
    """Chances of each character after the ones before it, learned from words.

    Interpolated after Witten and Bell (1991), method C: a context leaves to the next shorter one as much
    as it has seen new characters come.
    """

    def __init__(self, words: Mapping[str, int], order: int = ORDER) -> None:
        """`words` with how often each occurs; contexts of up to `order` - 1 characters."""
        self.order = order
        self._counts: dict[str, dict[str, int]] = defaultdict(dict)
        for word, times in words.items():
            self._learn(END + word + END, times)
        self._totals = {context: sum(counts.values()) for context, counts in self._counts.items()}
        self._floor = 1 / (len(self._counts[""]) + 1)
        self._log_chance = lru_cache(maxsize=1 << 16)(lambda gram: math.log(self._estimate(gram)))

    def __call__(self, text: str) -> float:
        """ln P(text, and then nothing more)."""
        line = END + text + END
        grams = (line[max(0, place - self.order + 1) : place + 1] for place in range(1, len(line)))
        return cast(float, sum(map(self._log_chance, grams)))

    def _learn(self, line: str, times: int) -> None:
        for place in range(1, len(line)):
            character = line[place]
            for start in range(max(0, place - self.order + 1), place + 1):
                counts = self._counts[line[start:place]]
                counts[character] = counts.get(character, 0) + times

    def _estimate(self, gram: str) -> float:
        """P(last character of `gram` | those before it), from the shortest context to the longest."""
        chance = self._floor
        for start in range(len(gram) - 1, -1, -1):
            context = gram[start:-1]
            if context not in self._totals:
                break
            counts, total = self._counts[context], self._totals[context]
            chance = (counts.get(gram[-1], 0) + len(counts) * chance) / (total + len(counts))
        return chance


def _counted(words: Mapping[str, int]) -> Counter[str]:
    """`words` in lower case and without marks."""
    counted = Counter[str]()
    for word, times in words.items():
        counted[_bare(word.lower())] += times
    return counted


def _bare(word: str) -> str:
    """`word` without the marks around it, if it has anything else."""
    return word.strip(MARKS) or word
