"""Rows of letters: blobs of ink put together to words and phrases, at all sizes and tilts on one photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.blobs import Blobs, Numbers, chained

GAPS = (0.4, 0.6, 0.6)
"""Blobs are joined over gaps of this many letter heights: first to rows of letters, which makes the heights
better known, then to words. Wider gaps make phrases, which are read a little worse."""

LONGEST = 8.0
"""Width in letter heights from which a row is cut at its widest gap: long strips are read worse."""

STEEPEST = 0.6
"""Slope (down per right) up to which writing is followed uphill and downhill."""


@dataclass(frozen=True)
class Row:
    """Blobs on one level, the height of their letters, and the slope (down per right) of the level."""

    blobs: Blobs
    size: float
    slope: float = 0.0


def rows_of(blobs: Blobs) -> list[Row]:
    """Words and phrases made of `blobs`."""
    letters = blobs.only(_possible(blobs))
    size = letters.height.copy()
    groups: list[NDArray[np.int64]] = []
    for gap in GAPS:
        groups = chained(letters, size, gap)
        for group in groups:
            size[group] = np.quantile(letters.height[group], 0.75)
    rows = (_sloped(letters.only(group), float(size[group[0]])) for group in groups)
    short = (part for row in rows for level in _levels(row) for part in _lengths(level))
    return [row for row in _without_marks(list(short)) if _legible(row)]


def _possible(blobs: Blobs) -> NDArray[np.bool_]:
    """Which blobs could be letters or joined letters: neither dust, frames, patches, arcs nor furniture."""
    long, short = np.maximum(blobs.width, blobs.height), np.minimum(blobs.width, blobs.height)
    fill = blobs.ink / (long * short)
    sized = (long >= 6) & (blobs.height < 300) & (blobs.width < 900)
    not_frame = (fill > 0.06) | (long < 60)
    not_patch = (fill < 0.8) | (long > 3 * short) | (long < 10)
    not_arc = (blobs.ink > 1.4 * blobs.pen * long) | (long < 80)
    return np.asarray(sized & not_frame & not_patch & not_arc)


def _without_marks(rows: list[Row]) -> list[Row]:
    """`rows` less the dots, accents and commas of other rows; these are within the margin of any crop."""
    if not rows:
        return []
    frames = np.array([row.blobs.frame for row in rows])
    size = np.array([row.size for row in rows])
    long = (frames[:, 2:] - frames[:, :2]).max(axis=1)
    x, y = ((frames[:, :2] + frames[:, 2:]) / 2).T[:, :, None]
    x0, y0, x1, y1 = (frames + size[:, None] * np.array([0, -0.5, 0, 0.1])).T
    at = (x0 < x) & (x < x1) & (y0 < y) & (y < y1) & (long[:, None] < 0.35 * size)
    return [row for row, mark in zip(rows, at.any(axis=1), strict=True) if not mark]


def _legible(row: Row) -> bool:
    """Whether it is large enough to be read, and more than one upright stroke."""
    x0, y0, x1, y1 = row.blobs.frame
    return bool(y1 - y0 >= 8 and x1 - x0 >= 8 and (len(row.blobs) > 1 or x1 - x0 > 0.8 * (y1 - y0)))


def _sloped(blobs: Blobs, size: float) -> Row:
    """The row of `blobs` with the slope on which their middles lie; 0 where they are too few to tell."""
    usual = blobs.only(blobs.height < 1.6 * size)
    if len(usual) < 4 or np.ptp(usual.centre[:, 0]) < 3 * size:
        return Row(blobs, size)
    x, y = (usual.centre - usual.centre.mean(axis=0)).T
    slope = float((x * y).sum() / (x * x).sum())
    return Row(blobs, size, slope if abs(slope) <= STEEPEST else 0.0)


def _levels(row: Row) -> list[Row]:
    """`row`, or the lines that hang together in it by a long descender or a bracket."""
    fall = row.slope * row.blobs.centre[:, 0]
    if np.ptp(row.blobs.frames[:, [1, 3]] - fall[:, None]) < 1.8 * row.size:
        return [row]
    middle = np.sort((row.blobs.centre[:, 1] - fall)[row.blobs.height < 1.6 * row.size])
    steps = np.diff(middle)
    if len(middle) < 4 or steps.max() < 0.5 * row.size:
        return [row]
    place = int(np.argmax(steps))
    border = (middle[place] + middle[place + 1]) / 2 + fall
    far = np.full(len(fall), np.inf)
    parts = (row.blobs.within(-far, border), row.blobs.within(border, far))
    return [level for part in parts for level in _levels(_sloped(part, row.size))]


def _lengths(row: Row) -> list[Row]:
    """`row` in parts short enough to be read at once, cut at the widest gaps near its middle."""
    x0, y0, x1, y1 = row.blobs.frame
    tall = y1 - y0 - abs(row.slope) * (x1 - x0)
    if len(row.blobs) < 2 or (x1 - x0 < LONGEST * row.size and tall < 2.5 * row.size):
        return [row]
    order = np.argsort(row.blobs.frames[:, 0], kind="stable")
    reached = np.maximum.accumulate(row.blobs.frames[order, 2])[:-1]
    start = row.blobs.frames[order, 0][1:]
    central = 1 - np.abs((reached + start) / 2 - (x0 + x1) / 2) / (x1 - x0)
    place = int(np.argmax((start - reached + 0.2 * row.size) * central)) + 1
    parts = (row.blobs.only(order[:place]), row.blobs.only(order[place:]))
    return [short for part in parts for short in _lengths(_sloped(part, row.size))]


def corners(row: Row) -> Numbers:
    """Of the tilted rectangle around `row`, 4 x 2, clockwise from its top left."""
    along = np.array([1.0, row.slope]) / np.hypot(1.0, row.slope)
    down = np.array([-along[1], along[0]])
    x0, y0, x1, y1 = row.blobs.frames.T
    points = np.concatenate([np.column_stack(p) for p in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))])
    a, d = points @ along, points @ down
    ends = ((a.min(), d.min()), (a.max(), d.min()), (a.max(), d.max()), (a.min(), d.max()))
    return np.array([p * along + q * down for p, q in ends])
