"""Word boxes: algebra, merging, lines and reading order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright photo: origin top-left, right and bottom exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int
    line: int = 0
    """Number of the written line this box belongs to, counted in reading order."""
    chance: float = 1.0
    """Probability that there is writing in the box at all."""
