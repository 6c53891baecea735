"""A small archive read by light models, and a browser's or a program's way to its page."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from light import board, book, empty_archive, light
from starlette.testclient import TestClient

from indexer import pipeline
from indexer.settings import Settings
from web.app import make_app
from web.guard import Access

PLACE = "http://127.0.0.1:8022"
BAD_NAME = '<img src=x onerror="alert(1)">.png'


@cache
def _filled() -> Path:
    """Read once in each process; the photos stay there, copies of the archive go to the tests."""
    folder = Path(mkdtemp(prefix="visitors-"))
    photos = folder / "photos"
    board(photos / "one.png", "quarterly roadmap", "budget")
    board(photos / "two.png", "loyalty program", "roadster")
    board(photos / BAD_NAME, "nothing")
    book(photos / "book.tiff", "first", "second")
    (photos / "empty.png").write_bytes(b"")
    with empty_archive(folder / "archive") as archive:
        pipeline.add(archive, [photos], Settings(), models=light)
    return folder


def photos() -> Path:
    """Where the photos of the archive lie."""
    return _filled() / "photos"


def filled_archive(home: Path) -> Path:
    """An archive with five photos of known words, made at `home`."""
    shutil.copytree(_filled() / "archive", home, dirs_exist_ok=True)
    return home


def visitor(home: Path, access: Access | None = None, **headers: str) -> TestClient:
    """Somebody who asks the page of the archive in `home`."""
    app = make_app(home, access or Access())
    return TestClient(app, base_url=PLACE, headers=headers, follow_redirects=False)
