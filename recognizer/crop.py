"""One crop of a photo -> a strip: fixed height, colour and polarity removed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.box import Box
from detector.quantiles import quantiles
from recognizer import Strip

MARGIN = 0.06
"""Share of a box's height that is added around it: strokes fade at their ends. More lets neighbours in."""

TIGHTER = 0.11
"""Share of a box's height that is taken off each of its sides for a tighter crop: what neighbours and lines
leave at the edges goes, and letters grow. With .18 letters went as well."""

TILTED = 3.0
"""Degrees from which a word is turned upright before it is cut."""

MIN_WIDTH = 16
"""Narrowest strip in columns; a single "l" still gets a few frames."""

MAX_WIDTH = 1600
"""Widest strip in columns: fifty times its height is no line of handwriting any more."""

FAINTEST = 0.05
"""Contrast (share of full range) below which a mark counts as noise and is not amplified to full ink."""


def strip(pixels: NDArray[np.uint8], box: Box, height: int) -> Strip:
    """The strip for `box` of the photo `pixels` (H x W x 3): float32 `height` x w, see `contrast`."""
    cut = patch(pixels, box)
    return contrast(resize(cut, height)) if cut.size else np.zeros((height, MIN_WIDTH), np.float32)


def tightened(box: Box) -> Box:
    """`box` without its edges."""
    return box.shrunk(TIGHTER * box.height)


def patch(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """What a strip is made of: the word in `box` with its margin, upright, h x w x 3 as on the photo.

    Empty if the box lies outside of the photo.
    """
    if abs(box.angle) >= TILTED:
        return _straightened(pixels, box)
    margin = round(MARGIN * (box.y1 - box.y0)) + 1
    y0, y1 = max(0, box.y0 - margin), min(pixels.shape[0], box.y1 + margin)
    x0, x1 = max(0, box.x0 - margin), min(pixels.shape[1], box.x1 + margin)
    return pixels[y0:y1, x0:x1]


def _straightened(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The tilted word in `box`, turned upright, with its margin."""
    wide, tall = box.core()
    room = MARGIN * tall + 1
    size = (max(1, round(wide + 2 * room)), max(1, round(tall + 2 * room)))
    turn = np.deg2rad(box.angle)
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centre = np.array([box.x0 + box.x1 - 1, box.y0 + box.y1 - 1]) / 2
    start = centre - axes @ ((np.array(size) - 1) / 2)
    view = np.column_stack([axes, start])  # from the strip's pixels to the photo's
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(pixels, view, size, flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def resize(patch: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    """`patch` scaled to `height` rows, aspect kept, width bounded by MIN_WIDTH and MAX_WIDTH."""
    rows, columns = patch.shape[:2]
    width = min(MAX_WIDTH, max(MIN_WIDTH, round(columns * height / rows)))
    shrinking = height < rows
    how = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(patch, (width, height), interpolation=how), np.uint8)


def contrast(patch: NDArray[np.uint8]) -> Strip:
    """How far each pixel stands off its background towards the ink: 0 background, 1 full ink, float32 h x w.

    `patch` is h x w (grey) or h x w x 3. Colours are projected on the axis along which the marks differ
    most from the median colour, so that red on white and white on green look alike; the longer tail along it
    is the ink. Marks on the other side (glare, eraser smears) come out negative, down to -0.5.
    """
    value = _flatten(_project(patch))
    top = max(1, value.size * 3 // 100)
    full = float(np.partition(value, -top, axis=None)[-top:].mean())
    return np.asarray(np.clip(value / max(full, FAINTEST), -0.5, 1.0), np.float32)


def _project(patch: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Signed distance from the median colour along the axis of the marks, 1.0 = full range; ink positive."""
    colours = patch.astype(np.float32).reshape(*patch.shape[:2], -1) / 255
    colours -= np.median(colours.reshape(-1, colours.shape[2]), axis=0)
    if colours.shape[2] == 1:
        value = colours[:, :, 0]
    else:
        distance = (colours**2).sum(axis=2)
        marks = colours[distance >= quantiles(distance, 0.9)[0]]
        value = colours @ np.linalg.eigh(marks.T @ marks)[1][:, -1]
    low, high = quantiles(value, 0.02, 0.98)
    return np.asarray(value if high >= -low else -value, np.float32)


def _flatten(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """`value` less its smooth background: shadows and shading over a word are not ink."""
    calm = (value < 0.4 * quantiles(value, 0.98)[0]).astype(np.float32)
    window = (2 * value.shape[0] + 1, value.shape[0] + 1)
    weight = cv2.boxFilter(calm, -1, window, borderType=cv2.BORDER_REPLICATE)
    level = cv2.boxFilter(value * calm, -1, window, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(value - level / np.maximum(weight, 1e-3), np.float32)
