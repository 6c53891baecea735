"""What labels are worth for search: asked in the order of `indexer.asking`, at random, or least sure first.

    python benchmarks/relabel_order.py ../shared                         # words of the UNIPEN test writers
    python benchmarks/relabel_order.py ../shared --photos ARCHIVE        # real photos, read before

Words are labelled from the truth, as a person would, and every true word is searched for: mean average
precision over these queries. On real photos the truth has no boxes: each true word is given to the box of its
photo that the lattices find likeliest. A box that gets none is passed over, which is an answer too: most hold
writing that was read too badly to be told which.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import search
from detector import Box
from indexer.archive import Archive
from indexer.reader import hypotheses
from indexer.reading import Page, Reading, Sighting, WordReading
from indexer.settings import Settings
from recognizer.alphabet import Alphabet
from recognizer.decode import log_occurrences, pack
from search.words import terms

ON_A_PHOTO = 12
"""Words of the test writers that make a photo."""

LEAST = -3.5
"""Log-probability per letter from which a box of a real photo may be the place of a true word."""


@dataclass(frozen=True)
class Truth:
    """What a person would say: of each word, and of each photo (the terms that stand on it)."""

    words: dict[int, str]
    photos: dict[str, set[str]]


def drawn(archive: Archive, data: Path, count: int) -> Truth:
    """An archive of words of the test writers, a dozen to a photo."""
    from recognizer import load
    from recognizer.train import validation_set

    reader = load("default")
    samples = validation_set(data, reader.alphabet, count, "test")
    lattices = reader.lattices([sample.strip for sample in samples])
    read = hypotheses(lattices, reader, Settings().readings)
    told: dict[tuple[str, int], str] = {}
    for start in range(0, len(samples), ON_A_PHOTO):
        some = range(start, min(start + ON_A_PHOTO, len(samples)))
        words = tuple(
            WordReading(Box(100 * n, 0, 100 * n + 90, 30), read[m], pack(lattices[m]))
            for n, m in enumerate(some)
        )
        path = f"/photos/{start:05}.jpg"
        told |= {(path, 100 * n): samples[m].text for n, m in enumerate(some)}
        page = Page(f"{start:064x}", 1, 0.0, 100 * ON_A_PHOTO, 30)
        said = Reading("drawn", reader.id, words, reader.alphabet.characters, reader.lattices_id)
        archive.add(Sighting(path), page, said, pages=1)
    truth = {word.id: told[photo.path, word.box.x0] for photo in archive.words() for word in photo.words}
    on_photos: dict[str, set[str]] = defaultdict(set)
    for (path, _), text in told.items():
        on_photos[path] |= set(terms(text))
    return Truth(truth, on_photos)


def photographed(archive: Archive, listing: Path) -> Truth:
    """The words of real photos, each true word at its likeliest place."""
    rows = [json.loads(line) for line in listing.read_text("utf-8").splitlines()]
    lines = {row["image"]: [t for one in row["lines"] for t in one["text"].split()] for row in rows}
    said: dict[int, str] = {}
    on_photos: dict[str, set[str]] = {}
    for photo in archive.words():
        there = lines.get(Path(photo.path).name, [])
        on_photos[photo.path] = {term for text in there for term in terms(text)}
        placed = archive.labels.words([word.id for word in photo.words])
        said |= _placed([(one.word.id, one.word.lattice) for one in placed], there, _alphabet())
    return Truth(said, on_photos)


def _alphabet() -> Alphabet:
    from recognizer import load

    return load("default").alphabet


def _placed(words: Sequence[tuple[int, bytes]], texts: Sequence[str], alphabet: Alphabet) -> dict[int, str]:
    """Word -> text: the likeliest pairs first, every word and every text once; '' for words without."""
    said = {word: "" for word, _ in words}
    pairs: list[tuple[float, int, int]] = []
    for number, text in enumerate(texts):
        term = "".join(terms(text))
        variants = alphabet.variants(term, accents=True) if term.isascii() and term else None
        if variants and words:
            values = log_occurrences([lattice for _, lattice in words], variants, ()) / len(term)
            pairs += [(float(v), number, words[n][0]) for n, v in enumerate(values) if v > LEAST]
    taken: set[int] = set()
    for _, number, word in sorted(pairs, reverse=True):
        if number not in taken and not said[word]:
            said[word] = texts[number]
            taken.add(number)
    return said


def precision(home: Path, truth: Truth, queries: int) -> float:
    """Mean average precision of searches for words of three letters or more that stand somewhere."""
    holding: dict[str, set[str]] = defaultdict(set)
    for path, found in truth.photos.items():
        for term in found:
            if len(term) >= 3:
                holding[term].add(path)
    searcher = search.open(home)
    asked = random.Random(2).sample(sorted(holding), min(queries, len(holding)))
    return float(np.mean([_average(searcher, term, holding[term]) for term in asked]))


def _average(searcher: search.Searcher, term: str, there: set[str]) -> float:
    """Average precision of one query."""
    found = total = 0.0
    for hit in searcher.find(term, limit=50):
        if hit.path in there:
            found += 1
            total += found / hit.rank
    return total / len(there)


Order = Callable[[Archive, int, Collection[int]], list[tuple[int, ...]]]


def by_gain(archive: Archive, count: int, passed: Collection[int]) -> list[tuple[int, ...]]:
    """In the order of the queue, one word a question."""
    return [question.words for question in archive.labels.ask(count, passed, together=False)]


def together(archive: Archive, count: int, passed: Collection[int]) -> list[tuple[int, ...]]:
    """In the order of the queue, words that look alike in one question."""
    return [question.words for question in archive.labels.ask(count, passed)]


def at_random(archive: Archive, count: int, passed: Collection[int]) -> list[tuple[int, ...]]:
    """Any word."""
    words = archive.labels.candidates(passed)
    return [(word.id,) for word in random.Random(count + len(words)).sample(words, min(count, len(words)))]


def least_sure(archive: Archive, count: int, passed: Collection[int]) -> list[tuple[int, ...]]:
    """The word whose best reading is least likely."""
    words = archive.labels.candidates(passed)
    words.sort(key=lambda word: word.readings[0][1] if word.readings else 0.0)
    return [(word.id,) for word in words[:count]]


ORDERS: dict[str, Order] = {
    "random": at_random, "least sure first": least_sure, "queue": by_gain, "queue with look-alikes": together,
}  # fmt: skip


def run(home: Path, truth: Truth, choose: Order, steps: Sequence[int]) -> Iterator[tuple[int, int]]:
    """After so many answers: their number, and how many words are labelled.

    A question is one answer, and one more for every word in it that is not what the first one is.
    """
    passed: set[int] = set()
    with Archive.open(home) as archive:
        answers = labelled = 0
        for step in steps:
            while answers < step:
                said: dict[int, str | None] = {}
                questions = choose(archive, min(50, step - answers), passed)
                for words in questions:
                    text = truth.words[words[0]]
                    same = [word for word in words if terms(truth.words[word]) == terms(text)]
                    if text:
                        said |= dict.fromkeys(same, text)
                    else:
                        passed.update(same)
                    answers += 1 + len(words) - len(same)
                    if answers >= step:
                        break
                if not questions:
                    return
                archive.labels.set_each(said)
                labelled += len(said)
            yield answers, labelled


@contextmanager
def copied(home: Path) -> Iterator[Path]:
    """A copy of the archive to be labelled."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "archive"
        copy.mkdir()
        (copy / "archive.sqlite").write_bytes((home / "archive.sqlite").read_bytes())
        with Archive.open(copy) as archive:
            archive.rebuild_index()
        yield copy


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--photos", type=Path, metavar="ARCHIVE", help="an archive of DATA/photos/dev")
    parser.add_argument("--words", type=int, default=2400, help="words of the test writers")
    parser.add_argument("--queries", type=int, default=300, help="words that are searched for, at most")
    parser.add_argument("--steps", type=int, nargs="+", default=[50, 100, 200, 400])
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        home = asked.photos or Path(folder)
        with Archive.open(home, create=not asked.photos) as archive:
            if asked.photos:
                truth = photographed(archive, asked.data / "photos" / "truth.jsonl")
            else:
                truth = drawn(archive, asked.data, asked.words)
        with copied(home) as copy:
            print(
                f"{len(truth.words)} words, without labels: MAP {precision(copy, truth, asked.queries):.3f}",
                flush=True,
            )
        for name, choose in ORDERS.items():
            with copied(home) as copy:
                for answers, labelled in run(copy, truth, choose, asked.steps):
                    value = precision(copy, truth, asked.queries)
                    print(f"{name}: {answers} answers, {labelled} labels, MAP {value:.3f}", flush=True)


if __name__ == "__main__":
    main()
