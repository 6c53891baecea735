"""What a page holds beside writing: arrows, tables, ruling, little drawings, scenes, textures."""

from __future__ import annotations

from colorsys import hsv_to_rgb

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from recognizer.ink import Path2D
from recognizer.wear import smooth_noise

Picture = NDArray[np.uint8]

DARK_PENS = (
    (25, 25, 30),
    (30, 50, 140),
    (160, 30, 35),
    (20, 95, 50),
    (60, 60, 70),
    (110, 40, 110),
    (200, 90, 20),
)
LIGHT_PENS = ((240, 240, 235), (245, 230, 130), (240, 170, 170), (170, 215, 245))
NOTES = ((250, 235, 120), (250, 170, 190), (160, 220, 240), (190, 235, 150), (250, 200, 120), (240, 240, 240))
"""Colours of pens on light and on dark ground, and of sticky notes."""


LIGHTNESS = 100.0
"""Of 255, of the darkest paper that is meant for dark pens."""


def note_colour(rng: Generator) -> NDArray[np.float64]:
    """RGB of a sticky note: one of the usual pale ones, or any as strong as neon paper and card are."""
    if rng.random() < 0.5:
        return np.array(NOTES[rng.integers(len(NOTES))], float)
    while True:
        shade = 255 * np.array(hsv_to_rgb(rng.random(), rng.uniform(0.3, 1), rng.uniform(0.5, 1)))
        if shade @ (0.3, 0.59, 0.11) > LIGHTNESS:
            return np.asarray(shade, np.float64)


def spin(turn: float) -> NDArray[np.float64]:
    """Takes rows of points in a frame turned by `turn` (radians, uphill) to the sheet."""
    return np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


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


def doodle(cover: Picture, rng: Generator, pen: int, reach: float) -> None:
    """One of the DOODLES, `reach` pixels from its middle to its edge, somewhere on the square `cover`."""
    turned, centre = reach * spin(rng.normal(0, 0.2)), rng.uniform(0, 1, 2) * cover.shape[0]
    for line in DOODLES[rng.integers(len(DOODLES))](rng):
        shaky = line + rng.normal(0, 0.015, line.shape)
        points = [np.round((shaky @ turned + centre) * 8).astype(np.int32)]
        if len(line) > 8 and rng.random() < 0.12:
            cv2.fillPoly(cover, points, 255, cv2.LINE_AA, 3)
        cv2.polylines(cover, points, False, 255, pen, cv2.LINE_AA, 3)


def around(cover: Picture, rng: Generator, pen: int, quad: NDArray[np.float32]) -> None:
    """An underline, or a frame round the word with the corners `quad`."""
    tall, wide = float(np.linalg.norm(quad[3] - quad[0])), float(np.linalg.norm(quad[1] - quad[0]))
    room = tall * rng.uniform(0.1, 0.5)
    down, along = (quad[3] - quad[0]) / max(1e-3, tall), (quad[1] - quad[0]) / max(1e-3, wide)
    if rng.random() < 0.5:
        ends = np.stack([quad[3] + down * room - along * room, quad[2] + down * room + along * room])
        cv2.polylines(cover, [np.round(ends).astype(np.int32)], False, 255, pen, cv2.LINE_AA)
        return
    out = np.stack([-along - down, along - down, along + down, -along + down]) * room
    cv2.polylines(cover, [np.round(quad + out).astype(np.int32)], True, 255, pen, cv2.LINE_AA)


def scene(size: int, rng: Generator) -> NDArray[np.float32]:
    """Patches of colour with edges at all scales, as people, plants and rooms have them; size x size x 3."""
    cells = [size * rng.uniform(0.2, 0.5), size * rng.uniform(0.04, 0.15), rng.uniform(3, 10)]
    field = sum(smooth_noise((size, size), c, rng) * w for c, w in zip(cells, (1, 0.5, 0.15), strict=True))
    bounds = np.sort(rng.normal(0, 0.8, int(rng.integers(2, 7))))
    tints = rng.uniform(5, 250, (len(bounds) + 1, 3)).astype(np.float32)
    patches = tints[np.digitize(field, bounds)]
    return np.asarray(patches + smooth_noise((size, size), 2, rng)[:, :, None] * rng.uniform(0, 12))


def texture(size: int, rng: Generator) -> NDArray[np.float32]:
    """Stripes or grain, in levels of 255, size x size."""
    if rng.random() < 0.5:
        return smooth_noise((size, size), rng.uniform(2, 25), rng) * np.float32(rng.uniform(5, 40))
    y, x = np.mgrid[:size, :size].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(5, 60)
    stripes = np.sign(np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period))
    return np.asarray(stripes * rng.uniform(8, 50), np.float32)
