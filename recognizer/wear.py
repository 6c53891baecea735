"""What a phone makes of clean ink: pens, paper, light, blur, noise, compression. Grey pictures, no torch."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Coverage = NDArray[np.float32]
"""Share of each pixel covered by ink, h x w in 0..1."""
Grey = NDArray[np.uint8]

FAR, FEWEST = 0.42, 9
"""Share of the words that have fewer rows of pixels than strips have, and the fewest that they have: on real
photos two in five boxes are lower than a strip, one in seven has less than half of its rows."""


def photograph(ink: Coverage, ruling: Coverage, rng: Generator) -> Grey:
    """A grey photo, h x w u8, of `ink` on a ground that carries the fainter `ruling` lines."""
    ground = _ground(ink.shape, rng)
    contrast = float(rng.uniform(0.15, 0.9))
    paint = _texture(ink, rng)
    lines = ruling * float(rng.uniform(0.1, 0.6)) * contrast
    picture = ground * (1 - contrast * np.maximum(paint, lines))
    picture = _blur(picture, rng)
    picture += contrast * _noise(picture.shape, rng)
    picture = _sharpened(picture, rng)
    if rng.random() < 0.005:  # a copy of a copy: black specks and nothing in between
        picture = np.where(
            picture + rng.normal(0, 0.25, picture.shape) * contrast > np.median(picture) - contrast / 2, 1, 0
        )
    if rng.random() < 0.06:  # chalk on a blackboard, light marker on a dark note
        picture = 1 - picture
    return _compress((np.clip(picture, 0, 1) * 255).astype(np.uint8), rng)


def _noise(shape: tuple[int, int], rng: Generator) -> NDArray[np.float32]:
    """What a phone leaves of the noise of its sensor: it smooths, so neighbours have much in common."""
    strength = float(np.exp(rng.uniform(np.log(0.002), np.log(0.03))))
    noise = rng.normal(0, 1, shape).astype(np.float32)
    if rng.random() < 0.6:
        sigma = float(rng.uniform(0.4, 1.0))
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma), np.float32) * (1 + 2 * sigma)
    return noise * strength


def _sharpened(picture: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Phones sharpen what they see: a brighter seam around strokes."""
    if rng.random() > 0.6:
        return picture
    soft = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 1.5)))
    return np.asarray(picture + (picture - soft) * float(rng.uniform(0.2, 1.2)), np.float32)


def rows_seen(rows: int, rng: Generator) -> int:
    """How many rows of pixels a word gets on its photo, at most `rows`: far-off writing has few."""
    return round(float(np.exp(rng.uniform(np.log(FEWEST), np.log(rows))))) if rng.random() < FAR else rows


def shrunk(coverage: Coverage, rows: int) -> Coverage:
    """`coverage` scaled down to `rows`."""
    height, width = coverage.shape
    target = (max(1, round(width * rows / height)), rows)
    return np.asarray(cv2.resize(coverage, target, interpolation=cv2.INTER_AREA), np.float32)


