"""What the API tells: plain values for JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.responses import Response

from indexer.asking import Question
from indexer.gallery import Exhibit, Frame, Problem
from indexer.labelling import Placed, Said
from indexer.tuning import LEAST_LABELS
from indexer.views import Counts
from indexer.written import StoredWord
from search import Hit, HitWord
from web.models import Shelf
from web.training import Training

Shape = dict[str, Any]


class Json(Response):
    """JSON in ASCII: file names that are no text survive."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """As bytes."""
        return json.dumps(content, allow_nan=False).encode("ascii")


def photo(frame: Frame) -> Shape:
    """A photo without its words."""
    return {
        "id": frame.id,
        "path": frame.path,
        "name": Path(frame.path).name,
        "page": frame.page,
        "pages": frame.pages,
        "width": frame.width,
        "height": frame.height,
        "taken": frame.taken,
    }


def exhibit(shown: Exhibit, hit: Hit | None = None) -> Shape:
    """A photo with its words, and why it was found."""
    return {
        "photo": photo(shown.frame),
        "words": [word(one) for one in shown.words],
        "detector": shown.detector,
        "recognizer": shown.recognizer,
        "score": hit.score if hit else None,
        "hits": [hit_word(one) for one in hit.words] if hit else [],
    }


def word(stored: StoredWord) -> Shape:
    """A word and all its readings."""
    box = stored.box
    return {
        "id": stored.id,
        "box": [box.x0, box.y0, box.x1, box.y1],
        "line": box.line,
        "label": stored.label,
        "readings": [
            {"text": reading.text, "probability": reading.probability} for reading in stored.readings
        ],
    }


def placed(found: Placed) -> Shape:
    """A word and where it is."""
    return {"photo": found.photo, "path": found.path, "page": found.page, "word": word(found.word)}


def question(asked: Question, placed: Mapping[int, Placed], frames: Mapping[int, Frame]) -> Shape:
    """A word to ask for, what it probably says, and those that look like it."""
    first, *others = [placed[number] for number in asked.words]
    return {
        "text": asked.text,
        "word": word(first.word),
        "photo": photo(frames[first.photo]),
        "alike": [{"word": word(other.word), "photo": photo(frames[other.photo])} for other in others],
    }


def said(label: Said) -> Shape:
    """One label of the history."""
    box = label.box
    return {
        "id": label.id,
        "photo": label.photo,
        "box": [box.x0, box.y0, box.x1, box.y1],
        "text": label.text,
        "by": label.by,
        "at": label.at,
        "why": label.why,
    }


def hit_word(found: HitWord) -> Shape:
    """Why a photo was found."""
    return {
        "term": found.term,
        "text": found.text,
        "probability": found.probability,
        "box": list(found.box),
    }


def hits(found: Sequence[tuple[Hit, Frame]]) -> list[Shape]:
    """Hits with their photos."""
    return [
        {
            "rank": hit.rank,
            "score": hit.score,
            "photo": photo(frame),
            "words": [hit_word(one) for one in hit.words],
        }
        for hit, frame in found
    ]


def training(now: Training, lessons: int) -> Shape:
    """How a training stands; labels at hand, and how many it takes."""
    return {**asdict(now), "at": time.time(), "labels": lessons, "needed": LEAST_LABELS}


def models(shelf: Shelf) -> Shape:
    """All models, who read what, and what can be gone back to."""
    known = {model.id for model in shelf.models}
    return {
        "models": [
            {
                "id": model.id,
                "kind": model.card.kind,
                "name": model.name,
                "made": model.card.made,
                "parent": model.card.parent,
                "scores": dict(model.card.scores),
                "in_use": model.in_use,
                "photos": shelf.read.get(model.id, 0),
            }
            for model in shelf.models
        ],
        "others": {model: photos for model, photos in shelf.read.items() if model not in known},
        "before": shelf.before,
        "fixed": shelf.fixed,
    }


def status(counts: Counts, refused: Sequence[Problem], others: Mapping[str, Any]) -> Shape:
    """The size of the archive, what could not be read and why."""
    sizes = {name: getattr(counts, name) for name in Counts.__slots__}
    return {**sizes, "problems": [{"path": one.path, "reason": one.reason} for one in refused], **others}
