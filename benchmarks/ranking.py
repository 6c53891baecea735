"""Which evidence and which formula put the right photos first, and what absent words find.

    python -m benchmarks.ranking ARCHIVE ../shared [--every 4]

ARCHIVE holds ../shared/photos/dev. Asks every fourth query of eval/score.py, prints mean average precision;
of search itself also when it looks at as few of these words as it would in an archive of many photos.
Then asks for 500 English words that stand on no photo, and for 500 with their letters shuffled.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np

import search
from search import rank, snapshot
from search.fuzzy import misreadings, widest
from search.query import Term
from search.rank import ABSENT, CONFUSION, EDIT, _by_readings, chance_of
from search.snapshot import Snapshot
from search.words import terms

Scores = Mapping[int, float]
"""Photo number -> how well it fits one word."""

Formula = Callable[[str], Scores]

Ranking = Callable[[tuple[str, ...]], Scores]
"""The words of a query -> how well each photo fits it."""

MOST_EDITS = 2


def maximum(pairs: Iterator[tuple[int, float]]) -> Scores:
    """The best place."""
    best: dict[int, float] = defaultdict(float)
    for number, value in pairs:
        best[number] = max(best[number], value)
    return best


def total(pairs: Iterator[tuple[int, float]]) -> Scores:
    """All places together."""
    found: dict[int, float] = defaultdict(float)
    for number, value in pairs:
        found[number] += value
    return found


def noisy_or(pairs: Iterator[tuple[int, float]]) -> Scores:
    """The chance that one place at least is right, were they independent."""
    missing: dict[int, float] = defaultdict(lambda: 1.0)
    for number, value in pairs:
        missing[number] *= 1 - value
    return {number: 1 - value for number, value in missing.items()}


def blend(pairs: Iterator[tuple[int, float]]) -> Scores:
    """The best place and a tenth of all."""
    some = list(pairs)
    summed = total(iter(some))
    return {number: value + 0.1 * summed[number] for number, value in maximum(iter(some)).items()}


class Rankers:
    """The formulas, by what they look at."""

    def __init__(self, seen: Snapshot) -> None:
        self._snapshot = seen
        self._lengths = {n: len(seen.entry(n).words) for n in range(len(seen))}

    def exact(self, word: str) -> Iterator[tuple[int, float]]:
        """Readings spelled as typed, with their probability."""
        return iter(self._snapshot.photos("read", word))

    def alike(self, word: str) -> Iterator[tuple[int, float]]:
        """Readings up to two edits away, similarity times probability."""
        for text, distance in self._snapshot.close_terms("read", word, MOST_EDITS):
            for number, weight in self._snapshot.photos("read", text):
                yield number, weight * math.exp(-3 * distance / len(word))

    def confused(self, word: str) -> Iterator[tuple[int, float]]:
        """The same with the costs of our confusions in place of edits."""
        near = [text for text, _ in self._snapshot.close_terms("read", word, widest(word))]
        for text, cost in misreadings(word, near):
            for number, weight in self._snapshot.photos("read", text):
                yield number, chance_of(math.log(max(weight, 1e-9)) - CONFUSION * cost, len(word))

    def readings(self, word: str) -> Iterator[tuple[int, float]]:
        """What search takes from readings."""
        return ((n, e.chance) for n, e in _by_readings(Term(word), self._snapshot))

    def lattices(self, word: str) -> Iterator[tuple[int, float]]:
        """What search takes from lattices."""
        return ((n, e.chance) for n, e in self._by_lattices(word))

    def cut(self, word: str) -> Iterator[tuple[int, float]]:
        """The same, without neighbours read as one word."""
        for n, evidence in self._by_lattices(word):
            if evidence.place is not None and evidence.place < self._lengths[n]:
                yield n, evidence.chance

    def _by_lattices(self, word: str) -> Iterator[tuple[int, rank.Evidence]]:
        return rank._by_lattices(Term(word), self._snapshot, self._snapshot.likeliest(word, rank.EXAMINED))

    def both(self, word: str) -> Iterator[tuple[int, float]]:
        """All that search takes."""
        yield from self.readings(word)
        yield from self.lattices(word)

    def bm25(self, word: str) -> Scores:
        """BM25 (Robertson et al. 1994) on expected term frequencies of readings like the word."""
        frequency = total(self.alike(word))
        mean = sum(self._lengths.values()) / max(1, len(self._lengths))
        rarity = math.log(1 + (len(self._lengths) - len(frequency) + 0.5) / (len(frequency) + 0.5))
        return {
            n: rarity * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * self._lengths[n] / mean))
            for n, tf in frequency.items()
        }

    def table(self) -> dict[str, Formula]:
        """Name -> formula."""
        return {
            "readings as typed, expected term frequency": lambda w: total(self.exact(w)),
            "readings alike, maximum": lambda w: maximum(self.alike(w)),
            "readings alike, expected term frequency": lambda w: total(self.alike(w)),
            "readings alike, maximum + 0.1 sum": lambda w: blend(self.alike(w)),
            "readings alike, BM25": self.bm25,
            "readings by our confusions, maximum": lambda w: maximum(self.confused(w)),
            "lattices of words as they were cut, maximum": lambda w: maximum(self.cut(w)),
            "lattices, maximum": lambda w: maximum(self.lattices(w)),
            "lattices, noisy or": lambda w: noisy_or(self.lattices(w)),
            "lattices, maximum + 0.1 sum": lambda w: blend(self.lattices(w)),
            f"lattices and readings at {EDIT:.0f} an edit, maximum": lambda w: maximum(self.both(w)),
        }


def by_words(formula: Formula) -> Ranking:
    """Words multiply."""
    ranked = lru_cache(maxsize=None)(formula)

    def ranking(query: tuple[str, ...]) -> Scores:
        found = [ranked(word) for word in query]
        numbers = {number for one in found for number in one}
        return {n: math.prod(max(one.get(n, 0.0), ABSENT) for one in found) for n in numbers}

    return ranking


def by_search(searcher: search.Searcher, names: list[str]) -> Ranking:
    """Search as people have it; `names` are those of the photos by their numbers."""
    numbers = {name: number for number, name in enumerate(names)}

    def ranking(query: tuple[str, ...]) -> Scores:
        hits = searcher.find(" ".join(query), limit=len(names), least=0)
        return {numbers[Path(hit.path).name]: hit.score for hit in hits}

    return ranking


@contextmanager
def crowded(photos: int, many: int) -> Iterator[None]:
    """Look at as few words of an archive of `photos` as fall to them in one of `many`."""
    limits = ((rank, "EXAMINED"), (rank, "HELD"), (snapshot, "WIDE"), (search, "LOOKED_CLOSER"))
    before = [getattr(module, name) for module, name in limits]
    try:
        for (module, name), count in zip(limits, before, strict=True):
            setattr(module, name, count * photos // many)
        yield
    finally:
        for (module, name), count in zip(limits, before, strict=True):
            setattr(module, name, count)


def scorer(shared: Path) -> ModuleType:
    """The script eval/score.py as a module."""
    spec = importlib.util.spec_from_file_location("score", shared / "eval" / "score.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def precision(score: ModuleType, truth: Path, names: list[str], ranking: Ranking, every: int) -> list[float]:
    """Mean average precision of one-word and two-word queries."""
    sets, queries = score.make_queries(score.load_truth(truth), 500, 7)
    order = {name: place for place, name in enumerate(sorted(sets))}

    def scores(query: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        result = np.zeros(len(order))
        for number, value in ranking(query).items():
            result[order[names[number]]] = value
        return result

    return [float(score.finding(sets, queries[kind][::every], scores)[1]) for kind in ("one", "two")]


def absent_words(shared: Path, count: int = 500) -> list[str]:
    """UNIPEN words of four letters or more that stand on no photo, alone or within others."""
    lines = (shared / "photos" / "truth.jsonl").read_text("utf-8").splitlines()
    there = {t for line in lines for part in json.loads(line)["lines"] for t in terms(part["text"])}
    written = " ".join(there)
    labels = (shared / "handwriting" / "unipen" / "words.jsonl").read_text("utf-8").splitlines()
    words = Counter(t for line in labels for t in terms(json.loads(line)["label"]) if t.isalpha())
    pool = sorted(w for w, n in words.items() if len(w) >= 4 and n > 1 and w not in written)
    return random.Random(3).sample(pool, count)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--every", type=int, default=4)
    parser.add_argument("--many", type=int, nargs="*", default=[2_500, 5_000, 10_000], metavar="PHOTOS")
    asked = parser.parse_args()
    searcher = search.open(asked.archive)
    names = [Path(searcher.snapshot.entry(n).paths[0]).name for n in range(len(searcher.snapshot))]
    score, truth = scorer(asked.shared), asked.shared / "photos" / "truth.jsonl"

    def row(name: str, ranking: Ranking) -> None:
        one, two = precision(score, truth, names, ranking, asked.every)
        print(f"| {name} | {one:.3f} | {two:.3f} |", flush=True)

    print("| evidence and formula | one word MAP | two words MAP |\n|---|---|---|")
    for name, formula in Rankers(searcher.snapshot).table().items():
        row(name, by_words(formula))
    row("the same, and words of one line first: search itself", by_search(searcher, names))
    for many in asked.many:
        with crowded(len(names), many):
            row(f"as few words looked at as of {many:,} photos", by_search(search.open(asked.archive), names))
    words = absent_words(asked.shared)
    shuffled = ["".join(random.Random(w).sample(w, len(w))) for w in words]
    print("\n| 500 absent words | with a hit above 0.5 | above 0.2 | with any hit |\n|---|---|---|---|")
    for name, some in (("English", words), ("letters shuffled", shuffled)):
        best = [max((h.score for h in searcher.find(w, 1)), default=0.0) for w in some]
        above = [sum(b > least for b in best) / len(best) for least in (0.5, 0.2, 0.0)]
        print(f"| {name} | " + " | ".join(f"{share:.1%}" for share in above) + " |")


if __name__ == "__main__":
    main()
