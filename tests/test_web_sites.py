"""Other sites, and names made to lead here: they load nothing and write nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from strangers import JSON_WRITES, READS, WRITES, every, product, untouched
from visitors import ask, filled_archive, request


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with untouched(filled_archive(tmp_path_factory.mktemp("sites") / "archive")) as port:
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
