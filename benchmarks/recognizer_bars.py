"""How well the recognizer reads hands it has never seen, and how fast.

    python benchmarks/recognizer_bars.py ../shared [--weights FILE] [--words 1000]

One line a set: the UNIPEN test writers, drawn as photos by a fixed seed; IAM words; words from scans and
phones. Case is ignored where a column says so; no word list is used.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from recognizer import Recognizer, Strip, load, score
from recognizer.crop import contrast, resize
from recognizer.decode import n_best_many
from recognizer.train import validation_set

SCANS = {"iam": "IAM test words", "iam_official": "IAM as published", "wild": "scans and phone photos"}


def scanned(folder: Path, count: int, height: int) -> tuple[list[Strip], list[str]]:
    """Strips and texts of the words below `folder`; broken images are left out."""
    strips, texts = [], []
    for line in (folder / "words.jsonl").read_text("utf-8").splitlines()[:count]:
        row = json.loads(line)
        picture = cv2.imdecode(np.fromfile(folder / row["image"], np.uint8), cv2.IMREAD_COLOR_RGB)
        if picture is not None:
            strips.append(contrast(resize(np.asarray(picture, np.uint8), height)))
            texts.append(row["text"])
    return strips, texts


def sets(data: Path, reader: Recognizer, count: int) -> Iterator[tuple[str, list[Strip], list[str]]]:
    """Name, strips and true texts of every set."""
    drawn = validation_set(data, reader.alphabet, count, "test")
    yield "UNIPEN test writers, drawn", [s.strip for s in drawn], [s.text for s in drawn]
    for folder, name in SCANS.items():
        yield name, *scanned(data / "handwriting" / folder, count, reader.height)


def row_of(reader: Recognizer, strips: list[Strip], texts: list[str]) -> dict[str, float]:
    """Error rates, calibration and milliseconds a word of one set."""
    begun = time.perf_counter()
    lattices = reader.lattices(strips)
    seen = time.perf_counter()
    found = n_best_many(lattices, reader.alphabet, 5)
    done = time.perf_counter()
    first = [h[0].text if h else "" for h in found]
    rates = score.scores(texts, first)
    right = [a == b for a, b in zip(texts, first, strict=True)]
    sure = [h[0].probability if h else 0.0 for h in found]
    return {
        "words": len(texts),
        "CER": rates.cer,
        "CER no case": rates.cer_ignoring_case,
        "exact no case": rates.exact_ignoring_case,
        "among 5": score.among(texts, [[h.text for h in hs] for hs in found], ignore_case=True),
        "ECE": score.expected_calibration_error(sure, right),
        "network ms": 1000 * (seen - begun) / len(texts),
        "decoding ms": 1000 * (done - seen) / len(texts),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", default="default")
    parser.add_argument("--words", type=int, default=1000, help="words of each set, at most")
    asked = parser.parse_args()
    reader = load(asked.weights)
    print(f"{reader.id}\n")
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
