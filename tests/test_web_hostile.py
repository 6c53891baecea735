"""Paths that lead out, nonsense, injections and scripts: each request is refused, or does no harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from strangers import JSON_WRITES, READS, every, product, untouched
from visitors import ask, filled_archive, request, visitor

from web.guard import SECURITY

SECRETS = (b"SQLite format 3", b"root:", b"[project]", b"def make_app")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled_archive(tmp_path_factory.mktemp("hostile") / "archive")


@pytest.fixture(scope="module")
def port(home: Path) -> Iterator[int]:
    with untouched(home) as port:
        yield port


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
    "${1337*1337}",
    "{{1337*1337}}",
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
    assert "root:" not in answer.text and str(1337 * 1337) not in answer.text


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


@every("path", [*READS, "/nothing", "/api/nothing", "/api/photos/77/image"])
def test_every_answer_has_the_headers(port: int, path: str) -> None:
    _, head, _ = ask(port, request("GET", path))
    for name, value in SECURITY.items():
        assert f"{name}: {value}".lower().encode() in head or name == "cache-control"
    assert b"server:" not in head and b"cache-control: " in head
