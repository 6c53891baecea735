"""Where cuts differ, what was read decides: `E` and `lectrical`, or `Electrical`.

Each box, a word or an alternative, explains some ink. What that is worth, in nats, is

    ln P(it is a word) + ln P(text seen) + weight ln P(text written) + LETTER letters - WORD

and the words are those boxes, no two of which explain the same ink, that are worth most together. Without
LETTER one sign read out of three lines were better than the lines, as fewer letters may be wrong in it;
without WORD the pieces of a word, each of which may be read well, were better than the word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from detector.areas import lying_in
from detector.lines import lines
from indexer.reading import WordReading
from recognizer.language import LanguageModel

LETTER, WORD = 2.5, 1.0
"""What a letter that is explained brings, and what a further word costs, in nats. Measured on real photos."""

ALONE = 5.0
"""What an alternative must be worth to stand where the detector sees no word; measured as well."""

DOUBTFUL = 0.01
"""What the detector's words are worth at least: they stand, however badly they are read, where nothing
better does."""

TOUCHED = 0.3
"""Share of one of two boxes from which both explain the same ink."""

UNREAD = 1e-9

GAIN = 1e-6
"""Less is no gain but an error of rounding."""


def settled(found: Sequence[WordReading], language: LanguageModel) -> list[WordReading]:
    """What was read on a page, told anew which are words: these as they are read, then the alternatives."""
    shares = lying_in([one.box for one in found])
    rivals = [
        {m for m, share in near.items() if m != n and max(share, shares[m][n]) >= TOUCHED}
        for n, near in enumerate(shares)
    ]
    words = sorted(_worthiest(_worths(found, rivals, language), rivals))
    return _lined(found, words, shares)


def _lined(
    found: Sequence[WordReading], words: list[int], shares: list[dict[int, float]]
) -> list[WordReading]:
    """The `words` as they are read; then the rest, each in the line of the word that covers most of it."""
    rows = lines([found[n].box for n in words])
    line = {words[n]: number for number, row in enumerate(rows) for n in row}
    told = [_as(found[n], number, alternative=False) for n, number in line.items()]
    for other in sorted(set(range(len(found))) - line.keys()):
        covering = {n: share for n, share in shares[other].items() if n in line}
        alone = len(words) + other
        number = line[max(sorted(covering), key=covering.__getitem__)] if covering else alone
        told.append(_as(found[other], number, alternative=True))
    return told


def _as(one: WordReading, line: int, alternative: bool) -> WordReading:
    return replace(one, box=replace(one.box, line=line, alternative=alternative))


def _worths(found: Sequence[WordReading], rivals: Sequence[set[int]], language: LanguageModel) -> list[float]:
    """What each box is worth as a word; nothing or less is not to be one."""
    seen = {n for n, one in enumerate(found) if not one.box.alternative}

    def worth(number: int) -> float:
        explained = _explained(found[number], language)
        if number in seen:
            return max(explained, DOUBTFUL)
        return explained if explained > ALONE or rivals[number] & seen else 0.0

    return [worth(number) for number in range(len(found))]


def _explained(one: WordReading, language: LanguageModel) -> float:
    """What the ink that `one` explains is worth."""
    best = one.hypotheses[0]
    letters = sum(character.isalnum() for character in best.text)
    likely = math.log(max(UNREAD, best.by_sight)) + language(best.text)
    return likely + LETTER * letters - WORD


def _worthiest(worths: Sequence[float], rivals: Sequence[set[int]]) -> set[int]:
    """Numbers of what is worth most together, no two of them `rivals`.

    A local search: what gains by coming in its rivals' place, with all that has room beside it then, comes.
    On real photos it finds the optimum.
    """
    best_first = sorted((n for n, worth in enumerate(worths) if worth > 0), key=lambda n: -worths[n])
    chosen: set[int] = set()
    gaining = True
    while gaining:
        gaining = False
        for one in best_first:
            if one in chosen:
                continue
            gone = rivals[one] & chosen
            come = _with_room(one, gone, chosen, worths, rivals)
            if sum(worths[n] for n in come) > sum(worths[n] for n in gone) + GAIN:
                chosen = chosen - gone | come
                gaining = True
    return chosen


def _with_room(
    one: int, gone: set[int], chosen: set[int], worths: Sequence[float], rivals: Sequence[set[int]]
) -> set[int]:
    """`one`, and what has room beside it and the rest of the `chosen` once its rivals are `gone`."""
    come = {one}
    near = set().union(*(rivals[n] for n in gone)) - gone
    for other in sorted(near, key=lambda n: -worths[n]):
        if worths[other] > 0 and not rivals[other] & come and rivals[other] & chosen <= gone:
            come.add(other)
    return come