def smooth_noise(shape: tuple[int, int], cell: float, rng: Generator) -> NDArray[np.float32]:
    """Noise of unit deviation that changes over about `cell` pixels."""
    rows, columns = (max(2, round(n / cell) + 1) for n in shape)
    coarse = rng.normal(0, 1, (rows, columns)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _ground(shape: tuple[int, int], rng: Generator) -> NDArray[np.float32]:
    """Board or paper: a level, a slope, now and then a shadow's edge, glare or grain."""
    rows, columns = shape
    ground = np.full(shape, rng.uniform(0.35, 0.98), np.float32)
    ground += np.linspace(-1, 1, columns, dtype=np.float32)[None, :] * float(rng.normal(0, 0.04))
    ground += np.linspace(-1, 1, rows, dtype=np.float32)[:, None] * float(rng.normal(0, 0.03))
    if rng.random() < 0.25:
        ground += smooth_noise(shape, rows * 0.7, rng) * float(rng.uniform(0.003, 0.025))
    if rng.random() < 0.25:
        ground += smooth_noise(shape, 2, rng) * float(rng.uniform(0.002, 0.01))
    if rng.random() < 0.06:
        ground += _edge(shape, rng) * float(rng.uniform(-0.35, 0.35))
    return ground


def _edge(shape: tuple[int, int], rng: Generator) -> NDArray[np.float32]:
    """A soft or sharp step across the picture, 0 on one side and 1 on the other."""
    rows, columns = shape
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    across = (x - rng.uniform(0, columns)) * np.cos(angle) + (y - rng.uniform(0, rows)) * np.sin(angle)
    return np.asarray(1 / (1 + np.exp(-np.clip(across / rng.uniform(0.3, 8), -30, 30))), np.float32)


def _texture(ink: Coverage, rng: Generator) -> Coverage:
    """Ink that is not solid: drying markers, pencil and chalk grain, uneven pressure."""
    if rng.random() < 0.6:
        cell = float(np.exp(rng.uniform(np.log(2), np.log(16))))
        ink = ink * np.clip(0.85 + rng.uniform(0.05, 0.3) * smooth_noise(ink.shape, cell, rng), 0.2, 1)
    elif rng.random() < 0.08:
        ink = ink * np.clip(0.85 + 0.35 * smooth_noise(ink.shape, rng.uniform(1, 2), rng), 0, 1)
    return np.asarray(ink, np.float32)


def _blur(picture: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """No lens and no sensor draws a sharp edge; some hands moved."""
    if rng.random() < 0.06:
        length = int(rng.integers(2, 5))
        size = (length, 1) if rng.random() < 0.5 else (1, length)
        picture = np.asarray(cv2.blur(picture, size), np.float32)
    most = 0.4 + len(picture) / 60
    sigma = 0.35 + (most - 0.35) * float(rng.uniform()) ** 2
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def _compress(picture: Grey, rng: Generator) -> Grey:
    if rng.random() < 0.5:
        return picture
    return _as_jpeg(picture, int(rng.integers(60, 95)))


def _as_jpeg(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """`picture`, grey or in colours, compressed and opened again."""
    packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_UNCHANGED), np.uint8)


def lit(photo: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Uneven light, a colour cast, now and then a shadow's edge or glare."""
    size = photo.shape[0]
    light = 1 + smooth_noise((size, size), size * rng.uniform(0.3, 1.2), rng) * rng.uniform(0, 0.12)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    if rng.random() < 0.25:
        angle = rng.uniform(0, 2 * np.pi)
        across = (x - rng.uniform(0, size)) * np.cos(angle) + (y - rng.uniform(0, size)) * np.sin(angle)
        light *= 1 - rng.uniform(0.1, 0.5) / (1 + np.exp(-np.clip(across / rng.uniform(1, 30), -30, 30)))
    photo = photo * light[:, :, None] * rng.normal(1, 0.04, 3).astype(np.float32)
    if rng.random() < 0.15:
        reach = rng.uniform(0.03, 0.2) * size
        spot = np.exp(-((x - rng.uniform(0, size)) ** 2 + (y - rng.uniform(0, size)) ** 2) / 2 / reach**2)
        photo = photo + spot[:, :, None] * rng.uniform(40, 160)
    return np.asarray(photo * rng.uniform(0.7, 1.1), np.float32)


def sent_on(photo: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """A photo, RGB, as it comes back at its former size: some were made smaller, some compressed."""
    size = photo.shape[1::-1]
    share = rng.uniform(0.45, 0.9) if rng.random() < 0.25 else 1.0
    small = (max(1, round(size[0] * share)), max(1, round(size[1] * share)))
    pixels = photo if share == 1 else cv2.resize(photo, small, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.4:
        pixels = _as_jpeg(np.asarray(pixels, np.uint8), int(rng.integers(35, 90)))
    return np.asarray(pixels if share == 1 else cv2.resize(pixels, size), np.uint8)
