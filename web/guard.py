"""Who may talk to the server, and what browsers may do with its answers."""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "ocr_index_token"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?", re.ASCII)
"""A host as browsers send it: an address in brackets or a name, and a port."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

LEAST_TOKEN = 16
"""Characters of a token that nobody guesses."""

SECURITY = {
    # No inline script or style runs, whatever text ends up in a page; nothing comes from elsewhere.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cache-control": "no-store",
}
"""Headers of every answer; one that the answer has itself stays."""


class UnsafeAccess(Exception):
    """The server would let strangers in."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class Access:
    """Who may talk to the server."""

    hosts: frozenset[str] = LOOPBACK
    """Names by which it may be called. A page elsewhere whose name was made to lead here is none of them."""
    addresses: bool = False
    """Any IP address is as good; no name can be made to lead here then."""
    token: str = field(default="", repr=False)
    """What callers must know; empty for everybody on this machine."""

    def __post_init__(self) -> None:
        if self.token and (len(self.token) < LEAST_TOKEN or not self.token.isascii()):
            raise UnsafeAccess(f"a token has at least {LEAST_TOKEN} letters or digits; or leave it out")
        if self.addresses and not self.token:
            raise UnsafeAccess("a server that others can reach needs a token")

    def answers_to(self, host: str) -> bool:
        """Whether a request for that host, with or without a port, is meant for this server."""
        shape = _HOST.fullmatch(host.lower())
        name = (shape[1] or shape[2]) if shape else ""
        return name in self.hosts or (self.addresses and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered."""

    status: HTTPStatus
    reason: str


class Guard:
    """Stands before the application: refuses what comes from elsewhere, and adds headers to all answers."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._refused(scope) or self._welcomed(scope) or self._app
            await answer(scope, receive, _protected(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refused(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        refusal = self._elsewhere(headers) or _cross_site(scope["method"], headers)
        return _answer(scope, refusal) if refusal else None

    def _elsewhere(self, headers: Headers) -> Refusal | None:
        hosts = headers.getlist("host")
        if len(hosts) == 1 and self._access.answers_to(hosts[0]):
            return None
        return Refusal(HTTPStatus.MISDIRECTED_REQUEST, "this server does not answer to that name")

    def _welcomed(self, scope: Scope) -> ASGIApp | None:
        """None for who knows the token; who brings it in the address is given a cookie."""
        if not self._access.token or self._knows(_presented(Headers(scope=scope))):
            return None
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if scope["method"] == "GET" and self._knows(dict(asked).get("token", "")):
            return _with_cookie(scope["path"], [pair for pair in asked if pair[0] != "token"], self._access)
        reason = "say the token: open the address that `ocr-index serve` printed, or send it as Bearer"
        return _answer(scope, Refusal(HTTPStatus.UNAUTHORIZED, reason))

    def _knows(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._access.token.encode())


def _cross_site(method: str, headers: Headers) -> Refusal | None:
    """Other sites may lead a person here, but neither change anything nor load anything into their pages.

    Browsers say where a request comes from; programs that are none say nothing, and are no danger.
    Other ports of this machine are other sites.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    foreign = origin is not None and urlsplit(origin).netloc != headers["host"]
    if method in SAFE:
        led = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        refused = (foreign or site not in (None, "same-origin", "none")) and not led
    else:
        refused = foreign or site not in (None, "same-origin")
    return Refusal(HTTPStatus.FORBIDDEN, "requests from other sites are refused") if refused else None


def _presented(headers: Headers) -> str:
    """The token that a request brings, as programs or as browsers do."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _with_cookie(path: str, rest: list[tuple[str, str]], access: Access) -> Response:
    # One slash, because two would lead to another server.
    answer = RedirectResponse("/" + path.lstrip("/\\") + (f"?{urlencode(rest)}" if rest else ""), 303)
    answer.set_cookie(COOKIE, access.token, httponly=True, samesite="strict")
    return answer


def _answer(scope: Scope, refusal: Refusal) -> Response:
    headers = {"www-authenticate": "Bearer"} if refusal.status == HTTPStatus.UNAUTHORIZED else None
    if scope["path"].startswith("/api/"):
        body = json.dumps({"error": refusal.reason})
        return Response(body, refusal.status, headers, "application/json")
    return Response(f"{refusal.reason}\n", refusal.status, headers, "text/plain")


def _protected(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
