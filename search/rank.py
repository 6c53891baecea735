"""Probabilities of words on boxes -> the chance that a photo is the one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from recognizer.alphabet import Alphabet
from recognizer.forward import log_occurrences
from search import LEAST
from search.entry import FIELDS, Field, Word
from search.fuzzy import reach
from search.query import Any_, Node, Not, Phrase, Term
from search.slots import MOST
from search.snapshot import Candidate, Snapshot, place_of, readable

EXAMINED = 800
"""Words whose lattices are asked for the exact probability of a typed word."""

HELD = 800
"""Photos that are asked for each of several typed words once more: all seem to be on them."""

EDIT = 8.0
"""What one edit between a typed word and a reading of a lattice takes off its log-probability."""

CONFUSION = 3.2
"""The same for one edit that our reader hardly ever makes, where there is no lattice."""

CERTAIN = 0.9999
"""Probability of a told text from which a person said it."""

SAID_OTHERWISE = 0.1
"""What is left of the chance that a text is a misreading where a person said that it stands there. Writers
misspell, but with the full chance labels made other words harder to find: on 1,200 words of the UNIPEN test
writers, 400 of them labelled, MAP was 0.899 with it and is 0.919 with a tenth."""

LEVEL, ROOT, SLOPE, LENGTH = 1.70, -2.84, -1.99, 0.313
"""ln odds that a word of n letters stands where its log-probability is s:
LEVEL + ROOT sqrt(x) + SLOPE x + LENGTH n with x = -s / n. Logistic regression on real photos, see
benchmarks/search_calibration.py. The root lets a single doubtful letter weigh much and many more little."""

LEAST_LIKELY, LONGEST = 5.0, 14
"""Bounds of x and n within which the regression was fitted."""

ABSENT = 0.001
"""Chance of a wanted word that nothing speaks for: a photo with all the others may still be the one."""

WORST = -60.0
SCATTERED = 0.9
"""What is left of the chance of a photo when its words do not stand in one line."""

APART = 0.1
"""What is left of the chance of a phrase when its words do not stand side by side."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The best place for a term on a photo, and the chance that it stands there."""

    chance: float
    log_probability: float
    """What the chance was made from."""
    place: int | None
    """Number of the word whose lattice said so; None if it was a reading."""
    term: str
    """The term of the index that matched."""


Found = Mapping[int, Evidence]
"""Photo number -> evidence for one term."""

Where = Callable[[int, Evidence], tuple[Word, str] | None]
"""Photo number and evidence -> the word meant, and its reading."""


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
    if _asks_lattices(term):
        for number, evidence in _by_lattices(term, snapshot, snapshot.likeliest(term.text, EXAMINED)):
            _keep_better(best, number, evidence)
    return best


def _keep_better(best: dict[int, Evidence], number: int, evidence: Evidence) -> None:
    if number not in best or evidence.chance > best[number].chance:
        best[number] = evidence


def _by_readings(term: Term, snapshot: Snapshot) -> Iterator[tuple[int, Evidence]]:
    """Photos with readings like `term`."""
    letters = len(term.text)
    for field, text, loss in _spelled(term, snapshot):
        for number, weight in snapshot.photos(field, text):
            value = (math.log(max(weight, 1e-9)) - loss) * letters / max(letters, len(text))
            said = field == "told" and weight >= CERTAIN
            chance = chance_of(value, letters) * (SAID_OTHERWISE if said else 1.0)
            yield number, Evidence(1.0 if said and not loss else chance, value, None, text)


def _spelled(term: Term, snapshot: Snapshot) -> Iterator[tuple[Field, str, float]]:
    """Terms of the index that count for `term`, and what each takes off the log-probability.

    A lattice says itself how likely a text is that is not among its readings, so there a misspelling counts
    for little; where nothing but a text is known, our reader's confusions tell.
    """
    if term.prefix or term.exact:
        texts = snapshot.terms_starting(term.text) if term.prefix else [term.text]
        yield from ((field, text, 0.0) for text in texts for field in FIELDS)
        return
    for text, distance in snapshot.close_terms("read", term.text, reach(term.text) + int(term.loose)):
        yield "read", text, EDIT * distance
    for text, cost in snapshot.misreadings(term.text):
        yield "told", text, CONFUSION * cost


