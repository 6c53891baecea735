"""How long `ocr-search` takes as a whole process, beside `python -c pass`.

    python benchmarks/startup.py [--photos 1000] [--runs 15]

Photos are made up: 40 words each with 4 readings, drawn by a fixed seed from a vocabulary of 50,000 and
garbled like a reader's. Prints wall and CPU seconds, median of the runs.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from search.index import Entry, Index, Word

LETTERS = "etaoinshrdlucmfwypvbgkjqxz"


def vocabulary(rng: random.Random, size: int = 50_000) -> list[str]:
    """Made-up words of 3 to 12 letters, common letters more often."""
    weights = range(len(LETTERS), 0, -1)
    return ["".join(rng.choices(LETTERS, weights, k=rng.randint(3, 12))) for _ in range(size)]


def garbled(word: str, rng: random.Random) -> str:
    """`word` with about one letter in six changed."""
    return "".join(rng.choice(LETTERS) if rng.random() < 0.16 else letter for letter in word)


def photo(number: int, words: list[str], rng: random.Random) -> Entry:
    """One made-up photo."""
    found = []
    for i, word in enumerate(rng.choices(words, k=40)):
        readings = tuple((garbled(word, rng), p) for p in (0.6, 0.2, 0.1, 0.05))
        box = (100 * (i % 8), 60 * (i // 8), 100 * (i % 8) + 90, 60 * (i // 8) + 40)
        found.append(Word(number * 100 + i, box, i // 8, 0.9, readings, b""))
    return Entry(number, (f"/photos/{number:06}.jpg",), 1_700_000_000.0 + number, tuple(found))


def timed(command: list[str], runs: int) -> tuple[float, float]:
    """Median wall and CPU seconds of `command`, its output thrown away."""
    walls, costs = [], []
    for _ in range(runs):
        before, start = os.times(), time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        walls.append(time.perf_counter() - start)
        after = os.times()
        costs.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return statistics.median(walls), statistics.median(costs)


def main() -> None:
    """Build the index, time both commands, print two lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=15)
    asked = parser.parse_args()
    words = vocabulary(random.Random(0))
    with tempfile.TemporaryDirectory() as home:
        index = Index(Path(home) / "index")
        with index.writer() as batch:
            for number in range(1, asked.photos + 1):
                batch.put(photo(number, words, random.Random(number)))
        program = [
            sys.executable,
            "-c",
            "import cli; cli.search_main()",
            "--archive",
            home,
            words[7],
            words[8],
        ]
        for name, command in {
            "python -c pass": [sys.executable, "-c", "pass"],
            "ocr-search": program,
        }.items():
            wall, cost = timed(command, asked.runs)
            print(f"{name:16} wall {wall:.3f} s   CPU {cost:.3f} s   median of {asked.runs}")


if __name__ == "__main__":
    main()
