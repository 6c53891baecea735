"""Written words at their size: how far letters rise and fall, and how loosely they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recognizer.ink import BELOW_BASELINE, Ink, Path2D

ASCENDING = frozenset("bdfhklt0123456789()[]{}|/\"'!?$@&#%") | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True)
class Word:
    """A word ready to be drawn: paths in pixels from x = 0, the baseline at y = 0."""

    paths: list[NDArray[np.float64]]
    filled: bool

    @property
    def wide(self) -> float:
        """Pixels from its first to its last point."""
        return max(float(path[:, 0].max()) for path in self.paths)

    @cached_property
    def gap(self) -> float:
        """The widest upright gap between parts of it, pixels; 0 where there is none."""
        spans = np.array(sorted((path[:, 0].min(), path[:, 0].max()) for path in self.paths))
        reached = np.maximum.accumulate(spans[:, 1])
        return float((spans[1:, 0] - reached[:-1]).max(initial=0.0))


def rise_and_fall(text: str) -> tuple[float, float]:
    """How far letters of `text` reach above small ones and below the baseline, in heights of small ones."""
    return 0.7 * any(c in ASCENDING for c in text), 0.5 * any(c in BELOW_BASELINE for c in text)


def extent(paths: Sequence[Path2D]) -> tuple[float, float]:
    """Width and height of writing."""
    points = np.concatenate(paths)
    return float(np.ptp(points[:, 0])), float(np.ptp(points[:, 1]))


def height(paths: Sequence[Path2D], text: str) -> float:
    """How tall writing of `text` counts, flat as dashes may be: nearly as tall as its letters are wide."""
    wide, tall = extent(paths)
    return max(tall, 0.8 * wide / max(1, len(text)), 1e-3)


def body_of(paths: Sequence[Path2D], text: str) -> float:
    """The height of small letters in writing of `text`, judged from which of its letters rise and fall."""
    return height(paths, text) / (1 + sum(rise_and_fall(text)))


def sized(ink: Ink, body: float) -> Word:
    """`ink` with small letters about `body` pixels high."""
    rises, _ = rise_and_fall(ink.text)
    low = np.concatenate(ink.paths).min(axis=0)
    scale = body / body_of(ink.paths, ink.text)
    return Word([(p - low) * scale - np.array([0, body * (1 + rises)]) for p in ink.paths], ink.filled)
