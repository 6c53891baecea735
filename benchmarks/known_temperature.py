"""How sure readings may be of what was seen and is likely to be written; for recognizer/decode.py.

    python -m benchmarks.known_temperature ../shared

Drawn words of the held-out writers, with the language that ships. TOGETHER and UNFOUND with the least
cross-entropy of "the first reading is right" are the ones to take; the calibration error stands beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from recognizer import Hypothesis, decode, load, score
from recognizer.calibration import cross_entropy
from recognizer.lessons import validation_set

TEMPERATURES = (1.0, 1.1, 1.2, 1.3)
SHARES = (0.3, 0.1, 0.03, 0.01)


def rates(texts: Sequence[str], first: Sequence[Hypothesis]) -> tuple[float, float, float]:
    """Cross-entropy in nats, calibration error, and what chance alone makes of that."""
    stated = [one.probability for one in first]
    right = [one.text == text for one, text in zip(first, texts, strict=True)]
    return (
        cross_entropy(stated, right),
        score.expected_calibration_error(stated, right),
        score.calibration_error_by_chance(stated),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--words", type=int, default=2000)
    asked = parser.parse_args()
    reader = load("default")
    samples = validation_set(asked.data, reader.alphabet, asked.words)
    lattices = reader.lattices([sample.strip for sample in samples])
    print(f"{reader.id}, {len(samples)} words; in use: {decode.TOGETHER}, {decode.UNFOUND}\n")
    print("| TOGETHER | UNFOUND | cross-entropy | ECE | by chance |\n|---|---|---|---|---|")
    for decode.TOGETHER, decode.UNFOUND in product(TEMPERATURES, SHARES):
        found = decode.n_best_many(lattices, reader.alphabet, 1, language=reader.language)
        values = rates([s.text for s in samples], [one[0] if one else Hypothesis("", 0.0) for one in found])
        print(
            f"| {decode.TOGETHER} | {decode.UNFOUND} | "
            + " | ".join(f"{value:.3f}" for value in values)
            + " |",
            flush=True,
        )


if __name__ == "__main__":
    main()
