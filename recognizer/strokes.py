"""Pens on a canvas: strokes of any width, stray lines, ruled paper."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from recognizer.ink import Path2D

Canvas = NDArray[np.uint8]
"""H x W, 255 where ink is."""

FINEST, BROADEST = 0.05, 0.21
"""Width of a pen as a share of the height of small letters: ballpoint, chisel marker."""

BODY = 26.0
"""Height of small letters, in pixels of the fine canvas, where nothing is written."""


def pen_width(rng: Generator, body: float = BODY) -> int:
    """Pen width in pixels of the canvas, ballpoint to chisel marker, for small letters of `body` pixels."""
    return max(1, round(body * float(np.exp(rng.uniform(np.log(FINEST), np.log(BROADEST))))))


def draw(canvas: Canvas, paths: list[Path2D], filled: bool, pen: int, rng: Generator) -> None:
    """Draw `paths` with a pen `pen` pixels wide, now and then a chisel tip; or `filled`, as letters are."""
    points = [np.round(p * 8).astype(np.int32) for p in paths]
    if filled:
        cv2.fillPoly(canvas, points, 255, cv2.LINE_AA, 3)
        cv2.polylines(canvas, points, True, 255, int(rng.integers(1, 4)), cv2.LINE_AA, 3)
        return
    chisel = pen >= 4 and rng.random() < 0.25
    cv2.polylines(canvas, points, False, 255, max(1, pen // 2) if chisel else pen, cv2.LINE_AA, 3)
    if chisel:
        canvas[:] = cv2.dilate(canvas, _chisel(pen, rng))


def _chisel(pen: int, rng: Generator) -> NDArray[np.uint8]:
    """The edge of a chisel tip held at a random angle, as a structuring element."""
    tip = np.zeros((pen + 1, pen + 1), np.uint8)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * pen / 2
    ends = [tuple(int(v) for v in np.round(pen / 2 + s * reach)) for s in (-1, 1)]
    cv2.line(tip, ends[0], ends[1], 1, 1)
    return tip


def stray_line(canvas: Canvas, pen: int, rng: Generator) -> None:
    """An underline, a side of a frame, or an arrow's shaft across the word."""
    rows, columns = canvas.shape
    pick = rng.random()
    if pick < 0.45:
        y = rows * (1 - abs(rng.normal(0, 0.12)) if rng.random() < 0.8 else rng.uniform(0, 0.08))
        ends = [(-9, y), (columns + 9, y + rng.normal(0, 0.04) * rows)]
        if rng.random() < 0.3:
            ends[0] = (rng.uniform(0, 0.4) * columns, y)
    elif pick < 0.75:
        x = rng.uniform(0, 0.06) * rows if rng.random() < 0.5 else columns - rng.uniform(0, 0.06) * rows
        ends = [(x, -9), (x + rng.normal(0, 0.05) * rows, rows + 9)]
    elif pick < 0.85:
        ends = [
            (rng.uniform(0, columns), rows * rng.choice([0.0, 1.0])),
            (rng.uniform(0, columns), rng.uniform(0, rows)),
        ]
    else:
        y = rows * rng.uniform(0.3, 0.7)
        ends = [(-9, y), (columns + 9, y + rng.normal(0, 0.15) * rows)]
    line = np.round(np.array(ends, np.float32) * 8).astype(np.int32)
    cv2.polylines(canvas, [line], False, 255, max(1, round(pen * rng.uniform(0.4, 1.1))), cv2.LINE_AA, 3)


def rule(canvas: Canvas, rng: Generator) -> None:
    """Ruled or squared paper."""
    rows, columns = canvas.shape
    spacing = rows * rng.uniform(0.35, 1.4)
    tilt = rng.normal(0, 0.02) * columns
    pen = int(rng.integers(1, 4))
    for y in np.arange(rng.uniform(0, spacing), rows, spacing):
        cv2.line(canvas, (0, int(y)), (columns, int(y + tilt)), 255, pen, cv2.LINE_AA)
    if rng.random() < 0.4:
        for x in np.arange(rng.uniform(0, spacing), columns, spacing):
            cv2.line(canvas, (int(x), 0), (int(x - tilt), rows), 255, pen, cv2.LINE_AA)
