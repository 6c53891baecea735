"""What search costs in a large archive: building, disk, adding one photo, starting, answering.

    python benchmarks/search_scale.py 1000 10000 100000 --folder /tmp/scale

Photos are made up: 40 words each, drawn by Zipf's law from 50,000 made-up words, four readings a word (the
first right for 58 %), misread along our confusions, each with a lattice from a pool that puts the same doubts
into frames. CPU time, one thread; medians.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import search
from recognizer import Lattice
from recognizer.alphabet import DEFAULT
from recognizer.decode import pack
from search.fuzzy import cost
from search.index import Entry, Index, Word

WORDS, READINGS, POOL, VOCABULARY = 40, 4, 20_000, 50_000
CONSONANTS, VOWELS = "bcdfghklmnprstvw", "aeiou"


@dataclass(frozen=True)
class Seen:
    """A written word as the recognizer may have seen it."""

    readings: tuple[tuple[str, float], ...]
    lattice: bytes


class Maker:
    """Makes photos; the same seed makes the same."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.vocabulary = [self._word() for _ in range(VOCABULARY)]
        rank = np.arange(1, VOCABULARY + 1)
        self._weights = np.cumsum(1 / rank).tolist()
        self._pool = [self._seen() for _ in range(POOL)]

    def photo(self, number: int) -> Entry:
        """A photo of 40 words; a third of its words are misread in a way of their own."""
        words = []
        for place in range(WORDS):
            seen = self._pool[self._random.randrange(POOL)]
            readings = seen.readings
            if self._random.random() < 0.35:
                first, chance = readings[0]
                readings = ((self._misread(first), chance), *readings[1:])
            x, y = 100 * (place % 8), 100 * (place // 8)
            box = (x, y, x + 80, y + 40)
            words.append(Word(WORDS * number + place, box, y, 0.95, readings, seen.lattice))
        path = f"/photos/{number % 100}/{number}.jpg"
        return Entry(number, (path,), 1.6e9 + number, tuple(words), 1, DEFAULT.characters)

    def _word(self) -> str:
        parts = self._random.choice((2, 2, 3, 3, 4))
        syllables = (self._random.choice(CONSONANTS) + self._random.choice(VOWELS) for _ in range(parts))
        end: str = self._random.choice((*CONSONANTS, "", ""))
        return "".join(syllables) + end

    def _seen(self) -> Seen:
        true: str = self._random.choices(self.vocabulary, cum_weights=self._weights)[0]
        texts = [true if self._random.random() < 0.58 else self._misread(true)]
        while len(texts) < READINGS:
            texts.append(self._misread(true))
        return Seen(tuple((text, 0.5 / 2**n) for n, text in enumerate(texts)), self._lattice(true, texts[0]))

    def _misread(self, word: str) -> str:
        letters = list(word)
        for _ in range(1 + (self._random.random() < 0.4)):
            place = self._random.randrange(len(letters))
            letters[place] = min(
                self._random.sample(CONSONANTS + VOWELS, 4), key=lambda c: cost(letters[place], c)
            )
        return "".join(letters)

    def _lattice(self, true: str, read: str) -> bytes:
        """Two frames a letter and one or two blanks after it; what is not read keeps a share."""
        rows = []
        for wanted, seen in zip(true, read, strict=True):
            row = np.full(DEFAULT.size, 2e-4)
            for character in self._random.sample(CONSONANTS + VOWELS, 3):
                row[DEFAULT.encode(character)[0]] += self._random.random() * 0.1
            row[DEFAULT.encode(wanted)[0]] += 0.3
            row[DEFAULT.encode(seen)[0]] += 0.6
            blank = np.full(DEFAULT.size, 1e-5)
            blank[0] = 1.0
            rows += [row, row, blank, blank]
        log_probs = np.log(np.array(rows) / np.sum(rows, axis=1, keepdims=True))
        return pack(Lattice(log_probs.astype(np.float32)))


def build(home: Path, maker: Maker, count: int, batch: int = 500) -> float:
    """CPU seconds to index `count` photos, in commits of `batch`."""
    spent = 0.0
    for first in range(0, count, batch):
        photos = [maker.photo(n) for n in range(first, min(count, first + batch))]
        begun = time.process_time()
        with Index(home / "index").writer() as writer:
            for photo in photos:
                writer.put(photo)
        spent += time.process_time() - begun
    return spent


def adding(home: Path, maker: Maker, first: int) -> Iterator[float]:
    """CPU milliseconds to add one photo durably, 20 times."""
    for number in range(first, first + 20):
        photo = maker.photo(number)
        begun = time.process_time()
        with Index(home / "index").writer() as writer:
            writer.put(photo)
        yield 1000 * (time.process_time() - begun)


def answering(home: Path, queries: list[str]) -> Iterator[float]:
    """CPU milliseconds of each query in a process that is warm."""
    searcher = search.open(home)
    for query in queries[:5]:
        searcher.find(query)
    for query in queries[5:]:
        begun = time.process_time()
        searcher.find(query)
        yield 1000 * (time.process_time() - begun)


def starting(home: Path, query: str) -> Iterator[float]:
    """CPU seconds of whole `ocr-search` processes."""
    command = [str(Path(sys.executable).with_name("ocr-search")), "--archive", str(home), query]
    for _ in range(7):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=False, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        yield after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(folder: Path, count: int, kept: bool, say: Callable[[str], None] = print) -> None:
    """One row of the table; of an archive that was built before, if it is `kept`."""
    home, maker = folder / str(count), Maker()
    spent = 0.0
    if not kept:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        spent = build(home, maker, count)
    disk = sum(f.stat().st_size for f in (home / "index").iterdir()) / 2**20
    added = statistics.median(adding(home, maker, count))
    ask = random.Random(2)
    one = [ask.choice(maker.vocabulary) for _ in range(105)]
    two = [" ".join(ask.sample(maker.vocabulary, 2)) for _ in range(55)]
    warm, pairs = sorted(answering(home, one)), sorted(answering(home, two))
    process = statistics.median(starting(home, one[0]))
    built = f"{count / spent:.0f}" if spent else ""
    say(
        f"| {count:,} | {built} | {disk:.0f} | {added:.0f} | {statistics.median(warm):.0f} / "
        f"{warm[int(0.95 * len(warm))]:.0f} | {statistics.median(pairs):.0f} | {process:.2f} |"
    )


def main() -> None:
    """Print the table."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("photos", type=int, nargs="+")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kept", action="store_true", help="measure the archives that lie there")
    asked = parser.parse_args()
    print(
        "| photos | photos per CPU s | disk MB | add one ms | one word ms, median / 95 % | two | process s |"
    )
    print("|---|---|---|---|---|---|---|")
    for count in asked.photos:
        measure(asked.folder, count, asked.kept)


if __name__ == "__main__":
    main()
