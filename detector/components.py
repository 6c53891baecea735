"""The detector without a network: ink mask -> connected blobs -> words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.alternatives import with_alternatives
from detector.binarize import Grey, Mask, contrast, threshold, without_rules
from detector.blobs import Numbers, blobs_of
from detector.box import Box
from detector.lines import in_reading_order
from detector.looks import OVERVIEW, SEEN, merged, scaled
from detector.rows import Row, corners, rows_of

LARGE = 110
"""Height in pixels of the first look from which a row of the second look is taken: pens of larger writing are
wider than what passes for a stroke."""

TILTED = 0.07
"""Slope from which a row's tilt is told; below it an upright box is as good."""

LEAST = 0.1
"""Chance of being writing below which a row is not worth reading."""

WEIGHTS = np.array([-0.78, 3.48, -2.38, 1.52, -1.68])
BIAS = -3.94
"""Logistic regression on `_evidence`, fitted to 17,000 rows of real photos with and without writing."""


class Components:
    """Finds words as rows of ink blobs of like height; needs no weights."""

    id = "components-1"

    def detect(self, pixels: NDArray[np.uint8]) -> list[Box]:
        """Boxes of words and short phrases on `pixels` (RGB, H x W x 3), in reading order."""
        scale = min(1.0, SEEN / max(pixels.shape[:2]))
        near = self._look(pixels, scale)
        far = [b for b in self._look(pixels, scale * OVERVIEW / SEEN) if b.height > LARGE / scale]
        return in_reading_order(merged(near, far))

    def cuts(self, pixels: NDArray[np.uint8]) -> list[Box]:
        """The same, and a box around each two close neighbours."""
        return with_alternatives(self.detect(pixels))

    def mask(self, pixels: NDArray[np.uint8]) -> Mask:
        """Where there is ink on RGB `pixels` H x W x 3, bool H x W."""
        rows, columns = pixels.shape[:2]
        seen = without_rules(threshold(contrast(scaled(pixels, min(1.0, SEEN / max(rows, columns))))))
        return np.asarray(cv2.resize(seen.astype(np.uint8), (columns, rows)) > 0)

    def _look(self, pixels: NDArray[np.uint8], scale: float) -> list[Box]:
        marks = contrast(scaled(pixels, scale))
        mask = threshold(marks)
        ground = Ground.of(marks, mask)
        rows = rows_of(blobs_of(without_rules(mask), marks))
        photo = (pixels.shape[1], pixels.shape[0])
        boxes = (_box(row, ground.chance(row), 1 / scale, photo) for row in rows)
        return [box for box in boxes if box.chance >= LEAST]


@dataclass(frozen=True)
class Ground:
    """What the ground between the marks is like: paper and boards are calm, foliage and crowds are not."""

    roughness: NDArray[np.float64]
    """Sums over all pixels above and left (integral image) of the contrast off the ink."""
    pixels: NDArray[np.int32]
    """The same of the number of pixels off the ink."""

    @classmethod
    def of(cls, marks: Grey, mask: Mask) -> Ground:
        """The ground of a picture with this contrast and ink; the blur around strokes does not count."""
        near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
        off = np.asarray(near == 0, np.uint8)
        return cls(np.asarray(cv2.integral(marks * off, sdepth=cv2.CV_64F)), np.asarray(cv2.integral(off)))

    def around(self, frame: Numbers, margin: float) -> float:
        """Mean contrast of the ground within `margin` pixels of `frame`."""
        rows, columns = self.pixels.shape
        x0, y0 = (frame[:2] - margin).clip(0).astype(int)
        x1, y1 = (frame[2:] + margin).clip(None, (columns - 1, rows - 1)).astype(int)

        def total(sums: NDArray[np.float64] | NDArray[np.int32]) -> float:
            return float(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0])

        return total(self.roughness) / max(1.0, total(self.pixels))

    def chance(self, row: Row) -> float:
        """Probability that `row` is writing."""
        return float(1 / (1 + np.exp(-self._evidence(row) @ WEIGHTS - BIAS)))

    def _evidence(self, row: Row) -> Numbers:
        """Pen width to size, how often a column is crossed, roughness of the ground, length, height; logs."""
        blobs = row.blobs
        x0, y0, x1, y1 = blobs.frame
        pen, strength = np.average(np.stack([blobs.pen, blobs.strength]), axis=1, weights=blobs.ink)
        return np.log(
            [
                pen / row.size,
                blobs.ink.sum() / (pen * (x1 - x0)),
                0.02 + self.around(blobs.frame, row.size / 2) / strength,
                (x1 - x0) / row.size,
                y1 - y0,
            ]
        )


def _box(row: Row, chance: float, factor: float, photo: tuple[int, int]) -> Box:
    """The box of `row` on a photo of `photo` pixels (w, h), `factor` times as large as what was looked at."""
    level = row if abs(row.slope) >= TILTED else replace(row, slope=0.0)
    quad = corners(level) * factor
    x0, y0 = np.floor(quad.min(axis=0)).clip(0).astype(int)
    x1, y1 = np.ceil(quad.max(axis=0)).clip(None, photo).astype(int)
    angle = float(np.rad2deg(np.arctan(level.slope)))
    return Box(int(x0), int(y0), int(x1), int(y1), chance=chance, angle=angle)
