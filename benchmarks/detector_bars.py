"""How well the detectors find drawn words, how clean the ink masks are, and how fast, beside each other.

    python benchmarks/detector_bars.py ../shared [--pages 60] [--photos ../shared/photos/dev]

Drawn pages are of the test writers, by a fixed seed. A box is right when it overlaps a word not yet found by
an intersection over union of 0.5. Masks are compared pixel by pixel. Times are CPU seconds of one photo.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector import Box, Detector, load
from detector.binarize import Mask, ink, otsu, sauvola, wolf
from recognizer.pages import Page, Pages

Pixels = NDArray[np.uint8]


def frames(page: Page) -> list[Box]:
    """Upright boxes around the words of a drawn page."""
    corners = [(q.min(axis=0), q.max(axis=0)) for q in page.words]
    return [Box(int(a[0]), int(a[1]), int(b[0]) + 1, int(b[1]) + 1) for a, b in corners]


def iou(a: Box, b: Box) -> float:
    """Intersection over union."""
    wide, tall = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    both = max(0, wide) * max(0, tall)
    areas = (a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0)
    return both / max(1, areas - both)


def right(found: Sequence[Box], true: Sequence[Box]) -> int:
    """How many of `found` are words, each word counted once, best overlaps first."""
    pairs = sorted(((iou(f, t), i, j) for i, f in enumerate(found) for j, t in enumerate(true)), reverse=True)
    used_found: set[int] = set()
    used_true: set[int] = set()
    for overlap, i, j in pairs:
        if overlap >= 0.5 and i not in used_found and j not in used_true:
            used_found.add(i)
            used_true.add(j)
    return len(used_true)


def f_measure(hits: float, claimed: float, true: float) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean."""
    precision, recall = hits / max(1, claimed), hits / max(1, true)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def grey(pixels: Pixels) -> Pixels:
    """RGB to grey."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def masks() -> dict[str, Callable[[Pixels], Mask]]:
    """The ways to make an ink mask, by name."""
    return {
        "ink": ink,
        "Otsu": lambda p: otsu(grey(p)),
        "Sauvola": lambda p: sauvola(grey(p)),
        "Wolf": lambda p: wolf(grey(p)),
    }


def judge_masks(pages: Sequence[Page]) -> None:
    """One line a method."""
    for name, method in masks().items():
        hits = claimed = true = 0
        for page in pages:
            mask, truth = method(page.pixels), page.mask > 127
            hits, claimed, true = (
                hits + int((mask & truth).sum()),
                claimed + int(mask.sum()),
                true + int(truth.sum()),
            )
        precision, recall, f = f_measure(hits, claimed, true)
        print(f"mask  {name:12} precision {precision:.3f}  recall {recall:.3f}  F {f:.3f}")


def judge_boxes(name: str, detector: Detector, pages: Sequence[Page]) -> None:
    """One line a detector."""
    hits = claimed = true = 0
    for page in pages:
        found, words = detector.detect(page.pixels), frames(page)
        hits, claimed, true = hits + right(found, words), claimed + len(found), true + len(words)
    precision, recall, f = f_measure(hits, claimed, true)
    print(f"boxes {name:12} precision {precision:.3f}  recall {recall:.3f}  F {f:.3f}")


def judge_speed(name: str, detector: Detector, photos: Sequence[Path]) -> None:
    """Median and worst CPU time over real photos, and boxes on each."""
    seconds, boxes = [], []
    for path in photos:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB)
        begun = time.process_time()
        boxes.append(len(detector.detect(np.asarray(pixels, np.uint8))))
        seconds.append(time.process_time() - begun)
    print(
        f"speed {name:12} median {np.median(seconds):.2f} s  worst {max(seconds):.2f} s  "
        f"boxes {np.mean(boxes):.0f}"
    )


def main() -> None:
    """Print all bars."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--photos", type=Path)
    given = parser.parse_args()
    draw, rng = Pages(given.data, "test").draw, np.random.default_rng(7)
    pages = [draw(rng) for _ in range(given.pages)]
    judge_masks(pages)
    for name in ("components", "network"):
        detector = load(name)
        judge_boxes(name, detector, pages)
        if given.photos:
            judge_speed(name, detector, sorted(given.photos.glob("*.jpg")))


if __name__ == "__main__":
    main()
