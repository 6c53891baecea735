"""Path -> upright pixels, hash, date: the only opener of image files."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pypdfium2
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

MOST_PIXELS = 250_000_000
"""Pictures with more pixels are taken for decompression bombs; the largest phone cameras make 200 million."""

MOST_BYTES = 1_000_000_000
"""Larger files are no photos."""

MOST_PAGES = 500
"""Pages of one file that are read."""

PDF_LONG_SIDE = 2560
"""Pixels of the long side of a rendered PDF page: as sharp as a good phone photo of it."""

SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".bmp",
        ".dib",
        ".gif",
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
        ".hif",
        ".avif",
        ".pdf",
    ]
)
"""Endings of files that folders are searched for."""

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "HEIF", "AVIF")
"""What Pillow may open; it knows many formats that no camera makes and nobody keeps safe."""

EXIF_IFD, TAKEN, TAKEN_OFFSET, CHANGED = 0x8769, 0x9003, 0x9011, 0x0132

pillow_heif.register_heif_opener()


class PhotoError(Exception):
    """A file cannot be read as a photo; `reason` says why in one line, without the path."""

    exit_code = 3

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One page of a file: its pixels upright, RGB u8 H x W x 3, the EXIF orientation applied."""

    path: Path
    page: int
    """Counted from 1."""
    pages: int
    sha256: str
    taken: datetime
    """When, with a time zone: from EXIF, else when the file was changed last."""
    pixels: NDArray[np.uint8]


def fingerprint(path: Path) -> str:
    """sha256 of the bytes of the file, in hexadecimal. Raises PhotoError."""
    try:
        with _opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PhotoError(path, _reason(error)) from error


def open_pages(path: Path) -> Iterator[Photo]:
    """The pages of the file `path`, one in memory at a time. Raises PhotoError, maybe after some pages."""
    try:
        with _opened(path) as file:
            content = file.read(MOST_BYTES + 1)
            changed = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
    except OSError as error:
        raise PhotoError(path, _reason(error)) from error
    if not content:
        raise PhotoError(path, "the file is empty")
    sha256 = hashlib.sha256(content).hexdigest()
    reader = _pdf if content[:1024].lstrip().startswith(b"%PDF") else _pictures
    try:
        for page, pages, taken, pixels in reader(content):
            yield Photo(path, page, pages, sha256, taken or changed, pixels)
    except _Refused as refused:
        raise PhotoError(path, str(refused)) from refused


class _Refused(Exception):
    """Why a file is not read."""


_Page = tuple[int, int, datetime | None, NDArray[np.uint8]]


def _opened(path: Path) -> io.BufferedReader:
    """The file, opened without waiting for pipes and devices. Raises OSError or PhotoError."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    kind = path.stat().st_mode
    if stat.S_ISDIR(kind):
        raise PhotoError(path, "it is a folder")
    if not stat.S_ISREG(kind):
        raise PhotoError(path, "it is not a regular file")
    file = os.fdopen(os.open(path, flags), "rb")
    if os.fstat(file.fileno()).st_size > MOST_BYTES:
        file.close()
        raise PhotoError(path, f"it is larger than {MOST_BYTES // 10**6} MB and no photo")
    return file


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "no permission to read it; change its permissions and add it again"
    return f"it cannot be read ({error.strerror or error})"


def _pictures(content: bytes) -> Iterator[_Page]:
    """Pages of anything that Pillow opens."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata, of which users can do nothing
        try:
            yield from _frames(content)
        except UnidentifiedImageError:
            raise _Refused("it is not a picture of a known format, or is damaged at its start") from None
        except Image.DecompressionBombError:
            raise _Refused(_TOO_LARGE) from None
        except MemoryError:
            raise _Refused("there is not enough memory to open it") from None
        except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, RuntimeError,
                OverflowError, AttributeError, ZeroDivisionError) as fault:  # fmt: skip
            # Decoders meet damaged bytes with all of these; what they say helps nobody but the curious.
            raise _Refused(f"it is damaged or cut off ({_brief(fault)})") from fault
        except Exception as fault:  # struct.error, zlib.error and others that are no subclass of the above
            raise _Refused(f"it is damaged ({_brief(fault)})") from fault


