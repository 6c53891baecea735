"""The networks against each other: the same drawn words, as many, in the same order, with the same trainer.

    python -m benchmarks.networks ../shared [--words 60000] [--networks crnn light ...] [--runs runs/networks]

Draws the words once into --runs (which git ignores), then trains one network after the other, each with one
thread and the same seed, and prints a table. What was stopped goes on. Times are CPU time, so that other work
on the machine does not count. It is a short training: it tells who learns fast, and little of who ends best.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.recognizer_bars import scanned
from recognizer import Recognizer, Strip, load, score
from recognizer.alphabet import DEFAULT, Alphabet
from recognizer.decode import best_path
from recognizer.frames import fits
from recognizer.lessons import validation_set
from recognizer.model import NETWORKS
from recognizer.plan import Plan
from recognizer.synthesis import Sample, Synthesis
from recognizer.train import learn

HEIGHT = 32


class Kept:
    """Words that were drawn before, one after the other and round again: all networks see the same."""

    def __init__(self, folder: Path, seen: int) -> None:
        self._columns = np.load(folder / "columns.npy", mmap_mode="r")  # sum of widths x height
        self._texts = json.loads((folder / "texts.json").read_text("utf-8"))
        self._ends = np.load(folder / "ends.npy")
        self._next = seen

    @property
    def words(self) -> Mapping[str, int]:
        """None: networks are compared without a language."""
        return {}

    def draw(self, rng: Generator) -> Sample:
        """The next word, whatever the state of `rng`."""
        del rng
        place = self._next % len(self._texts)
        self._next += 1
        columns = self._columns[self._ends[place] : self._ends[place + 1]]
        return Sample((columns.T / 255).astype(np.float32), self._texts[place])


@dataclass(frozen=True)
class Lesson:
    """The words kept in `folder`, and those to measure on."""

    folder: Path
    proof: list[Sample]

    def source(self, _alphabet: Alphabet, seen: int) -> Kept:
        """The words after the first `seen`."""
        return Kept(self.folder, seen)

    def held_out(self, _alphabet: Alphabet) -> list[Sample]:
        """Words of other writers."""
        return self.proof


def keep(data: Path, folder: Path, count: int) -> None:
    """Draw `count` words of the training writers into `folder`, unless they lie there."""
    if (folder / "texts.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    source, rng = Synthesis(data, "train", HEIGHT), np.random.default_rng(5)
    columns: list[NDArray[np.uint8]] = []
    texts: list[str] = []
    while len(texts) < count:
        sample = source.draw(rng)
        if fits(sample, DEFAULT):
            columns.append((sample.strip.T * 255).round().astype(np.uint8))
            texts.append(sample.text)
    np.save(folder / "columns.npy", np.concatenate(columns))
    np.save(folder / "ends.npy", np.cumsum([0, *map(len, columns)]))
    (folder / "texts.json").write_text(json.dumps(texts), "utf-8")


def plan_of(name: str, words: int) -> Plan:
    """The same for every network; small batches, for there are few words."""
    return Plan(
        architecture=name,
        words=words,
        batch=16,
        warm=2000,
        decay=0.4,
        workers=0,
        every=max(16, words // 4),
    )


def training_speed(name: str, lesson: Lesson, words: int = 640) -> float:
    """Words a CPU second, forth, back and the optimizer's step; drawing is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        few = replace(lesson, proof=lesson.proof[:8])
        begun = time.process_time()
        learn(Path(folder), few, replace(plan_of(name, words), every=words))
        return words / (time.process_time() - begun)


def rates(reader: Recognizer, strips: Sequence[Strip], texts: Sequence[str]) -> tuple[float, float, float]:
    """CER and exact words of the best path, both ignoring case; CPU milliseconds of the network a word."""
    reader.lattices(strips[:64])
    begun = time.process_time()
    lattices = reader.lattices(strips)
    spent = 1000 * (time.process_time() - begun) / len(strips)
    read = [best_path(lattice, reader.alphabet).text for lattice in lattices]
    return (
        score.character_error_rate(texts, read, ignore_case=True),
        score.exact(texts, read, ignore_case=True),
        spent,
    )


def row(name: str, weights: Path, data: Path, lesson: Lesson) -> str:
    """One line of the table."""
    reader = load(str(weights))
    size = sum(p.numel() for p in NETWORKS[name](DEFAULT.size).parameters())
    cer, exact, spent = rates(reader, [s.strip for s in lesson.proof], [s.text for s in lesson.proof])
    far = [
        rates(reader, *scanned(data / "handwriting" / kind / "words.jsonl", 1000, HEIGHT))
        for kind in ("iam", "wild")
    ]
    figures = " | ".join(f"{value:.3f}" for value in (cer, exact, far[0][0], far[1][0]))
    return f"| {name} | {size / 1e6:.2f} M | {training_speed(name, lesson):.0f} | {figures} | {spent:.2f} |"


def main() -> None:
    """Train what is not trained yet, then print the table."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("data", type=Path)
    parser.add_argument("--words", type=int, default=60_000)
    parser.add_argument("--networks", nargs="+", choices=[*NETWORKS], default=[*NETWORKS])
    parser.add_argument("--runs", type=Path, default=Path("runs/networks"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kept = asked.runs / f"words-{asked.words}"
    keep(asked.data, kept, asked.words)
    lesson = Lesson(kept, validation_set(asked.data, DEFAULT))
    trained = []
    for name in asked.networks:
        print(f"\n{name}", flush=True)
        trained.append(learn(asked.runs / f"{name}-{asked.words}", lesson, plan_of(name, asked.words)))
    head = ("network", "weights", "learns words/s", "CER drawn", "exact", "CER IAM", "CER wild", "ms a word")
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for name, weights in zip(asked.networks, trained, strict=True):
        print(row(name, weights, asked.data, lesson), flush=True)


if __name__ == "__main__":
    main()
