"""How well the recognizer reads hands it has never seen, how fast, and what keeping its lattices costs.

    python -m benchmarks.recognizer_bars ../shared [--weights FILE] [--words 1000]

One line a set: the UNIPEN test writers, drawn as photos by a fixed seed, and in plain ink on paper, which
tells what of the errors the hands are to blame for, and what the photos; IAM words; words from scans and
phones; whole lines of IAM, read at once without being cut into words. Case is ignored where a column says so.
The first columns are the network's own readings, without any list of words; `known` repeats four of them with
what the weights file knows of words, as photos are read.

first, of 5      the true text is the first reading, or among five (ignoring case)
network, alone   CPU milliseconds of the network a crop, many at once, and one by one
decoding         CPU milliseconds of five readings with their probabilities, many at once
bytes, moved     of a packed lattice; how far ln P(text) moves, mean over texts with P > 0.01
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from detector.weights import shipped
from recognizer import Hypothesis, Lattice, Recognizer, Strip, load, score
from recognizer.alphabet import Alphabet
from recognizer.crop import contrast, resize
from recognizer.datasets import loaded, open_dataset
from recognizer.decode import log_probabilities, log_probability, n_best_many, pack
from recognizer.lessons import validation_set

DRAWN = {"UNIPEN test writers, drawn": False, "the same writers, ink on paper": True}
"""Name of a set -> whether its words are drawn plainly."""

SCANS = {
    "iam/words.jsonl": "IAM test words",
    "iam_official/words.jsonl": "IAM as published",
    "wild/words.jsonl": "scans and phone photos",
    "iam/lines.jsonl": "IAM test lines, whole",
}

ALONE = 100
"""Crops that are read one by one."""


def scanned(listed: Path, count: int, height: int) -> tuple[list[Strip], list[str]]:
    """Strips and texts of up to `count` images in a list; broken ones are left out."""
    found = [*loaded(islice(open_dataset(listed), count), print)]
    return [contrast(resize(pixels, height)) for _, pixels in found], [one.text for one, _ in found]


def sets(data: Path, reader: Recognizer, count: int) -> Iterator[tuple[str, list[Strip], list[str]]]:
    """Name, strips and true texts of every set."""
    for name, plain in DRAWN.items():
        drawn = validation_set(data, reader.alphabet, count, "test", plain)
        yield name, [s.strip for s in drawn], [s.text for s in drawn]
    for listed, name in SCANS.items():
        yield name, *scanned(data / "handwriting" / listed, count, reader.height)


def row_of(reader: Recognizer, strips: list[Strip], texts: list[str]) -> dict[str, float]:
    """The columns of one set."""
    begun = time.process_time()
    lattices = reader.lattices(strips)
    seen = time.process_time()
    found = n_best_many(lattices, reader.alphabet, 5)
    done = time.process_time()
    for strip in strips[:ALONE]:
        reader.lattices([strip])
    alone = time.process_time()
    return {
        "texts": len(texts),
        **rates(texts, found),
        **known(reader, texts, lattices),
        "network": 1000 * (seen - begun) / len(texts),
        "alone": 1000 * (alone - done) / len(texts[:ALONE]),
        "decoding": 1000 * (done - seen) / len(texts),
        **packing(
            reader.alphabet,
            lattices,
            [[t, *(h.text for h in hs)] for t, hs in zip(texts, found, strict=True)],
        ),
    }


def rates(texts: list[str], found: list[list[Hypothesis]]) -> dict[str, float]:
    """Error rates and calibration."""
    first = [h[0].text if h else "" for h in found]
    stated = [h[0].probability if h else 0.0 for h in found]
    counted = score.scores(texts, first)
    return {
        "CER": counted.cer,
        "CER no case": counted.cer_ignoring_case,
        "WER no case": score.word_error_rate(texts, first, ignore_case=True),
        "first": counted.exact_ignoring_case,
        "of 5": score.among(texts, [[h.text for h in hs] for hs in found], ignore_case=True),
        "ECE": score.expected_calibration_error(stated, [a == b for a, b in zip(texts, first, strict=True)]),
        "by chance": score.calibration_error_by_chance(stated),
    }


def known(reader: Recognizer, texts: list[str], lattices: list[Lattice]) -> dict[str, float]:
    """Error rates and calibration of what photos are read as."""
    found = rates(texts, n_best_many(lattices, reader.alphabet, 5, language=reader.language))
    return {f"known: {name}": found[name] for name in ("CER no case", "first", "of 5", "ECE", "by chance")}


def packing(alphabet: Alphabet, lattices: list[Lattice], texts: list[list[str]]) -> dict[str, float]:
    """Mean bytes of a packed lattice, and what packing does to likely texts."""
    packed, moved = [pack(one) for one in lattices], [0.0]
    for whole, small, some in zip(lattices, packed, texts, strict=True):
        for labels in (alphabet.encode(text) for text in set(some) if alphabet.can_encode(text)):
            before = log_probability(whole, labels)
            if before > math.log(0.01):
                moved.append(abs(float(log_probabilities([small], labels)[0]) - before))
    return {"bytes": float(np.mean([len(one) for one in packed])), "moved": float(np.mean(moved))}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", default="default")
    parser.add_argument("--words", type=int, default=1000, help="words of each set, at most")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    reader = load(asked.weights)
    path = shipped("recognizer") if asked.weights == "default" else Path(asked.weights)
    print(f"{reader.id}, {path.stat().st_size / 1e6:.1f} MB; one thread\n")
    for place, (name, strips, texts) in enumerate(sets(asked.data, reader, asked.words)):
        row = row_of(reader, strips, texts)
        if not place:
            print("| set | " + " | ".join(row) + " |\n|" + "---|" * (len(row) + 1))
        print(
            f"| {name} | " + " | ".join(f"{v:.3f}" if v < 20 else f"{v:.0f}" for v in row.values()) + " |",
            flush=True,
        )


if __name__ == "__main__":
    main()
