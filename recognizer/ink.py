"""Where drawn words come from: pen strokes of real writers and outlines of handwriting fonts."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Path2D = NDArray[np.float32]
"""Points of one stroke or outline, n x 2, x to the right and y down."""

TEST_CONTRIBUTORS = frozenset({"cec", "nic"})
"""Never trained on: the recognizer is measured on them."""

UNUSABLE_CONTRIBUTORS = frozenset({"lav"})
"""Random letters under wrong labels."""

BELOW_BASELINE = frozenset("gjpqyQ,;()[]{}|_/$@")


@dataclass(frozen=True)
class Ink:
    """Something written: paths in any unit, with the text they spell. Outlines are filled, strokes drawn."""

    text: str
    paths: tuple[Path2D, ...]
    filled: bool = False


@dataclass(frozen=True)
class Glyph:
    """One character cut from a writer's words: paths around x = 0, baseline at y = 0, in word units."""

    paths: tuple[Path2D, ...]
    width: float


def split_of(contributor: str, writer: str) -> str:
    """`train`, `validation`, `test` or `unusable`, by writer, so that no hand is in two of them."""
    if contributor in UNUSABLE_CONTRIBUTORS:
        return "unusable"
    if contributor in TEST_CONTRIBUTORS:
        return "test"
    return "validation" if sum(writer.encode()) % 19 == 0 else "train"


class Unipen:
    """Words or phrases of UNIPEN as strokes, one split of them, kept compact in memory."""

    def __init__(self, folder: Path, name: str, split: str) -> None:
        """Read `name`.npz and `name`.jsonl ("words" or "text") of `folder`; keep the writers of `split`."""
        with np.load(folder / f"{name}.npz") as stored:
            self._steps = np.stack([stored["dx"], -stored["dy"].astype(np.int16)], axis=1)
            self._ends = np.unpackbits(stored["end"])[: len(self._steps)].astype(bool)
        rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()]
        self.rows = [r for r in rows if r["q"] != "BAD" and split_of(r["contrib"], r["writer"]) == split]
        self.by_writer: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(self.rows):
            self.by_writer[row["writer"]].append(number)

    def __len__(self) -> int:
        return len(self.rows)

    def ink(self, number: int) -> Ink:
        """Word `number`, smoothed where the tablet was slow."""
        row = self.rows[number]
        part = slice(row["start"], row["start"] + row["n"])
        points = self._steps[part].astype(np.float32).cumsum(axis=0)
        cuts = np.flatnonzero(self._ends[part])[:-1] + 1
        height = max(float(np.ptp(points[:, 1])), 1.0)
        return Ink(row["label"], tuple(_smooth(p, height) for p in np.split(points, cuts) if len(p)))


def _smooth(path: Path2D, height: float) -> Path2D:
    """One pass of Chaikin's corner cutting where points lie further apart than a twelfth of the height."""
    if len(path) < 3:
        return path
    steps = np.abs(np.diff(path, axis=0)).sum(axis=1)
    if float(np.median(steps)) < height / 12:
        return path
    a, b = path[:-1], path[1:]
    inner = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
    return np.concatenate([path[:1], inner, path[-1:]]).astype(np.float32)


def letters(ink: Ink) -> list[tuple[str, Glyph]]:
    """The characters of a word written in separate letters; empty when strokes and characters do not match.

    Strokes that overlap horizontally belong to one letter; if there are as many groups as characters, each
    group is taken for one character.
    """
    groups = _groups(ink.paths)
    characters = ink.text.replace(" ", "")
    if len(groups) != len(characters) or len(characters) < 2:
        return []
    standing = [
        max(float(p[:, 1].max()) for p in g)
        for g, c in zip(groups, characters, strict=True)
        if c not in BELOW_BASELINE and c not in "'\"^*-~="
    ]
    if not standing:
        return []
    baseline = float(np.median(standing))
    return [(c, _glyph(g, baseline)) for c, g in zip(characters, groups, strict=True)]


def _groups(paths: tuple[Path2D, ...]) -> list[list[Path2D]]:
    groups: list[list[Path2D]] = []
    right = -np.inf
    for path in sorted(paths, key=lambda p: float(p[:, 0].min())):
        left = float(path[:, 0].min())
        if groups and left < right - 0.2 * min(right - left, float(np.ptp(path[:, 0]))) - 1e-6:
            groups[-1].append(path)
        else:
            groups.append([path])
        right = max(right, float(path[:, 0].max()))
    return groups


