"""How the chance that search states is made from log-probabilities: fitted, and how true it comes.

    python -m benchmarks.search_calibration ARCHIVE ../shared

Asks for true words of four letters or more, for as many English words that stand on no photo, and for as many
with their letters shuffled. Half of the photos
fit the four constants of `search/rank.py`, the other half tells how often a stated chance is right; both ways
round.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import search
from benchmarks import logistic
from benchmarks.ranking import absent_words
from recognizer.score import expected_calibration_error, reliability
from search.query import Term
from search.rank import LEAST_LIKELY, LENGTH, LEVEL, LONGEST, ROOT, SLOPE, find_term
from search.words import terms


def truth_of(path: Path) -> dict[str, set[str]]:
    """Name of each photo -> the words that stand on it; doubtful ones are left out of both sides."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return {row["image"]: {t for one in row["lines"] for t in terms(one["text"])} for row in rows}


def shuffled(word: str, rng: random.Random) -> str:
    """Another word with the same letters."""
    letters = list(word)
    rng.shuffle(letters)
    return "".join(letters)


def evidence(archive: Path, shared: Path, count: int) -> NDArray[np.float64]:
    """Rows of log-probability, letters, whether the word is there, and number of the photo."""
    searcher, rng = search.open(archive), random.Random(1)
    truth = truth_of(shared / "photos" / "truth.jsonl")
    there = sorted({t for found in truth.values() for t in found if len(t) >= 4 and not t.isdigit()})
    absent = [w for w in (shuffled(t, rng) for t in there) if not any(w in f for f in truth.values())]
    there, absent = (rng.sample(some, min(count, len(some))) for some in (there, absent))
    names = {name: number for number, name in enumerate(sorted(truth))}
    rows = []
    for word in [*there, *absent, *absent_words(shared, count)]:
        for number, found in find_term(Term(word), searcher.snapshot).items():
            name = Path(searcher.snapshot.entry(number).paths[0]).name
            if name in names:
                rows.append((found.log_probability, len(word), word in truth[name], names[name]))
    return np.array(rows, np.float64)


def inputs(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the odds are made of: 1, the root of the loss per letter, the loss per letter, the letters."""
    loss = np.clip(-rows[:, 0] / rows[:, 1], 0, LEAST_LIKELY)
    return np.stack([np.ones(len(rows)), np.sqrt(loss), loss, np.minimum(rows[:, 1], LONGEST)], axis=1)


def fitted(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """LEVEL, ROOT, SLOPE and LENGTH."""
    return logistic.fitted(inputs(rows), rows[:, 2], 1e-3)


def table(rows: NDArray[np.float64], weights: NDArray[np.float64]) -> str:
    """How often chances in each tenth come true, and the calibration error of those above a twentieth."""
    chances = 1 / (1 + np.exp(-inputs(rows) @ weights))
    right, told = rows[:, 2] > 0, chances >= 0.05
    error = expected_calibration_error(chances[told].tolist(), right[told].tolist())
    bins = reliability(chances[told].tolist(), right[told].tolist())
    seen = "  ".join(f"{b.stated:.2f}:{b.right:.2f} ({b.count})" for b in bins if b.count)
    return f"calibration error {error:.3f}; stated:right (places) {seen}"


def main() -> None:
    """Print the constants and the errors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--words", type=int, default=400, help="true words, and as many of each other kind")
    asked = parser.parse_args()
    rows = evidence(asked.archive, asked.shared, asked.words)
    print(f"{len(rows)} places, {int(rows[:, 2].sum())} right")
    print("all photos: LEVEL {:.2f}, ROOT {:.2f}, SLOPE {:.2f}, LENGTH {:.3f}".format(*fitted(rows)))
    for half in (0, 1):
        mine = rows[:, 3] % 2 == half
        print(f"fitted on half {half}, on the other half: {table(rows[~mine], fitted(rows[mine]))}")
    print(f"as search states it now: {table(rows, np.array([LEVEL, ROOT, SLOPE, LENGTH]))}")


if __name__ == "__main__":
    main()
