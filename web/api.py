"""The REST API: what the page uses, and programs may."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from detector import Box
from indexer import bulletin
from indexer.queries import frequencies
from web import shapes
from web.asked import BadRequest, Body, flag, identity, number, numbers
from web.desk import Desk
from web.finding import LONGEST, MOST, SHOWN, find, view
from web.openapi import description
from web.pictures import LARGE, THUMBNAIL, Picture, photo_tag, word_tag
from web.shapes import Json

PROBLEMS = 200
"""Files that could not be read, named in one answer."""


def desk_of(request: Request) -> Desk:
    """What all requests share."""
    desk: Desk = request.app.state.desk
    return desk


def query_of(request: Request) -> str:
    """What was typed; zero bytes and the like are no part of any word."""
    query = request.query_params.get("q", "")
    if len(query) > LONGEST:
        raise BadRequest(f"a query has at most {LONGEST} characters")
    return "".join(letter if letter.isprintable() else " " for letter in query).strip()


def search(request: Request) -> Response:
    """GET /api/search?q=&limit=&exact=."""
    query, desk = query_of(request), desk_of(request)
    if not query:
        raise BadRequest("say what to look for: /api/search?q=roadmap")
    found = find(desk, query, number(request, "limit", SHOWN, MOST), flag(request, "exact"))
    return Json(
        {
            "query": query,
            "hits": shapes.hits(found.hits),
            "more": found.more,
            "closest": found.closest,
            "elsewhere": found.elsewhere,
        }
    )


def photo(request: Request) -> Response:
    """GET /api/photos/{id}?q=: a photo with its words, and why the query finds it."""
    viewed = view(desk_of(request), identity(request), query_of(request))
    return Json(shapes.exhibit(viewed.shown, viewed.hit))


def photos(request: Request) -> Response:
    """GET /api/photos?limit=&before=: the photos taken last."""
    gallery = desk_of(request).archive.gallery
    before = number(request, "before", 0, 2**63 - 1)
    found = gallery.latest(number(request, "limit", SHOWN, MOST), gallery.frame(before) if before else None)
    return Json({"photos": [shapes.photo(frame) for frame in found]})


async def upload(request: Request) -> Response:
    """POST /api/photos?name=board.jpg, the bytes of the photo as body: kept, and read soon."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # No form of another site can say so.
    if not kind.startswith("image/") and kind not in ("application/pdf", "application/octet-stream"):
        raise BadRequest("send the bytes of the photo, with a content-type like image/jpeg")
    name = request.query_params.get("name", "")
    if not name or len(name) > LONGEST:
        raise BadRequest("say the name of the file: /api/photos?name=board.jpg")
    arrived = await desk_of(request).uploads.receive(name, request.stream())
    return Json(dataclasses.asdict(arrived), 202)


def uploads(request: Request) -> Response:
    """GET /api/uploads: what became of the photos that were sent."""
    return Json({"uploads": [dataclasses.asdict(one) for one in desk_of(request).uploads.states()]})


def thumbnail(request: Request) -> Response:
    """GET /api/photos/{id}/thumbnail."""
    return _picture(request, THUMBNAIL)


def image(request: Request) -> Response:
    """GET /api/photos/{id}/image."""
    return _picture(request, LARGE)


def _picture(request: Request, longest: int) -> Response:
    desk = desk_of(request)
    frame = desk.archive.gallery.frame(identity(request))
    return _shown(request, photo_tag(frame, longest), lambda: desk.pictures.photo(frame, longest))


def word_picture(request: Request) -> Response:
    """GET /api/words/{id}/picture."""
    desk = desk_of(request)
    placed = desk.archive.labels.word(identity(request))
    frame, box = desk.archive.gallery.frame(placed.photo), placed.word.box
    return _shown(request, word_tag(frame, box), lambda: desk.pictures.word(frame, box))


def _shown(request: Request, tag: str, make: Callable[[], Picture]) -> Response:
    # Asked for each time, so that a photo that was forgotten is not shown from the browser's memory.
    headers = {"etag": f'"{tag}"', "cache-control": "private, no-cache"}
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(make().jpeg, headers=headers, media_type="image/jpeg")


