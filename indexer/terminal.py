"""Pictures in a terminal: two pixels a character, as half blocks."""

from __future__ import annotations

import cv2
import numpy as np

from indexer.raster import Pixels
from recognizer.crop import contrast

UPPER, LOWER, BOTH = "\N{UPPER HALF BLOCK}", "\N{LOWER HALF BLOCK}", "\N{FULL BLOCK}"

INK = 0.4
"""Share of full ink from which a pixel is drawn where there are no colours."""


def blocks(pixels: Pixels, columns: int, lines: int, colour: bool = True) -> str:
    """The picture (h x w x 3, RGB) no wider than `columns` and no higher than `lines` of characters.

    With `colour` in 24-bit ANSI colours as it is, else its ink alone, whatever pen and ground there were.
    """
    height, width = pixels.shape[:2]
    scale = min(columns / width, 2 * lines / height)
    size = (max(1, round(width * scale)), max(2, 2 * round(height * scale / 2)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    pairs = zip(small[0::2], small[1::2], strict=True)
    if colour:
        return "".join("".join(map(_coloured, *pair)) + "\x1b[0m\n" for pair in pairs)
    ink = contrast(small) > INK
    signs = np.array([" ", UPPER, LOWER, BOTH])
    return "".join("".join(row).rstrip() + "\n" for row in signs[ink[0::2] + 2 * ink[1::2]])


def _coloured(above: Pixels, below: Pixels) -> str:
    """One character: the upper half in one colour, its ground in the other."""
    (r, g, b), (s, h, c) = above.tolist(), below.tolist()
    return f"\x1b[38;2;{r};{g};{b};48;2;{s};{h};{c}m{UPPER}"
