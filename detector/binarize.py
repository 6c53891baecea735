"""Pixels -> ink mask: what is writing by colour and stroke width, whatever the light and the pen."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Grey = NDArray[np.uint8]

REACH = 25
"""Widest stroke in pixels, made odd: strokes are what a square of this side does not fit into."""

FAINTEST = 14
"""Contrast in grey levels below which a mark is noise; camera noise mostly stays under 10."""

RULES = (64, 160)
"""Pixels from which a straight run is ruling and no letter: thin ones early, thicker ones later."""

CROSSED = 6
"""Rows above and below a pixel of a rule with ink in both: a stroke crosses there and is not cut."""


def otsu(grey: Grey) -> Mask:
    """Ink is darker than the one level that splits the histogram best (Otsu 1979)."""
    return np.asarray(cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1] > 0)


def sauvola(grey: Grey, window: int = 41, k: float = 0.2) -> Mask:
    """Ink is under m (1 + k (s / 128 - 1)), m and s the window's mean and deviation (Sauvola 2000)."""
    mean, deviation = _moments(grey, window)
    return np.asarray(grey < mean * (1 + k * (deviation / 128 - 1)))


def wolf(grey: Grey, window: int = 41, k: float = 0.5) -> Mask:
    """Ink is under m - k (1 - s / max s) (m - min), contrast relative to the whole picture (Wolf 2004)."""
    mean, deviation = _moments(grey, window)
    relative = 1 - deviation / max(float(deviation.max()), 1e-6)
    return np.asarray(grey < mean - k * relative * (mean - float(grey.min())))


def _moments(grey: Grey, window: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of the `window` x `window` pixels around each pixel."""
    side = (window, window)
    mean = np.asarray(cv2.boxFilter(grey, cv2.CV_32F, side), np.float32)
    square = np.asarray(cv2.sqrBoxFilter(grey, cv2.CV_32F, side), np.float32)
    return mean, np.sqrt(np.maximum(square - mean**2, 0))


def ink(pixels: NDArray[np.uint8], reach: int = REACH) -> Mask:
    """Marks of pens and chalk on `pixels` (RGB, H x W x 3), bool H x W; see `contrast` and `threshold`."""
    return threshold(contrast(pixels, reach), reach)


def threshold(marks: Grey, reach: int = REACH) -> Mask:
    """Where `marks`, the contrast of each pixel, is ink.

    Ink is not much weaker than the strongest mark nearby, so that blur around strokes goes, and stands out
    from what is usual further around, so that most of a rough surface goes.
    """
    near = (reach // 2 | 1, reach // 2 | 1)
    strongest = cv2.blur(cv2.dilate(marks, np.ones(near, np.uint8)), near)
    usual = cv2.blur(marks, (4 * reach + 1, 4 * reach + 1))
    return np.asarray((marks > FAINTEST) & (marks > 0.4 * strongest) & (marks > 1.5 * usual))


def contrast(pixels: NDArray[np.uint8], reach: int = REACH) -> Grey:
    """How far each pixel stands off the lighter (or on dark ground: the darker) ground around it, u8 H x W.

    The ground is each colour channel closed (opened) by a square of side `reach`, which follows the edges of
    notes, frames and shadows exactly where a blurred background would not; the strongest channel counts, so
    that yellow on white and red on green are seen.
    """
    soft = np.asarray(cv2.GaussianBlur(pixels, (3, 3), 0), np.uint8)
    square = cv2.getStructuringElement(cv2.MORPH_RECT, (reach, reach))
    above = np.asarray(cv2.morphologyEx(soft, cv2.MORPH_CLOSE, square), np.uint8)
    below = np.asarray(cv2.morphologyEx(soft, cv2.MORPH_OPEN, square), np.uint8)
    light_ground = _typical(soft, reach) >= cv2.addWeighted(_grey(above), 0.5, _grey(below), 0.5, 0)
    dark_marks, light_marks = (above - soft).max(axis=2), (soft - below).max(axis=2)
    return np.asarray(np.where(light_ground, dark_marks, light_marks), np.uint8)


def _typical(pixels: NDArray[np.uint8], reach: int) -> Grey:
    """Median grey of the surroundings of each pixel, found on a quarter of the resolution."""
    rows, columns = pixels.shape[:2]
    small = cv2.resize(_grey(pixels), (columns // 4 + 1, rows // 4 + 1), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(cv2.medianBlur(small, reach // 4 * 2 + 1), (columns, rows)), np.uint8)


def _grey(pixels: NDArray[np.uint8]) -> Grey:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def without_rules(mask: Mask, lengths: tuple[int, ...] = RULES) -> Mask:
    """`mask` less ruling, squares, frames and table lines: straight runs, level or upright, of these lengths.

    A run is thinner than a twelfth of its length: the stems of large letters are thicker. Where a stroke
    crosses a rule, its pixels stay.
    """
    solid = mask.astype(np.uint8)
    for length in lengths:
        level, upright = _level_rules(solid, length), _level_rules(solid.T.copy(), length).T
        solid = np.asarray((solid > 0) & (level == 0) & (upright == 0), np.uint8)
    return np.asarray(solid > 0)


def _level_rules(solid: Grey, length: int) -> Grey:
    """Pixels of level rules; two pixels of thickening let a line tilt by 1 in 12 and still run."""
    thick = cv2.dilate(solid, np.ones((5, 1), np.uint8))
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    broad = cv2.morphologyEx(runs, cv2.MORPH_OPEN, np.ones((length // 12 + 4, 1), np.uint8))
    rules = np.asarray((runs > 0) & (broad == 0), np.uint8)
    rest = solid & (1 - rules)
    above, below = np.zeros((2, 2 * CROSSED + 1, 1), np.uint8)
    above[:CROSSED], below[-CROSSED:] = 1, 1
    uncrossed = (cv2.dilate(rest, above) == 0) | (cv2.dilate(rest, below) == 0)
    return np.asarray((rules > 0) & uncrossed, np.uint8)
