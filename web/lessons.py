"""The REST API of learning: a training that goes on in the background, and the models to choose from."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from indexer import choice
from indexer.tuning import LEAST_LABELS, TooFewLabels
from web import shapes
from web.api import desk_of
from web.asked import Body
from web.desk import Desk
from web.models import shelf, use_model
from web.shapes import Json
from web.training import Training


def state(request: Request) -> Response:
    """GET /api/train: how the training stands that runs, or the last one ended."""
    desk = desk_of(request)
    return _told(desk, desk.trainer.state())


async def start(request: Request) -> Response:
    """POST /api/train {}: learn the labels there are, in the background."""
    await Body.of(request)
    desk = desk_of(request)

    def begin() -> Response:
        labels = desk.lessons()
        if labels < LEAST_LABELS:
            raise TooFewLabels(f"{labels} words are corrected, {LEAST_LABELS} are needed to learn from")
        return _told(desk, desk.trainer.start(), 202)

    return await run_in_threadpool(begin)


def stop(request: Request) -> Response:
    """DELETE /api/train: end it; everything stays as it was."""
    desk = desk_of(request)
    return _told(desk, desk.trainer.stop())


def _told(desk: Desk, now: Training, status: int = 200) -> Response:
    return Json(shapes.training(now, desk.lessons()), status)


def models(request: Request) -> Response:
    """GET /api/models: which there are, what they have read, and which is in use."""
    return _shown(desk_of(request))


async def use(request: Request) -> Response:
    """POST /api/models/use {"model": "recognizer-0123456789ab"}."""
    model = (await Body.of(request, "model")).text("model")
    desk = desk_of(request)
    await run_in_threadpool(use_model, desk.archive, model)
    return await run_in_threadpool(_shown, desk)


async def roll_back(request: Request) -> Response:
    """POST /api/models/rollback {}: the one that was in use before is in use again."""
    await Body.of(request)
    desk = desk_of(request)
    await run_in_threadpool(choice.roll_back, desk.home)
    return await run_in_threadpool(_shown, desk)


def _shown(desk: Desk) -> Response:
    return Json(shapes.models(shelf(desk.archive)))
