"""Opening photos: every kind of file, upright, in colours, with its date and all its pages."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import BLUE, GREEN, KINDS, ORIENTATION, RED, WHITE, corners, exif, only, quarters, save_pdf
from PIL import Image

from detector import Box
from indexer.photo import Bounds, fingerprint, open_pages
from indexer.raster import sheets


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{KINDS[kind]}"
    quarters().save(path, kind)
    photo = only(path)
    assert photo.pixels.shape == (32, 64, 3)
    assert photo.pixels.dtype == np.uint8
    assert corners(photo.pixels) == [RED, GREEN, BLUE, WHITE]
    assert (photo.width, photo.height, photo.scale, photo.page, photo.pages) == (64, 32, 1.0, 1, 1)
    assert photo.sha256 == fingerprint(path) == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", KINDS)
def test_the_content_counts_and_not_the_name(tmp_path: Path, kind: str) -> None:
    for name in ("a.txt", "a", "a.jpg", "a.pdf"):
        quarters().save(tmp_path / name, kind)
        assert corners(only(tmp_path / name).pixels) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied_once(tmp_path: Path, kind: str, orientation: int) -> None:
    # How a camera that is held so stores what it sees: the reverse of what makes it upright.
    stored = quarters()
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    if orientation in undo:
        stored = stored.transpose(undo[orientation])
    path = tmp_path / "turned"
    stored.save(path, kind, exif=exif(orientation))
    photo = only(path)
    assert photo.pixels.shape == (32, 64, 3)
    assert (photo.width, photo.height) == (64, 32)
    assert corners(photo.pixels) == [RED, GREEN, BLUE, WHITE]


def test_in_heic_only_the_container_turns(tmp_path: Path) -> None:
    # ISO/IEC 23008-12 wants the EXIF orientation ignored; this encoder writes just that for an Exif object.
    notes = Image.Exif()
    notes[ORIENTATION] = 6
    quarters().save(tmp_path / "a.heic", exif=notes)
    assert b"irot" not in (tmp_path / "a.heic").read_bytes()
    assert corners(only(tmp_path / "a.heic").pixels) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize(
    ("time", "zone", "expected"),
    [
        ("2024:02:29 12:30:00", "+02:00", datetime.fromisoformat("2024-02-29T12:30:00+02:00").timestamp()),
        ("2024:02:29 12:30:00", "-05:30", datetime.fromisoformat("2024-02-29T12:30:00-05:30").timestamp()),
        ("2024:02:29 12:30:00", "", datetime(2024, 2, 29, 12, 30).timestamp()),
        ("2024:02:29 12:30:00", "around noon", datetime(2024, 2, 29, 12, 30).timestamp()),
        ("0000:00:00 00:00:00", "", 1_000_000_000.0),
        ("yesterday", "", 1_000_000_000.0),
        ("", "", 1_000_000_000.0),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "HEIF", "PNG", "WEBP"])
def test_the_date(tmp_path: Path, kind: str, time: str, zone: str, expected: float) -> None:
    path = tmp_path / "dated"
    quarters().save(path, kind, exif=exif(time=time, zone=zone))
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert only(path).taken == expected


def test_damaged_exif_costs_only_the_date(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    notes = exif(3, "2024:02:29 12:30:00")
    for damaged in (notes[:20], notes[:-30], notes[:14] + b"\xff" * 40, b"Exif\0\0nonsense"):
        quarters().save(path, exif=damaged)
        assert only(path).pixels.shape == (32, 64, 3)


def converted(mode: str) -> Image.Image:
    return quarters().convert(mode)


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("PNG", lambda: converted("P")),
        ("PNG", lambda: converted("RGBA")),
        ("TIFF", lambda: converted("CMYK")),
        ("JPEG", lambda: converted("CMYK")),
        ("TIFF", lambda: converted("RGBA")),
        ("GIF", lambda: converted("P")),
    ],
)
def test_colours_stay_whatever_they_are_stored_as(
    tmp_path: Path, kind: str, make: Callable[[], Image.Image]
) -> None:
    make().save(tmp_path / "a", kind)
    assert corners(only(tmp_path / "a").pixels) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "1"), ("PNG", "L"), ("PNG", "LA"), ("TIFF", "1"), ("TIFF", "LAB"), ("TIFF", "I;16"),
     ("TIFF", "I"), ("TIFF", "F"), ("PNG", "I;16"), ("BMP", "1"), ("JPEG", "L"), ("WEBP", "L")],
)  # fmt: skip
def test_grey_of_any_depth(tmp_path: Path, kind: str, mode: str) -> None:
    ramp = np.repeat(np.array([0, 255], np.uint8), 16)[None].repeat(8, axis=0)
    if mode.startswith("I"):
        image = Image.fromarray(ramp.astype(np.uint16 if mode == "I;16" else np.int32) * 257)
    elif mode == "LAB":
        image = Image.merge("LAB", [Image.fromarray(band) for band in (ramp, ramp * 0 + 128, ramp * 0 + 128)])
    else:
        image = Image.fromarray(ramp).convert(mode)
    assert image.mode == mode
    image.save(tmp_path / "a", kind)
    pixels = only(tmp_path / "a").pixels
    assert pixels.shape == (8, 32, 3)
    assert (pixels[:, :12] < 10).all()
    assert (pixels[:, 20:] > 245).all()


@pytest.mark.parametrize("most", [1023, 4095, 65535])
def test_twelve_bits_in_sixteen_are_not_dark(tmp_path: Path, most: int) -> None:
    grey = np.array([[0, most // 2, most]], np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert only(tmp_path / "a.png").pixels[0, :, 0].tolist() == [0, 127, 255]


def test_real_numbers_without_sense_do_no_harm(tmp_path: Path) -> None:
    values = np.array([[np.nan, np.inf, -np.inf, 0.0, 0.5, 1.0]], np.float32)
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert only(tmp_path / "a.tif").pixels[0, :, 0].tolist() == [0, 0, 0, 0, 127, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_shines_through_lies_on_white(tmp_path: Path, mode: str) -> None:
    glass = Image.new("RGBA", (20, 10), (0, 0, 0, 0))
    glass.paste((0, 0, 0, 255), (0, 0, 10, 10))
    glass.convert(mode).save(tmp_path / "a.png")
    pixels = only(tmp_path / "a.png").pixels
    assert (pixels[:, :10] == 0).all()
    assert (pixels[:, 10:] == 255).all()


def test_all_pages_of_a_tiff_but_not_its_previews(tmp_path: Path) -> None:
    path = tmp_path / "book.tif"
    pages = [Image.new("RGB", (20 + number, 10), (number, 0, 0)) for number in range(4)]
    pages[1].encoderinfo = {"tiffinfo": {254: 1}}
    pages[0].save(path, save_all=True, append_images=pages[1:])
    photos = list(open_pages(path))
    assert [photo.width for photo in photos] == [20, 22, 23]
    assert [(photo.page, photo.pages) for photo in photos] == [(1, 3), (2, 3), (3, 3)]
    assert len({photo.sha256 for photo in photos}) == 1


def test_only_the_first_picture_of_an_animation(tmp_path: Path) -> None:
    for kind in ("GIF", "WEBP", "PNG"):
        quarters().save(tmp_path / "a", kind, save_all=True, append_images=[Image.new("RGB", (64, 32))])
        assert corners(only(tmp_path / "a").pixels) == [RED, GREEN, BLUE, WHITE]


def test_pages_of_a_pdf(tmp_path: Path) -> None:
    photos = list(open_pages(save_pdf(tmp_path / "a.pdf", (595, 842), (842, 595))))
    assert [(photo.width, photo.height) for photo in photos] == [(1653, 2339), (2339, 1653)]
    assert [photo.scale for photo in photos] == [1.0, 1.0]
    assert all((photo.pixels == 255).all() for photo in photos)


def test_a_picture_in_a_pdf(tmp_path: Path) -> None:
    quarters(640, 320).save(tmp_path / "a.pdf", resolution=200)
    photo = only(tmp_path / "a.pdf")
    assert abs(photo.width - 640) <= 1 and abs(photo.height - 320) <= 1
    assert corners(photo.pixels) == [RED, GREEN, BLUE, WHITE]


def test_a_huge_page_is_drawn_smaller(tmp_path: Path) -> None:
    photo = only(save_pdf(tmp_path / "a.pdf", (14400, 7200)), Bounds(longest=400))
    assert photo.pixels.shape == (200, 400, 3)
    assert (photo.width, photo.height, photo.scale) == (40000, 20000, 100.0)


@pytest.mark.parametrize("kind", KINDS)
def test_large_photos_are_reduced(tmp_path: Path, kind: str) -> None:
    quarters(640, 320).save(tmp_path / "a", kind)
    photo = only(tmp_path / "a", Bounds(longest=80))
    assert photo.pixels.shape == (40, 80, 3)
    assert (photo.width, photo.height, photo.scale) == (640, 320, 8.0)
    assert corners(photo.pixels) == [RED, GREEN, BLUE, WHITE]


@settings(deadline=None, max_examples=40)
@given(
    width=st.integers(1, 400), height=st.integers(1, 400), longest=st.integers(1, 120), turned=st.booleans()
)
def test_boxes_of_a_reduced_photo_lie_in_the_whole_one(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int, longest: int, turned: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "reduced.jpg"
    Image.new("L", (width, height)).save(path, exif=exif(6 if turned else 1))
    photo = only(path, Bounds(longest=longest))
    rows, columns = photo.pixels.shape[:2]
    assert max(rows, columns) <= longest
    assert (photo.width, photo.height) == ((height, width) if turned else (width, height))
    everything = photo.whole(Box(0, 0, columns, rows, line=3, chance=0.5, angle=2.0))
    assert everything == Box(0, 0, photo.width, photo.height, line=3, chance=0.5, angle=2.0)


def test_a_jpeg_is_decoded_at_a_fraction(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    quarters(1600, 800).save(path)
    with path.open("rb") as file:
        [(_, sheet)] = sheets(file, "JPEG", Bounds(longest=250))
    assert sheet.pixels.shape == (100, 200, 3)  # an eighth; exactly 250 would need the whole decoded


@pytest.mark.parametrize(
    "name", [b"umlaut-\xe4.png", b"\xff\xfe.png", b"new\nline.png", "größe.png".encode()]
)
def test_names_in_any_encoding(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    quarters().save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(path)
    assert only(path).path == path


def test_many_threads_at_once(tmp_path: Path) -> None:
    pdf = save_pdf(tmp_path / "a.pdf", *[(72, 72)] * 5)
    quarters().save(tmp_path / "a.heic")
    counts: list[int] = []

    def open_both() -> None:
        counts.append(sum(1 for path in (pdf, tmp_path / "a.heic") for _ in open_pages(path)))

    threads = [threading.Thread(target=open_both) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [6] * 6
