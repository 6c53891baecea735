"""The pages that people see. Text from photos is escaped by the templates, and no script in it could run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from indexer import bulletin
from indexer.queries import note
from indexer.tuning import LEAST_LABELS
from search.query import corrected, is_question
from web.api import PROBLEMS, desk_of, query_of
from web.asked import identity, number
from web.finding import MOST, SHOWN, find, view


def _presentable(text: str) -> str:
    """File names may hold bytes that are no text."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _name(path: str) -> str:
    return _presentable(Path(path).name)


def _folder(path: str) -> str:
    return _presentable(Path(path).parent.name)


def _day(moment: float) -> str:
    try:
        there = datetime.fromtimestamp(moment)
    except (OverflowError, ValueError, OSError):
        return ""
    return f"{there.day} {there:%B %Y}"


def _percent(chance: float) -> str:
    return f"{chance:.0%}" if chance < 0.995 or chance == 1 else "99%"


_jinja = jinja2.Environment(
    loader=jinja2.PackageLoader("web"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_FILTERS: dict[str, Callable[..., str]] = {
    "shown": _presentable,
    "name": _name,
    "folder": _folder,
    "day": _day,
    "percent": _percent,
    "thousands": "{:,}".format,
    "corrected": corrected,
}
_jinja.filters |= _FILTERS
_jinja.tests["question"] = is_question
_templates = Jinja2Templates(env=_jinja)


def _page(request: Request, name: str, **values: Any) -> Response:
    return _templates.TemplateResponse(request, f"{name}.html", {"query": "", "here": name, **values})


def search(request: Request) -> Response:
    """The search box; below it hits as photos, or the latest photos."""
    query, desk = query_of(request), desk_of(request)
    if query and request.headers.get("sec-fetch-mode") == "navigate":
        note(desk.home, query)  # not what is half typed
    limit = number(request, "n", SHOWN, MOST)
    if not query:
        latest = desk.archive.gallery.latest(limit + 1)
        counts = desk.counts()
        more = len(latest) > limit and limit < MOST
        return _page(request, "search", latest=latest[:limit], counts=counts, more=more, limit=limit)
    found = find(desk, query, limit)
    more = found.more and limit < MOST
    return _page(request, "search", query=query, found=found, more=more, limit=limit)


def photo(request: Request) -> Response:
    """One photo with all its words."""
    query = query_of(request)
    viewed = view(desk_of(request), identity(request), query)
    return _page(request, "photo", query=query, viewed=viewed, frame=viewed.shown.frame)


def label(request: Request) -> Response:
    """The words that are best asked for, one at a time."""
    return _page(request, "label", counts=desk_of(request).counts())


def training(request: Request) -> Response:
    """Learning from labels as it goes, and the models that came of it."""
    return _page(request, "training", lessons=desk_of(request).lessons(), needed=LEAST_LABELS)


def status(request: Request) -> Response:
    """How much there is, and what failed and why."""
    desk = desk_of(request)
    return _page(
        request,
        "status",
        counts=desk.counts(),
        problems=desk.archive.gallery.problems(PROBLEMS),
        watcher=bulletin.latest(desk.home),
    )


def problem(request: Request, status: int, reason: str) -> Response:
    """Something went wrong; said in a sentence."""
    said = {"query": "", "here": "", "status": status, "reason": reason}
    return _templates.TemplateResponse(request, "problem.html", said, status)
