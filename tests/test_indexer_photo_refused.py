"""Photos that cannot be read, and the reason that is given; files that go or change meanwhile."""

from __future__ import annotations

import os
import socket
import zlib
from pathlib import Path

import numpy as np
import pytest
from pictures import KINDS, only, quarters, save_pdf
from PIL import Image

from indexer.photo import Bounds, PhotoError, fingerprint, open_pages


def reason(path: Path, bounds: Bounds | None = None) -> str:
    with pytest.raises(PhotoError) as caught:
        list(open_pages(path, bounds or Bounds()))
    assert caught.value.path == path
    assert str(caught.value) == f"{path}: {caught.value.reason}"
    assert "\n" not in caught.value.reason
    return caught.value.reason


def test_what_is_beyond_the_bound_is_refused_unopened(tmp_path: Path) -> None:
    # A kilobyte that says it is a picture of ten gigapixels.
    path = tmp_path / "bomb.png"
    Image.new("1", (100_000, 1)).save(path)
    content = bytearray(path.read_bytes())
    content[20:24] = (100_000).to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    path.write_bytes(content)
    assert reason(path).startswith("too large (100000 x 100000 pixels; at most 200 megapixels are read)")


def test_the_bound_can_be_set(tmp_path: Path) -> None:
    quarters().save(tmp_path / "a.png")
    assert "too large" in reason(tmp_path / "a.png", Bounds(pixels=64 * 32 - 1))
    assert only(tmp_path / "a.png", Bounds(pixels=64 * 32)).pixels.shape == (32, 64, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_cut_short(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{KINDS[kind]}"
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path, kind)
    content = path.read_bytes()
    name = "HEIC" if kind == "HEIF" else kind
    for size in (16, len(content) // 2, len(content) * 9 // 10):
        path.write_bytes(content[:size])
        assert reason(path).startswith(f"a damaged {name}")


def test_reasons(tmp_path: Path) -> None:
    empty, text, folder = tmp_path / "empty.jpg", tmp_path / "text.jpg", tmp_path / "folder.jpg"
    empty.touch()
    text.write_text("To do: milk")
    folder.mkdir()
    (tmp_path / "broken.jpg").symlink_to("nowhere")
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    (tmp_path / "damaged.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
    assert reason(empty) == "an empty file"
    assert reason(text).startswith("not a photo")
    assert reason(folder) == "a folder, not a photo"
    assert reason(tmp_path / "gone.jpg") == "no such file"
    assert reason(tmp_path / "broken.jpg") == "a link to nothing"
    assert reason(tmp_path / "circle.jpg").startswith("cannot be read (")
    assert reason(tmp_path / "damaged.pdf").startswith("a damaged PDF")
    assert reason(tmp_path / "zero\0byte.jpg").startswith("no name of a file")
    assert reason(tmp_path / ("x" * 300)).startswith("cannot be read (")


# A page behind a password that nobody knows.
LOCKED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<" + b"11" * 32 + b">/U<" + b"22" * 32 + b">>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<33><33>]/Size 5>>\n%%EOF\n"
)


def test_an_encrypted_pdf(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(LOCKED)
    assert reason(tmp_path / "a.pdf") == "an encrypted PDF: save it without a password"


def test_pipes_and_sockets_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.jpg"))
        for path in (tmp_path / "pipe.jpg", tmp_path / "s.jpg", Path(os.devnull)):
            assert reason(path) == "not a file but a device, a pipe or a socket"
            with pytest.raises(PhotoError):
                fingerprint(path)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, who may read everything.
    def closed(*_args: object) -> int:
        raise PermissionError(13, "Permission denied")

    quarters().save(tmp_path / "a.png")
    monkeypatch.setattr(os, "open", closed)
    assert reason(tmp_path / "a.png") == "no permission to read it"


def test_a_file_that_goes_while_it_is_read_is_read(tmp_path: Path) -> None:
    pages = open_pages(save_pdf(tmp_path / "a.pdf", (72, 72), (72, 72)))
    next(pages)
    (tmp_path / "a.pdf").unlink()
    assert next(pages).page == 2


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    quarters().save(path, save_all=True, append_images=[quarters()])
    pages = open_pages(path)
    next(pages)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(PhotoError, match="changed while it was read"):
        next(pages)
