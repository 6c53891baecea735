"""What decoding costs, what packing a lattice costs, and what a language model brings.

    python benchmarks/decode_speed.py ../shared/handwriting/iam [--count 600] [--weights FILE]
                                      [--learn ../shared/handwriting/unipen/words.jsonl]

CPU milliseconds of one thread. Packing is judged by ln P(text) of every reading and of the true text, scored
in the packed lattice and in the whole one. With --learn, the labels of that list teach a character model and
a word list; both are measured on and off.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from recognizer import LANGUAGES, Hypothesis, Lattice, load
from recognizer.alphabet import Alphabet
from recognizer.crop import contrast, resize
from recognizer.datasets import loaded, open_dataset
from recognizer.decode import (
    best_path,
    log_occurrences,
    log_probabilities,
    log_probability,
    n_best,
    n_best_many,
    pack,
    unpack,
)
from recognizer.ink import split_of
from recognizer.language import Language, LanguageModel
from recognizer.score import among, character_error_rate, exact
from recognizer.tongues import common_words

Result = TypeVar("Result")


def timed(name: str, of: int, work: Callable[[], Result]) -> Result:
    """Print CPU milliseconds of `work`, divided by `of`."""
    begun = time.process_time()
    result = work()
    print(f"{name:44s} {1000 * (time.process_time() - begun) / of:8.3f} ms", flush=True)
    return result


def read(path: Path, count: int, weights: str) -> tuple[Alphabet, list[Lattice], list[str]]:
    """Lattices of up to `count` words, with their true texts."""
    recognizer = load(weights)
    samples = list(islice(loaded(open_dataset(path), print), count))
    strips = [contrast(resize(pixels, recognizer.height)) for _, pixels in samples]
    lattices = recognizer.lattices(strips)
    return recognizer.alphabet, lattices, [sample.text for sample, _ in samples]


def speeds(alphabet: Alphabet, lattices: Sequence[Lattice]) -> list[list[Hypothesis]]:
    """Time each verb; the readings."""
    count, few = len(lattices), lattices[:100]
    frames = np.mean([len(o.log_probs) for o in lattices])
    print(f"{count} words, {frames:.0f} frames, {alphabet.size} classes\n")
    timed("best path with its probability", len(few), lambda: [best_path(o, alphabet) for o in few])
    timed("five best, one by one", len(few), lambda: [n_best(o, alphabet) for o in few])
    readings = timed("five best, all at once", count, lambda: n_best_many(lattices, alphabet))
    packed = timed("pack", count, lambda: [pack(o) for o in lattices])
    timed("unpack", count, lambda: [unpack(p) for p in packed])
    word, apart = alphabet.variants("meeting"), alphabet.encode(" .,-")
    many = (packed * (4000 // count + 1))[:4000]
    timed("P(typed word), 1,000 packed lattices", 4, lambda: log_probabilities(many, word))
    timed("P(it occurs), 1,000 packed lattices", 4, lambda: log_occurrences(many, word, apart))
    return readings


def packing(alphabet: Alphabet, lattices: Sequence[Lattice], texts: Sequence[list[str]]) -> None:
    """What the packed lattices weigh, and how far the probabilities of `texts` move."""
    packed = [pack(o) for o in lattices]
    print(f"\npacked: {np.mean([len(p) for p in packed]):.0f} bytes a word")
    moved = []
    for whole, small, some in zip(lattices, packed, texts, strict=True):
        for labels in (alphabet.encode(text) for text in some if alphabet.can_encode(text)):
            moved.append((log_probability(whole, labels), log_probabilities([small], labels)[0]))
    before, after = np.array(moved).T
    for least in (1e-2, 1e-4, 1e-6):
        off = np.abs(after - before)[before > math.log(least)]
        print(
            f"  texts with P > {least:g}: {len(off)}, |change of ln P| mean {off.mean():.3f}, "
            f"95 of 100 under {np.quantile(off, 0.95):.3f}, largest {off.max():.2f}"
        )


def languages(path: Path) -> Iterator[tuple[str, LanguageModel | None]]:
    """No language, and those learned from the labels in `path`."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    labels = Counter(row["label"] for row in rows if split_of(row["contrib"], row["writer"]) == "train")
    yield "no language", None
    yield "word list, single characters", Language(labels, order=1)
    yield "character n-grams alone", Language(labels, listed=0)
    for weight in (0.25, 0.5, 1.0):
        yield f"both, weight {weight}", Language(labels, weight=weight)
    yield "both, and common words", Language(labels, common=common_words(LANGUAGES))


def compare(alphabet: Alphabet, lattices: Sequence[Lattice], truth: list[str], path: Path) -> None:
    """Print what each language brings, ignoring case."""
    print(f"\n{'':44s} {'CER':>6s} {'first':>6s} {'of 5':>6s}")
    for name, language in languages(path):
        n_best_many(lattices[:1], alphabet, 5, 32, language)  # the trie of its words is made once
        begun = time.process_time()
        found = n_best_many(lattices, alphabet, 5, 32, language)
        read = [[h.text for h in readings] for readings in found]
        spent = 1000 * (time.process_time() - begun) / len(lattices)
        first = [texts[0] for texts in read]
        rates = (
            character_error_rate(truth, first, ignore_case=True),
            exact(truth, first, ignore_case=True),
            among(truth, read, ignore_case=True),
        )
        print(f"{name:44s} {' '.join(f'{rate:6.3f}' for rate in rates)} {spent:8.3f} ms", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--weights", default="default")
    parser.add_argument("--learn", type=Path)
    asked = parser.parse_args()
    alphabet, lattices, truth = read(asked.data, asked.count, asked.weights)
    readings = speeds(alphabet, lattices)
    texts = [[t, *(h.text for h in r if h.text != t)] for t, r in zip(truth, readings, strict=True)]
    packing(alphabet, lattices, texts)
    if asked.learn:
        compare(alphabet, lattices, truth, asked.learn)


if __name__ == "__main__":
    main()
