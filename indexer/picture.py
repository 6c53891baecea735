"""A photo with ink, boxes, reading order and readings drawn on it, to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detector import Box

if TYPE_CHECKING:
    from indexer.views import StoredWord

SURE = (0, 130, 60)
UNSURE = (215, 95, 0)
PAPER = (255, 255, 255)
ORDER = (40, 80, 230)
INK = (230, 0, 160)

Pixels = NDArray[np.uint8]
InkOf = Callable[[Pixels], NDArray[np.bool_]]
"""Says of RGB pixels H x W x 3 where there is ink, as `Detector.mask` does."""


class PictureError(Exception):
    """The picture cannot be written where it was asked for."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """One box to draw, in pixels of the upright photo, with what to write above it."""

    box: tuple[int, int, int, int]
    caption: str
    probability: float = 1.0
    line: int | None = None
    """Number of the written line, counted from 0; without one it is drawn in no order."""
    angle: float = 0.0
    """Tilt in degrees, clockwise; `box` is the upright rectangle around the tilted word."""

    @classmethod
    def of(cls, word: StoredWord) -> Mark:
        """The box of `word` with its best reading."""
        box = (word.box.x0, word.box.y0, word.box.x1, word.box.y1)
        if not word.readings:
            return cls(box, "", 0.0, word.box.line, word.box.angle)
        best = word.readings[0]
        caption = f"{best.text} {best.probability:.0%}"
        return cls(box, caption, best.probability, word.box.line, word.box.angle)

    def shrunk(self, scale: float) -> Mark:
        """The same on a photo whose sides are `scale` times shorter."""
        x0, y0, x1, y1 = (round(edge / scale) for edge in self.box)
        return replace(self, box=(x0, y0, x1, y1))

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def outline(self) -> list[tuple[float, float]]:
        """The corners of the word, tilted as it is."""
        return Box(*self.box, angle=self.angle).outline()


def draw(pixels: Pixels, marks: Iterable[Mark], ink: NDArray[np.bool_] | None = None) -> Image.Image:
    """The photo `pixels` (RGB, H x W x 3) with `marks`: green the sure ones, orange the doubtful.

    A blue line joins the words of a written line as they are read; where it begins stands the number of the
    line, counted from 1. What `ink` (bool, H x W) says is writing is tinted.
    """
    picture = Image.fromarray(pixels if ink is None else _tinted(pixels, ink))
    pen = ImageDraw.Draw(picture, "RGBA")
    thickness = max(2, max(picture.size) // 800)
    shown = list(marks)
    for mark in shown:
        pen.polygon(mark.outline, outline=_between(UNSURE, SURE, mark.probability), width=thickness)
    for number, line in groupby((m for m in shown if m.line is not None), key=lambda mark: mark.line):
        _order(pen, f"{(number or 0) + 1}", list(line), thickness)
    for mark in shown:
        _write(pen, mark, _between(UNSURE, SURE, mark.probability), picture.size)
    return picture


def draw_page(
    path: Path, page: int, marks: Iterable[Mark], picture: Path, ink_of: InkOf | None = None
) -> None:
    """Write that page of the file `path` with `marks`, and its ink, to the file `picture`.

    Raises `PhotoError` for a file that cannot be read (any more), `PictureError` when writing fails.
    """
    from indexer.photo import PhotoError, open_pages

    photo = next((photo for photo in open_pages(path) if photo.page == page), None)
    if photo is None:
        raise PhotoError(path, f"has no page {page} any more; `ocr-index add` it again")
    ink = ink_of(photo.pixels) if ink_of else None
    save(draw(photo.pixels, (mark.shrunk(photo.scale) for mark in marks), ink), picture)


def save(picture: Image.Image, path: Path) -> None:
    """Write `picture` in the format that the ending of `path` names; `PictureError` when that fails."""
    try:
        picture.save(path)
    except ValueError:
        raise PictureError(f"{path}: not a picture format; end the name in .png or .jpg") from None
    except OSError as error:
        raise PictureError(f"{path}: cannot be written ({error.strerror or error})") from None


def _tinted(pixels: Pixels, ink: NDArray[np.bool_]) -> Pixels:
    """`pixels` with the colour of ink laid over `ink`, so that what lies below still shows."""
    tinted = pixels.copy()
    tinted[ink] = (pixels[ink] * 0.35 + np.array(INK) * 0.65).astype(np.uint8)
    return tinted


def _order(pen: ImageDraw.ImageDraw, number: str, line: list[Mark], thickness: int) -> None:
    """A stroke through the words of one line and its number at the left end of the first."""
    pen.line([mark.centre for mark in line], fill=(*ORDER, 150), width=thickness)
    first = line[0].box
    font = ImageFont.load_default(size=max(11, 6 * thickness))
    left, top, right, bottom = pen.textbbox((0, 0), number, font=font)
    x, y = max(0, first[0] - int(right - left) - 4), (first[1] + first[3] - int(bottom - top)) // 2
    pen.rectangle((x, y - 2, x + right - left + 4, y + bottom - top + 2), fill=(*ORDER, 230))
    pen.text((x + 2 - left, y - top), number, font=font, fill=PAPER)


def _write(pen: ImageDraw.ImageDraw, mark: Mark, colour: tuple[int, ...], size: tuple[int, int]) -> None:
    """The caption on a light ground above the box, or inside it at the upper edge of the photo."""
    if not mark.caption:
        return
    font = ImageFont.load_default(size=_letter_height(mark, size))
    left, top, right, bottom = pen.textbbox((0, 0), mark.caption, font=font)
    x = max(0, min(mark.box[0], size[0] - int(right - left)))
    y = max(0, mark.box[1] - int(bottom - top) - 4)
    pen.rectangle((x, y, x + right - left + 4, y + bottom - top + 3), fill=(*PAPER, 215))
    pen.text((x + 2 - left, y + 1 - top), mark.caption, font=font, fill=colour)


def _letter_height(mark: Mark, size: tuple[int, int]) -> int:
    """Half the height of the word or less: a caption is no wider than its word where it stays legible."""
    least, most = max(11, size[1] // 200), max(14, size[1] // 25)
    fits = 1.9 * (mark.box[2] - mark.box[0]) / max(1, len(mark.caption))
    return int(np.clip(min(fits, (mark.box[3] - mark.box[1]) * 0.5), least, most))


def _between(low: tuple[int, ...], high: tuple[int, ...], share: float) -> tuple[int, ...]:
    share = min(1.0, max(0.0, share))
    return tuple(round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
