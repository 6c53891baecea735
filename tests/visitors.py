"""A small archive read by light models, and a browser's or a program's way to its page."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread

from light import ALPHABET, board, book, empty_archive, light
from starlette.testclient import TestClient

from detector.weights import Card, save
from indexer import choice, pipeline
from indexer.settings import Settings
from web.app import make_app, make_server
from web.guard import Access

PLACE = "http://127.0.0.1:8022"
TOY_LEARNER = (sys.executable, str(Path(__file__).with_name("toy_learner.py")))
"""Trains a small network for a moment."""

NO_LEARNER = (sys.executable, "-c", "")
"""Ends at once without a word."""

LESSONS = """quarterly roadmap budget loyalty program roadster meeting agenda draft review sprint goal
release date owner risk blocker status next steps customer feedback market team"""
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


@cache
def _taught() -> Path:
    """Six photos of four words each, all labelled, and the weights of a small network that reads nothing."""
    folder = Path(mkdtemp(prefix="taught-"))
    for number, words in enumerate(zip(*[iter(LESSONS.split())] * 4, strict=True)):
        board(folder / "photos" / f"{number}.png", " ".join(words[:2]), " ".join(words[2:]))
    home = folder / "archive"
    with empty_archive(home) as archive:
        pipeline.add(archive, [folder / "photos"], Settings(), models=light)
        read = {word.id: word.readings[0].text for page in archive.words() for word in page.words}
        archive.labels.set_each(read)
    return folder


def taught_archive(home: Path) -> Path:
    """An archive with enough labels to learn from, and a small network in use, made at `home`."""
    shutil.copytree(_taught() / "archive", home, dirs_exist_ok=True)
    choice.use(home, str(toy_weights(home / "models" / "toy.safetensors")))
    return home


def toy_weights(path: Path, seed: int = 1) -> Path:
    """A recognizer that has learned nothing yet."""
    from torch import manual_seed

    from recognizer.model import build, tensors_of

    manual_seed(seed)
    settings = {"height": 32, "hidden": 8}
    path.parent.mkdir(parents=True, exist_ok=True)
    card = Card("recognizer", "crnn", settings, ALPHABET.characters, 32)
    save(path, tensors_of(build("crnn", ALPHABET.size, settings)), card)
    return path


@contextmanager
def served(home: Path, access: Access | None = None) -> Iterator[int]:
    """A server for the archive in `home` on a port of this machine, which is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = make_server(make_app(home, access or Access(), light, TOY_LEARNER))
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def ask(port: int, request: bytes) -> tuple[int, bytes, bytes]:
    """Send these bytes as they are: the status, the head and the body of the answer; 0 for none."""
    parts: list[bytes] = []
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        with suppress(OSError):  # the server may have heard enough
            line.sendall(request)
        with suppress(ConnectionResetError):
            while part := line.recv(65536):
                parts.append(part)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, head.lower(), body


def request(method: str, path: str, body: bytes = b"", /, **headers: str) -> bytes:
    """A request as bytes; header names have underscores for hyphens."""
    named = {"host": "127.0.0.1", "content-length": str(len(body)), "connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def visitor(home: Path, access: Access | None = None, **headers: str) -> TestClient:
    """Somebody who asks the page of the archive in `home`."""
    app = make_app(home, access or Access(), light, TOY_LEARNER)
    return TestClient(app, base_url=PLACE, headers=headers, follow_redirects=False)
