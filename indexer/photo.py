"""Path -> photos: upright pixels, the hash of the bytes, the date. The only opener of image files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import ClassVar

from PIL import UnidentifiedImageError

from detector import Box
from indexer import pdf, raster
from indexer.raster import Bounds, Defect, Pixels

__all__ = ["SUFFIXES", "Bounds", "Photo", "PhotoError", "fingerprint", "open_pages"]

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".dib", ".gif"}
    | {".heic", ".heif", ".hif", ".tif", ".tiff", ".pdf"}
)
"""Endings, in lower case, of names that photos have; what a file really is, its first bytes say."""


BOUNDS = Bounds()


class PhotoError(Exception):
    """A file, or a folder of files, that cannot be read."""

    exit_code: ClassVar[int] = 3

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        """In a few words, without the path."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One page of a file, upright. It is known by its content: the hash of the file's bytes, and the page."""

    path: Path
    page: int
    """Counted from 1."""
    pages: int
    sha256: str
    """Of the bytes of the whole file, hexadecimal."""
    taken: float
    """Unix seconds: what the camera noted, else when the file was last written."""
    width: int
    """Pixels of the whole photo, upright. All boxes that leave the indexer count in these."""
    height: int
    pixels: Pixels
    """uint8 H x W x 3 (red, green, blue), upright, on white; smaller than the whole photo if that is huge."""

    @property
    def scale(self) -> float:
        """Pixels of the whole photo in one of `pixels`, along a side; 1 unless the photo was reduced."""
        height, width, _ = self.pixels.shape
        return max(self.width, self.height) / int(max(width, height))

    def whole(self, box: Box) -> Box:
        """A box found in `pixels`, in pixels of the whole photo."""
        height, width = self.pixels.shape[:2]
        if (width, height) == (self.width, self.height):
            return box
        across, down = self.width / width, self.height / height
        x0, y0 = round(box.x0 * across), round(box.y0 * down)
        x1, y1 = round(box.x1 * across), round(box.y1 * down)
        return replace(box, x0=x0, y0=y0, x1=x1, y1=y1)


def fingerprint(path: Path) -> str:
    """The sha256 of the bytes, hexadecimal. Raises `PhotoError` for what is not there or no readable file."""
    with _explained(path), _file(path) as file:
        return _sha256(file)


def open_pages(path: Path, bounds: Bounds = BOUNDS) -> Iterator[Photo]:
    """The photos in a file: every page of a PDF or TIFF, the one picture of any other kind.

    JPEG, PNG, WebP, BMP, GIF, HEIC, TIFF and PDF are told apart by content, whatever the name says. One page
    is in memory at a time. Raises `PhotoError` for anything that cannot be read, after the pages before it.
    """
    with _explained(path), _file(path) as file:
        sha256 = _sha256(file)
        before = os.fstat(file.fileno())
        for number, (pages, sheet) in enumerate(_sheets(file, bounds), start=1):
            after = os.fstat(file.fileno())
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise Defect("changed while it was read; it is read again next time")
            taken = after.st_mtime if sheet.taken is None else sheet.taken
            yield Photo(path, number, pages, sha256, taken, sheet.width, sheet.height, sheet.pixels)


def _sheets(file: BufferedReader, bounds: Bounds) -> Iterator[tuple[int, raster.Sheet]]:
    head = file.read(1024)
    file.seek(0)
    if not head:
        raise Defect("an empty file")
    kind = _kind(head)
    if kind is None:
        raise Defect("not a photo: neither JPEG, PNG, WebP, BMP, GIF, HEIC, TIFF nor PDF")
    try:
        yield from pdf.sheets(file, bounds) if kind == "PDF" else raster.sheets(file, kind, bounds)
    except (Defect, MemoryError):
        raise
    except Exception as error:
        raise _defect(kind, error) from error


_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")

_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}


def _kind(head: bytes) -> str | None:
    """The kind of file that begins with `head`, by Pillow's name."""
    for start, kind in _STARTS.items():
        if head.startswith(start):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "HEIF"
    # Readers of PDF allow for something before it, and there are writers that need it.
    return "PDF" if b"%PDF-" in head else None


def _defect(kind: str, error: Exception) -> Defect:
    """In our words what a decoder has against a file of that kind."""
    if isinstance(error, OSError) and error.errno is not None:
        return Defect(f"cannot be read ({error.strerror})")
    name = "HEIC" if kind == "HEIF" else kind
    if isinstance(error, UnidentifiedImageError):
        return Defect(f"a damaged {name}: it is incomplete or overwritten; copy it again")
    if "truncated" in str(error).lower():
        return Defect(f"a damaged {name}: it breaks off in the middle; copy it again")
    detail = " ".join(str(error).split())[:120] or type(error).__name__
    return Defect(f"a damaged {name} ({detail})")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Let nothing out but `PhotoError`."""
    try:
        yield
    except Defect as defect:
        raise PhotoError(path, str(defect)) from defect.__cause__
    except OSError as error:
        raise PhotoError(path, _out_of_reach(path, error)) from error
    except MemoryError as error:
        raise PhotoError(path, "too large for the memory there is") from error
    except ValueError as error:  # a name with a zero byte in it
        raise PhotoError(path, f"no name of a file ({error})") from error


def _out_of_reach(path: Path, error: OSError) -> str:
    """Why a file cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return "a link to nothing" if path.is_symlink() else "no such file"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return f"cannot be read ({error.strerror or error})"


@contextmanager
def _file(path: Path) -> Iterator[BufferedReader]:
    """The open file; never a device, a pipe or a folder, and never waiting for somebody to write to it."""
    _insist_on_file(path.stat().st_mode)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        # Again, because the name may mean something else by now.
        _insist_on_file(os.fstat(file.fileno()).st_mode)
        yield file


def _insist_on_file(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise Defect("a folder, not a photo")
    if not stat.S_ISREG(mode):
        raise Defect("not a file but a device, a pipe or a socket")


def _sha256(file: BufferedReader) -> str:
    """Of the whole file, which is then at its beginning again."""
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest
