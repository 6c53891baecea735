"""Text -> drawn words that look photographed: what the recognizer learns from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from recognizer import Strip
from recognizer.crop import contrast, resize
from recognizer.drawings import doodle, scene, texture
from recognizer.ink import Fonts, Hands, Ink, Path2D, Unipen
from recognizer.strokes import draw, pen_width, rule, stray_line
from recognizer.texts import Texts
from recognizer.wear import FEWEST, Coverage, photograph, rows_seen, shrunk
from recognizer.words import body_of, extent, height, sized

FINE = 2
"""Words are drawn this much finer than the strip, then averaged down: smooth edges at any pen width."""

LONGEST = 30
"""Strips wider than this many heights are not drawn."""

SCENE = 160
"""Pixels along each side of what lies behind writing, from which crops without text are cut."""


@dataclass(frozen=True)
class Sample:
    """One drawn word: its strip (float32 height x w) and what stands in it ("" for none)."""

    strip: Strip
    text: str


class NoData(Exception):
    """A folder does not hold what words are drawn from."""

    exit_code = 2


class Synthesis:
    """Draws samples from strokes, fonts and scanned words below the folder `data`.

    `data` holds handwriting/unipen, handwriting/copiste and fonts; `split` picks the writers ("train",
    "validation" or "test"). Fonts and scanned words belong to "train" alone; with `scans` off nothing is
    scanned, all is drawn. Raises NoData.
    """

    def __init__(self, data: Path, split: str = "train", height: int = 32, scans: bool = True) -> None:
        self.height = height
        try:
            self._load(data, split, scans)
        except FileNotFoundError as missing:
            advice = "name another --data folder"
            raise NoData(f"there is nothing to learn from at {missing.filename}; {advice}") from missing

    def _load(self, data: Path, split: str, scans: bool) -> None:
        unipen = data / "handwriting" / "unipen"
        self._words = Unipen(unipen, "words", split)
        self._loud = [n for n, r in enumerate(self._words.rows) if _is_loud(r["label"])]
        self._sources: list[tuple[float, Callable[[Generator], Ink | None]]] = [(0.38, self._word)]
        self._scans: list[tuple[Path, str]] = []
        self._texts = Texts([])
        if split == "train":
            self._phrases = Unipen(unipen, "text", split)
            self._hands = Hands(self._words)
            self._fonts = Fonts(data / "fonts")
            self._scans = _scans(data / "handwriting" / "copiste") if scans else []
            labels = [r["label"] for r in self._words.rows] + [text for _, text in self._scans]
            self._texts = Texts(labels + [w for r in self._phrases.rows for w in r["label"].split()])
            self._sources += [
                (0.12, self._side_by_side),
                (0.06, self._phrase),
                (0.21, self._composed),
                (0.23, self._set),
            ]

    def __len__(self) -> int:
        """Words of strokes in this split."""
        return len(self._words)

    @property
    def by_writer(self) -> Mapping[str, Sequence[int]]:
        """Writer -> the numbers of their words."""
        return self._words.by_writer

    @property
    def words(self) -> Mapping[str, int]:
        """Words in the labels of what is drawn from, and how often they occur."""
        return self._texts.counts

    def draw(self, rng: Generator) -> Sample:
        """One sample; the same `rng` state gives the same sample."""
        pick = rng.random()
        if pick < 0.06:
            return self._nothing(rng)
        if pick < 0.13 and self._scans:
            return self._scanned(rng)
        while True:
            ink = self._pick(rng)
            sample = ink and self._render(ink, rng)
            if sample:
                return sample

    def draw_word(self, number: int, rng: Generator, plain: bool = False) -> Sample | None:
        """Word `number` of the split, for a fixed test set; None if it is too long to draw.

        `plain` is dark ink on white paper, without anything that a photo or a detector does to it.
        """
        ink = self._words.ink(number)
        return self._plain(ink, rng) if plain else self._render(ink, rng)

    def hand(self, rng: Generator) -> Callable[[Generator], Ink | None]:
        """Somebody who goes on writing single words: one writer's own words, composed ones, or one font."""
        pick = rng.random() if self._scans else 0.0
        if pick < 0.55:
            row = self._words.rows[rng.integers(len(self._words))]
            numbers = self._words.by_writer[row["writer"]]
            return lambda r: self._words.ink(numbers[r.integers(len(numbers))])
        shout = rng.random() < 0.35
        source = self._fonts.hand(rng) if pick < 0.8 else self._hands
        return lambda r: source.write(self._case(self._texts.single(r), shout), r)

    @staticmethod
    def _case(text: str, shout: bool) -> str:
        return text.upper() if shout else text

    def _pick(self, rng: Generator) -> Ink | None:
        pick = rng.random() * sum(w for w, _ in self._sources)
        for weight, source in self._sources:
            pick -= weight
            if pick < 0:
                return source(rng)
        return None

    def _word(self, rng: Generator) -> Ink:
        if rng.random() < 0.2:
            return self._words.ink(self._loud[rng.integers(len(self._loud))])
        return self._words.ink(int(rng.integers(len(self._words))))

    def _side_by_side(self, rng: Generator) -> Ink:
        """Two or three words of one writer on one line."""
        start = int(rng.integers(len(self._words)))
        numbers = self._words.by_writer[self._words.rows[start]["writer"]]
        count = int(rng.integers(2, 4))
        return _join([self._words.ink(numbers[i]) for i in rng.integers(0, len(numbers), count)], rng)

    def _phrase(self, rng: Generator) -> Ink | None:
        ink = self._phrases.ink(int(rng.integers(len(self._phrases))))
        return ink if len(ink.text) <= 40 else None

    def _composed(self, rng: Generator) -> Ink | None:
        return self._hands.write(self._texts(rng), rng)

    def _set(self, rng: Generator) -> Ink | None:
        return self._fonts.write(self._texts(rng), rng)

    def _render(self, ink: Ink, rng: Generator) -> Sample | None:
        inked = self._inked(ink, rng)
        if inked is None:
            return None
        canvas, pen = inked
        self._clutter(canvas, pen, rng)
        return Sample(self._photographed(canvas, rng), ink.text)

    def _plain(self, ink: Ink, rng: Generator) -> Sample | None:
        inked = self._inked(ink, rng)
        return inked and Sample(contrast(resize(255 - inked[0], self.height)), ink.text)

    def _inked(self, ink: Ink, rng: Generator) -> tuple[NDArray[np.uint8], int] | None:
        """The fine canvas, 255 where ink is, and the width of the pen; None for what is too long to draw."""
        placed, width = _place(_bend(ink, rng), ink, FINE * self.height, rng)
        if width > LONGEST * FINE * self.height or not width:
            return None
        canvas = np.zeros((FINE * self.height, width), np.uint8)
        pen = pen_width(rng, body_of(placed, ink.text))
        draw(canvas, placed, ink.filled, pen, rng)
        return canvas, pen

    def _photographed(self, canvas: NDArray[np.uint8], rng: Generator) -> Strip:
        ruling = np.zeros_like(canvas)
        if rng.random() < 0.2:
            rule(ruling, rng)
        rows = rows_seen(self.height, rng)
        photo = photograph(shrunk(_share(canvas), rows), shrunk(_share(ruling), rows), rng)
        return contrast(resize(photo, self.height))

    def _clutter(self, canvas: NDArray[np.uint8], pen: int, rng: Generator) -> None:
        """What else a detector leaves in a crop: pieces of neighbouring words, underlines, frames, arrows."""
        if rng.random() < 0.28:
            self._neighbour(canvas, pen, rng)
        if rng.random() < 0.2:
            stray_line(canvas, pen, rng)

    def _neighbour(self, canvas: NDArray[np.uint8], pen: int, rng: Generator) -> None:
        rows, columns = canvas.shape
        ink = self._words.ink(int(rng.integers(len(self._words))))
        low = np.concatenate(ink.paths).min(axis=0)
        scale = rows * rng.uniform(0.6, 1.0) / height(ink.paths, ink.text)
        paths = [(path - low) * scale for path in ink.paths]
        wide, tall = extent(paths)
        depth = rng.uniform(0.02, 0.24) * rows
        along = rng.uniform(-wide, columns)
        side = rng.random()
        if side < 0.4:
            shift = (along, depth - tall)
        elif side < 0.8:
            shift = (along, rows - depth)
        elif side < 0.9:
            shift = (min(depth, 0.1 * rows) - wide, rng.uniform(-0.2, 0.4) * rows)
        else:
            shift = (columns - min(depth, 0.1 * rows), rng.uniform(-0.2, 0.4) * rows)
        draw(canvas, [p + np.array(shift, np.float32) for p in paths], False, pen, rng)

    def _scanned(self, rng: Generator) -> Sample:
        path, text = self._scans[rng.integers(len(self._scans))]
        grey = _grey(path)
        rows, columns = grey.shape
        stretch = cv2.resize(grey, (max(8, round(columns * rng.uniform(0.75, 1.3))), rows))
        slant = rng.normal(0, 0.12)
        shear = np.array([[1, slant, -slant * rows / 2], [0, 1, 0]], np.float32)
        bent = cv2.warpAffine(stretch, shear, stretch.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        crop = _trim(np.asarray(bent, np.uint8), rng)
        noisy = resize(crop, self.height).astype(np.float32) + rng.normal(0, rng.uniform(0, 8), 1)
        noisy += rng.normal(0, rng.uniform(0.5, 10), noisy.shape)
        return Sample(contrast(np.clip(noisy, 0, 255).astype(np.uint8)), text)

    def _nothing(self, rng: Generator) -> Sample:
        """A crop without any text: lines and noise, a little drawing, or a piece of the scene behind."""
        pick = rng.random()
        if pick < 0.35:
            return Sample(contrast(resize(_behind(rng), self.height)), "")
        canvas = np.zeros((FINE * self.height, int(FINE * self.height * rng.uniform(0.5, 6))), np.uint8)
        pen = pen_width(rng)
        if pick < 0.6:
            square = np.zeros((FINE * self.height,) * 2, np.uint8)
            doodle(square, rng, pen, FINE * self.height * rng.uniform(0.3, 0.6))
            canvas[:, : square.shape[1]] = square[:, : canvas.shape[1]]
        for _ in range(rng.integers(0, 4)):
            stray_line(canvas, pen, rng)
        return Sample(self._photographed(canvas, rng), "")


def _behind(rng: Generator) -> NDArray[np.uint8]:
    """A piece, RGB, of what writing stands before: people, plants, rooms, grain."""
    picture = scene(SCENE, rng) + texture(SCENE, rng)[:, :, None]
    rows = int(rng.integers(FEWEST, SCENE // 2))
    columns = min(SCENE, round(rows * rng.uniform(0.5, 5)))
    y, x = rng.integers(0, SCENE - rows), rng.integers(0, SCENE - columns + 1)
    return picture[y : y + rows, x : x + columns].clip(0, 255).astype(np.uint8)


def _is_loud(text: str) -> bool:
    """Capitals and digits: rare among the strokes, common on boards."""
    return text.isupper() or any(c.isdigit() for c in text)


def _scans(folder: Path) -> list[tuple[Path, str]]:
    rows = [json.loads(line) for line in (folder / "words.jsonl").read_text("utf-8").splitlines()]
    return [(folder / r["image"], r["text"]) for r in rows]


def _grey(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"), np.uint8)


def _share(canvas: NDArray[np.uint8]) -> Coverage:
    return (canvas / 255).astype(np.float32)


def _join(words: list[Ink], rng: Generator) -> Ink:
    """Words on one baseline with equal height of small letters."""
    x, paths = 0.0, []
    blank = rng.uniform(0.5, 1.6)
    for word in words:
        body = sized(word, 1)
        shift = np.array([x, rng.normal(0, 0.05)])
        paths += [(path + shift).astype(np.float32) for path in body.paths]
        x += body.wide + blank * rng.uniform(0.8, 1.2)
    return Ink(" ".join(w.text for w in words), tuple(paths))


def _bend(ink: Ink, rng: Generator) -> list[Path2D]:
    """Slant, stretch, tilt and a wavy baseline, about the height of the ink."""
    size, letters = height(ink.paths, ink.text), max(1, len(ink.text))
    slant, stretch = rng.normal(0, 0.14), np.exp(rng.normal(0, 0.18))
    tilt = np.deg2rad(rng.normal(0, 1.5) if rng.random() < 0.9 else rng.normal(0, 5)) * min(1, 6 / letters)
    shape = np.array([[stretch, 0], [-slant * stretch, 1]], np.float32)
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]], np.float32)
    wave, length, phase = rng.uniform(0, 0.05), rng.uniform(2, 8), rng.uniform(0, 2 * np.pi)
    bent = []
    for path in ink.paths:
        points = path / np.float32(size)
        points = points + np.stack(
            [np.zeros(len(points)), wave * np.sin(points[:, 0] * 2 * np.pi / length + phase)], 1
        )
        bent.append((points @ shape @ turn).astype(np.float32))
    return bent


def _place(paths: list[Path2D], ink: Ink, rows: int, rng: Generator) -> tuple[list[Path2D], int]:
    """Paths in pixels of a crop of `rows` rows, margins as a detector leaves them; and the crop's width."""
    points = np.concatenate(paths)
    low, high = points.min(axis=0), points.max(axis=0)
    tall = height(paths, ink.text)
    above, below = np.clip(rng.normal((0.15, 0.12), (0.14, 0.12)), -0.04, 0.7)
    left, right = np.clip(rng.normal(0.15, 0.13, 2), -0.02, 0.8)
    scale = rows / (tall * (1 + above + below))
    slack = (tall - float(high[1] - low[1])) / 2
    origin = np.array([low[0] - left * tall, low[1] - slack - above * tall], np.float32)
    width = int((float(high[0] - low[0]) + (left + right) * tall) * scale)
    return [(p - origin) * np.float32(scale) for p in paths], max(width, rows // 4)


def _trim(grey: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """`grey` with margins moved a little in or out."""
    rows = grey.shape[0]
    out = round(0.1 * rows)
    wide = np.pad(grey, out, mode="edge")
    cut = rng.integers(0, max(1, round(0.16 * rows)), 4)
    return wide[cut[0] : wide.shape[0] - cut[1], cut[2] : wide.shape[1] - cut[3]]
