"""What a person gains by labelling some of their own words: the loop, on writers that nothing was trained on.

    python benchmarks/own_hand.py ../shared [--writers 10] [--labels 50 200]

For each writer of UNIPEN's test contributors with enough words: draws them as photos, labels some, goes on
from the weights that ship with these labels and drawn words of others in turn, and reads the writer's other
words and words of all other test writers, before and after.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.weights import shipped
from recognizer import load, score
from recognizer.evaluation import first_texts
from recognizer.practice import Crop, Practice
from recognizer.synthesis import Sample, Synthesis
from recognizer.train import TUNING, fits, tune

OTHERS, OWN = 300, 150


@dataclass(frozen=True)
class Outcome:
    """Shares of words read wrong and character error rates, before and after; minutes."""

    own_before: tuple[float, float]
    own_after: tuple[float, float]
    others_before: tuple[float, float]
    others_after: tuple[float, float]
    minutes: float


def drawn(words: Synthesis, numbers: list[int], most: int, seed: int) -> list[Sample]:
    """Up to `most` of the words `numbers`, each drawn once."""
    rng, found = np.random.default_rng(seed), []
    alphabet = load("default").alphabet
    for number in numbers:
        sample = words.draw_word(number, rng)
        if sample and fits(sample, alphabet):
            found.append(sample)
        if len(found) == most:
            break
    return found


def wrong(weights: str, samples: list[Sample]) -> tuple[float, float]:
    """Share of words read wrong, and character error rate; case counts."""
    read = first_texts(load(weights), [s.strip for s in samples])
    truth = [s.text for s in samples]
    return 1 - score.exact(truth, read), score.character_error_rate(truth, read)


def crops(samples: list[Sample]) -> list[Crop]:
    """Strips as the grey pictures that they were."""
    return [Crop((255 * (1 - s.strip.clip(0, 1))).astype(np.uint8), s.text) for s in samples]


def learn(general: Synthesis, labelled: list[Sample], folder: Path) -> tuple[Path, float]:
    """The weights after learning `labelled`, and the minutes that took."""
    held = labelled[::5]
    kept = [sample for number, sample in enumerate(labelled) if number % 5]
    begun = time.monotonic()
    practice = Practice(crops(kept), general, TUNING.share, 32)
    made = tune(folder, shipped("recognizer"), practice, held, TUNING.plan(len(labelled)))
    return made, (time.monotonic() - begun) / 60


def main() -> None:
    """Print a row for each number of labels, and one for each writer."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--writers", type=int, default=10)
    parser.add_argument("--labels", type=int, nargs="+", default=[50, 200])
    asked = parser.parse_args()
    test, general = Synthesis(asked.shared, "test"), Synthesis(asked.shared, "train")
    by_writer = test.by_writer
    most = max(asked.labels)
    many = sorted(w for w, numbers in by_writer.items() if len(numbers) >= most + 100)[: asked.writers]
    rng = np.random.default_rng(4)
    for count in asked.labels:
        outcomes = []
        for writer in many:
            numbers = rng.permutation(by_writer[writer]).tolist()
            others = [n for w, some in by_writer.items() if w != writer for n in some]
            own = drawn(test, numbers[count:], OWN, 1)
            rest = drawn(test, rng.permutation(others).tolist(), OTHERS, 2)
            before = wrong("default", own), wrong("default", rest)
            with tempfile.TemporaryDirectory() as folder:
                labelled = drawn(test, numbers[:count], count, 3)
                made, minutes = learn(general, labelled, Path(folder) / "run")
                after = wrong(str(made), own), wrong(str(made), rest)
            outcomes.append(Outcome(before[0], after[0], before[1], after[1], minutes))
            print(f"{count} labels, {outcomes[-1]}", flush=True)
        print(row(count, outcomes), flush=True)


def row(count: int, outcomes: list[Outcome]) -> str:
    """Means over the writers, in percent."""
    own = [
        statistics.mean(getattr(o, name)[k] for o in outcomes)
        for name in ("own_before", "own_after")
        for k in (0, 1)
    ]
    rest = [
        statistics.mean(getattr(o, name)[k] for o in outcomes)
        for name in ("others_before", "others_after")
        for k in (0, 1)
    ]
    minutes = statistics.median(o.minutes for o in outcomes)
    return (
        f"| {count} | {own[0]:.1%} to {own[2]:.1%} | {own[1]:.3f} to {own[3]:.3f} "
        f"| {rest[0]:.1%} to {rest[2]:.1%} | {rest[1]:.3f} to {rest[3]:.3f} | {minutes:.1f} |"
    )


if __name__ == "__main__":
    main()