def look_closer(found: Mapping[Term, Found], snapshot: Snapshot, photos: Iterable[int]) -> dict[Term, Found]:
    """`found`, and what more places say of its terms, on `photos` and on those that seem to hold them all.

    In a large archive other photos crowd out the lattices of one that another typed word speaks for.
    """
    asked = [term for term in found if _asks_lattices(term)]
    keys = dict.fromkeys(map(snapshot.key, photos))
    keys |= dict.fromkeys(snapshot.holding([term.text for term in asked], HELD) if asked else [])
    closer = dict(found)
    for term in asked:
        closer[term] = best = dict(found[term])
        known = {snapshot.key(n) for n, evidence in best.items() if evidence.place is not None}
        some = snapshot.likeliest_of(term.text, [key for key in keys if key not in known])
        for number, evidence in _by_lattices(term, snapshot, some):
            _keep_better(best, number, evidence)
    return closer


def _asks_lattices(term: Term) -> bool:
    """Whether it is one word, spelled perhaps otherwise, and not so long that no lattice shows it."""
    return not term.exact and not term.prefix and len(term.text) <= MOST


def _by_lattices(
    term: Term, snapshot: Snapshot, candidates: Iterable[Candidate]
) -> Iterator[tuple[int, Evidence]]:
    """Exact probabilities of `term` on the words `candidates`."""
    by_alphabet: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        sketches, number = candidate.sketches, candidate.number
        by_alphabet.setdefault(sketches.names[sketches.alphabets[number]], []).append(candidate)
    for alphabet, some in by_alphabet.items():
        typed = _typed(alphabet, term.text)
        if typed is None:
            continue
        with readable():
            lattices = [c.sketches.lattice(c.number) for c in some]
            values = log_occurrences(lattices, typed, _labels(alphabet).separators)
        for candidate, value in zip(some, values.tolist(), strict=True):
            sure = value + math.log(max(1, candidate.sketches.chances[candidate.number]) / 255)
            chance = chance_of(sure, len(term.text))
            if value <= WORST or chance < LEAST:
                continue
            photo = snapshot.number_of(int(candidate.sketches.keys[candidate.number]))
            if photo is not None:
                place = int(candidate.sketches.places[candidate.number])
                yield photo, Evidence(chance, sure, place, term.text)


def where(snapshot: Snapshot, number: int, evidence: Evidence) -> tuple[Word, str] | None:
    """The word on photo `number` that `evidence` speaks of, and its reading."""
    entry = snapshot.entry(number)
    if evidence.place is None:
        return place_of(entry, evidence.term)
    word = entry.places[evidence.place]
    return word, word.readings[0][0] if word.readings else ""


@lru_cache(maxsize=1024)
def _typed(alphabet: str, text: str) -> list[tuple[int, ...]] | None:
    """The labels that the letters of `text` may mean; None if the network does not know one of them."""
    try:
        return _labels(alphabet).variants(text, accents=True)
    except Exception:
        return None


@lru_cache(maxsize=8)
def _labels(alphabet: str) -> Alphabet:
    return Alphabet(alphabet)


def score(node: Node, found: Mapping[Term, Found], number: int, at: Where) -> float:
    """The chance that photo `number` is what `node` asks for."""
    if isinstance(node, Term):
        evidence = found[node].get(number)
        return max(ABSENT, evidence.chance) if evidence else ABSENT
    if isinstance(node, Not):
        return 1 - score(node.node, found, number, at)
    if isinstance(node, Any_):
        return max((score(n, found, number, at) for n in node.nodes), default=0.0)
    parts = node.words if isinstance(node, Phrase) else node.nodes
    joint = math.prod(score(n, found, number, at) for n in parts) if parts else 0.0
    return joint * _together(node, found, number, at) if isinstance(node, Phrase) else joint


def nearness(words: Sequence[Term], found: Mapping[Term, Found], number: int, at: Where) -> float:
    """What is left of the chance of a photo for how its words stand: all in one line 1, else SCATTERED.

    People type words that they remember side by side.
    """
    evidence = [found[t].get(number) for t in words]
    places = [at(number, e) for e in evidence if e is not None and e.chance >= LEAST]
    lines = {place[0].line for place in places if place is not None}
    return 1.0 if len(places) == len(words) and len(lines) == 1 else SCATTERED


def _together(phrase: Phrase, found: Mapping[Term, Found], number: int, at: Where) -> float:
    """1 when the words of the phrase stand on one line in order, or in one box; less when apart."""
    evidence = [found[t].get(number) for t in phrase.words]
    if any(e is None or e.chance < LEAST for e in evidence):
        return APART
    places = [at(number, e) for e in evidence if e is not None]
    words = [p[0] for p in places if p is not None]
    in_line = all(a.line == b.line and a.box[0] <= b.box[0] for a, b in pairwise(words))
    return 1.0 if in_line else APART
