"""Files to open as photos: a picture of four colours, what a camera notes in it, empty PDFs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image

from indexer.photo import Bounds, Photo, open_pages

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
KINDS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "BMP": "bmp", "GIF": "gif", "HEIF": "heic",
         "TIFF": "tif"}  # fmt: skip
TIME, ZONE, ORIENTATION, EXIF = 0x9003, 0x9011, 0x0112, 0x8769


def quarters(width: int = 64, height: int = 32) -> Image.Image:
    """Red at the top left, green at the top right, blue at the bottom left, white at the bottom right."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def corners(pixels: NDArray[np.uint8]) -> list[tuple[int, ...]]:
    """The colours of the four quarters as saved by lossy formats, rounded to full and none."""
    height, width = pixels.shape[:2]
    spots = [(y, x) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    return [tuple(int(value) for value in np.where(pixels[spot] > 127, 255, 0)) for spot in spots]


def only(path: Path, bounds: Bounds | None = None) -> Photo:
    [photo] = open_pages(path, bounds or Bounds())
    return photo


def exif(orientation: int = 1, time: str = "", zone: str = "") -> bytes:
    """As a camera writes it."""
    notes = Image.Exif()
    notes[ORIENTATION] = orientation
    inner = notes.get_ifd(EXIF)
    if time:
        inner[TIME] = time
    if zone:
        inner[ZONE] = zone
    return notes.tobytes()


def save_pdf(path: Path, *sizes: tuple[float, float]) -> Path:
    """Empty pages of so many points."""
    document = pypdfium2.PdfDocument.new()
    for size in sizes:
        document.new_page(*size).close()
    document.save(path)
    document.close()
    return path
