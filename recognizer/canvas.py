"""A sheet to write on: its ground, notes, ruling, furniture; and what a phone makes of it. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from detector.areas import Quad
from recognizer.drawings import (
    DARK_PENS,
    LIGHT_PENS,
    around,
    arrow,
    doodle,
    note_colour,
    ruling,
    scene,
    spin,
    table,
    texture,
)
from recognizer.ink import Path2D
from recognizer.wear import lit, sent_on, smooth_noise
from recognizer.words import Word

Picture = NDArray[np.uint8]

SHOWN = 24.0
"""Levels of 255 by which ink differs from its ground in some colour: nobody writes where it does not show."""


@dataclass(frozen=True)
class Page:
    """A drawn photo: pixels u8 H x W x 3 RGB, mask u8 H x W (255 = writing), one quad a word."""

    pixels: Picture
    mask: Picture
    words: tuple[Quad, ...]


@dataclass(frozen=True)
class Note:
    """A sticky note: where its upper left corner is, its width in pixels, and its turn in degrees."""

    corner: NDArray[np.float64]
    side: float
    turn: float


@dataclass(frozen=True)
class Style:
    """How lines are written."""

    body: float
    """Height of small letters, pixels."""
    pen: int
    """Width of the pen, pixels."""
    turn: float
    """Radians, uphill."""
    colour: tuple[int, int, int]
    opacity: float
    patchy: float
    """How unevenly the pen inks: the deviation of its opacity along the way."""
    space: float
    """About how much room there is between two words, pixels."""


class Sheet:
    """The page under way: picture, mask of writing, places taken."""

    def __init__(self, size: int, rng: Generator) -> None:
        self.size, self.rng = size, rng
        self.dark = rng.random() < 0.13
        level = rng.uniform(20, 90) if self.dark else rng.uniform(150, 250)
        tint = rng.normal(0, 6 if rng.random() < 0.7 else 22, 3)
        ground = np.full((size, size, 3), level) + tint
        if rng.random() < 0.08:  # coloured card, brown paper
            ground = ground * note_colour(rng) / 255
        self.picture = np.clip(ground, 5, 252).astype(np.float32)
        self.mask = np.zeros((size, size), np.uint8)
        self.taken = np.zeros((size // 4 + 1, size // 4 + 1), bool)
        self.words: list[Quad] = []
        self.notes: list[Note] = []

    def pen_colour(self) -> tuple[int, int, int]:
        """A pen that shows on this ground."""
        pens = LIGHT_PENS if self.dark else DARK_PENS
        return pens[min(len(pens) - 1, int(self.rng.exponential(1.6)))]

    def furnish(self) -> None:
        """Grain, notes, ruling and things that are no page at all."""
        rng, size = self.rng, self.size
        if rng.random() < 0.5:
            self.picture += smooth_noise((size, size), rng.uniform(1, 6), rng)[:, :, None] * rng.uniform(
                0.5, 5
            )
        if rng.random() < 0.2:
            self._scene()
        for _ in range(rng.integers(0, 5) if rng.random() < 0.45 else 0):
            self._furniture()
        for _ in range(rng.integers(1, 6) if rng.random() < 0.4 else 0):
            self._note()
        if rng.random() < 0.3:
            self._ruling()

    def _note(self) -> None:
        rng = self.rng
        side = rng.uniform(0.2, 0.7) * self.size
        centre = tuple(float(v) for v in rng.uniform(0, self.size, 2))
        turn = float(rng.normal(0, 6 if rng.random() < 0.65 else 22))
        corners = np.asarray(cv2.boxPoints((centre, (side, side * rng.uniform(0.7, 1.3)), turn)), np.float32)
        self.notes.append(Note(corners[np.argmin(corners.sum(axis=1))].astype(np.float64), side, turn))
        shade = np.clip(
            note_colour(rng) * (0.3 if self.dark else 1) + rng.normal(0, 12, 3),
            0,
            255,
        )
        if rng.random() < 0.5:
            self._fill(corners + rng.uniform(2, 8), np.full(3, 90.0), 0.5)
        self._fill(corners, shade, 1.0)

    def _scene(self) -> None:
        """People, plants and rooms along one edge, or everywhere."""
        rng, size = self.rng, self.size
        edge = int(size * rng.uniform(0.2, 0.8)) if rng.random() < 0.6 else size
        part = (np.s_[:edge], np.s_[size - edge :], np.s_[:, :edge], np.s_[:, size - edge :])[rng.integers(4)]
        self.picture[part] = scene(size, rng)[part]
        where = np.zeros((size, size), bool)
        where[part] = True
        self._occupy(where)

    def _occupy(self, where: NDArray[np.bool_]) -> None:
        """Nobody writes on people, plants and furniture."""
        small = where[::4, ::4]
        self.taken[: small.shape[0], : small.shape[1]] |= small

    def _furniture(self) -> None:
        """Window frames, shelves, heads, cables: large shapes with edges, some striped or textured."""
        rng, size = self.rng, self.size
        centre = rng.uniform(-0.1, 1.1, 2) * size
        count = int(rng.integers(3, 9))
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        reach = rng.uniform(0.05, 0.5, count) * size
        shape = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * reach[:, None]
        before = self.picture.copy()
        self._fill(shape.astype(np.float32), rng.uniform(10, 245, 3), 1.0)
        inside = np.abs(self.picture - before).sum(axis=2, keepdims=True) > 0
        grain = texture(size, rng) if rng.random() < 0.7 else None
        if grain is not None:
            self.picture += inside * grain[:, :, None]
        if grain is not None or rng.random() < 0.5:
            self._occupy(inside[:, :, 0])

    def _fill(self, corners: NDArray[np.float32], colour: NDArray[np.float64], opacity: float) -> None:
        cover = np.zeros((self.size, self.size), np.uint8)
        cv2.fillPoly(cover, [np.round(corners * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
        self._paint(cover, colour, opacity)

    def _paint(self, cover: Picture, colour: NDArray[np.float64], opacity: float) -> None:
        """Lay `colour` on the picture where `cover` (0..255) says; only the part touched is computed."""
        x, y, wide, tall = cv2.boundingRect(cover)
        part = np.s_[y : y + tall, x : x + wide]
        share = cover[part].astype(np.float32)[:, :, None] * (opacity / 255)
        self.picture[part] += share * (colour.astype(np.float32) - self.picture[part])

    def _ruling(self) -> None:
        """Ruled or squared paper."""
        cover = np.zeros((self.size, self.size), np.uint8)
        ruling(cover, self.rng)
        shade = self.rng.uniform(90, 180, 3) if self.dark else self.rng.uniform(60, 200, 3)
        self._paint(cover, shade, self.rng.uniform(0.2, 0.9))

    def word(self, word: Word, style: Style, origin: NDArray[np.float64], at: tuple[float, float]) -> None:
        """Write `word` at `at` in the turned frame of `origin` if the place is free."""
        turned = spin(style.turn)
        flat = [path + np.array(at) for path in word.paths]
        quad = (_frame(np.concatenate(flat), style.pen / 2) @ turned + origin).astype(np.float32)
        if self._shows(quad, style) and self._claim(quad):
            self._ink([(p @ turned + origin).astype(np.float32) for p in flat], word.filled, style)
            self.words.append(quad)

    def _shows(self, quad: Quad, style: Style) -> bool:
        """Whether the pen can be told from the ground there."""
        (x0, y0), (x1, y1) = (quad.min(axis=0).clip(0), quad.max(axis=0).clip(0) + 1)
        ground = self.picture[int(y0) : int(y1) : 2, int(x0) : int(x1) : 2]
        if not ground.size:
            return False
        apart = np.abs(np.median(ground, axis=(0, 1)) - np.array(style.colour))
        return bool(apart.max() * style.opacity > SHOWN)

    def _claim(self, quad: Quad) -> bool:
        """Whether the word is on the page and its place is free; takes the place if so.

        Its lower and upper edges may overlap those of other words, as in tight writing.
        """
        middle = quad.mean(axis=0)
        down = (quad[3] - quad[0]) * 0.15
        core = quad + np.stack([down, down, -down, -down])
        clipped = core.clip(0, self.size)
        if (middle < 0).any() or (middle >= self.size).any():
            return False
        if self._kept(core) < 0.5 or cv2.contourArea(clipped) < 30:
            return False
        place = np.zeros(self.taken.shape, np.uint8)
        cv2.fillPoly(place, [np.round(clipped / 4).astype(np.int32)], 1)
        if (self.taken & (place > 0)).any():
            return False
        self.taken |= place > 0
        return True

    def _kept(self, quad: Quad) -> float:
        """Share of the quad that is on the page."""
        return cv2.contourArea(quad.clip(0, self.size)) / max(1e-3, cv2.contourArea(quad))

    def _ink(self, paths: list[Path2D], filled: bool, style: Style) -> None:
        """Draw on the part of the sheet that the word touches: whole sheets would take most of the time."""
        points = np.concatenate(paths)
        x0, y0 = np.floor(points.min(axis=0) - style.pen - 2).astype(int).clip(0, self.size - 1)
        x1, y1 = np.ceil(points.max(axis=0) + style.pen + 2).astype(int).clip(1, self.size)
        cover = np.zeros((y1 - y0, x1 - x0), np.uint8)
        moved = [np.round((p - np.array([x0, y0])) * 8).astype(np.int32) for p in paths]
        if filled:
            cv2.fillPoly(cover, moved, 255, cv2.LINE_AA, 3)
            cv2.polylines(cover, moved, True, 255, max(1, style.pen // 3), cv2.LINE_AA, 3)
        else:
            cv2.polylines(cover, moved, False, 255, style.pen, cv2.LINE_AA, 3)
        part = np.s_[y0:y1, x0:x1]
        share = cover.astype(np.float32)[:, :, None] * (style.opacity / 255)
        if style.patchy:
            uneven = smooth_noise(cover.shape, max(3.0, 1.5 * style.pen), self.rng) * style.patchy
            share *= np.clip(0.9 + uneven, 0.15, 1)[:, :, None]
        self.picture[part] += share * (np.array(style.colour, np.float32) - self.picture[part])
        np.maximum(self.mask[part], cover, out=self.mask[part])

    def scrawl(self) -> None:
        """A mark that is not writing: arrow, frame, underline, circle, table, scribble, drawing."""
        rng, size = self.rng, self.size
        if rng.random() < 0.3:
            self._doodle()
            return
        cover = np.zeros((size, size), np.uint8)
        pen = max(1, round(float(np.exp(rng.uniform(np.log(1), np.log(9))))))
        pick = rng.random()
        if self.words and pick < 0.3:
            around(cover, rng, pen, self.words[rng.integers(len(self.words))])
        elif pick < 0.55:
            arrow(cover, rng, pen)
        elif pick < 0.7:
            centre = tuple(int(v) for v in rng.uniform(0, size, 2))
            axes = tuple(int(v) for v in rng.uniform(0.03, 0.4, 2) * size)
            cv2.ellipse(
                cover, centre, axes, rng.uniform(0, 180), 0, rng.uniform(200, 360), 255, pen, cv2.LINE_AA
            )
        elif pick < 0.82:
            table(cover, rng, pen)
        elif pick < 0.9:
            for _ in range(rng.integers(1, 8)):  # stickers, bullets, magnets, holes
                place = tuple(int(v) for v in rng.uniform(0, size, 2))
                cv2.circle(cover, place, int(rng.integers(2, 14)), 255, -1, cv2.LINE_AA)
        else:
            spread = np.array([rng.uniform(4, 80), rng.uniform(3, 25)])
            turns = rng.normal(0, 1, (int(rng.integers(6, 50)), 2))
            knots = rng.uniform(0, 1, 2) * size + turns * spread
            cv2.polylines(cover, [np.round(knots).astype(np.int32)], False, 255, pen, cv2.LINE_AA)
        self._paint(cover, np.array(self.pen_colour(), float), rng.uniform(0.5, 1))

    def _doodle(self) -> None:
        """A little drawing: a head, a figure, a curve, a chart, a cloud, hatching."""
        rng = self.rng
        pen = max(1, round(float(np.exp(rng.uniform(np.log(1), np.log(7))))))
        reach = float(np.exp(rng.uniform(np.log(8), np.log(0.25 * self.size))))
        colour, cover = np.array(self.pen_colour(), float), np.zeros((self.size, self.size), np.uint8)
        doodle(cover, rng, pen, reach)
        self._paint(cover, colour, rng.uniform(0.5, 1))

    def photographed(self) -> Page:
        """The sheet as a phone sees it: from an angle, in uneven light, blurred, noisy, compressed."""
        rng, size = self.rng, self.size
        corners = np.array([(0, 0), (size, 0), (size, size), (0, size)], np.float32)
        outward = np.sign(corners - size / 2) * rng.uniform(0, 0.1, (4, 2)) * size
        view = cv2.getPerspectiveTransform(corners, (corners + outward).astype(np.float32))
        photo = cv2.warpPerspective(self.picture, view, (size, size))
        mask = cv2.warpPerspective(self.mask, view, (size, size))
        words = [cv2.perspectiveTransform(q[None], view)[0].astype(np.float32) for q in self.words]
        photo = lit(np.asarray(photo, np.float32), rng)
        if rng.random() < 0.7:
            photo = np.asarray(cv2.GaussianBlur(photo, (0, 0), rng.uniform(0.3, 1.2)), np.float32)
        photo = photo + rng.normal(0, 1, photo.shape).astype(np.float32) * rng.choice([1.0, 3.0, 7.0])
        pixels = sent_on(np.clip(photo, 0, 255).astype(np.uint8), rng)
        return Page(pixels, np.asarray(mask, np.uint8), tuple(w for w in words if self._kept(w) >= 0.5))


def _frame(points: NDArray[np.float64], room: float) -> NDArray[np.float64]:
    """Corners of the upright rectangle around `points`, `room` wider on all sides."""
    (x0, y0), (x1, y1) = points.min(axis=0) - room, points.max(axis=0) + room
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
