"""A file -> its pages with the words found and cut out: all that can be done without the recognizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from detector import Box, Detector
from indexer.archive import Archive, ArchiveBusy, ArchiveError, ModelIds
from indexer.photo import Photo, PhotoError, fingerprint, open_pages
from indexer.reading import Page, Sighting
from recognizer import Strip
from recognizer.crop import strip, tightened


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page ready to be read."""

    sighting: Sighting
    page: Page
    boxes: tuple[Box, ...]
    """In pixels of the whole photo."""
    strips: tuple[Strip, ...]
    tight: tuple[Strip | None, ...]
    """The same words cut more tightly, in case they cannot be read surely; None for alternatives."""
    pages: int | None = None
    """How many there are; comes with the last one."""


@dataclass(frozen=True, slots=True)
class Known:
    """A file whose bytes the archive has, or will have when a copy that is in hand just now is read."""

    sighting: Sighting
    sha256: str
    in_hand: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be read, or not to its end."""

    sighting: Sighting
    reason: str
    sha256: str | None
    damaged: bool
    """The bytes are at fault, so that trying again is of no use."""


Outcome = Prepared | Known | Unreadable


class Claims:
    """The bytes in hand, so that copies are not read side by side."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._lock = Lock()

    def take(self, sha256: str) -> bool:
        """Whether nobody else had them."""
        with self._lock:
            free = sha256 not in self._held
            self._held.add(sha256)
            return free

    def release(self, sha256: str) -> None:
        """They are read, or given up."""
        with self._lock:
            self._held.discard(sha256)


@dataclass(frozen=True, slots=True)
class Preparer:
    """Opens files; called from many threads."""

    archive: Archive
    detector: Detector
    height: int
    """Rows of a strip, as the recognizer wants it."""
    claims: Claims
    renewed_by: ModelIds | None = None
    """Read even what is read already, unless these models did it."""

    def __call__(self, sighting: Sighting) -> Iterator[Outcome]:
        """What becomes of one file: its pages, or that it is known, or why not, whatever is wrong with it."""
        sha256 = None
        try:
            sha256 = fingerprint(Path(sighting.path))
            yield from self._outcomes(sighting, sha256)
        except PhotoError as error:
            damaged = sha256 is not None and _is_damage(error, sighting)
            yield Unreadable(sighting, error.reason, sha256, damaged)
        except (ArchiveError, ArchiveBusy):
            raise
        except Exception as error:  # one bad photo never stops the run, not even by a fault of ours
            reason = f"it could not be read ({type(error).__name__}: {error})"
            yield Unreadable(sighting, reason, sha256, damaged=False)

    def _outcomes(self, sighting: Sighting, sha256: str) -> Iterator[Outcome]:
        if not self.claims.take(sha256):
            yield Known(sighting, sha256, in_hand=True)
        elif self.archive.has_read(sha256, self.renewed_by):
            yield Known(sighting, sha256, in_hand=False)
        else:
            yield from self._pages(sighting, sha256)

    def _pages(self, sighting: Sighting, sha256: str) -> Iterator[Outcome]:
        """The pages, without those that were read before a run was broken off."""
        read = self.archive.pages_read(sha256, self.renewed_by)
        finished = False
        for photo in open_pages(Path(sighting.path)):
            if photo.page not in read:
                finished = photo.page == photo.pages
                yield self._prepared(sighting, photo)
        if not finished:
            yield Known(sighting, sha256, in_hand=False)

    def _prepared(self, sighting: Sighting, photo: Photo) -> Prepared:
        boxes = self.detector.cuts(photo.pixels)
        return Prepared(
            sighting,
            Page(photo.sha256, photo.page, photo.taken, photo.width, photo.height),
            tuple(photo.whole(box) for box in boxes),
            *strips_of(photo.pixels, boxes, self.height),
            photo.pages if photo.page == photo.pages else None,
        )


def strips_of(
    pixels: NDArray[np.uint8], boxes: Sequence[Box], height: int
) -> tuple[tuple[Strip, ...], tuple[Strip | None, ...]]:
    """The strips of `boxes`, and the tight ones; see `Prepared`."""
    tight = (None if box.alternative else strip(pixels, tightened(box), height) for box in boxes)
    return tuple(strip(pixels, box, height) for box in boxes), tuple(tight)


def _is_damage(error: PhotoError, sighting: Sighting) -> bool:
    """Whether the bytes are at fault, and not the disk, the memory, or somebody who is writing the file."""
    cause = error.__cause__
    if isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno is not None):
        return False
    try:
        return Sighting.of(sighting.path) == sighting
    except OSError:
        return False
