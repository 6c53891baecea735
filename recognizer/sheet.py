"""What was read worst, and how far probabilities can be believed, as pictures to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from recognizer import Strip
from recognizer.score import Bin

COLUMNS, WIDE, TALL, CAPTION = 5, 250, 36, 34
PLOT = 320


@dataclass(frozen=True, slots=True)
class Misread:
    """A word that was read wrong: how wrong (edits for each character), what it says and what was read."""

    distance: float
    text: str
    read: str
    strip: Strip


def misread_sheet(worst: Sequence[Misread]) -> Image.Image:
    """The strips in rows, below each what it says and what was read."""
    rows = -(-len(worst) // COLUMNS) or 1
    sheet = Image.new("RGB", (COLUMNS * WIDE, rows * (TALL + CAPTION)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for place, one in enumerate(worst):
        x, y = place % COLUMNS * WIDE + 4, place // COLUMNS * (TALL + CAPTION) + 4
        picture = Image.fromarray(_grey(one.strip))
        picture.thumbnail((WIDE - 8, TALL - 4))
        sheet.paste(picture, (x, y))
        draw.text((x, y + TALL - 2), f"{one.text}\n", "#202020", font)
        draw.text((x, y + TALL + 12), one.read or "(nothing)", "#c03020", font)
    return sheet


def reliability_plot(bins: Sequence[Bin]) -> Image.Image:
    """The share that is right for each stated probability; on the diagonal all would be well."""
    plot = Image.new("RGB", (PLOT, PLOT), "white")
    draw, font = ImageDraw.Draw(plot), ImageFont.load_default(12)
    edge, side = 40, PLOT - 60

    def at(stated: float, right: float) -> tuple[float, float]:
        return edge + stated * side, 20 + (1 - right) * side

    draw.rectangle((*at(0, 1), *at(1, 0)), outline="#808080")
    draw.line((*at(0, 0), *at(1, 1)), "#b0b0b0")
    most = max((one.count for one in bins), default=1)
    for one in bins:
        if one.count:
            x, y = at(one.stated, one.right)
            reach = 2 + 5 * (one.count / most) ** 0.5
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill="#1060b0")
    draw.text((edge, PLOT - 30), "stated probability, 0 to 1", "#202020", font)
    draw.text((4, 2), "share that is right, 0 to 1", "#202020", font)
    return plot


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Both on one picture."""
    both = Image.new("RGB", (left.width + right.width, max(left.height, right.height)), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


def _grey(strip: Strip) -> NDArray[np.uint8]:
    return np.asarray(255 * (1 - np.clip(strip, 0, 1)), np.uint8)
