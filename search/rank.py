"""Probabilities of words on boxes -> the chance that a photo is the one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from recognizer.alphabet import Alphabet
from recognizer.forward import log_occurrences
from search.fuzzy import close_terms
from search.index import Entry, Snapshot, Word, is_said, neighbours
from search.query import Any_, Node, Not, Phrase, Term
from search.words import spellings, terms

EXAMINED = 300
"""Words whose lattices are asked for the exact probability of a typed word."""

PHOTOS = 400
"""Photos looked at because one of their readings is like a typed word."""

EDIT = 3.2
"""What one edit between a typed word and a reading takes off its log-probability."""

LEVEL, ROOT, SLOPE, LENGTH = 7.47, -13.69, 3.0, 0.226
"""ln odds that a word of n letters stands where its log-probability is s:
LEVEL + ROOT sqrt(x) + SLOPE x + LENGTH n with x = -s / n. Logistic regression on real photos, see
benchmarks/search_calibration.py. The root lets a single doubtful letter weigh much and many more little."""

LEAST_LIKELY, LONGEST = 5.0, 14
"""Bounds of x and n within which the regression was fitted."""

ABSENT = 0.002
"""Chance of a wanted word that nothing speaks for: a photo with all the others may still be the one."""

WORST = -60.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The best place for a term on a photo: the word there, the reading that matched and the chance."""

    chance: float
    word: Word
    text: str
    log_probability: float
    """What the chance was made from."""


Found = Mapping[int, Evidence]
"""Photo number -> evidence for one term."""


def chance_of(log_probability: float, letters: int) -> float:
    """The chance that a word of so many letters stands where its best log-probability is that."""
    x = min(LEAST_LIKELY, max(0.0, -log_probability / max(1, letters)))
    odds = LEVEL + ROOT * math.sqrt(x) + SLOPE * x + LENGTH * min(LONGEST, letters)
    return 1 / (1 + math.exp(-odds))


def find_term(term: Term, snapshot: Snapshot) -> dict[int, Evidence]:
    """Where `term` may stand: by readings like it and, unless it must be exact, by the lattices."""
    best: dict[int, Evidence] = {}
    for number, evidence in _by_readings(term, snapshot):
        _keep_better(best, number, evidence)
    if not term.exact and not term.prefix:
        for number, evidence in _by_lattices(term, snapshot):
            _keep_better(best, number, evidence)
    return best


def _keep_better(best: dict[int, Evidence], number: int, evidence: Evidence) -> None:
    if number not in best or evidence.chance > best[number].chance:
        best[number] = evidence


def _spelled(term: Term, snapshot: Snapshot) -> list[tuple[str, int]]:
    """Terms of the index that count for `term`, with their distance."""
    if term.prefix:
        return [(t, 0) for t in snapshot.terms if t.startswith(term.text)]
    if term.exact:
        return [(term.text, 0)]
    return close_terms(term.text, snapshot.terms, extra=int(term.loose))


def _by_readings(term: Term, snapshot: Snapshot) -> Iterable[tuple[int, Evidence]]:
    scored: dict[int, tuple[float, str, int]] = {}
    for text, distance in _spelled(term, snapshot):
        for number, weight in snapshot.photos(text):
            value = math.log(max(weight, 1e-9)) - EDIT * distance
            if number not in scored or value > scored[number][0]:
                scored[number] = (value, text, distance)
    likeliest = sorted(scored.items(), key=lambda item: -item[1][0])[:PHOTOS]
    for number, (value, text, distance) in likeliest:
        place = _place_of(snapshot.entry(number), text)
        if place is not None:
            word, reading = place
            said = is_said(word) and distance == 0
            chance = 1.0 if said else chance_of(value, len(term.text))
            yield number, Evidence(chance, word, reading, value)


