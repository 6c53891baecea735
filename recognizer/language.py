"""What people write: how likely a text is before anybody has looked at the picture."""

from __future__ import annotations

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from recognizer.alphabet import Alphabet
from recognizer.lexicon import CAPITAL, MARK, MARKS, Guide, Lexicon


class LanguageModel(Protocol):
    """What is known of texts before they are seen."""

    def __call__(self, text: str) -> float:
        """Natural logarithm of the factor that `text` gets; only differences between texts matter."""

    def amid(self, text: str, share: float) -> float:
        """The same where this share of the other words on the page says `text` as well."""

    def guide(self, alphabet: Alphabet) -> Guide | None:
        """What leads a search for texts of `alphabet` to those with a large factor, if there is anything."""


END = "\n"
"""Stands before and after a word, so that its beginning and end are learned too."""

ORDER = 6
"""Characters of the longest n-gram."""

LISTED = 0.8
"""Share of the words written that are in the list; the rest are names, codes and other tongues."""

COMMON = 0.5
"""Share of common words of the tongue among the words of the list; the rest was learned with the weights."""

AGAIN = 0.1
"""Share of the words on a page that are written there because they stand there already."""

WEIGHT = 0.5
"""Power to which the chance of a text is taken: the network has learned some of it already."""

_TO_SPACES = str.maketrans(MARKS, " " * len(MARKS))


class Language:
    """Words and how often they are written; what else is written, character after character. Case is ignored.

    P(word) = listed f(word) + (1 - listed) P(characters of word), with f the share of the word among those
    that were learned, and to the share COMMON among common ones where these are known.
    Marks around a word have a fixed price: learned ones would depend on who wrote the list. So have marks
    and capitals that join words, as in `array.startSignal`.
    """

    def __init__(
        self,
        words: Mapping[str, int],
        listed: float = LISTED,
        order: int = ORDER,
        weight: float = WEIGHT,
        common: Mapping[str, float] | None = None,
    ) -> None:
        """`words` with how often each occurs; `weight` is the power to which chances are taken.

        `common` are words of everyday language, lower case, with how often each is written; characters are
        learned from `words` alone, which have the numbers and abbreviations that people write.
        """
        self.words, self.common = _counted(words), common or {}
        self._characters = CharacterNgrams(self.words, order)
        self._listed, self._weight = listed, weight
        share = COMMON if common else 0.0
        self._share = (1 - share) / max(1, self.words.total())
        self._common_share = share / max(1.0, sum(self.common.values()))
        self._of_word = lru_cache(maxsize=1 << 16)(self._log_chance)
        self._of_token = lru_cache(maxsize=1 << 16)(self._log_chance_of_words)

    def __call__(self, text: str) -> float:
        """`weight` times ln P(text); the words of a phrase are taken one by one."""
        return self._weight * self._of_phrase(text)

    def amid(self, text: str, share: float) -> float:
        """`weight` times ln((1 - AGAIN) P(text) + AGAIN `share`)."""
        anew = math.log(1 - AGAIN) + self._of_phrase(text)
        return self._weight * float(np.logaddexp(anew, _log(AGAIN * share)))

    def guide(self, alphabet: Alphabet) -> Guide | None:
        """What leads a search to words of the list."""
        return Guide(self._lexicon, alphabet, self._weight) if self._listed else None

    def knowing(self, words: Mapping[str, int]) -> Language:
        """One that has seen `words` as well; whoever has seen them already stays as it is."""
        more, order = self.words | _counted(words), self._characters.order
        return Language(more, self._listed, order, self._weight, self.common)

    @cached_property
    def _lexicon(self) -> Lexicon:
        return Lexicon.of({word: self._frequency(word) for word in self.words.keys() | self.common.keys()})

    def _frequency(self, bare: str) -> float:
        return self._share * self.words[bare] + self._common_share * self.common.get(bare, 0.0)

    def _of_phrase(self, text: str) -> float:
        return sum(map(self._of_token, text.split() or [""]))

    def _log_chance_of_words(self, token: str) -> float:
        """Of what stands between spaces: one word or, where that is likelier, several in a row."""
        whole, (words, price) = self._of_word(token.lower()), _joined(token)
        return whole if len(words) < 2 else max(whole, sum(map(self._of_word, words)) - price)

    def _log_chance(self, word: str) -> float:
        bare = _bare(word)
        listed = _log(self._listed * self._frequency(bare))
        spelled = _log(1 - self._listed) + self._characters(bare)
        return float(np.logaddexp(listed, spelled)) - MARK * (len(word) - len(bare))

    def packed(self) -> NDArray[np.uint8]:
        """The words, to be kept in a file."""
        lines = "\n".join(f"{times} {word}" for word, times in sorted(self.words.items()))
        return np.frombuffer(zlib.compress(lines.encode(), 9), np.uint8)

    @classmethod
    def unpacked(cls, packed: NDArray[np.uint8], common: Mapping[str, float] | None = None) -> Language:
        """The language whose words `packed` gave. Raises ValueError."""
        try:
            lines = zlib.decompress(packed.tobytes()).decode().split("\n")
        except zlib.error as fault:
            raise ValueError("no list of words") from fault
        pairs = (line.partition(" ") for line in lines if line)
        return cls({word: int(times) for times, _, word in pairs}, common=common)


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


def _log(chance: float) -> float:
    return math.log(chance) if chance > 0 else -math.inf


def _joined(token: str) -> tuple[list[str], float]:
    """The words of `token` in lower case, parted by marks and before capitals, and the price of these."""
    marks = sum(character in MARKS for character in token)
    begins = [c.isupper() and before.islower() for before, c in pairwise(" " + token)]
    parted = "".join(" " + c if begun else c for begun, c in zip(begins, token, strict=True))
    return parted.lower().translate(_TO_SPACES).split(), MARK * marks + CAPITAL * sum(begins)


def _bare(word: str) -> str:
    """`word` without the marks around it, if it has anything else."""
    return word.strip(MARKS) or word