def _glyph(paths: list[Path2D], baseline: float) -> Glyph:
    left = min(float(p[:, 0].min()) for p in paths)
    right = max(float(p[:, 0].max()) for p in paths)
    moved = tuple((p - np.array([left, baseline], np.float32)).astype(np.float32) for p in paths)
    return Glyph(moved, right - left)


class Hands:
    """Letters of each writer, cut from words written in separate letters: any text in a real hand."""

    def __init__(self, words: Unipen) -> None:
        self._words = words

    @cached_property
    def _banks(self) -> dict[str, dict[str, list[Glyph]]]:
        banks: dict[str, dict[str, list[Glyph]]] = {}
        for writer, numbers in self._words.by_writer.items():
            bank: dict[str, list[Glyph]] = defaultdict(list)
            for number in numbers[:600]:
                for character, glyph in letters(self._words.ink(number)):
                    bank[character].append(glyph)
            if len(bank) >= 12:
                banks[writer] = dict(bank)
        return banks

    @cached_property
    def _writers(self) -> list[str]:
        return sorted(self._banks)

    def write(self, text: str, rng: Generator) -> Ink | None:
        """`text` composed from letters of one writer who has them all; None if ten random ones do not."""
        needed = set(text) - {" "}
        for _ in range(10 if self._writers else 0):
            bank = self._banks[self._writers[rng.integers(len(self._writers))]]
            if needed <= bank.keys():
                return _compose(text, bank, rng)
        return None


def _compose(text: str, bank: dict[str, list[Glyph]], rng: Generator) -> Ink:
    tall = float(np.median([_height(g) for gs in bank.values() for g in gs[:3]]))
    gap, blank = tall * rng.uniform(0.05, 0.35), tall * rng.uniform(0.6, 1.3)
    x, paths = 0.0, []
    for character in text:
        if character == " ":
            x += blank
            continue
        glyph = bank[character][rng.integers(len(bank[character]))]
        shift = np.array([x, rng.normal(0, 0.03) * tall], np.float32)
        paths += [p + shift for p in glyph.paths]
        x += glyph.width + gap * rng.uniform(0.6, 1.4)
    return Ink(text, tuple(paths))


def _height(glyph: Glyph) -> float:
    return float(max(p[:, 1].max() for p in glyph.paths) - min(p[:, 1].min() for p in glyph.paths))


class Fonts:
    """Handwriting fonts, as outlines that can be bent like strokes."""

    EM = 96

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in {".ttf", ".otf"})

    def hand(self, rng: Generator) -> Fonts:
        """One of these fonts alone."""
        one = Fonts.__new__(Fonts)
        one.paths = [self.paths[rng.integers(len(self.paths))]]
        return one

    def write(self, text: str, rng: Generator) -> Ink | None:
        """`text` in one font, letters jittered; None if the font lacks a character."""
        font = str(self.paths[rng.integers(len(self.paths))])
        jitter = float(rng.choice([0.0, 0.02, 0.05]))
        track = (
            rng.uniform(0, 0.12) * self.EM if jitter else 0.0
        )  # untouched, so that joined scripts stay joined
        x, paths = 0.0, []
        for character in text:
            glyph = _outline(font, character, self.EM)
            if glyph is None:
                return None
            scale = 1 + rng.normal(0, jitter)
            shift = np.array([x, rng.normal(0, jitter) * self.EM], np.float32)
            paths += [(p * scale + shift).astype(np.float32) for p in glyph.paths]
            x += glyph.width * scale + track
        return Ink(text, tuple(paths), filled=True) if paths else None


@lru_cache(maxsize=64)
def _load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@lru_cache(maxsize=128)
def _missing(path: str, size: int) -> bytes:
    return bytes(_load_font(path, size).getmask("\uffff"))


@lru_cache(maxsize=8192)
def _outline(path: str, character: str, size: int) -> Glyph | None:
    """Outlines of one character, baseline at 0; None when the font draws its "missing" box or nothing."""
    font = _load_font(path, size)
    if character == " ":
        return Glyph((), max(font.getlength(" "), 0.3 * size))
    if bytes(font.getmask(character)) in (_missing(path, size), b""):
        return None
    picture = Image.new("L", (4 * size, 4 * size))
    ImageDraw.Draw(picture).text((size, 2 * size), character, fill=255, font=font, anchor="ls")
    solid = (np.asarray(picture) > 127).astype(np.uint8)
    contours, _ = cv2.findContours(solid, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_L1)
    origin = np.array([size, 2 * size], np.float32)
    outlines = tuple((c[:, 0, :] - origin).astype(np.float32) for c in contours if len(c) > 2)
    return Glyph(outlines, float(font.getlength(character))) if outlines else None
