"""What requests ask for, checked: numbers in addresses, values in bodies."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.requests import Request

LARGEST = 2**63 - 1
"""Ids are whole numbers of SQLite."""

LONGEST_TEXT = 300
"""Characters of a label."""

MOST_SKIPPED = 5000

MANY = 200
"""Words that one request may name."""


class BadRequest(Exception):
    """A request that makes no sense; says what would."""

    exit_code: ClassVar[int] = 2


def number(request: Request, name: str, default: int, most: int) -> int:
    """The whole number, at least 1, that the address names so."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:20]) <= most:
        raise BadRequest(f"{name} is a whole number from 1 to {most}, not {text[:20]!r}")
    return int(text)


def numbers(request: Request, name: str) -> list[int]:
    """The ids that the address names so, with commas between them."""
    parts = [part for part in request.query_params.get(name, "").split(",") if part]
    if len(parts) > MOST_SKIPPED or not all(part.isascii() and part.isdigit() for part in parts):
        raise BadRequest(f"{name} is at most {MOST_SKIPPED} whole numbers with commas between them")
    return [found for part in parts if (found := int(part[:20])) <= LARGEST]


def flag(request: Request, name: str) -> bool:
    """Whether the address says `name=true`."""
    text = request.query_params.get(name, "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise BadRequest(f"{name} is true or false")
    return text in ("true", "1")


def identity(request: Request, name: str = "id") -> int:
    """The id in the path; such as no photo or word can have come out as 0."""
    found = int(request.path_params[name])
    return found if found <= LARGEST else 0


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON object that was sent."""

    values: Mapping[str, Any]

    @classmethod
    async def of(cls, request: Request, *known: str) -> Body:
        """The object; `known` are the names it may have. Raises `BadRequest`."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise BadRequest("send JSON, with the header content-type: application/json")
        try:
            values = json.loads(await request.body())
        except (ValueError, RecursionError):
            raise BadRequest("the body is no JSON") from None
        if not isinstance(values, dict):
            raise BadRequest("the body is no JSON object")
        if unknown := sorted(set(values) - set(known)):
            raise BadRequest(f"unknown: {', '.join(map(ascii, unknown[:5]))}; known: {', '.join(known)}")
        return cls(values)

    def text(self, name: str) -> str:
        """A text of one line that a database and a page can hold."""
        return as_text(name, self._given(name))

    def text_or_none(self, name: str) -> str | None:
        """The same, or null; it must be said, so that a slip takes no label back."""
        value = self._given(name)
        return None if value is None else as_text(name, value)

    def texts(self, name: str) -> list[str]:
        """Several."""
        return [as_text(name, one) for one in self._several(name)]

    def id(self, name: str) -> int:
        """One id."""
        return as_number(name, self._given(name))

    def ids(self, name: str) -> list[int]:
        """One id, or several."""
        value = self._given(name)
        return [as_number(name, one) for one in (self._several(name) if isinstance(value, list) else [value])]

    def box(self, name: str) -> tuple[int, int, int, int]:
        """Four whole numbers."""
        edges = [as_number(name, one, -LARGEST) for one in self._several(name)]
        if len(edges) != 4 or edges[0] >= edges[2] or edges[1] >= edges[3]:
            raise BadRequest(f"{name} is [x0, y0, x1, y1], right and bottom beyond left and top")
        x0, y0, x1, y1 = edges
        return x0, y0, x1, y1

    def _several(self, name: str) -> list[Any]:
        value = self._given(name)
        if not isinstance(value, list) or not 0 < len(value) <= MANY:
            raise BadRequest(f"{name} is a list of 1 to {MANY}")
        return value

    def _given(self, name: str) -> Any:
        if name not in self.values:
            raise BadRequest(f"{name} is missing")
        return self.values[name]


def as_text(name: str, value: Any) -> str:
    """`value`, if it is a text of one line without characters that nobody writes. Raises `BadRequest`."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise BadRequest(f"{name} is a text of at most {LONGEST_TEXT} characters")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in value):
        raise BadRequest(f"{name} has characters in it that nobody writes")
    return value


def as_number(name: str, value: Any, least: int = 1) -> int:
    """`value`, if it is a whole number that a database holds. Raises `BadRequest`."""
    if isinstance(value, float) and value.is_integer():  # 7.0 is one, too, for JSON
        value = int(value)
    if type(value) is not int or not least <= value <= LARGEST:
        raise BadRequest(f"{name} is a whole number")
    return value