def queue(request: Request) -> Response:
    """GET /api/queue?limit=&skip=7,8: the words that are best asked for next, with those that look alike."""
    desk = desk_of(request)
    known, skipped = desk.archive.labels, numbers(request, "skip")
    asked = known.ask(number(request, "limit", 10, 50), skipped, frequencies(desk.home))
    placed = {one.word.id: one for one in known.words([word for each in asked for word in each.words])}
    frames = {one.photo: desk.archive.gallery.frame(one.photo) for one in placed.values()}
    return Json({"questions": [shapes.question(each, placed, frames) for each in asked]})


def status(request: Request) -> Response:
    """GET /api/status."""
    desk = desk_of(request)
    problems = desk.archive.gallery.problems(PROBLEMS)
    watcher = bulletin.latest(desk.home)
    others = {"watcher": watcher and dataclasses.asdict(watcher)}
    return Json(shapes.status(desk.counts(), problems, others))


def openapi(_: Request) -> Response:
    """GET /api/openapi.json."""
    return Json(description())


def labels(request: Request) -> Response:
    """GET /api/labels?limit=: what was said last."""
    said = desk_of(request).archive.labels.changes(number(request, "limit", 50, 1000))
    return Json({"labels": [shapes.said(one) for one in said]})


async def set_labels(request: Request) -> Response:
    """POST /api/labels {"word": 7 or [7, 8], "text": "roadmap"}: '' is no word, null takes back."""
    body = await Body.of(request, "word", "text")
    words, text = body.ids("word"), body.text_or_none("text")
    known = desk_of(request).archive.labels
    await run_in_threadpool(known.set, words, text)
    found = await run_in_threadpool(known.words, words)
    return Json({"words": [shapes.placed(one) for one in found]})


async def undo(request: Request) -> Response:
    """POST /api/labels/undo: take the last change by a person back."""
    await Body.of(request)
    said = await run_in_threadpool(desk_of(request).archive.labels.undo, "person")
    return Json({"undone": [shapes.said(one) for one in said]})


def word(request: Request) -> Response:
    """GET /api/words/{id}: a word, and all that was ever said about it."""
    known, number = desk_of(request).archive.labels, identity(request)
    history = [shapes.said(one) for one in known.history(number)]
    return Json({**shapes.placed(known.word(number)), "history": history})


async def add_word(request: Request) -> Response:
    """POST /api/photos/{id}/words {"box": [x0, y0, x1, y1], "text": "roadmap"}: one that was not found."""
    body = await Body.of(request, "box", "text")
    box, text = Box(*body.box("box")), body.text("text")
    archive, photo = desk_of(request).archive, identity(request)

    def add() -> int:
        frame = archive.gallery.frame(photo)
        return archive.labels.add(frame.path, box, text, page=frame.page)

    return await _made(request, [await run_in_threadpool(add)])


async def split(request: Request) -> Response:
    """POST /api/words/{id}/split {"texts": ["quarterly", "roadmap"]}."""
    texts = (await Body.of(request, "texts")).texts("texts")
    known = desk_of(request).archive.labels
    return await _made(request, await run_in_threadpool(known.split, identity(request), texts))


async def merge(request: Request) -> Response:
    """POST /api/words/merge {"words": [7, 8], "text": "roadmap"}."""
    body = await Body.of(request, "words", "text")
    ids, text = body.ids("words"), body.text("text")
    known = desk_of(request).archive.labels
    return await _made(request, [await run_in_threadpool(known.merge, ids, text)])


async def _made(request: Request, words: list[int]) -> Response:
    found = await run_in_threadpool(desk_of(request).archive.labels.words, words)
    return Json({"words": [shapes.placed(one) for one in found]}, 201)


def delete_word(request: Request) -> Response:
    """DELETE /api/words/{id}: nothing is written there."""
    desk_of(request).archive.labels.delete(identity(request))
    return Response(status_code=204)
