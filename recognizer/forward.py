"""P(word | lattice): exact CTC probabilities of typed words, for thousands of lattices at once.

A path gives one label to each frame; repeated labels and blanks collapse to a text (Graves et al. 2006,
"Connectionist temporal classification", section 4.1). The probability of a text is the sum over all of its
paths. Everything here sums in the linear domain, which needs no exponentials inside the loop, and returns to
logarithms only for the rows that vanish there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognizer import Lattice
from recognizer.alphabet import BLANK
from recognizer.columns import Lattices, blocks

Numbers = NDArray[np.float64]
Word = Sequence[int | tuple[int, ...]]
"""A typed word: for each of its characters one label, or all that the character may mean."""

VANISHING = 1e-280
"""Below it the linear domain may have lost something, and the sum is made again in logarithms."""


def log_probability(lattice: Lattice, word: Word) -> float:
    """ln P(`word` | `lattice`): the sum over all paths that collapse to it; -inf if there is none."""
    return float(log_probabilities([lattice], word)[0])


def log_probabilities(lattices: Lattices, word: Word) -> Numbers:
    """ln P(`word` | lattice) for each of `lattices`, float64 N.

    A character given as several labels stands for any of them, and the result is exactly the sum over all
    spellings; `Alphabet.variants` gives those that differ in case.
    """
    groups, spellings = _groups(word)
    follow = _follow(spellings)
    found = np.empty(len(lattices))
    for chosen, columns in blocks(lattices, groups):
        letters = columns[:, 1:].reshape(len(columns), *spellings.shape, len(chosen))
        found[chosen] = forward(columns[:, 0], letters, follow)
    return found


def log_occurrences(lattices: Lattices, word: Word, separators: Sequence[int]) -> Numbers:
    """ln P(`word` stands somewhere in the lattice, between `separators` or ends), float64 N.

    Exact as well: a text counts once, however often the word stands in it. Separators that the word itself
    holds (the hyphen of a typed "e-mail") do not separate. Below 1e-308 the result is -inf.
    """
    if not len(word):
        raise ValueError("an empty word stands everywhere; type at least one character")
    spelled = _spelled(word)
    groups = [(BLANK,), *((label,) for label in spelled.labels), tuple(set(separators) - {*spelled.labels})]
    found = np.empty(len(lattices))
    for chosen, columns in blocks(lattices, groups):
        found[chosen] = _occurrence(columns[:, 0], columns[:, -1], columns[:, 1:-1], spelled)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(found), np.float64)


def forward(
    blank: Numbers, letters: Numbers, follow: Numbers, lengths: NDArray[np.intp] | None = None
) -> Numbers:
    """ln P(word | lattice) for R rows, each a word and a lattice: float64 R.

    `blank` T x R and `letters` T x U x A x R hold probabilities: of the blank, and of spelling A of the
    word's character U. `follow` is described at `_follow`; `lengths` tells words of fewer than U characters.
    """
    rows = np.arange(blank.shape[1])
    ends = np.full(len(rows), letters.shape[1]) if lengths is None else lengths
    last = _sum_paths(blank, letters, follow, np.add, np.multiply)[ends, rows]
    faint = np.flatnonzero(last < VANISHING)
    with np.errstate(divide="ignore"):
        result = np.log(last)
        if len(faint):
            chosen = follow if follow.shape[-1] == 1 else follow[..., faint]
            logs = (np.log(blank[:, faint]), np.log(letters[..., faint]), np.log(chosen))
            result[faint] = _sum_paths(*logs, np.logaddexp, np.add)[ends[faint], np.arange(len(faint))]
    return np.asarray(result, np.float64)


def _sum_paths(blank: Numbers, letters: Numbers, follow: Numbers, plus: np.ufunc, times: np.ufunc) -> Numbers:
    """Sum over all paths that read u characters, (U + 1) x R, in the domain of `plus` and `times`."""
    size, spellings, rows = letters.shape[1:]
    none, certain = plus.identity, times.identity
    in_letter = np.full((size, spellings, rows), none, np.float64)
    in_blank = np.full((size + 1, rows), none, np.float64)
    in_blank[0] = certain
    for now_blank, now_letter in zip(blank, letters, strict=True):
        entering = _entering(in_letter, in_blank, follow, plus, times)
        read = plus.reduce(in_letter, axis=1)
        in_letter = times(plus(in_letter, entering), now_letter)
        in_blank[1:] = plus(in_blank[1:], read)
        in_blank = times(in_blank, now_blank)
    in_blank[1:] = plus(in_blank[1:], plus.reduce(in_letter, axis=1))
    return np.asarray(in_blank, np.float64)


def _entering(
    in_letter: Numbers, in_blank: Numbers, follow: Numbers, plus: np.ufunc, times: np.ufunc
) -> Numbers:
    """What may go on to each letter: the blank before it, and the letter before it unless they are twins."""
    entering = np.repeat(in_blank[:-1, None], in_letter.shape[1], axis=1)
    direct = plus.reduce(times(in_letter[:-1, None], follow), axis=2)
    entering[1:] = plus(entering[1:], direct)
    return np.asarray(entering, np.float64)


class _Twin(NamedTuple):
    """A character that shares labels with the one before."""

    number: int
    labels: slice
    before: slice
    """The labels of the other."""
    differ: Numbers
    """Labels x labels of the other; 0 where they are the same: the two would collapse to one."""


@dataclass(frozen=True)
class _Spelled:
    """The labels of a word in a row, those of its first character first: L of U characters."""

    labels: tuple[int, ...]
    of: NDArray[np.intp]
    """L; the character that each is a label of."""
    starts: NDArray[np.intp]
    """U; the first label of each."""
    twins: tuple[_Twin, ...]


def _spelled(word: Word) -> _Spelled:
    letters = _letters(word)
    if not all(letters):
        raise ValueError("a character that no label stands for occurs nowhere; leave the word out")
    labels = np.array([int(label) for letter in letters for label in letter], np.intp)
    sizes = [len(letter) for letter in letters]
    borders = np.cumsum([0, *sizes]).tolist()
    twins = []
    for number, (before, now) in enumerate(pairwise(map(slice, borders, borders[1:])), 1):
        differ = labels[now, None] != labels[None, before]
        if not differ.all():
            twins.append(_Twin(number, now, before, differ.astype(np.float64)))
    of = np.repeat(np.arange(len(letters)), sizes)
    return _Spelled(tuple(labels.tolist()), of, np.array(borders[:-1], np.intp), tuple(twins))


def _occurrence(blank: Numbers, outside: Numbers, letters: Numbers, spelled: _Spelled) -> Numbers:
    """P(the word stands between separators), R, from T x R, T x R and T x L x R.

    States: in a gap, at a label of character u, after it, elsewhere, found. Where a path goes that left the
    word does not matter until the next separator, so that one number holds all of "elsewhere": what is in no
    other state.
    """
    in_label = np.zeros(letters.shape[1:])
    in_blank = np.zeros((len(spelled.starts) + 1, letters.shape[2]))  # in_blank[0] is the gap
    in_blank[0] = 1
    found = np.zeros(letters.shape[2])
    for now_blank, now_outside, now_label in zip(blank, outside, letters, strict=True):
        read = np.add.reduceat(in_label, spelled.starts)
        complete = in_blank[-1] + read[-1]
        unfinished = np.maximum(0.0, 1 - found - complete)
        found += complete * now_outside
        before = in_blank[:-1].copy()
        before[1:] += read[:-1]
        entering = before[spelled.of]
        for twin in spelled.twins:
            entering[twin.labels] = in_blank[twin.number] + twin.differ @ in_label[twin.before]
        in_label += entering
        in_label *= now_label
        in_blank[1:] += read
        in_blank *= now_blank
        in_blank[0] += unfinished * now_outside
    return np.asarray(found + in_blank[-1] + np.add.reduceat(in_label, spelled.starts)[-1], np.float64)


def _groups(word: Word) -> tuple[list[tuple[int, ...]], NDArray[np.intp]]:
    """Groups of labels to be summed (the blank first) and the word as labels U x A, filled up with -1."""
    letters = _letters(word)
    width = max(map(len, letters), default=1)
    spellings = np.array([(*c, *[-1] * (width - len(c))) for c in letters], np.intp).reshape(
        len(letters), width
    )
    return [(BLANK,), *[() if label < 0 else (int(label),) for label in spellings.flat]], spellings


def _letters(word: Word) -> list[tuple[int, ...]]:
    """The labels of each character, each once."""
    return [(c,) if isinstance(c, int | np.integer) else tuple(dict.fromkeys(c)) for c in word]


def _follow(spellings: NDArray[np.intp]) -> Numbers:
    """1 where a spelling may follow a spelling of the character before at once, (U - 1) x A x A x 1.

    0 where they are the same label: the two would collapse to one, so a blank must part them.
    """
    differ = spellings[1:, :, None, None] != spellings[:-1, None, :, None]
    return np.asarray(differ, np.float64)
