"""The detector with a network: a photo at two scales -> maps of words -> boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.alternatives import with_alternatives
from detector.areas import Found, Quad
from detector.binarize import Mask
from detector.box import DIAGONAL, Box
from detector.lines import in_reading_order
from detector.looks import OVERVIEW, SEEN, beside, lifted, merged, scaled_to

LARGE = 70
"""Height in pixels of the first look from which a word of the second look is taken."""

CLOSE_UP = 2240
"""Long side of a third look, which takes the place of the first where writing is small."""

MORE = 1.15
"""So many times the pixels of the first look a photo must have along its long side for that. Where it has
fewer, a third look shows no more, but parts what the first saw as one: it gives other cuts of the words."""

SMALL = 25
"""Median height in pixels of the first look below which writing is small."""

FEW = 80
"""Words at the first look below which there may be faint writing, to be looked for with more contrast: pencil
on far-off notes was not seen at all."""

FAINT = 0.75
"""Chance from which what is seen so is a word; search alone looks at the rest. Most boxes that appear on
photos without writing are below."""

LIKELY = 0.7
"""Chance from which what is seen otherwise is a word; search alone looks at the rest."""

LEAST = 0.6
"""Chance of being writing below which a box is not worth reading: of the true words on real photos 2 in 6,740
were read only from such boxes, and of the boxes on photos without writing every third is such."""

INK = 0.5
"""Probability from which a pixel is ink."""

Pixels = NDArray[np.uint8]


class Find(Protocol):
    """What `model.Finder` does."""

    def __call__(self, picture: Pixels) -> tuple[list[Found], list[Found]]:
        """Words, and the pieces that they may be parted into."""

    def maps(self, picture: Pixels) -> NDArray[np.float32]:
        """Probabilities of ink, and of other things, n x h x w; sides may be smaller than the picture's."""


@dataclass(frozen=True)
class Look:
    """What was seen at one look."""

    words: tuple[Box, ...] = ()
    pieces: tuple[Box, ...] = ()
    """What the words may be parted into."""


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
        return [box for box in self.cuts(pixels) if not box.alternative]

    def cuts(self, pixels: Pixels) -> list[Box]:
        """The same; after them what other looks see otherwise, and close neighbours put together."""
        side = max(pixels.shape[:2])
        few = side < MORE * SEEN
        whole = scaled_to(pixels, SEEN)
        first, overview = self._look(whole, pixels), self._look(scaled_to(whole, OVERVIEW), pixels)
        close_up = cache(lambda: scaled_to(pixels, CLOSE_UP))
        closer = self._look(close_up(), pixels) if few or _is_small(first.words, side) else Look()
        near = closer if closer.words and not few else first
        far = [box for box in overview.words if box.height > LARGE / SEEN * side]
        words = [box for box in merged(near.words, far) if box.chance >= LIKELY]
        faint = self._look(lifted(close_up()), pixels) if len(first.words) < FEW else Look()
        likely = [box for box in faint.words if box.chance >= FAINT]
        words = in_reading_order([*words, *beside(likely, words)])
        looks = (first, closer, overview, faint)
        others = [box for look in looks for box in (*look.words, *look.pieces)]
        return with_alternatives(words, others)

    def mask(self, pixels: Pixels) -> Mask:
        """Where there is ink of writing on RGB `pixels` H x W x 3, bool H x W: no rules, frames, shadows."""
        rows, columns = pixels.shape[:2]
        ink = self.find.maps(scaled_to(pixels, SEEN))[0]
        return np.asarray(cv2.resize(ink, (columns, rows), interpolation=cv2.INTER_LINEAR) > INK)

    def _look(self, picture: Pixels, photo: Pixels) -> Look:
        """What is seen on `picture`, which shows `photo` at some size, in pixels of the photo."""
        rows, columns = photo.shape[:2]
        scale = max(picture.shape[:2]) / max(rows, columns)

        def boxes(seen: Sequence[Found]) -> tuple[Box, ...]:
            found = (_box(quad / scale, chance, columns, rows) for quad, chance in seen)
            return tuple(box for box in found if box is not None and box.chance >= LEAST)

        words, pieces = self.find(picture)
        return Look(boxes(words), boxes(pieces))


def _is_small(boxes: Sequence[Box], side: int) -> bool:
    """Whether writing is too small to be cut rightly at the first look."""
    return bool(boxes) and float(np.median([box.height for box in boxes])) * SEEN / side < SMALL


def _box(quad: Quad, chance: float, columns: int, rows: int) -> Box | None:
    """The upright box around `quad`, with its tilt; None if nothing of it is on the photo."""
    quad = _off_diagonal(quad)
    low, high = np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    x1, y1 = min(columns, int(high[0])), min(rows, int(high[1]))
    if x1 - x0 < 3 or y1 - y0 < 3:
        return None
    return Box(x0, y0, x1, y1, chance=chance, angle=_angle(quad))


def _angle(quad: Quad) -> float:
    """Tilt in degrees, clockwise."""
    along = quad[1] - quad[0]
    return float(np.rad2deg(np.arctan2(along[1], along[0])))


def _off_diagonal(quad: Quad) -> Quad:
    """`quad`, turned about its middle by as little as lets its sides be told from its upright rectangle."""
    beyond = _angle(quad) % 90 - 45
    if abs(beyond) >= DIAGONAL:
        return quad
    middle = quad.mean(axis=0)
    turn = cv2.getRotationMatrix2D((0, 0), beyond - math.copysign(DIAGONAL, beyond), 1)[:, :2]
    return np.asarray((quad - middle) @ turn.T + middle, np.float32)
