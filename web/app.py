"""The application: addresses, limits, and what is said when something goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from detector.weights import WeightsError
from indexer.archive import ArchiveBusy, ArchiveError
from indexer.choice import ChoiceError
from indexer.gallery import NoSuchPhoto
from indexer.labelling import BadLabel, NoSuchWord, NothingToUndo
from indexer.pipeline import Loader, load_models
from indexer.settings import SettingsError
from indexer.tuning import TooFewLabels
from search.index import IndexBusy, IndexMissing
from web import api, lessons, pages
from web.asked import BadRequest
from web.desk import Desk
from web.guard import Access, Guard
from web.models import NoSuchModel
from web.pictures import Gone
from web.shapes import Json
from web.training import LEARNER, TrainingRuns
from web.uploads import LARGEST, BadUpload, NoRoom

LARGEST_BODY = 65_536
"""Bytes of a request, other than a photo."""

STATUS: Mapping[type[Exception], HTTPStatus] = {
    BadRequest: HTTPStatus.BAD_REQUEST,
    BadLabel: HTTPStatus.UNPROCESSABLE_ENTITY,
    NoSuchPhoto: HTTPStatus.NOT_FOUND,
    NoSuchWord: HTTPStatus.NOT_FOUND,
    Gone: HTTPStatus.GONE,
    BadUpload: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    NoRoom: HTTPStatus.INSUFFICIENT_STORAGE,
    NothingToUndo: HTTPStatus.CONFLICT,
    NoSuchModel: HTTPStatus.NOT_FOUND,
    ChoiceError: HTTPStatus.CONFLICT,
    TrainingRuns: HTTPStatus.CONFLICT,
    TooFewLabels: HTTPStatus.CONFLICT,
    SettingsError: HTTPStatus.SERVICE_UNAVAILABLE,
    WeightsError: HTTPStatus.SERVICE_UNAVAILABLE,
    ArchiveBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    ArchiveError: HTTPStatus.SERVICE_UNAVAILABLE,
    IndexBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    IndexMissing: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What foreseeable ends are to a browser; their messages are said as they are."""


def make_app(
    home: Path, access: Access, models: Loader = load_models, learner: Sequence[str] = LEARNER
) -> Starlette:
    """The application for the archive in the folder `home`.

    `models` read what is sent to it, the program `learner` trains (see `web.learner`).
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        app.state.desk.uploads.close()
        await run_in_threadpool(app.state.desk.trainer.close)
        app.state.desk.close()

    app = Starlette(
        routes=_routes(),
        middleware=[Middleware(Guard, access=access)],
        exception_handlers=_handlers(),
        lifespan=lifespan,
        max_body_size=LARGEST_BODY,
    )
    app.router.redirect_slashes = False
    app.state.desk = Desk(home, models, learner)
    return app


def make_server(app: Starlette) -> uvicorn.Server:
    """What runs the application on a socket; it says nothing of itself to visitors."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            http="h11",
            ws="none",
            limit_concurrency=100,
            timeout_graceful_shutdown=3,
        )
    )


def _routes() -> list[Route | Mount]:
    static = StaticFiles(packages=[("web", "static")])
    return [
        Route("/", pages.search),
        Route("/photos/{id:int}", pages.photo),
        Route("/label", pages.label),
        Route("/training", pages.training),
        Route("/status", pages.status),
        Mount("/static", static),
        Route("/api/search", api.search),
        Route("/api/photos", api.photos),
        Route("/api/photos", api.upload, methods=["POST"], max_body_size=LARGEST),
        Route("/api/uploads", api.uploads),
        Route("/api/photos/{id:int}", api.photo),
        Route("/api/photos/{id:int}/image", api.image),
        Route("/api/photos/{id:int}/thumbnail", api.thumbnail),
        Route("/api/photos/{id:int}/words", api.add_word, methods=["POST"]),
        Route("/api/labels", api.labels),
        Route("/api/labels", api.set_labels, methods=["POST"]),
        Route("/api/labels/undo", api.undo, methods=["POST"]),
        Route("/api/words/merge", api.merge, methods=["POST"]),
        Route("/api/words/{id:int}", api.word),
        Route("/api/words/{id:int}/picture", api.word_picture),
        Route("/api/words/{id:int}", api.delete_word, methods=["DELETE"]),
        Route("/api/words/{id:int}/split", api.split, methods=["POST"]),
        Route("/api/queue", api.queue),
        Route("/api/train", lessons.state),
        Route("/api/train", lessons.start, methods=["POST"]),
        Route("/api/train", lessons.stop, methods=["DELETE"]),
        Route("/api/models", lessons.models),
        Route("/api/models/use", lessons.use, methods=["POST"]),
        Route("/api/models/rollback", lessons.roll_back, methods=["POST"]),
        Route("/api/status", api.status),
        Route("/api/openapi.json", api.openapi),
    ]


def _handlers() -> dict[type[Exception], Callable[[Request, Exception], Response]]:
    return {**dict.fromkeys(STATUS, _foreseen), HTTPException: _refused, Exception: _unforeseen}


def _foreseen(request: Request, error: Exception) -> Response:
    status = next(STATUS[kind] for kind in type(error).mro() if kind in STATUS)
    return _said(request, status, str(error))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reason = "there is nothing at this address" if error.status_code == 404 else error.detail
    response = _said(request, error.status_code, reason)
    response.headers.update(error.headers or {})
    return response


def _unforeseen(request: Request, _error: Exception) -> Response:
    return _said(request, 500, "that is a fault of ocr-index itself; its window says more")


def _said(request: Request, status: int, reason: str) -> Response:
    if request.url.path.startswith("/api/"):
        return Json({"error": reason}, status)
    return pages.problem(request, status, reason)
