"""Damaged photos: no crash, no hang, a reason for each, and nothing on stderr but our own lines."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from indexer.photo import PhotoError, open_pages

ROOT = Path(__file__).resolve().parent.parent


def test_a_short_fuzz_run() -> None:
    command = [sys.executable, "-m", "benchmarks.fuzz_photos", "--count", "104", "--seed", "7"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.stderr == ""
    assert run.returncode == 0, run.stdout
    [total] = [line.split() for line in run.stdout.splitlines() if line.startswith("all ")]
    read, refused, *bad = map(int, total[1:])
    assert read + refused == 104
    assert refused > 40
    assert bad == [0, 0, 0]
    [peak] = [line for line in run.stdout.splitlines() if line.startswith("peak memory")]
    assert int(peak.split()[2]) < 400


STARTS = (
    b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"MM\0*",
    b"RIFF\xff\0\0\0WEBP", b"\0\0\0\x18ftypheic", b"%PDF-1.7\n",
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=300))
def test_anything_that_begins_like_a_photo(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, rest: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(start + rest)
    try:
        assert list(open_pages(path))
    except PhotoError as error:
        assert error.reason and "\n" not in error.reason


def test_no_library_speaks_beside_us(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.tif"
    Image.linear_gradient("L").convert("1").save(path, compression="group4")
    content = bytearray(path.read_bytes())
    content[40:600] = bytes(560)
    path.write_bytes(content)
    with suppress(PhotoError):
        list(open_pages(path))
    assert capfd.readouterr() == ("", "")
