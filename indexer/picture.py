"""A photo with boxes and readings drawn on it, to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from indexer.views import StoredWord

SURE = (0, 130, 60)
UNSURE = (215, 95, 0)
PAPER = (255, 255, 255)


class PictureError(Exception):
    """The picture cannot be written where it was asked for."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """One box to draw, in pixels of the upright photo, with what to write above it."""

    box: tuple[int, int, int, int]
    caption: str
    probability: float = 1.0

    @classmethod
    def of(cls, word: StoredWord) -> Mark:
        """The box of `word` with its best reading."""
        box = (word.box.x0, word.box.y0, word.box.x1, word.box.y1)
        if not word.readings:
            return cls(box, "", 0.0)
        best = word.readings[0]
        return cls(box, f"{best.text} {best.probability:.0%}", best.probability)

    def shrunk(self, scale: float) -> Mark:
        """The same on a photo whose sides are `scale` times shorter."""
        x0, y0, x1, y1 = (round(edge / scale) for edge in self.box)
        return replace(self, box=(x0, y0, x1, y1))


def draw(pixels: NDArray[np.uint8], marks: Iterable[Mark]) -> Image.Image:
    """The photo `pixels` (RGB, H x W x 3) with `marks`: green the sure ones, orange the doubtful."""
    picture = Image.fromarray(pixels)
    pen = ImageDraw.Draw(picture, "RGBA")
    thickness = max(2, max(picture.size) // 400)
    for mark in marks:
        colour = _between(UNSURE, SURE, mark.probability)
        pen.rectangle(mark.box, outline=colour, width=thickness)
        _write(pen, mark, colour, picture.size)
    return picture


def draw_page(path: Path, page: int, marks: Iterable[Mark], picture: Path) -> None:
    """Write that page of the file `path` with `marks` on it to the file `picture`.

    Raises `PhotoError` for a file that cannot be read (any more), `PictureError` when writing fails.
    """
    from indexer.photo import PhotoError, open_pages

    photo = next((photo for photo in open_pages(path) if photo.page == page), None)
    if photo is None:
        raise PhotoError(path, f"has no page {page} any more; `ocr-index add` it again")
    save(draw(photo.pixels, (mark.shrunk(photo.scale) for mark in marks)), picture)


def save(picture: Image.Image, path: Path) -> None:
    """Write `picture` in the format that the ending of `path` names; `PictureError` when that fails."""
    try:
        picture.save(path)
    except ValueError:
        raise PictureError(f"{path}: not a picture format; end the name in .png or .jpg") from None
    except OSError as error:
        raise PictureError(f"{path}: cannot be written ({error.strerror or error})") from None


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
    """Half the word's own height, but legible on the photo as a whole and never a poster."""
    least, most = max(11, size[1] // 70), max(14, size[1] // 25)
    return int(np.clip((mark.box[3] - mark.box[1]) * 0.5, least, most))


def _between(low: tuple[int, ...], high: tuple[int, ...], share: float) -> tuple[int, ...]:
    share = min(1.0, max(0.0, share))
    return tuple(round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
