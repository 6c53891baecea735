"""Words cut out of their photos, as they look there: to be shown, or to be learnt from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from detector import Box
from indexer.photo import Photo, PhotoError, open_pages
from indexer.raster import Pixels
from recognizer.crop import patch


def open_page(path: Path, page: int, sha256: str | None = None) -> Photo:
    """One page of a file. Raises `PhotoError`, also for other bytes than those of `sha256`."""
    found = next((photo for photo in open_pages(path) if photo.page == page), None)
    if found is None or sha256 not in (None, found.sha256):
        raise PhotoError(path, "has changed since it was read; `ocr-index add` it again")
    return found


def crop(photo: Photo, box: Box) -> Pixels:
    """The word in `box` (pixels of the whole photo), upright, with the margin that recognizers get."""
    height, width = photo.pixels.shape[:2]
    across, down = width / photo.width, height / photo.height
    x0, y0 = min(width - 1, int(box.x0 * across)), min(height - 1, int(box.y0 * down))
    x1, y1 = max(x0 + 1, round(box.x1 * across)), max(y0 + 1, round(box.y1 * down))
    return patch(photo.pixels, replace(box, x0=x0, y0=y0, x1=x1, y1=y1))
