"""Marks on a page that are no writing: arrows, tables, ruling, little drawings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from recognizer.ink import Path2D

Picture = NDArray[np.uint8]


def arrow(cover: Picture, rng: Generator, pen: int) -> None:
    """A bow with or without a tip, drawn on the square `cover`."""
    size = cover.shape[0]
    start = rng.uniform(0, size, 2)
    end = start + rng.normal(0, 0.3, 2) * size
    bow = (start + end) / 2 + rng.normal(0, 0.06, 2) * size
    t = np.linspace(0, 1, 16)[:, None]
    shaft = (1 - t) ** 2 * start + 2 * t * (1 - t) * bow + t**2 * end
    cv2.polylines(cover, [np.round(shaft).astype(np.int32)], False, 255, pen, cv2.LINE_AA)
    if rng.random() < 0.8:
        back = (bow - end) / max(1.0, float(np.linalg.norm(bow - end))) * (6 + 3 * pen)
        for angle in (-0.5, 0.5):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            tip = np.stack([end, end + turn @ back])
            cv2.polylines(cover, [np.round(tip).astype(np.int32)], False, 255, pen, cv2.LINE_AA)


def ruling(cover: Picture, rng: Generator) -> None:
    """Lines of ruled or squared paper, all over the square `cover`."""
    size = cover.shape[0]
    spacing, tilt, pen = rng.uniform(8, 70), rng.normal(0, 0.02) * size, int(rng.integers(1, 3))
    for y in np.arange(rng.uniform(0, spacing), size, spacing):
        cv2.line(cover, (0, int(y)), (size, int(y + tilt)), 255, pen, cv2.LINE_AA)
    if rng.random() < 0.45:
        for x in np.arange(rng.uniform(0, spacing), size, spacing):
            cv2.line(cover, (int(x), 0), (int(x - tilt), size), 255, pen, cv2.LINE_AA)


def table(cover: Picture, rng: Generator, pen: int) -> None:
    """Columns and rows, drawn on the square `cover`."""
    size = cover.shape[0]
    x = np.sort(rng.uniform(0, size, int(rng.integers(2, 5)))).astype(int)
    y = np.sort(rng.uniform(0, size, int(rng.integers(2, 6)))).astype(int)
    for column in x:
        cv2.line(
            cover,
            (int(column), int(y[0])),
            (int(column + rng.normal(0, 3)), int(y[-1])),
            255,
            pen,
            cv2.LINE_AA,
        )
    for row in y:
        cv2.line(
            cover, (int(x[0]), int(row)), (int(x[-1]), int(row + rng.normal(0, 3))), 255, pen, cv2.LINE_AA
        )


def _arc(x: float, y: float, wide: float, tall: float, start: float = 0, end: float = 2 * np.pi) -> Path2D:
    t = np.linspace(start, end, 24)
    return np.stack([x + wide * np.cos(t), y + tall * np.sin(t)], axis=1)


def _head(rng: Generator) -> list[Path2D]:
    eyes, size = rng.uniform(0.2, 0.5), rng.uniform(0.05, 0.25)
    mouth = _arc(0, rng.uniform(0.1, 0.4), 0.4, rng.uniform(-0.4, 0.4), 0.2, np.pi - 0.2)
    hair = [np.array([(x, -0.8), (x * 1.3, -1.3)]) for x in np.linspace(-0.7, 0.7, int(rng.integers(0, 9)))]
    return [_arc(0, 0, 0.9, 1), _arc(-eyes, -0.2, size, size), _arc(eyes, -0.2, size, size), mouth, *hair]


def _figure(rng: Generator) -> list[Path2D]:
    hands = rng.uniform(-0.4, 0.6, 2)
    limbs = [((0, -0.5), (0, 0.4)), ((-0.5, hands[0]), (0, -0.3)), ((0, -0.3), (0.5, hands[1]))]
    legs = [((0, 0.4), (-0.35, 1)), ((0, 0.4), (0.35, 1))]
    return [_arc(0, -0.75, 0.25, 0.25), *(np.array(line, float) for line in limbs + legs)]


def _curve(rng: Generator) -> list[Path2D]:
    x = np.linspace(-1, 1, int(rng.integers(8, 90)))
    y = rng.uniform(0.05, 0.5) * np.sin(rng.uniform(3, 40) * x) + rng.normal(0, rng.uniform(0, 0.2), len(x))
    return [np.stack([x, y], axis=1)]


def _chart(rng: Generator) -> list[Path2D]:
    bars = []
    for x in np.linspace(-0.8, 0.8, int(rng.integers(2, 8))):
        top = 1 - rng.uniform(0.1, 1.8)
        bars.append(np.array([(x, 1), (x, top), (x + 0.15, top), (x + 0.15, 1)]))
    return [np.array([(-1, -1), (-1, 1), (1, 1)], float), *bars]


def _cloud(rng: Generator) -> list[Path2D]:
    t = np.linspace(0, 2 * np.pi, 120)
    reach = 0.8 + rng.uniform(0.05, 0.3) * np.abs(np.sin(rng.integers(3, 12) * t / 2))
    return [np.stack([1.3 * reach * np.cos(t), reach * np.sin(t)], axis=1)]


def _barrel(rng: Generator) -> list[Path2D]:
    tall = rng.uniform(0.5, 1.2)
    sides = [np.array([(x, -tall), (x, tall)]) for x in (-0.7, 0.7)]
    return [_arc(0, -tall, 0.7, 0.2), _arc(0, tall, 0.7, 0.2, 0, np.pi), *sides]


def _hatching(rng: Generator) -> list[Path2D]:
    lean, count = rng.uniform(-0.5, 0.5), int(rng.integers(4, 24))
    return [np.array([(x + lean, -rng.uniform(0.2, 1)), (x, 0.3)]) for x in np.linspace(-1, 1, count)]


def _star(rng: Generator) -> list[Path2D]:
    t = np.linspace(0, 2 * np.pi, 2 * int(rng.integers(4, 12)) + 1)
    reach = np.where(np.arange(len(t)) % 2, rng.uniform(0.3, 0.8), 1)
    return [np.stack([reach * np.cos(t), reach * np.sin(t)], axis=1)]


DOODLES = (_head, _figure, _curve, _chart, _cloud, _barrel, _hatching, _star)
"""Each draws strokes within about -1..1, y downwards."""