def _place_of(entry: Entry, text: str) -> tuple[Word, str] | None:
    """The word that most likely reads `text`, or two neighbours that do together; and how it is read."""
    found = [(p, -n, t) for n, w in enumerate(entry.words) for t, p in w.readings if text in spellings(t)]
    if found:
        _, number, reading = max(found)
        return entry.words[-number], reading
    for left, right in neighbours(entry.words):
        first, second = left.readings[0][0], right.readings[0][0]
        if "".join(terms(first) + terms(second)) == text:
            return _both(left, right), f"{first} {second}"
    return None


def _both(left: Word, right: Word) -> Word:
    """Two words that were cut apart, as the one that they are."""
    a, b = left.box, right.box
    box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
    return replace(left, box=box, readings=(), lattice=b"")


def _by_lattices(term: Term, snapshot: Snapshot) -> Iterable[tuple[int, Evidence]]:
    """Exact probabilities of `term` on the words whose sketches allow it most."""
    candidates = _likeliest(term.text, snapshot)
    by_alphabet: dict[str, list[tuple[int, Word]]] = {}
    for key, place in candidates:
        number = snapshot.number_of(key)
        if number is not None:
            entry = snapshot.entry(number)
            by_alphabet.setdefault(entry.alphabet, []).append((number, entry.words[place]))
    for alphabet, some in by_alphabet.items():
        typed = _typed(alphabet, term.text)
        if typed is None:
            continue
        values = log_occurrences([w.lattice for _, w in some], typed, _separators(alphabet))
        for (number, word), value in zip(some, values.tolist(), strict=True):
            if value > WORST:
                sure = value + math.log(max(word.chance, 1e-3))
                reading = word.readings[0][0] if word.readings else ""
                yield number, Evidence(chance_of(sure, len(term.text)), word, reading, sure)


def _likeliest(text: str, snapshot: Snapshot) -> list[tuple[int, int]]:
    """(key, place) of the EXAMINED words with the highest bounds."""
    found: list[tuple[float, int, int]] = []
    for part in snapshot.parts:
        bounds = part.sketches.bounds(text)
        count = min(EXAMINED, len(bounds))
        if count:
            top = np.argpartition(-bounds, count - 1)[:count]
            found += zip(
                bounds[top].tolist(),
                part.sketches.keys[top].tolist(),
                part.sketches.places[top].tolist(),
                strict=True,
            )
    return [(key, place) for _, key, place in sorted(found, reverse=True)[:EXAMINED]]


@lru_cache(maxsize=1024)
def _typed(alphabet: str, text: str) -> list[tuple[int, ...]] | None:
    """The labels that the letters of `text` may mean; None if the network does not know one of them."""
    try:
        return Alphabet(alphabet).variants(text, accents=True)
    except Exception:
        return None


@lru_cache(maxsize=8)
def _separators(alphabet: str) -> tuple[int, ...]:
    """Labels that end a word: all that is neither letter nor digit."""
    labels = Alphabet(alphabet)
    return tuple(label for c in alphabet if not c.isalnum() for label in labels.encode(c))


def score(node: Node, found: Mapping[Term, Found], number: int, words: Mapping[int, Sequence[int]]) -> float:
    """The chance that photo `number` is what `node` asks for."""
    if isinstance(node, Term):
        evidence = found[node].get(number)
        return max(ABSENT, evidence.chance) if evidence else ABSENT
    if isinstance(node, Not):
        return 1 - score(node.node, found, number, words)
    if isinstance(node, Any_):
        return max((score(n, found, number, words) for n in node.nodes), default=0.0)
    if isinstance(node, Phrase):
        together = _together(node, found, number)
        return math.prod(score(n, found, number, words) for n in node.words) * together
    return math.prod(score(n, found, number, words) for n in node.nodes) if node.nodes else 0.0


def _together(phrase: Phrase, found: Mapping[Term, Found], number: int) -> float:
    """1 when the words of the phrase stand on one line in order, or in one box; less when apart."""
    places = [found[t].get(number) for t in phrase.words]
    if any(p is None for p in places):
        return 0.1
    words = [p.word for p in places if p is not None]
    in_line = all(a.line == b.line and a.box[0] <= b.box[0] for a, b in pairwise(words))
    return 1.0 if in_line else 0.1
