"""Drawn pages, and beside each what the detector sees on it: the pictures of docs/detector.md.

python -m benchmarks.detector_pictures ../shared docs
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector import Detector, load
from detector.looks import SEEN
from indexer.picture import Mark, draw
from recognizer.pages import Pages

SHOWN = (16, 12, 14)
"""Which of the pages drawn by the fixed seed."""

SIDE = 512
"""Of a page, pixels."""

LARGER = 1.5
"""Times which a page is shown larger than it is."""


def shown(detector: Detector, pixels: NDArray[np.uint8]) -> Image.Image:
    """The page, and beside it the page with ink, boxes and order; looked at in its own size."""
    room = SEEN - SIDE
    wall = np.asarray(cv2.copyMakeBorder(pixels, 0, room, 0, room, cv2.BORDER_REPLICATE), np.uint8)
    ink = detector.mask(wall)[:SIDE, :SIDE].astype(np.uint8)
    boxes = [box for box in detector.detect(wall) if box.x0 < SIDE and box.y0 < SIDE]
    marks = [Mark((b.x0, b.y0, b.x1, b.y1), "", b.chance, b.line, b.angle) for b in boxes]
    side = round(SIDE * LARGER)
    page = np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    large_ink = np.asarray(cv2.resize(ink, (side, side), interpolation=cv2.INTER_LINEAR) > 0)
    both = Image.new("RGB", (2 * side, side))
    both.paste(Image.fromarray(page), (0, 0))
    both.paste(draw(page, [mark.shrunk(1 / LARGER) for mark in marks], large_ink), (side, 0))
    return both


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--detector", default="network", help="or a weights file")
    asked = parser.parse_args()
    pages, rng = Pages(asked.data, "test", SIDE), np.random.default_rng(7)
    drawn = [pages.draw(rng) for _ in range(max(SHOWN) + 1)]
    for number, page in enumerate((drawn[place] for place in SHOWN), 1):
        picture = shown(load(asked.detector), page.pixels)
        picture.save(asked.folder / f"detector-{number}.jpg", quality=80)


if __name__ == "__main__":
    main()