_TOO_LARGE = f"it has more than {MOST_PIXELS // 10**6} million pixels; scale it down and add it again"


def _brief(fault: BaseException) -> str:
    """The first line of what a decoder says, shortened."""
    return (str(fault).splitlines() or [type(fault).__name__])[0][:80] or type(fault).__name__


def _frames(content: bytes) -> Iterator[_Page]:
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        # Animations and the previews inside of phone photos are no pages.
        pages = min(getattr(picture, "n_frames", 1), MOST_PAGES) if picture.format == "TIFF" else 1
        for page in range(1, pages + 1):
            if page > 1:
                picture.seek(page - 1)
            if picture.width * picture.height > MOST_PIXELS:
                raise _Refused(_TOO_LARGE)
            taken = _taken(picture)
            yield page, pages, taken, _upright(picture)


def _upright(picture: Image.Image) -> NDArray[np.uint8]:
    """RGB u8 pixels, H x W x 3, with the EXIF orientation applied and transparency on white."""
    turned = ImageOps.exif_transpose(picture)
    if turned.mode in {"I", "F"} or turned.mode.startswith("I;16"):
        return _from_deep(np.asarray(turned))
    if turned.has_transparency_data:
        layered = turned.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        ground.alpha_composite(layered)
        turned = ground
    pixels = np.array(turned.convert("RGB"), np.uint8)
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise _Refused("it has no pixels")
    return pixels


def _from_deep(values: NDArray[Any]) -> NDArray[np.uint8]:
    """16 and 32 bit grey, stretched from its darkest to its brightest pixel."""
    deep = np.nan_to_num(values.astype(np.float64))
    low, high = float(deep.min()), float(deep.max())
    grey = ((deep - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _taken(picture: Image.Image) -> datetime | None:
    """When the photo was taken, by its EXIF data; None if they are silent or senseless."""
    try:
        exif = picture.getexif()
        inner = exif.get_ifd(EXIF_IFD)
        text = str(inner.get(TAKEN) or exif.get(CHANGED) or "").strip("\0 ")
        moment = datetime.strptime(text[:19].replace("-", ":"), "%Y:%m:%d %H:%M:%S")
        return moment.replace(tzinfo=_zone(str(inner.get(TAKEN_OFFSET) or "")) or UTC)
    except Exception:  # damaged EXIF data must not cost us the photo
        return None


def _zone(offset: str) -> timezone | None:
    """The time zone of an EXIF offset as in "+02:00"; None if there is none."""
    sign, hours, minutes = offset[:1], offset[1:3], offset[4:6]
    if sign not in {"+", "-"} or not (hours + minutes).isdigit():
        return None
    shift = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(shift if sign == "+" else -shift)


def _pdf(content: bytes) -> Iterator[_Page]:
    """The pages of a PDF, rendered."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as fault:
        locked = "password" in str(fault).lower()
        raise _Refused(
            "it is encrypted; save it without a password" if locked else "the PDF is damaged"
        ) from None
    try:
        pages = min(len(document), MOST_PAGES)
        if not pages:
            raise _Refused("the PDF has no pages")
        for number in range(pages):
            yield number + 1, pages, None, _rendered(document, number)
    finally:
        document.close()


def _rendered(document: pypdfium2.PdfDocument, number: int) -> NDArray[np.uint8]:
    try:
        page = document[number]
        try:
            wide, tall = page.get_size()
            if not (wide > 0 and tall > 0):
                raise _Refused(f"page {number + 1} of the PDF has no size")
            bitmap = page.render(scale=PDF_LONG_SIDE / max(wide, tall), rev_byteorder=True)
            return np.array(bitmap.to_pil().convert("RGB"), np.uint8)
        finally:
            page.close()
    except (pypdfium2.PdfiumError, ValueError, MemoryError) as fault:
        raise _Refused(f"page {number + 1} of the PDF is damaged") from fault
