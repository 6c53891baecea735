"""Texts to draw: words by frequency, and what else boards hold: numbers, dates, code, abbreviations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from numpy.random import Generator

LETTERS = "abcdefghijklmnopqrstuvwxyz"
ENDINGS = ("", "", "", "", ",", ".", ":", "?", "!", ";", ")", '"', "...", "-")
MARKS = ("-", "->", "=>", "*", "+", "&", "=", "/", "#", "@", "•", "→", "✓", "×")
UNITS = ("%", "k", "m", "px", "ms", "kg", "h", "€", "$", "x", "th", "GB", "°")
VERBS = ("get", "set", "add", "is", "has", "to", "on", "new", "load", "make", "find", "run", "parse", "send")


class Texts:
    """Draws short texts; words come from `words`, a list whose repetitions are their frequencies."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = [w for w in words if w]
        self._kinds: list[tuple[float, Callable[[Generator], str]]] = [
            (0.50, self.word),
            (0.12, self.phrase),
            (0.06, _number),
            (0.04, _date),
            (0.08, self._identifier),
            (0.06, _abbreviation),
            (0.05, self._punctuated),
            (0.02, _mark),
            (0.07, _letters),
        ]

    @property
    def counts(self) -> Counter[str]:
        """How often each word is in the list."""
        return Counter(word for text in self._words for word in text.split())

    def __call__(self, rng: Generator) -> str:
        """A text of one to a few words, 1 to about 24 characters."""
        pick = rng.random() * sum(w for w, _ in self._kinds)
        for weight, kind in self._kinds:
            pick -= weight
            if pick < 0:
                return _recase(kind(rng), rng)
        return self.word(rng)

    def single(self, rng: Generator) -> str:
        """One text without blanks."""
        return (self(rng).split() or ["x"])[0]

    def word(self, rng: Generator) -> str:
        """One word as it stands in the list."""
        return self._words[rng.integers(len(self._words))]

    def phrase(self, rng: Generator) -> str:
        """Two to four words, at most 24 characters."""
        text = " ".join(self.word(rng) for _ in range(rng.integers(2, 5)))
        return text[:24].strip()

    def _identifier(self, rng: Generator) -> str:
        parts = [w.lower() for w in (self.word(rng) for _ in range(rng.integers(1, 3))) if w.isalpha()] or [
            "x"
        ]
        head = VERBS[rng.integers(len(VERBS))]
        style = rng.integers(6)
        if style == 0:
            return "".join(p.capitalize() for p in (head, *parts))[:20]
        if style == 1:
            return (head + "".join(p.capitalize() for p in parts))[:20]
        if style == 2:
            return "_".join((head, *parts))[:20]
        if style == 3:
            return f"{head}{parts[0].capitalize()}()"[:20]
        if style == 4:
            return f"{parts[0]}.{head}"[:20]
        return f"{parts[0]}[{_digits(rng, 1)}]"[:20]

    def _punctuated(self, rng: Generator) -> str:
        word = self.word(rng)
        style = rng.integers(6)
        if style == 0:
            return f"({word})"
        if style == 1:
            return f'"{word}"'
        if style == 2:
            return f"- {word}"
        if style == 3:
            return f"{word}/{self.word(rng)}"[:24]
        if style == 4:
            return f"{rng.integers(1, 20)}. {word}"
        return word + ENDINGS[rng.integers(len(ENDINGS))]


def _recase(text: str, rng: Generator) -> str:
    pick = rng.random()
    if pick < 0.30:
        return text.upper()
    return text.capitalize() if pick < 0.42 else text


def _digits(rng: Generator, count: int) -> str:
    return "".join(str(d) for d in rng.integers(0, 10, count))


def _number(rng: Generator) -> str:
    style = rng.integers(7)
    if style == 0:
        return _digits(rng, int(rng.integers(1, 8)))
    if style == 1:
        return f"{rng.integers(0, 1000)}.{_digits(rng, int(rng.integers(1, 3)))}"
    if style == 2:
        return f"{rng.integers(1, 500)}{UNITS[rng.integers(len(UNITS))]}"
    if style == 3:
        return f"${rng.integers(1, 999)}"
    if style == 4:
        return f"{rng.integers(0, 100)}-{rng.integers(0, 100)}"
    if style == 5:
        return f"{rng.integers(1, 100)},{_digits(rng, 3)}"
    return f"{rng.integers(0, 30)}x{rng.integers(0, 30)}"


def _date(rng: Generator) -> str:
    year, month, day = rng.integers(1985, 2031), rng.integers(1, 13), rng.integers(1, 32)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    style = rng.integers(7)
    if style == 0:
        return f"{year}-{month:02}-{day:02}"
    if style == 1:
        return f"{day}.{month}.{year}"
    if style == 2:
        return f"{month}/{day}/{year % 100:02}"
    if style == 3:
        return f"{day} {months[month - 1]}"
    if style == 4:
        return f"{rng.integers(0, 24)}:{rng.integers(0, 60):02}"
    if style == 5:
        return f"Q{rng.integers(1, 5)} {year}"
    return str(year)


def _abbreviation(rng: Generator) -> str:
    count = int(rng.integers(2, 5))
    text = "".join(LETTERS[i] for i in rng.integers(0, 26, count)).upper()
    style = rng.integers(4)
    if style == 0:
        return ".".join(text) + "."
    if style == 1:
        return f"{text}{_digits(rng, 1)}"
    return f"{text[:1]}-{_digits(rng, 2)}" if style == 2 else text


def _letters(rng: Generator) -> str:
    """A word nobody knows, so that the network reads letters and does not guess words."""
    return "".join(LETTERS[i] for i in rng.integers(0, 26, int(rng.integers(1, 10))))


def _mark(rng: Generator) -> str:
    return MARKS[rng.integers(len(MARKS))]
