"""What all requests share: the open archive, the searcher of its present state, pictures made of photos."""

from __future__ import annotations

import io
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import ClassVar, TypeVar

from PIL import Image

import search
from indexer.archive import Archive
from indexer.gallery import Frame
from indexer.photo import Bounds, PhotoError, open_pages
from search import Hit, Searcher

T = TypeVar("T")

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


class Desk:
    """For one archive; safe for threads."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.pictures = Pictures()
        self._lock = Lock()
        self._archive: Archive | None = None
        self._file: tuple[int, int] | None = None
        self._searching = Lock()
        self._searcher: Searcher | None = None
        self._state: tuple[tuple[str, int], ...] = ()

    @property
    def archive(self) -> Archive:
        """The archive in its folder, opened again when another file has taken its place.

        Raises `NoArchive`, `NewerArchive`, `ArchiveBusy`, `ArchiveError`.
        """
        with self._lock:
            file = _identity(self.home / "archive.sqlite")
            if self._archive is None or file is None or file != self._file:
                self.close()
                self._archive, self._file = Archive.open(self.home), _identity(self.home / "archive.sqlite")
            return self._archive

    def find(self, query: str, limit: int, exact: bool = False) -> list[Hit]:
        """What search finds now. Raises `IndexMissing`."""
        return self._ask(lambda searcher: searcher.find(query, limit, exact))

    def closest(self, query: str) -> dict[str, list[str]]:
        """For each typed word that is on no photo, the closest that are."""
        return self._ask(lambda searcher: searcher.closest(query))

    def _ask(self, question: Callable[[Searcher], T]) -> T:
        with self._searching:
            state = _state(self.home / "index")
            if self._searcher is None or state != self._state:
                self._searcher, self._state = search.open(self.home), state
            return question(self._searcher)

    def close(self) -> None:
        """Let go of the files."""
        if self._archive is not None:
            self._archive.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _state(folder: Path) -> tuple[tuple[str, int], ...]:
    """What every commit to the index changes."""
    try:
        with os.scandir(folder) as entries:
            changing = [entry for entry in entries if entry.name.endswith((".toc", ".json"))]
            return tuple(sorted((entry.name, entry.stat().st_mtime_ns) for entry in changing))
    except OSError:
        return ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG made by us: upright, without a word of what the camera noted."""

    jpeg: bytes
    tag: str
    """Another one for other content."""


class Pictures:
    """Pictures of photos; those asked for last are kept."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._most = kept_bytes
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._turns = BoundedSemaphore(AT_ONCE)

    def picture(self, frame: Frame, longest: int) -> Picture:
        """The photo, its longer side at most `longest` pixels. Raises `Gone`."""
        tag = tag_of(frame, longest)
        with self._lock:
            if tag in self._kept:
                self._kept.move_to_end(tag)
                return self._kept[tag]
        with self._turns:
            made = Picture(_jpeg(frame, longest), tag)
        self._keep(made)
        return made

    def _keep(self, made: Picture) -> None:
        with self._lock:
            if made.tag not in self._kept:
                self._kept[made.tag] = made
                self._bytes += len(made.jpeg)
            while self._bytes > self._most and len(self._kept) > 1:
                self._bytes -= len(self._kept.popitem(last=False)[1].jpeg)


def tag_of(frame: Frame, longest: int) -> str:
    """The tag of a picture, known before it is made."""
    return f"{frame.sha256[:32]}-{frame.page}-{longest}"


def _jpeg(frame: Frame, longest: int) -> bytes:
    path = Path(frame.path)
    try:
        pages = open_pages(path, Bounds(longest=longest))
        photo = next((photo for photo in pages if photo.page == frame.page), None)
    except PhotoError as error:
        raise Gone(f"the file of this photo cannot be shown: {error.reason}") from error
    if photo is None or photo.sha256 != frame.sha256:
        raise Gone("the file of this photo has changed since it was read; `ocr-index add` it again")
    written = io.BytesIO()
    # Made from pixels alone: no place, no name, no camera goes along.
    Image.fromarray(photo.pixels).save(written, "JPEG", quality=82)
    return written.getvalue()
