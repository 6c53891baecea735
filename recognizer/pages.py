"""Drawn pages with exact truth: what the detector learns from. No torch.

Boards, sheets, notes and ruled pages with words at all sizes, and everything on them that is not writing:
frames, arrows, tables, underlines, scribbles, furniture, shadows, glare.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from recognizer.canvas import Note, Page, Sheet, Style
from recognizer.drawings import spin
from recognizer.synthesis import Synthesis
from recognizer.words import sized

TERMS = (
    {"name": "UNIPEN train-r01-v07, strokes of 79,907 words, less the test writers", "terms": "CC BY 4.0"},
    {"name": "40 handwriting fonts", "terms": "OFL 1.1 or Apache-2.0"},
    {"name": "Copiste d'un jour (BAnQ), its words as text alone", "terms": "CC BY 4.0"},
)
"""What the pages are drawn with, for the card of the weights."""

APART = 1.5
"""People leave so many times more room between words than between the letters of any of them."""


class Pages:
    """Draws pages of `size` x `size` pixels with the writing of a `Synthesis`."""

    def __init__(self, data: Path, split: str = "train", size: int = 512) -> None:
        self._writing = Synthesis(data, split)
        self._size = size

    def draw(self, rng: Generator) -> Page:
        """One page; one in five holds no writing."""
        sheet = Sheet(self._size, rng)
        sheet.furnish()
        if rng.random() > 0.2:
            for note in sheet.notes:
                if rng.random() < 0.8:
                    self._on_note(sheet, note, rng)
            for _ in range(rng.integers(1, 5)):
                self._block(sheet, rng)
        for _ in range(rng.integers(0, 5)):
            sheet.scrawl()
        return sheet.photographed()

    def _block(self, sheet: Sheet, rng: Generator) -> None:
        """Lines of one hand, one pen and one size, somewhere on the sheet."""
        body = float(np.exp(rng.uniform(np.log(5), np.log(46))))  # height of small letters, pixels
        style = self._style(sheet, body, _turn(rng), rng)
        corner = rng.uniform(-0.1, 0.8, 2) * self._size
        self._lines(sheet, style, corner, int(rng.integers(1, 14)), np.inf, rng)

    def _on_note(self, sheet: Sheet, note: Note, rng: Generator) -> None:
        """Some lines on a sticky note, turned as the note is."""
        body = note.side * float(rng.uniform(0.035, 0.12))
        style = self._style(sheet, body, rng.normal(0, 2) - note.turn, rng)
        room = note.side * rng.uniform(0.06, 0.15)
        corner = note.corner + spin(style.turn).T @ np.array([room, room + body])
        self._lines(sheet, style, corner, int(rng.integers(1, 7)), note.side - 2 * room, rng)

    @staticmethod
    def _style(sheet: Sheet, body: float, turn: float, rng: Generator) -> Style:
        """A pen for small letters of the height `body`, lines turned by `turn` degrees."""
        pen = body * float(np.exp(rng.uniform(np.log(0.06), np.log(0.35))))
        faint = rng.random() < 0.25  # pencil, a marker that runs dry
        opacity = rng.uniform(0.2, 0.55) if faint else rng.uniform(0.55, 1.0)
        patchy = rng.uniform(0.1, 0.4) if rng.random() < 0.2 else 0.0
        space = body * float(np.exp(rng.uniform(np.log(0.7), np.log(2))))
        turned = float(np.deg2rad(turn))
        return Style(body, max(1, round(pen)), turned, sheet.pen_colour(), opacity, patchy, space)

    def _lines(
        self,
        sheet: Sheet,
        style: Style,
        corner: NDArray[np.float64],
        rows: int,
        width: float,
        rng: Generator,
    ) -> None:
        """`rows` lines of one hand from `corner` on, each at most `width` pixels long."""
        spacing = style.body * rng.uniform(1.8, 3.8)
        hand = self._writing.hand(rng)
        loosest = 0.0
        for row in range(rows):
            words = [sized(ink, style.body) for ink in (hand(rng) for _ in range(rng.integers(1, 8))) if ink]
            words = [word for word in words if word.gap < style.body]  # others read as several
            loosest = max([loosest, *(word.gap for word in words)])
            x = rng.choice([0.0, 1.5]) * style.body * (rng.random() < 0.5)
            for word in words:
                if x <= 0.8 * width:
                    at = (x, row * spacing + rng.normal(0, 0.08) * style.body)
                    sheet.word(word, style, corner, at)
                    x += word.wide + max(style.space * rng.uniform(0.8, 1.3), APART * loosest)


def _turn(rng: Generator) -> float:
    """Degrees that lines run uphill: most hardly, some as people write round a drawing or up a margin."""
    pick = rng.random()
    if pick < 0.72:
        return float(rng.normal(0, 2.5))
    if pick < 0.86:
        return float(rng.normal(0, 12))
    return float(rng.uniform(-65, 65)) if pick < 0.96 else float(rng.normal(0, 3) + rng.choice([-90, 90]))
