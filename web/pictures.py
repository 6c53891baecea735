"""Pictures of photos and of words: JPEGs made by us, without a word of what the camera noted."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import ClassVar

from PIL import Image

from detector import Box
from indexer.crops import crop, open_page
from indexer.gallery import Frame
from indexer.photo import Bounds, PhotoError, open_pages
from indexer.raster import Pixels

THUMBNAIL = 800
"""Pixels of the longer side of a small picture: enough for a card on a sharp screen, and to see a word."""

LARGE = 4096
"""The same of a large one."""

KEPT_BYTES = 128_000_000
"""Of pictures, in memory: on disk they would outlive photos that a person wants forgotten."""

AT_ONCE = 2
"""Photos decoded side by side."""


class Gone(Exception):
    """A photo whose file cannot be shown (any more)."""

    exit_code: ClassVar[int] = 3


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG, upright."""

    jpeg: bytes
    tag: str
    """Another one for other content."""


class Pictures:
    """Makes pictures; those asked for last are kept. Safe for threads."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._most = kept_bytes
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._turns = BoundedSemaphore(AT_ONCE)

    def photo(self, frame: Frame, longest: int) -> Picture:
        """The photo, its longer side at most `longest` pixels. Raises `Gone`."""
        return self._made(photo_tag(frame, longest), lambda: _photo(frame, longest))

    def word(self, frame: Frame, box: Box) -> Picture:
        """What is in `box`. Raises `Gone`."""
        return self._made(word_tag(frame, box), lambda: _word(frame, box))

    def _made(self, tag: str, make: Callable[[], Pixels]) -> Picture:
        with self._lock:
            if tag in self._kept:
                self._kept.move_to_end(tag)
                return self._kept[tag]
        with self._turns:
            made = Picture(_jpeg(make), tag)
        self._keep(made)
        return made

    def _keep(self, made: Picture) -> None:
        with self._lock:
            if made.tag not in self._kept:
                self._kept[made.tag] = made
                self._bytes += len(made.jpeg)
            while self._bytes > self._most and len(self._kept) > 1:
                self._bytes -= len(self._kept.popitem(last=False)[1].jpeg)


def photo_tag(frame: Frame, longest: int) -> str:
    """The tag of a photo's picture, known before it is made."""
    return f"{frame.sha256[:32]}-{frame.page}-{longest}"


def word_tag(frame: Frame, box: Box) -> str:
    """The same for a word."""
    return f"{frame.sha256[:32]}-{frame.page}-{box.x0}.{box.y0}.{box.x1}.{box.y1}.{box.angle:g}"


def _jpeg(make: Callable[[], Pixels]) -> bytes:
    try:
        pixels = make()
    except PhotoError as error:
        raise Gone(f"the file of this photo cannot be shown: {error.reason}") from error
    written = io.BytesIO()
    # Made from pixels alone: no place, no name, no camera goes along.
    Image.fromarray(pixels).save(written, "JPEG", quality=82)
    return written.getvalue()


def _photo(frame: Frame, longest: int) -> Pixels:
    path = Path(frame.path)
    pages = open_pages(path, Bounds(longest=longest))
    photo = next((photo for photo in pages if photo.page == frame.page), None)
    if photo is None or photo.sha256 != frame.sha256:
        raise PhotoError(path, "it has changed since it was read; `ocr-index add` it again")
    return photo.pixels


def _word(frame: Frame, box: Box) -> Pixels:
    return crop(open_page(Path(frame.path), frame.page, frame.sha256), box)
