"""How the chance that search states is made from log-probabilities: fitted, and how true it comes.

    python benchmarks/search_calibration.py ARCHIVE ../shared/photos/truth.jsonl

Asks for every true word of four letters or more, on every photo of the archive, and for as many words that
stand on none of them. Half of the photos fit the three constants of `search/rank.py`, the other half tells
how often a stated chance is right; both ways round.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import search
from recognizer.score import expected_calibration_error
from search.query import Term
from search.rank import chance_of, find_term
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


def evidence(archive: Path, truth: dict[str, set[str]]) -> NDArray[np.float64]:
    """Rows of log-probability, letters, whether the word is there, and number of the photo."""
    searcher, rng = search.open(archive), random.Random(1)
    there = sorted({t for found in truth.values() for t in found if len(t) >= 4 and not t.isdigit()})
    absent = [w for w in (shuffled(t, rng) for t in there) if not any(w in f for f in truth.values())]
    names = {name: number for number, name in enumerate(sorted(truth))}
    rows = []
    for word in [*there, *absent]:
        for number, found in find_term(Term(word), searcher.snapshot).items():
            name = Path(searcher.snapshot.entry(number).paths[0]).name
            if name in names:
                rows.append((found.log_probability, len(word), word in truth[name], names[name]))
    return np.array(rows, np.float64)


def fitted(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level, weight per letter and weight of the whole: logistic regression by Newton's method."""
    inputs = np.stack([np.ones(len(rows)), rows[:, 0] / rows[:, 1], rows[:, 0]], axis=1)
    weights = np.zeros(3)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (rows[:, 2] - chance) - 1e-3 * weights
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + 1e-3 * np.eye(3)
        weights += np.linalg.solve(curve, slope)
    return weights


def error(rows: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Expected calibration error of the chances that `weights` state."""
    odds = weights[0] + weights[1] * rows[:, 0] / rows[:, 1] + weights[2] * rows[:, 0]
    chances = 1 / (1 + np.exp(-odds))
    return expected_calibration_error(chances.tolist(), (rows[:, 2] > 0).tolist())


def main() -> None:
    """Print the constants and the errors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path)
    parser.add_argument("truth", type=Path)
    asked = parser.parse_args()
    rows = evidence(asked.archive, truth_of(asked.truth))
    print(f"{len(rows)} places, {int(rows[:, 2].sum())} right")
    print("all photos: LEVEL {:.2f}, PER_LETTER {:.2f}, PER_WORD {:.3f}".format(*fitted(rows)))
    for half in (0, 1):
        mine = rows[:, 3] % 2 == half
        weights = fitted(rows[mine])
        missed = error(rows[~mine], weights)
        print(f"half {half}: {np.round(weights, 3)}, calibration error on the other half {missed:.3f}")
    present = [chance_of(s, int(n)) for s, n in rows[:, :2]]
    print(f"as search states it now: {expected_calibration_error(present, (rows[:, 2] > 0).tolist()):.3f}")


if __name__ == "__main__":
    main()
