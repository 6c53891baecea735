"""Photos sent to the page: kept where they belong, read, or refused with a reason."""

from __future__ import annotations

import io
import re
import shutil
import struct
import zlib
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from light import book, pixels
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from visitors import filled_archive, visitor

from web import uploads


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return filled_archive(tmp_path / "archive")


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with visitor(home) as client:
        yield client


def photo(*lines: str) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels(*lines)).save(written, "PNG")
    return written.getvalue()


def send(client: TestClient, name: str, content: bytes, kind: str = "image/png") -> tuple[int, str]:
    answer = client.post(
        "/api/photos", params={"name": name}, content=content, headers={"content-type": kind}
    )
    return answer.status_code, answer.json().get("error", answer.json().get("name"))


def settled(client: TestClient) -> list[dict[str, object]]:
    """The states once everything is read: the reader is told that there is no more, and waited for."""
    assert isinstance(client.app, Starlette)
    sent = client.app.state.desk.uploads
    sent.close()
    sent._reader.join(60)
    told: list[dict[str, object]] = client.get("/api/uploads").json()["uploads"]
    return told


def files(home: Path) -> list[str]:
    folder = home / uploads.FOLDER
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_photo_that_is_sent_is_read_and_found(client: TestClient, home: Path) -> None:
    status, name = send(client, "my board.png", photo("telescope"))
    assert status == 202 and re.fullmatch(r"my-board-[0-9a-f]{8}\.png", name)
    [upload] = settled(client)
    assert upload["state"] == "read", upload
    [hit] = client.get("/api/search?q=telescope&limit=1").json()["hits"]
    assert [hit["photo"]["id"]] == upload["photos"]
    assert hit["photo"]["path"] == str(home / "uploads" / name)


def test_what_is_sent_twice_is_kept_once(client: TestClient, home: Path) -> None:
    assert send(client, "a.png", photo("twice")) == send(client, "a.png", photo("twice"))
    assert len(files(home)) == 1


def test_all_pages_are_read(client: TestClient, tmp_path: Path) -> None:
    content = book(tmp_path / "book.tiff", "alpha", "omega").read_bytes()
    assert send(client, "book.tiff", content, "image/tiff")[0] == 202
    [upload] = settled(client)
    assert isinstance(upload["photos"], list) and len(upload["photos"]) == 2


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../evil.png", "evil"),
        ("/etc/cron.d/evil.png", "evil"),
        ("..\\..\\evil.png", "evil"),
        ("evil\x00.png", "evil"),
        ("..png", "photo"),
        ("a" * 300 + ".png", "a" * 60),
        ("Tafel – März.PNG", "Tafel-März"),
        ("-rf .png", "rf"),
        ("<script>.png", "script"),
    ],
)
def test_a_name_leads_nowhere(client: TestClient, home: Path, name: str, kept: str) -> None:
    status, told = send(client, name, photo("evil"))
    if status == 202:
        assert re.fullmatch(rf"{kept}-[0-9a-f]{{8}}\.png", told), told
        assert files(home) == [told]
    else:
        assert status in (400, 415) and files(home) == []


@pytest.mark.parametrize(
    ("name", "content", "kind", "status"),
    [
        ("a.png", b"", "image/png", 415),
        ("a.png", b"<html><script>alert(1)</script></html>", "image/png", 415),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 415),
        ("a.png", photo("x")[:60], "image/png", 415),
        ("a.exe", photo("x"), "image/png", 415),
        ("a", photo("x"), "image/png", 415),
        (".png", photo("x"), "image/png", 415),
        ("", photo("x"), "image/png", 400),
        ("a" * 600 + ".png", photo("x"), "image/png", 400),
        ("a.png", photo("x"), "text/plain", 400),
        ("a.png", photo("x"), "multipart/form-data; boundary=x", 400),
        ("a.png", photo("x"), "application/x-www-form-urlencoded", 400),
    ],
    ids=map(str, range(12)),
)
def test_what_is_no_photo_is_refused_and_not_kept(
    client: TestClient, home: Path, name: str, content: bytes, kind: str, status: int
) -> None:
    told = send(client, name, content, kind)
    assert told[0] == status and told[1]
    assert files(home) == [] and client.get("/api/uploads").json() == {"uploads": []}


def test_a_huge_picture_in_a_small_file_is_refused(client: TestClient, home: Path) -> None:
    small = photo("x")
    head = b"IHDR" + struct.pack(">II", 60_000, 60_000) + small[24:29]
    bomb = small[:12] + head + struct.pack(">I", zlib.crc32(head)) + small[33:]
    status, reason = send(client, "bomb.png", bomb)
    assert status == 415 and "too large" in reason and files(home) == []


def test_more_bytes_than_a_photo_has_are_refused(client: TestClient, home: Path) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(uploads.LARGEST // 1_000_000 + 2):
            yield bytes(1_000_000)

    answer = client.post("/api/photos?name=a.png", content=endless(), headers={"content-type": "image/png"})
    assert answer.status_code == 413
    assert files(home) == []


def test_too_many_pages_are_refused(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_PAGES", 1)
    content = book(tmp_path / "book.tiff", "alpha", "omega").read_bytes()
    assert send(client, "book.tiff", content, "image/tiff")[0] == 415


def test_a_full_disk_is_not_filled_to_the_end(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
    assert send(client, "a.png", photo("x"))[0] == 507


def test_other_sites_send_nothing(client: TestClient, home: Path) -> None:
    headers = {"content-type": "image/png", "origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    answer = client.post("/api/photos?name=a.png", content=photo("x"), headers=headers)
    assert answer.status_code == 403 and files(home) == []
