"""Word boxes: algebra, merging, lines and reading order."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

DIAGONAL = 5.0
"""Degrees from a diagonal within which an upright rectangle does not tell the sides of the word in it."""


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
    angle: float = 0.0
    """Tilt of the writing in degrees, clockwise; the box is the upright rectangle around the tilted word.
    90 is writing that runs down the photo, 180 stands on its head."""
    alternative: bool = False
    """Whether this is another way to cut what other boxes hold already: read and searched, but no word."""

    @property
    def quarter(self) -> int:
        """Quarters of a full turn, clockwise, that come closest to the tilt: 0 to 3."""
        return round(self.angle / 90) % 4

    def turned(self, quarters: int, wide: int = 0, tall: int = 0) -> Box:
        """The box when its photo of `wide` x `tall` pixels is turned clockwise by quarters of a full turn.

        Without a size the turn is about the origin.
        """
        box = self
        for _ in range(quarters % 4):
            angle = box.angle + 90 if box.angle <= 90 else box.angle - 270
            box = replace(box, x0=tall - box.y1, y0=box.x0, x1=tall - box.y0, y1=box.x1, angle=angle)
            wide, tall = tall, wide
        return box

    @property
    def length(self) -> float:
        """Pixels along the writing, however it is tilted."""
        return self.core()[0]

    @property
    def height(self) -> float:
        """Pixels across the writing, however it is tilted."""
        return self.core()[1]

    def core(self) -> tuple[float, float]:
        """Width and height of the tilted word within its upright rectangle, pixels.

        A rectangle w x h turned by t fills W = w cos t + h sin t by H = w sin t + h cos t.
        Within DIAGONAL these cannot be told apart, and the upright sides are returned.
        """
        wide, tall = self.x1 - self.x0, self.y1 - self.y0
        turn = math.radians(self.angle)
        cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
        spread = cos * cos - sin * sin
        if abs(spread) < math.sin(math.radians(2 * DIAGONAL)) - 1e-3:
            return float(wide), float(tall)
        w, h = (wide * cos - tall * sin) / spread, (tall * cos - wide * sin) / spread
        return (w, h) if w > 0 and h > 0 else (float(wide), float(tall))

    def levelled(self, angle: float) -> Box:
        """The upright rectangle around the word once the photo is turned back about its origin by `angle`."""
        turn = math.radians(angle)
        cos, sin = math.cos(turn), math.sin(turn)
        corners = [(x * cos + y * sin, y * cos - x * sin) for x, y in self.outline()]
        x0, y0 = (round(min(side)) for side in zip(*corners, strict=True))
        x1, y1 = (round(max(side)) for side in zip(*corners, strict=True))
        return replace(self, x0=x0, y0=y0, x1=x1, y1=y1, angle=self.angle - angle)

    def shrunk(self, by: float) -> Box:
        """The box with each side of the tilted word moved in by so many pixels, or as far as can be."""
        level = self.levelled(self.angle)
        across, down = (
            max(0, min(round(by), (side - 1) // 2)) for side in (level.x1 - level.x0, level.y1 - level.y0)
        )
        inner = replace(
            level, x0=level.x0 + across, y0=level.y0 + down, x1=level.x1 - across, y1=level.y1 - down
        )
        return inner.levelled(-self.angle)

    def outline(self) -> list[tuple[float, float]]:
        """The corners of the tilted word, clockwise from its top left as read."""
        wide, tall = self.core()
        level = (wide, tall) == (self.x1 - self.x0, self.y1 - self.y0)  # also where the tilt is lost
        turn = 0.0 if level else math.radians(self.angle)
        along, down = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
        x, y = (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2
        ends = ((-wide, -tall), (wide, -tall), (wide, tall), (-wide, tall))
        return [(x + (a * along[0] + d * down[0]) / 2, y + (a * along[1] + d * down[1]) / 2) for a, d in ends]
