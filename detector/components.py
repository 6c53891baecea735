"""The detector without a network: ink mask -> connected blobs -> words."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.binarize import Mask, ink, without_rules
from detector.box import Box
from detector.lines import in_reading_order

SEEN = 1600
"""Longest side in pixels at which a photo is looked at; small photos are not enlarged."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Blobs:
    """Connected pieces of ink: bounding boxes (n x 4: x0, y0, x1, y1) and pixels of ink in each."""

    frames: NDArray[np.int32]
    ink: NDArray[np.int32]

    @property
    def width(self) -> NDArray[np.int32]:
        """Of each, in pixels."""
        return self.frames[:, 2] - self.frames[:, 0]

    @property
    def height(self) -> NDArray[np.int32]:
        """Of each, in pixels."""
        return self.frames[:, 3] - self.frames[:, 1]

    def only(self, which: NDArray[np.bool_] | Indices) -> Blobs:
        """Some of them."""
        return Blobs(self.frames[which], self.ink[which])


class Components:
    """Finds words as rows of ink blobs of like height; needs no weights."""

    id = "components-1"

    def detect(self, pixels: NDArray[np.uint8]) -> list[Box]:
        """Boxes of words and short phrases on `pixels` (RGB, H x W x 3), in reading order."""
        rows, columns = pixels.shape[:2]
        scale = min(1.0, SEEN / max(rows, columns))
        seen = pixels
        if scale < 1:
            size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
            seen = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        found = words(without_rules(ink(seen), RULE))
        return in_reading_order([_scaled(frame, 1 / scale, columns, rows) for frame in found])


RULE = 64
"""Pixels from which a straight thin run is ruling and not a letter."""


def _scaled(frame: NDArray[np.int32], factor: float, columns: int, rows: int) -> Box:
    x0, y0 = np.floor(frame[:2] * factor).astype(int)
    x1, y1 = np.ceil(frame[2:] * factor).astype(int)
    return Box(int(x0), int(y0), min(columns, int(x1)), min(rows, int(y1)))


def blobs(mask: Mask) -> Blobs:
    """The connected pieces of `mask`."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    stats = stats[1:]
    frames = np.column_stack([stats[:, :2], stats[:, :2] + stats[:, 2:4]]).astype(np.int32)
    return Blobs(frames, stats[:, 4].astype(np.int32))


def words(mask: Mask) -> list[NDArray[np.int32]]:
    """Frames (x0, y0, x1, y1) of words on `mask`."""
    pieces = blobs(mask)
    pieces = pieces.only(_written(pieces, mask.shape))
    groups = _groups(len(pieces.ink), _neighbours(pieces))
    found = []
    for group in groups:
        for part in _cut(pieces.only(group)):
            if _plausible(part):
                found.append(np.concatenate([part.frames[:, :2].min(axis=0), part.frames[:, 2:].max(axis=0)]))
    return found


def _written(pieces: Blobs, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which blobs could be letters or joined letters by size and shape."""
    wide, tall = pieces.width, pieces.height
    fill = pieces.ink / (wide * tall)
    long = np.maximum(wide, tall)
    sized = (long >= 6) & (tall < 0.2 * shape[0]) & (wide < 0.6 * shape[1])
    not_frame = (fill > 0.06) | (long < 60)
    not_patch = (fill < 0.8) | (long > 3 * np.minimum(wide, tall)) | (long < 10)
    return np.asarray(sized & not_frame & not_patch)


def _neighbours(pieces: Blobs) -> Indices:
    """Pairs (m x 2) of blobs that stand side by side: like heights, same level, small gap."""
    order = np.argsort(pieces.frames[:, 0], kind="stable")
    x0, y0, x1, y1 = pieces.frames[order].T.astype(np.float64)
    tall, middle = y1 - y0, (y0 + y1) / 2
    last = np.searchsorted(x0, x1 + GAP * np.minimum(tall, 200), side="right")
    counts = np.maximum(0, last - np.arange(len(x0)) - 1)
    left = np.repeat(np.arange(len(x0)), counts)
    right = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + left + 1
    low, high = np.minimum(tall[left], tall[right]), np.maximum(tall[left], tall[right])
    apart = x0[right] - x1[left]
    fits = (
        (np.abs(middle[left] - middle[right]) < 0.5 * low)
        & (high < 3 * low)
        & (apart < GAP * np.sqrt(low * high))
    )
    return np.column_stack([order[left[fits]], order[right[fits]]])


GAP = 1.0


def _groups(count: int, pairs: Indices) -> list[Indices]:
    """Blobs connected by `pairs`, directly or through others."""
    label = np.arange(count)
    while len(pairs):
        least = label.copy()
        np.minimum.at(least, pairs[:, 0], label[pairs[:, 1]])
        np.minimum.at(least, pairs[:, 1], label[pairs[:, 0]])
        least = least[least]
        if (least == label).all():
            break
        label = least
    order = np.argsort(label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if count else []


def _cut(group: Blobs) -> list[Blobs]:
    """`group` in parts that are neither too long to read at once nor as tall as two lines."""
    x0, y0 = group.frames[:, :2].min(axis=0)
    x1, y1 = group.frames[:, 2:].max(axis=0)
    tallest = int(group.height.max())
    if len(group.ink) < 2 or (x1 - x0 < 12 * (y1 - y0) and y1 - y0 < 1.8 * tallest):
        return [group]
    order = np.argsort(group.frames[:, 0], kind="stable")
    reached = np.maximum.accumulate(group.frames[order, 2])[:-1]
    start = group.frames[order, 0][1:]
    central = 1 - np.abs((reached + start) / 2 - (x0 + x1) / 2) / (x1 - x0)
    place = int(np.argmax((start - reached + 0.2 * tallest) * central)) + 1
    return _cut(group.only(order[:place])) + _cut(group.only(order[place:]))


def _plausible(part: Blobs) -> bool:
    wide = int(part.frames[:, 2].max() - part.frames[:, 0].min())
    tall = int(part.frames[:, 3].max() - part.frames[:, 1].min())
    return tall >= 8 and wide >= 8 and (len(part.ink) > 1 or wide > 0.8 * tall)
