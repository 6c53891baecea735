"""A page for others: who does not know the token sees nothing and writes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from strangers import READS, WRITES, every, product, untouched
from visitors import ask, filled_archive, request

from web.guard import Access, UnsafeAccess

TOKEN = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    access = Access(frozenset({"127.0.0.1", "board.local"}), addresses=True, token=TOKEN)
    with untouched(filled_archive(tmp_path_factory.mktemp("locked") / "archive"), access) as port:
        yield port


WRONG_TOKENS: tuple[dict[str, str], ...] = (
    {},
    {"authorization": "Bearer "},
    {"authorization": f"Bearer {TOKEN[:-1]}"},
    {"authorization": f"Bearer {TOKEN}x"},
    {"authorization": f"Basic {TOKEN}"},
    {"authorization": TOKEN},
    {"authorization": "Bearer \xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9"},
    {"cookie": "ocr_index_token=wrong"},
    {"cookie": f"token={TOKEN}"},
    {"cookie": 'ocr_index_token="; ;='},
)


@every(("path", "headers"), product(READS, WRONG_TOKENS))
def test_without_the_token_nobody_comes_in(locked: int, path: str, headers: dict[str, str]) -> None:
    status, head, body = ask(locked, request("GET", path, **headers))
    assert status == 401 and b"www-authenticate: bearer" in head
    assert b"roadmap" not in body and TOKEN.encode() not in body


@every(("method", "path", "body"), WRITES)
def test_without_the_token_nobody_writes(locked: int, method: str, path: str, body: object) -> None:
    sent = json.dumps(body).encode()
    assert ask(locked, request(method, path, sent, content_type="application/json"))[0] == 401
    named = request(method, f"{path}?token={TOKEN}", sent, content_type="application/json")
    assert ask(locked, named)[0] == 401


def test_who_knows_the_token_comes_in(locked: int) -> None:
    assert ask(locked, request("GET", "/api/status", authorization=f"Bearer {TOKEN}"))[0] == 200
    status, head, _ = ask(locked, request("GET", f"/?q=a&token={TOKEN}"))
    assert status == 303 and b"location: /?q=a\r" in head
    assert b"httponly" in head and b"samesite=strict" in head
    assert ask(locked, request("GET", "/", cookie=f"a=b; ocr_index_token={TOKEN}"))[0] == 200


@every("path", ["//evil.example/", "/\\evil.example/", "///evil.example"])
def test_the_token_leads_nowhere_else(locked: int, path: str) -> None:
    _, head, _ = ask(locked, request("GET", f"{path}?token={TOKEN}"))
    location = head.partition(b"location: ")[2].split(b"\r")[0]
    assert not location.startswith((b"//", b"/\\", b"http"))


def test_by_address_or_name_but_by_no_other_name(locked: int) -> None:
    for host, status in (("192.168.1.5:8022", 200), ("board.local", 200), ("evil.example", 421)):
        sent = request("GET", "/api/status", host=host, authorization=f"Bearer {TOKEN}")
        assert ask(locked, sent)[0] == status


@every("token", ["", "short", "x" * 15, "ü" * 20])
def test_others_are_let_in_with_a_good_token_only(token: str) -> None:
    with pytest.raises(UnsafeAccess):
        Access(addresses=True, token=token)
