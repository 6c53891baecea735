"""The detector with a network: a photo at two scales -> maps of words -> boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.box import Box
from detector.lines import in_reading_order

SEEN = 1600
"""Long side, in pixels, at which a photo is looked at: the smallest legible writing is 10 pixels high."""

OVERVIEW = 560
"""Long side of the second look, for writing too large to be taken in at the first."""

LARGE = 70
"""Height in pixels of the first look from which a word of the second look is taken."""

LEAST = 0.5
"""Chance of being writing below which a box is not worth reading."""

Pixels = NDArray[np.uint8]
Find = Callable[[Pixels], list[tuple[NDArray[np.float32], float]]]
"""A picture -> corners (4 x 2) of words with their chance; what `model.Finder` does."""


@dataclass(frozen=True)
class NetworkDetector:
    """Finds words with a trained network."""

    find: Find
    id: str

    @classmethod
    def load(cls, path: Path | None = None) -> NetworkDetector:
        """The detector that ships, or the one in the weights file `path`; raises `WeightsError`."""
        from detector.model import Finder

        finder = Finder.load(path)
        return cls(finder, finder.id)

    def detect(self, pixels: Pixels) -> list[Box]:
        """Words of upright RGB `pixels` H x W x 3, in reading order."""
        near = self._look(pixels, SEEN)
        far = [
            box for box in self._look(pixels, OVERVIEW) if _height(box) * SEEN > LARGE * max(pixels.shape[:2])
        ]
        return in_reading_order(_merged(near, far))

    def _look(self, pixels: Pixels, side: int) -> list[Box]:
        rows, columns = pixels.shape[:2]
        scale = side / max(rows, columns)
        size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
        found = (_box(quad / scale, chance, columns, rows) for quad, chance in self.find(picture))
        return [box for box in found if box is not None and box.chance >= LEAST]


def _box(quad: NDArray[np.float32], chance: float, columns: int, rows: int) -> Box | None:
    """The upright box around `quad`, with its tilt; None if nothing of it is on the photo."""
    low, high = np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    x1, y1 = min(columns, int(high[0])), min(rows, int(high[1]))
    if x1 - x0 < 3 or y1 - y0 < 3:
        return None
    along = quad[1] - quad[0]
    angle = float(np.rad2deg(np.arctan2(along[1], along[0])))
    return Box(x0, y0, x1, y1, chance=chance, angle=angle)


def _height(box: Box) -> int:
    return box.y1 - box.y0


def _merged(near: Sequence[Box], far: Sequence[Box]) -> list[Box]:
    """Both looks together: large words of the second replace the fragments that the first made of them."""
    kept = list(near)
    for large in far:
        inside = [b for b in kept if _share_inside(b, large) > 0.6]
        whole = [b for b in inside if _share_inside(large, b) > 0.6 or _height(b) > 0.6 * _height(large)]
        if whole:
            continue
        small = [b for b in inside if _height(b) < 0.35 * _height(large)]
        if len(small) > 2:  # a note full of small writing, not one large word
            continue
        kept = [b for b in kept if b not in inside] + [replace(large)]
    return kept


def _share_inside(box: Box, other: Box) -> float:
    """Share of the area of `box` that lies in `other`."""
    wide = min(box.x1, other.x1) - max(box.x0, other.x0)
    tall = min(box.y1, other.y1) - max(box.y0, other.y0)
    return max(0, wide) * max(0, tall) / ((box.x1 - box.x0) * (box.y1 - box.y0))
