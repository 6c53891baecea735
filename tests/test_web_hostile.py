"""What strangers may try: each request is refused, or does no harm."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from visitors import ask, filled_archive, request, served, visitor

from indexer.archive import Archive
from web.guard import SECURITY, Access, UnsafeAccess


def product(*choices: Iterable[Any]) -> list[tuple[Any, ...]]:
    return list(itertools.product(*choices))


def every(names: str | tuple[str, ...], values: Sequence[Any]) -> pytest.MarkDecorator:
    """One test each; they are counted, because what strangers send is no name of a test."""
    return pytest.mark.parametrize(names, values, ids=map(str, range(len(values))))


TOKEN = "correct-horse-battery-staple"

READS = (
    "/",
    "/?q=roadmap",
    "/photos/1",
    "/status",
    "/training",
    "/static/page.css",
    "/api/search?q=roadmap",
    "/api/photos",
    "/api/photos/1",
    "/api/photos/1/image",
    "/api/photos/1/thumbnail",
    "/api/labels",
    "/api/words/1",
    "/api/status",
    "/api/train",
    "/api/models",
)
WRITES = (
    ("POST", "/api/labels", {"word": 1, "text": "evil"}),
    ("POST", "/api/labels/undo", {}),
    ("POST", "/api/photos/1/words", {"box": [0, 0, 9, 9], "text": "evil"}),
    ("POST", "/api/words/1/split", {"texts": ["e", "vil"]}),
    ("POST", "/api/words/merge", {"words": [1, 2], "text": "evil"}),
    ("POST", "/api/train", {}),
    ("POST", "/api/models/use", {"model": "evil"}),
    ("POST", "/api/models/rollback", {}),
    ("DELETE", "/api/words/1", {}),
    ("DELETE", "/api/train", {}),
)
JSON_WRITES = WRITES[:-2]
SECRETS = (b"SQLite format 3", b"root:", b"[project]", b"def make_app")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled_archive(tmp_path_factory.mktemp("hostile") / "archive")


@pytest.fixture(scope="module")
def port(home: Path) -> Iterator[int]:
    """A real server, since what arrives on a wire is not what a polite client sends."""
    with Archive.open(home) as archive:
        archive.labels.set(1, "untouched", "person")
    with served(home) as port:
        yield port
    with Archive.open(home) as archive:
        assert [said.text for said in archive.labels.changes()] == ["untouched"]


@pytest.fixture(scope="module")
def locked(home: Path) -> Iterator[int]:
    """The same for who knows the token."""
    access = Access(frozenset({"127.0.0.1", "board.local"}), addresses=True, token=TOKEN)
    with served(home, access) as port:
        yield port


FOREIGN_HOSTS = (
    "evil.example",
    "evil.example:8022",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "localhost:8022.evil.example",
    "127.0.0.1@evil.example",
    "evil.example@127.0.0.1",
    "127.0.0.1:80:80",
    "localhost.",
    "localhost/evil.example",
    "localhost?evil.example",
    "localhost#evil.example",
    "[::1].evil.example",
    "[::1",
    "::1",
    "0.0.0.0",
    "192.168.1.5",
    "127.1",
    "2130706433",
    "0x7f000001",
    "xn--lcalhost-5zb",
    "",
)


@every(("host", "path"), product(FOREIGN_HOSTS, READS[::3]))
def test_a_name_made_to_lead_here_gets_nothing(port: int, host: str, path: str) -> None:
    status, _, body = ask(port, request("GET", path, host=host))
    assert status in (400, 421)
    assert b"roadmap" not in body


@every("host", ["127.0.0.1", "localhost", "LOCALHOST:8022", "[::1]:8022", "127.0.0.1:1"])
def test_our_own_names_are_answered(port: int, host: str) -> None:
    assert ask(port, request("GET", "/api/status", host=host))[0] == 200


@every("extra", [b"Host: evil.example\r\n", b"Host: 127.0.0.1\r\n"])
def test_two_hosts_are_one_too_many(port: int, extra: bytes) -> None:
    raw = b"GET /api/status HTTP/1.1\r\nHost: 127.0.0.1\r\n" + extra + b"Connection: close\r\n\r\n"
    assert ask(port, raw)[0] in (400, 421)


ELSEWHERE = (
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9999"},
    {"origin": "http://localhost"},
    {"origin": "http://127.0.0.1.evil.example"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"sec_fetch_site": "none"},
    {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"},
)


@every(("write", "headers"), product(WRITES, ELSEWHERE))
def test_other_sites_write_nothing(
    port: int, write: tuple[str, str, dict[str, object]], headers: dict[str, str]
) -> None:
    method, path, body = write
    sent = request(method, path, json.dumps(body).encode(), content_type="application/json", **headers)
    assert ask(port, sent)[0] == 403


@every(
    ("path", "headers"),
    product(
        READS,
        (
            {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"},
            {"sec_fetch_site": "same-site", "sec_fetch_mode": "cors", "sec_fetch_dest": "empty"},
            {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"},
            {"origin": "http://evil.example"},
        ),
    ),
)
def test_other_sites_load_nothing(port: int, path: str, headers: dict[str, str]) -> None:
    status, head, body = ask(port, request("GET", path, **headers))
    assert status == 403
    assert b"access-control-allow-origin" not in head and b"roadmap" not in body


def test_a_link_on_another_site_leads_here(port: int) -> None:
    headers = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert ask(port, request("GET", "/?q=roadmap", **headers))[0] == 200


FORMS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "")


@every(("write", "kind"), product(JSON_WRITES, FORMS))
def test_a_form_is_no_json(port: int, write: tuple[str, str, dict[str, object]], kind: str) -> None:
    method, path, body = write
    assert ask(port, request(method, path, json.dumps(body).encode(), content_type=kind))[0] == 400


CLIMBS = (
    "../archive.sqlite",
    "../../archive.sqlite",
    "%2e%2e/archive.sqlite",
    "..%2farchive.sqlite",
    "%2e%2e%2farchive.sqlite",
    "..%5carchive.sqlite",
    "..\\archive.sqlite",
    "....//archive.sqlite",
    "%252e%252e%252farchive.sqlite",
    "%c0%ae%c0%ae/archive.sqlite",
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "../app.py",
    "%2e%2e/app.py",
    "../../pyproject.toml",
    "page.css%00.png",
    "page.css/../../app.py",
    "~root",
    "./././../app.py",
    "CON",
)


@every(("start", "climb"), product(("/static/", "/", "/api/photos/", "/photos/", "/api/photos/1/"), CLIMBS))
def test_no_path_leads_out(port: int, start: str, climb: str) -> None:
    status, _, body = ask(port, request("GET", start + climb))
    assert status in (400, 404, 405)
    assert not any(secret in body for secret in SECRETS)


@every(
    ("path", "number"),
    product(
        ("/photos/{}", "/api/photos/{}", "/api/photos/{}/image", "/api/photos/{}/thumbnail", "/api/words/{}"),
        (
            "0",
            "-1",
            "1.5",
            "1e3",
            "9999999",
            str(2**63),
            str(2**64),
            "1" * 4000,
            "1;ls",
            "%31%20or%201=1",
            "x",
        ),
    ),
)
def test_there_is_no_such_photo(port: int, path: str, number: str) -> None:
    assert ask(port, request("GET", path.format(number)))[0] in (400, 404)


NONSENSE = (
    b"",
    b"[]",
    b"null",
    b"7",
    b"{",
    b"\xff\xfe",
    b"[" * 60_000,
    b'{"word": 1, "text": "evil", "path": "/etc/passwd"}',
    b'{"__proto__": {}}',
    b'{"word": true, "text": "evil", "words": true, "texts": true, "box": true}',
    b'{"word": NaN, "text": "evil"}',
    b'{"word": -1, "text": "evil"}',
    b'{"word": 1180591620717411303424, "text": "evil"}',
    b'{"words": [], "text": "evil"}',
    b'{"texts": []}',
    b'{"box": [9, 9, 0, 0], "text": "evil"}',
    b'{"box": [0, 0, 1e999, 9], "text": "evil"}',
    b'{"word": 1, "text": "\\u0000"}',
    b'{"word": 1, "text": "\\ud800"}',
    b'{"word": 1, "text": "\\u2028"}',
    b'{"word": 1, "text": {"a": 1}}',
    b'{"word": 1}',
    b'{"word": 1, "text": "' + b"x" * 301 + b'"}',
    b'{"word": [' + b"1," * 200 + b'1], "text": "evil"}',
)


@every(("write", "body"), product(JSON_WRITES, NONSENSE))
def test_nonsense_is_refused(port: int, write: tuple[str, str, dict[str, object]], body: bytes) -> None:
    status, head, said = ask(port, request(write[0], write[1], body, content_type="application/json"))
    assert status in (400, 413)
    assert b"application/json" in head and list(json.loads(said)) == ["error"]


@every(("method", "path", "body"), JSON_WRITES)
def test_too_much_is_refused(port: int, method: str, path: str, body: object) -> None:
    much = b'{"text": "' + b"x" * 1_000_000 + b'"}'
    assert ask(port, request(method, path, much, content_type="application/json"))[0] in (0, 413)
    promised = request(method, path, b"{", content_type="application/json", content_length=str(10**12))
    assert ask(port, promised)[0] in (0, 400, 413)
    head = request(method, path, content_type="application/json", transfer_encoding="chunked")
    chunks = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert ask(port, head.replace(b"content-length: 0\r\n", b"") + chunks * 20)[0] in (0, 400, 413)


@every(
    "raw",
    [
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"POST /api/labels HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\n{}",
        b"POST /api/labels HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n{}",
        b"POST /api/labels HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"
        b"Sec-WebSocket-Key: x\r\nOrigin: http://evil.example\r\n\r\n",
        b"GET /?q=" + b"x" * 501 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /?n=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /api/search?q=a&limit=99999 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_request_is_none(port: int, raw: bytes) -> None:
    assert ask(port, raw)[0] in (0, 400, 403, 404, 421, 431)
    assert ask(port, request("GET", "/api/status"))[0] == 200


@every(
    ("method", "path"), product(("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "POST"), READS[:9])
)
def test_other_methods_are_refused(port: int, method: str, path: str) -> None:
    assert ask(port, request(method, path))[0] in (400, 404, 405)


INJECTIONS = (
    "' OR 1=1 --",
    '"; DROP TABLE labels; --',
    "*",
    "((((((((((",
    "in:/etc",
    "in:../..",
    "%00",
    "-",
    '"',
    "${7*7}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "\u202eevil",
    "a OR " * 60,
    "x* " * 100,
    "\ufffd" * 100,
)


@every(("path", "query"), product(("/?q={}", "/api/search?q={}", "/photos/1?q={}"), INJECTIONS))
def test_queries_are_words_and_nothing_else(home: Path, path: str, query: str) -> None:
    with visitor(home) as client:
        answer = client.get(path.format("")[:-3], params={"q": query})
    assert answer.status_code in (200, 400)
    assert "<script>alert" not in answer.text.replace("&lt;", "") or path.startswith("/api")
    assert "root:" not in answer.text and "49" not in answer.text.partition("<main")[2][:300]


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with visitor(filled_archive(tmp_path_factory.mktemp("scripted") / "archive")) as client:
        yield client


SCRIPTS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<style>*{display:none}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<form action=//evil.example><input name=q></form>",
    "{{ 7*7 }}<b>",
    "{% include 'layout.html' %}<b>",
    "<!--<b>",
    "<math><mtext><script>alert(1)</script>",
    '" onmouseover="alert(1)" x="<b>',
)


@every("script", SCRIPTS)
def test_a_script_in_a_label_is_text(scripted: TestClient, script: str) -> None:
    said = scripted.post("/api/labels", json={"word": 1, "text": script})
    assert said.json()["words"][0]["word"]["label"] == script
    for page in ("/", "/photos/1", "/?q=alert+OR+evil"):
        answer = scripted.get(page)
        assert script not in answer.text
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    told = scripted.get("/api/words/1")
    assert told.headers["content-type"] == "application/json"
    assert told.headers["x-content-type-options"] == "nosniff"


WRONG_TOKENS = (
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


@every("path", [*READS, "/nothing", "/api/nothing", "/api/photos/77/image"])
def test_every_answer_has_the_headers(port: int, path: str) -> None:
    _, head, _ = ask(port, request("GET", path))
    for name, value in SECURITY.items():
        assert f"{name}: {value}".lower().encode() in head or name == "cache-control"
    assert b"server:" not in head and b"cache-control: " in head
