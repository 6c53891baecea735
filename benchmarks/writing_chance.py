"""Fits anew how sure one may be that there is writing in a box at all, see indexer/belief.py.

    python -m benchmarks.writing_chance ../shared [--pages 40] [--size 1024]

Finds and reads words on drawn pages, in hands that nothing was trained on, and on the real photos that hold
none; then fits, by what the detector said and what was read, whether a box lies on a word. The constant is
moved to what photos hold that show more than boards (prior correction, King and Zeng 2001).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import detector
import recognizer
from benchmarks.detector_bars import WRITTEN_ON, distractor_photos, first_page, frames
from benchmarks.logistic import fitted
from detector import Box
from indexer.belief import BIAS, FOUND, LETTER, MARKS, SURE, evidence
from indexer.reader import hypotheses
from recognizer.crop import strip
from recognizer.pages import Pages

WRONG = 0.3
"""Share of boxes on photos that hold no word."""

COVERED = 0.3
"""Share of a box that words cover from which it counts as writing."""


Scene = tuple[NDArray[np.uint8], list[Box]]
"""A picture, RGB, and the words on it."""


def scenes(data: Path, pages: int, size: int) -> Iterator[Scene]:
    """Drawn pages, and photos without any writing."""
    draw, rng = Pages(data, "test", size).draw, np.random.default_rng(11)
    for _ in range(pages):
        page = draw(rng)
        yield page.pixels, frames(page)
    for path in distractor_photos(data):
        if path.name not in WRITTEN_ON:
            yield first_page(path).pixels, []


def rows(shown: Iterable[Scene]) -> Iterator[tuple[float, ...]]:
    """What FOUND, SURE, LETTER and MARKS weigh for each box, and whether it lies on a word."""
    finder, reader = detector.load("network"), recognizer.load()
    for pixels, words in shown:
        cover = np.zeros(pixels.shape[:2], np.uint8)
        for box in words:
            cv2.rectangle(cover, (box.x0, box.y0), (box.x1, box.y1), 1, -1)
        found = finder.detect(pixels)
        strips = [strip(pixels, box, reader.height) for box in found]
        for box, texts in zip(found, hypotheses(reader.lattices(strips), reader, 1), strict=True):
            if texts:
                known = evidence(box.chance, texts[0].text, texts[0].probability)
                yield (*known, float(share(cover, box) > COVERED))


def share(cover: NDArray[np.uint8], box: Box) -> float:
    """How much of `box` is covered."""
    return float(cover[box.y0 : box.y1, box.x0 : box.x1].mean())


def main() -> None:
    """Print the weights as fitted and as they are in use."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--size", type=int, default=1024, help="pixels, either way")
    asked = parser.parse_args()
    table = np.array([*rows(scenes(asked.shared, asked.pages, asked.size))])
    known, right = table[:, :-1], table[:, -1] > 0
    weights = fitted(np.c_[np.ones(len(known)), known], right, 1e-2)
    weights[0] += math.log((1 - WRONG) / WRONG) - math.log(right.mean() / (1 - right.mean()))
    print(f"{len(table)} boxes, {1 - right.mean():.1%} not on a word")
    for name, now, then in zip(
        ("BIAS", "FOUND", "SURE", "LETTER", "MARKS"), (BIAS, FOUND, SURE, LETTER, MARKS), weights, strict=True
    ):
        print(f"{name:7} {then:6.2f}  in use {now:6.2f}")


if __name__ == "__main__":
    main()
