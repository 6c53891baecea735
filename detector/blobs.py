"""Connected blobs of ink, and which of them stand side by side as the letters of a line do."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.binarize import Grey, Mask

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Blobs:
    """n connected pieces of ink, all arrays of length n."""

    frames: Numbers
    """n x 4: x0, y0, x1, y1 in pixels, right and bottom exclusive."""
    ink: Numbers
    """Pixels of ink."""
    pen: Numbers
    """Width of the strokes in pixels."""
    strength: Numbers
    """Mean contrast of the ink, grey levels."""

    def __len__(self) -> int:
        return len(self.ink)

    @property
    def width(self) -> Numbers:
        """Of each, in pixels."""
        return self.frames[:, 2] - self.frames[:, 0]

    @property
    def height(self) -> Numbers:
        """Of each, in pixels."""
        return self.frames[:, 3] - self.frames[:, 1]

    @property
    def centre(self) -> Numbers:
        """n x 2: x, y of the middle of each frame."""
        return (self.frames[:, :2] + self.frames[:, 2:]) / 2

    @property
    def frame(self) -> Numbers:
        """x0, y0, x1, y1 around all."""
        return np.concatenate([self.frames[:, :2].min(axis=0), self.frames[:, 2:].max(axis=0)])

    def only(self, which: NDArray[np.bool_] | Indices) -> Blobs:
        """Some of them."""
        return Blobs(self.frames[which], self.ink[which], self.pen[which], self.strength[which])

    def within(self, top: Numbers, bottom: Numbers) -> Blobs:
        """Those that reach between `top` and `bottom` (one each), cut off where they reach beyond."""
        kept = (self.frames[:, 3] > top) & (self.frames[:, 1] < bottom)
        part = self.only(kept)
        frames = part.frames.copy()
        frames[:, 1] = np.maximum(frames[:, 1], top[kept])
        frames[:, 3] = np.minimum(frames[:, 3], bottom[kept])
        return Blobs(frames, part.ink, part.pen, part.strength)


def blobs_of(mask: Mask, marks: Grey) -> Blobs:
    """The connected pieces of `mask`; `marks` is the contrast that the mask was made from, both H x W."""
    solid = mask.astype(np.uint8)
    count, label, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8, ltype=cv2.CV_32S)
    where = np.flatnonzero(solid)
    owner = label.ravel()[where]
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 3).ravel()[where]
    ink = np.maximum(1, np.bincount(owner, minlength=count)[1:]).astype(np.float64)
    # The distance to the edge averages a quarter of a stroke's width, less half a pixel's worth.
    pen = np.maximum(1, 4 * np.bincount(owner, depth, count)[1:] / ink - 2)
    strength = np.bincount(owner, marks.ravel()[where], count)[1:] / ink
    stats = stats[1:].astype(np.float64)
    return Blobs(np.column_stack([stats[:, :2], stats[:, :2] + stats[:, 2:4]]), ink, pen, strength)


def chained(blobs: Blobs, size: Numbers, reach: float) -> list[Indices]:
    """Groups of blobs that stand side by side, directly or through others; `size` as for `side_by_side`."""
    return _connected(len(blobs), side_by_side(blobs, size, reach))


def side_by_side(blobs: Blobs, size: Numbers, reach: float) -> Indices:
    """Pairs m x 2 on one level, of like `size`, at most `reach` sizes apart.

    `size` is the height of the letters around each blob, in pixels.
    """
    order = np.argsort(blobs.frames[:, 0], kind="stable")
    x0, y0, x1, y1 = blobs.frames[order].T
    size, middle = size[order], (y0 + y1) / 2
    left, right = _windows(np.searchsorted(x0, x1 + 2 * reach * size, side="right"))
    low, high = np.minimum(size[left], size[right]), np.maximum(size[left], size[right])
    shared = np.minimum(y1[left], y1[right]) - np.maximum(y0[left], y0[right])
    on_level = (np.abs(middle[left] - middle[right]) < 0.5 * low) | (shared > 0.7 * low)
    close = x0[right] - x1[left] < reach * np.sqrt(low * high)
    fits = on_level & close & (high < 2.5 * low)
    return np.column_stack([order[left[fits]], order[right[fits]]])


def _windows(stop: Indices) -> tuple[Indices, Indices]:
    """All pairs i < j < stop[i]."""
    first = np.arange(len(stop))
    counts = np.maximum(0, stop - first - 1)
    left = np.repeat(first, counts)
    right = np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts) + left + 1
    return left, right


def _connected(count: int, pairs: Indices) -> list[Indices]:
    """The connected parts of the graph of `count` nodes: the least number spreads along the pairs."""
    label = np.arange(count)
    while count:
        least = label.copy()
        np.minimum.at(least, pairs[:, 0], label[pairs[:, 1]])
        np.minimum.at(least, pairs[:, 1], label[pairs[:, 0]])
        least = least[least]
        if (least == label).all():
            break
        label = least
    order = np.argsort(label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if count else []
