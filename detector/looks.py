"""Looks at one photo: from near, from afar for writing too large to be taken in then, for faint writing."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.box import Box

SEEN = 1600
"""Long side, in pixels, at which a photo is looked at: the smallest legible writing is 10 pixels high."""

OVERVIEW = 900
"""Long side of the second look."""

LIFT, TILES = 2.0, 16
"""Clip limit of the equalization, and its tiles along each side."""

TOUCHED = 0.3
"""Share of a box from which it lies on another one."""


def scaled(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """`pixels` (H x W x 3) with sides times `scale`, at least one pixel each."""
    rows, columns = pixels.shape[:2]
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)


def scaled_to(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """`pixels` (H x W x 3) with a long side of `side` pixels."""
    return scaled(pixels, side / max(pixels.shape[:2]))


def merged(near: Sequence[Box], far: Sequence[Box]) -> list[Box]:
    """Both looks together: large words of the second replace the fragments that the first made of them."""
    kept = list(near)
    for large in far:
        inside = [b for b in kept if _share_inside(b, large) > 0.6]
        if any(_share_inside(large, b) > 0.6 for b in kept):
            continue
        tall = [b for b in inside if b.height > 0.6 * large.height]
        if sum(b.length for b in tall) > 0.6 * large.length:  # seen as well from near
            continue
        small = [b for b in inside if b.height < 0.35 * large.height and b.chance > large.chance - 0.2]
        if len(small) > 2:  # a note full of small writing, not one large word
            continue
        kept = [b for b in kept if b not in inside] + [large]
    return kept


def lifted(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB `pixels` with faint writing made stronger: contrast-limited adaptive equalization of brightness.

    Zuiderveld 1994, "Contrast limited adaptive histogram equalization", Graphics Gems IV.
    """
    colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)
    colours[:, :, 0] = cv2.createCLAHE(LIFT, (TILES, TILES)).apply(colours[:, :, 0])
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_YCrCb2RGB), np.uint8)


def beside(boxes: Sequence[Box], others: Sequence[Box]) -> list[Box]:
    """Those of `boxes` that lie on none of the `others`, and none of these on them."""
    return [
        box
        for box in boxes
        if all(max(_share_inside(box, one), _share_inside(one, box)) < TOUCHED for one in others)
    ]


def _share_inside(box: Box, other: Box) -> float:
    """Share of the area of `box` that lies in `other`."""
    wide = min(box.x1, other.x1) - max(box.x0, other.x0)
    tall = min(box.y1, other.y1) - max(box.y0, other.y0)
    return max(0, wide) * max(0, tall) / ((box.x1 - box.x0) * (box.y1 - box.y0))
