"""Image files of all kinds -> upright pixels: EXIF orientation is applied here and nowhere else."""

from __future__ import annotations

import ctypes
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from ctypes.util import find_library
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin
from PIL.ExifTags import IFD, Base
from pillow_heif import register_heif_opener

Pixels = NDArray[np.uint8]
"""H x W x 3, red, green, blue."""


class Defect(Exception):
    """What is wrong with the content of a file, in a few words."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a photo is taken into memory."""

    pixels: int = 200_000_000
    """A photo of more is refused: damaged or made to harm, as a rule."""
    longest: int = 4096
    """Photos are reduced until no side has more pixels; handwriting on a board stays legible."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One picture of a file."""

    pixels: Pixels
    """Upright, reduced to the bounds."""
    width: int
    """Pixels of the upright picture before it was reduced."""
    height: int
    taken: float | None = None
    """Unix seconds, where the file says so."""


GIANT = 50_000_000
"""Pixels of a picture that is decoded alone: up to a gigabyte is fine once, not in every thread at a time."""

_GIANTS = Lock()

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what makes it upright (CIPA DC-008, 4.6.5.1.2)."""

# The bound is ours, see `Bounds.pixels`; and what Pillow has to say about damaged files, `Defect` says.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())
# One thread each, because photos are opened side by side; thumbnails are of no use to a reader of writing.
register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)


def _hush_libtiff() -> None:
    """Keep libtiff from writing what it has against a damaged file to stderr, where our one line belongs.

    Pillow turns off the warnings of its copy of the library but not the errors. Where the copy is not found,
    there are more lines, and all else is the same.
    """
    package = Path(Image.__file__).parent
    copies = [*package.parent.glob("pillow.libs/libtiff*"), *package.glob(".dylibs/libtiff*")]
    # Looking for the system's copy starts programs, so it comes second.
    for copy in map(str, copies) if copies else filter(None, [find_library("tiff")]):
        with suppress(OSError, AttributeError):
            ctypes.CDLL(copy).TIFFSetErrorHandler(None)


_hush_libtiff()


def sheets(file: BufferedReader, kind: str, bounds: Bounds) -> Iterator[tuple[int, Sheet]]:
    """How many pictures there are, and each of them; all pages of a TIFF, the first picture of other kinds.

    `kind` is Pillow's name of the format. Raises `Defect`, and whatever Pillow raises for damaged files.
    """
    with Image.open(file, formats=(kind,)) as image:
        if not isinstance(image, TiffImagePlugin.TiffImageFile):
            yield 1, _sheet(image, bounds)
            return
        pages = [number for number in range(image.n_frames) if not _is_preview(image, number)] or [0]
        for number in pages:
            image.seek(number)
            yield len(pages), _sheet(image, bounds)


def check(width: int, height: int, bounds: Bounds) -> None:
    """Raise `Defect` for a picture beyond the bounds."""
    if width * height > bounds.pixels:
        size = f"{width} x {height} pixels"
        raise Defect(
            f"too large ({size}; at most {bounds.pixels / 1e6:g} megapixels are read): save it smaller"
        )


def _is_preview(image: TiffImagePlugin.TiffImageFile, number: int) -> bool:
    """Whether the page is but a smaller copy of another (NewSubfileType, bit 0)."""
    image.seek(number)
    kind = image.tag_v2.get(254, 0)
    return isinstance(kind, int) and bool(kind & 1)


def _sheet(image: Image.Image, bounds: Bounds) -> Sheet:
    width, height = image.size
    check(width, height, bounds)
    with _turn(width * height):
        # JPEG can be decoded at a half or a quarter; a little under the bound is near enough.
        aim = bounds.longest * 3 // 4 / max(width, height)
        image.draft("RGB", (max(1, int(width * aim)), max(1, int(height * aim))))
        image.load()
        # Looked at after loading, since Pillow turns TIFFs (and only these) while it loads them.
        exif = _exif(image)
        picture = _rgb(_reduced(image, bounds.longest))
    orientation = exif.get(Base.Orientation)
    if orientation in _TURNS:
        picture = picture.transpose(_TURNS[orientation])
        width, height = (height, width) if orientation >= 5 else (width, height)
    return Sheet(np.array(picture), width, height, _taken(exif))


def _turn(pixels: int) -> AbstractContextManager[object]:
    return _GIANTS if pixels > GIANT else nullcontext()


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    ratio = longest / max(image.size)
    if ratio >= 1:
        return image
    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    smooth = image if image.mode in ("L", "RGB", "RGBA", "CMYK") else _plain(image)
    return smooth.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _rgb(image: Image.Image) -> Image.Image:
    """In colours; what shines through lies on white paper."""
    plain = _plain(image)
    if plain.mode == "RGBA":
        paper = Image.new("RGBA", plain.size, "white")
        paper.alpha_composite(plain)
        plain = paper
    return plain.convert("RGB")


def _plain(image: Image.Image) -> Image.Image:
    """In one of the modes L, RGB and RGBA."""
    if image.mode in ("L", "RGB", "RGBA") and not image.has_transparency_data:
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_bytes(np.asarray(image)))
    if image.has_transparency_data:
        return image.convert("RGBA")
    # Pillow turns no LAB into RGB; its lightness has all the writing.
    return image.getchannel(0) if image.mode == "LAB" else image.convert("RGB")


def _bytes(values: NDArray[Any]) -> Pixels:
    """Grey values of any depth (10, 12, 16 bits, real numbers) as 8 bits; white is what the depth allows."""
    real = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    most = float(real.max())
    white = 1.0 if values.dtype.kind == "f" and most <= 1 else 2.0 ** max(8, int(most).bit_length()) - 1
    return (real.clip(0, white) * (255 / white)).astype(np.uint8)


def _exif(image: Image.Image) -> Mapping[int, Any]:
    """What the camera noted: the tags for orientation and dates; nothing where the notes are damaged."""
    notes: dict[int, Any] = {}
    lookups: tuple[Callable[[], Mapping[int, Any]], ...] = (
        lambda: image.getexif(),
        lambda: image.getexif().get_ifd(IFD.Exif),
    )
    for look in lookups:
        try:
            notes.update(look())
        except Exception:  # whatever Pillow stumbles upon in there, the picture itself is readable
            continue
    return notes


def _taken(exif: Mapping[int, Any]) -> float | None:
    """When the picture was taken or scanned, Unix seconds; without an offset it is the time of this place."""
    for stamp, offset in (
        (Base.DateTimeOriginal, Base.OffsetTimeOriginal),
        (Base.DateTimeDigitized, Base.OffsetTimeDigitized),
    ):
        text = str(exif.get(stamp, "")).strip("\0 ")
        zone = str(exif.get(offset, "")).strip("\0 ")
        for dated, form in ((f"{text}{zone}", "%Y:%m:%d %H:%M:%S%z"), (text, "%Y:%m:%d %H:%M:%S")):
            try:
                return datetime.strptime(dated, form).timestamp()
            except (ValueError, OverflowError, OSError):
                continue
    return None
