"""Areas of many boxes at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.box import Box

Places = NDArray[np.int64]
"""n x 4: left, top, right and bottom edges, pixels."""

Quad = NDArray[np.float32]
"""Corners of a word, 4 x 2, clockwise from its top left as read."""

AT_ONCE = 256
"""Rectangles set beside all others at a time: thousands on a page take megabytes, not gigabytes."""

Found = tuple[Quad, float]
"""Where a word was seen, pixels, and the chance that it is one."""


def places(boxes: Iterable[Box]) -> Places:
    """The edges of `boxes`."""
    return np.array([(box.x0, box.y0, box.x1, box.y1) for box in boxes], np.int64).reshape(-1, 4)


def areas(some: Places) -> NDArray[np.int64]:
    """Of n rectangles, square pixels."""
    return np.asarray((some[:, 2] - some[:, 0]) * (some[:, 3] - some[:, 1]), np.int64)


def shared(some: Places, others: Places) -> NDArray[np.int64]:
    """n x m: what each of n rectangles has in common with each of m, square pixels."""
    wide = np.minimum.outer(some[:, 2], others[:, 2]) - np.maximum.outer(some[:, 0], others[:, 0])
    tall = np.minimum.outer(some[:, 3], others[:, 3]) - np.maximum.outer(some[:, 1], others[:, 1])
    return np.asarray(wide.clip(0) * tall.clip(0), np.int64)


def overlaps(some: Places, others: Places) -> NDArray[np.float64]:
    """n x m: intersection over union of each of n rectangles with each of m, none of them empty."""
    both = shared(some, others)
    return np.asarray(both / (np.add.outer(areas(some), areas(others)) - both), np.float64)


def lying_in(boxes: Sequence[Box]) -> list[dict[int, float]]:
    """For each word, tilted as it is, the numbers of those it lies in, its own too, and by what share."""
    where = places(boxes)
    outlines = [np.array(box.outline(), np.float32) for box in boxes]
    sizes = [wide * tall for wide, tall in (box.core() for box in boxes)]
    shares: list[dict[int, float]] = [{} for _ in boxes]
    for start in range(0, len(boxes), AT_ONCE):
        some = shared(where[start : start + AT_ONCE], where)
        for row, other in np.argwhere(np.triu(some, start)).tolist():
            one = start + row
            common = float(some[row, other])
            if boxes[one].angle or boxes[other].angle:
                common = cv2.intersectConvexConvex(outlines[one], outlines[other])[0]
            if common:
                shares[one][other], shares[other][one] = common / sizes[one], common / sizes[other]
    return shares
