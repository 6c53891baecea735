"""Models so light that a run over many photos takes no time, and the photos that they can read.

A word is a row of bars between two full-height posts; the height of a bar is its letter. The detector finds
such rows, the recognizer measures the bars: exact, deterministic, and the same on every platform.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector import Box
from detector.alternatives import with_alternatives
from indexer.archive import Archive
from indexer.pipeline import Models
from indexer.schema import open_database
from indexer.settings import Settings
from recognizer import Lattice, Strip
from recognizer.alphabet import Alphabet
from recognizer.language import LanguageModel

LETTERS = "abcdefghijklmnopqrstuvwxyz"
ALPHABET = Alphabet(LETTERS + " ")
STEP = 2
HEIGHT = STEP * (len(LETTERS) + 1)
CELL = 8
GAP = 10 * CELL
"""Between words: so wide that nobody takes two for one."""
END = 3 * CELL
"""After the last one."""
MARGIN = 10


def pixels(*lines: str) -> NDArray[np.uint8]:
    """A white page with the words of `lines` in black bars."""
    words = [[CELL * (len(word) + 2) + GAP for word in line.split()] for line in lines]
    width = max([sum(line) - GAP + END for line in words] + [CELL])
    page = np.full((2 * MARGIN + len(lines) * 2 * HEIGHT, width + 2 * MARGIN, 3), 255, np.uint8)
    for number, line in enumerate(lines):
        bottom = MARGIN + number * 2 * HEIGHT + HEIGHT
        x = MARGIN
        for word in line.split():
            for letter in f"|{word}|":
                tall = HEIGHT if letter == "|" else STEP * (LETTERS.index(letter) + 1)
                page[bottom - tall : bottom, x : x + CELL - 2] = 0
                x += CELL
            x += GAP
    return page


def board(path: Path, *lines: str) -> Path:
    """Such a page as a file, in the format that the ending of `path` names (not JPEG, which blurs)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(*lines)).save(path)
    return path


def book(path: Path, *pages: str) -> Path:
    """A TIFF of several pages."""
    first, *rest = [Image.fromarray(pixels(page)) for page in pages]
    first.save(path, save_all=True, append_images=rest)
    return path


@dataclass(frozen=True)
class LightDetector:
    id: str = "light detector 1"

    def detect(self, pixels: NDArray[np.uint8]) -> list[Box]:
        ink = pixels.min(axis=2) < 128
        return [
            Box(x0, y0, x1, y1, line, 0.9)
            for line, (y0, y1) in enumerate(_runs(ink.any(axis=1), 1))
            for x0, x1 in _runs(ink[y0:y1].any(axis=0), CELL)
        ]

    def cuts(self, pixels: NDArray[np.uint8]) -> list[Box]:
        return with_alternatives(self.detect(pixels))

    def mask(self, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return np.asarray(pixels.min(axis=2) < 128)


def _runs(there: NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """From where to where it is there; gaps shorter than `gap` do not count."""
    places = np.flatnonzero(there)
    if not places.size:
        return []
    ends = np.flatnonzero(np.diff(places) > gap)
    firsts, lasts = [0, *(ends + 1)], [*ends, len(places) - 1]
    return [(int(places[a]), int(places[b]) + 1) for a, b in zip(firsts, lasts, strict=True)]


@dataclass(frozen=True)
class Opinion:
    """A language of which one thing is known: how much likelier `of` makes a text."""

    of: Callable[[str], float]

    def __call__(self, text: str) -> float:
        return self.of(text)

    def amid(self, text: str, _share: float) -> float:
        return self.of(text)

    def guide(self, _alphabet: Alphabet) -> None:
        return None


@dataclass
class LightRecognizer:
    """Reads what `pixels` draws; `backwards` makes another model of it."""

    id: str = "light recognizer 1"
    height: int = 68
    """HEIGHT and the margins of a crop, so that nothing is scaled."""
    alphabet: Alphabet = ALPHABET
    backwards: bool = False
    language: LanguageModel | None = None
    lattices_id: str = ""
    seen: list[int] = field(default_factory=list)
    """Strips in each call."""

    def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
        self.seen.append(len(strips))
        return [self._lattice(_letters(strip)) for strip in strips]

    def _lattice(self, text: str) -> Lattice:
        text = text[::-1] if self.backwards else text
        frames, labels = np.indices((2 * len(text) + 1, self.alphabet.size))
        # No two second guesses are equally likely, so that their order depends on nothing else.
        chances = 1.0 + (frames * 37 + labels * 11) % 101 / 100
        chances[0::2, 0] = 5000
        chances[np.arange(1, len(chances), 2), self.alphabet.encode(text)] = 5000
        return Lattice(np.log(chances / chances.sum(axis=1, keepdims=True)).astype(np.float32))


def _letters(strip: Strip) -> str:
    """The heights of the bars between the posts, as letters."""
    ink = strip > 0.5
    heights = ink.sum(axis=0)
    bars = [int(heights[a:b].max()) for a, b in _runs(heights > 0, 1)]
    unit = max(bars) / (len(LETTERS) + 1)
    return "".join(LETTERS[round(bar / unit) - 1] for bar in bars[1:-1])


@cache
def _empty_archive() -> bytes:
    with TemporaryDirectory() as folder:
        open_database(Path(folder), create=True).close()
        return (Path(folder) / "archive.sqlite").read_bytes()


def empty_archive(home: Path) -> Archive:
    """A new archive, without running the migrations each time."""
    home.mkdir(exist_ok=True)
    (home / "archive.sqlite").write_bytes(_empty_archive())
    return Archive.open(home)


def light(_settings: Settings) -> Models:
    return Models(LightDetector(), LightRecognizer())


def lattice_of(labels: str, frames_each: int) -> Lattice:
    """Every character ("-" is the blank) for so many frames, surely."""
    path = np.repeat([0 if one == "-" else ALPHABET.encode(one)[0] for one in labels], frames_each)
    chances = np.full((len(path), ALPHABET.size), 0.001 / ALPHABET.size)
    chances[np.arange(len(path)), path] += 0.999
    return Lattice(np.log(chances).astype(np.float32))
