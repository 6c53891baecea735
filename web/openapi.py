"""What /api/openapi.json says of the REST API: OpenAPI 3.1, written by hand beside the code it describes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from web.asked import LARGEST, LONGEST_TEXT, MANY
from web.finding import LONGEST, MOST
from web.uploads import LARGEST as LARGEST_PHOTO

Part = dict[str, Any]

ID: Part = {"type": "integer", "minimum": 1, "maximum": LARGEST}
CHANCE: Part = {"type": "number", "minimum": 0, "maximum": 1}
RATE: Part = {"type": "number", "minimum": 0}
TEXT: Part = {"type": "string"}
LABEL: Part = {
    "type": "string",
    "maxLength": LONGEST_TEXT,
    "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$",
    "description": "One line.",
}
TIME: Part = {"type": "number", "description": "Unix seconds."}
COUNT: Part = {"type": "integer", "minimum": 0}
BOX: Part = {
    "type": "array",
    "items": {"type": "integer"},
    "minItems": 4,
    "maxItems": 4,
    "description": "x0, y0, x1, y1 in pixels of the upright photo from the top-left corner, "
    "right and bottom exclusive.",
}


def _object(**properties: Part) -> Part:
    return {"type": "object", "properties": properties, "required": [*properties]}


def _closed(**properties: Part) -> Part:
    return _object(**properties) | {"additionalProperties": False}


NOTHING: Part = {"type": "object", "additionalProperties": False}


def _list(items: Part, **bounds: int) -> Part:
    return {"type": "array", "items": items, **bounds}


def _ref(name: str) -> Part:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(part: Part) -> Part:
    return {"anyOf": [part, {"type": "null"}]}


SCHEMAS: Part = {
    "Error": _object(error=TEXT | {"description": "What is wrong, and what to do."}),
    "Photo": _object(id=ID, path=TEXT, name=TEXT, page=ID, pages=ID, width=ID, height=ID, taken=TIME),
    "Reading": _object(text=TEXT, probability=CHANCE),
    "Word": _object(
        id=ID,
        box=BOX,
        line={"type": "integer"},
        label=_or_null(TEXT | {"description": "What a person says; '' is nothing at all."}),
        readings=_list(_ref("Reading")) | {"description": "Best first."},
    ),
    "HitWord": _object(term=TEXT, text=TEXT, probability=CHANCE, box=BOX),
    "Hit": _object(rank=ID, score=CHANCE, photo=_ref("Photo"), words=_list(_ref("HitWord"))),
    "Placed": _object(photo=ID, path=TEXT, page=ID, word=_ref("Word")),
    "Label": _object(
        id=ID,
        photo=ID,
        box=BOX,
        text=_or_null(TEXT),
        by=TEXT,
        at=TIME,
        why={"enum": ["said", "undo", "edit"]},
    ),
    "Alike": _object(word=_ref("Word"), photo=_ref("Photo")),
    "Question": _object(text=TEXT, word=_ref("Word"), photo=_ref("Photo"), alike=_list(_ref("Alike"))),
    "Upload": _object(
        id=ID,
        name=TEXT,
        state={"enum": ["waiting", "reading", "read", "refused"]},
        reason=TEXT,
        photos=_list(ID),
    ),
    "Words": _object(words=_list(_ref("Placed"))),
    "Measured": _object(words=COUNT, wrong=CHANCE, character_error_rate=RATE),
    "Checkpoint": _object(words=COUNT, loss={"type": "number"}, wrong=CHANCE, character_error_rate=RATE),
    "Compared": _object(
        old=_ref("Measured") | {"description": "On labelled words that were not learned."},
        new=_ref("Measured"),
        old_sure=_ref("Measured") | {"description": "On words that were read surely: what may be forgotten."},
        new_sure=_ref("Measured"),
        learned=COUNT,
        minutes={"type": "number", "minimum": 0},
        promoted={"type": "boolean", "description": "The new weights are better and in use."},
        said=_list(TEXT) | {"description": "The same in plain words."},
    ),
    "Training": _object(
        state={"enum": ["idle", "running", "stopping", "done", "stopped", "failed"]},
        began=_or_null(TIME),
        ended=_or_null(TIME),
        at=TIME,
        labels=COUNT | {"description": "Words to learn from."},
        needed=COUNT | {"description": "The least of them."},
        progress=_or_null(
            _object(
                step={"enum": ["gathering", "learning", "comparing"]},
                words=COUNT | {"description": "Samples to learn from at most."},
                before=_or_null(_ref("Measured")),
                checkpoints=_list(_ref("Checkpoint")),
            )
        ),
        notes=_list(TEXT) | {"description": "Photos that could not be opened."},
        compared=_or_null(_ref("Compared")),
        reason=TEXT | {"description": "Why it failed."},
    ),
    "Models": _object(
        models=_list(
            _object(
                id=TEXT,
                kind={"enum": ["detector", "recognizer"]},
                name=TEXT,
                made=TEXT,
                parent=_or_null(TEXT),
                scores={"type": "object", "additionalProperties": {"type": "number"}},
                in_use={"type": "boolean"},
                photos=COUNT | {"description": "Photos that it has read, or found the words of."},
            )
        ),
        others={"type": "object", "additionalProperties": COUNT, "description": "The same of models gone."},
        before=_or_null(TEXT | {"description": "Id of the recognizer in use before."}),
        fixed={"type": "boolean", "description": "settings.toml names the recognizer; no other is used."},
    ),
}

STATUS = _object(
    files=COUNT,
    photos=COUNT,
    words=COUNT,
    labels=COUNT,
    refused=COUNT,
    waiting=COUNT,
    unindexed=COUNT,
    problems=_list(_object(path=TEXT, reason=TEXT)),
    watcher=_or_null({"type": "object"}),
)


def _query(name: str, schema: Part, description: str, required: bool = False) -> Part:
    given: Part = {"name": name, "in": "query", "schema": schema, "description": description}
    return given | {"required": True} if required else given


def _limit(default: int, most: int) -> Part:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return _query("limit", schema, "How many at most.")


IN_PATH: Part = {"name": "id", "in": "path", "required": True, "schema": ID}
Q: Part = {"type": "string", "maxLength": LONGEST}
WHY = _query("q", Q, "Say also why this query finds the photo.")


def _does(summary: str, answer: Part | None, *parameters: Part, status: int = 200, **more: Any) -> Part:
    good: Part = {"description": "Done."}
    if answer is not None:
        good["content"] = {"application/json": {"schema": answer}}
    wrong = {
        "description": "What went wrong.",
        "content": {"application/json": {"schema": _ref("Error")}},
    }
    return {
        "summary": summary,
        "parameters": [*parameters],
        "responses": {str(status): good, "default": wrong},
        **more,
    }


def _picture(summary: str) -> Part:
    shown = _does(summary, None, IN_PATH)
    shown["responses"]["200"] |= {"content": {"image/jpeg": {}}}
    shown["responses"]["304"] = {"description": "The browser has it."}
    return shown


def _sent(schema: Part) -> Part:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_BYTES: Part = {
    "requestBody": {
        "required": True,
        "description": f"The bytes of a photo, at most {LARGEST_PHOTO:,}.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/jpeg", "image/png", "application/pdf", "application/octet-stream")
        },
    }
}

PATHS: Mapping[str, Part] = {
    "/api/search": {
        "get": _does(
            "Photos by the words on them, best first",
            _object(
                query=TEXT,
                hits=_list(_ref("Hit")),
                more={"type": "boolean"},
                closest={"type": "object", "additionalProperties": _list(TEXT)},
                elsewhere=COUNT | {"description": "Without hits: photos of other folders or days."},
            ),
            _query("q", Q | {"minLength": 1, "pattern": "[A-Za-z0-9]"}, "As for `ocr-search`.", True),
            _limit(24, MOST),
            _query("exact", {"type": "boolean"}, "Only words spelled as typed."),
        )
    },
    "/api/photos": {
        "get": _does(
            "The photos taken last, newest first",
            _object(photos=_list(_ref("Photo"))),
            _limit(24, MOST),
            _query("before", ID, "Those that follow the photo with this id."),
        ),
        "post": _does(
            "Send a photo; it is read soon",
            _ref("Upload"),
            _query("name", Q | {"minLength": 1}, "Name of the file, with an ending like .jpg.", True),
            status=202,
            **_BYTES,
        ),
    },
    "/api/uploads": {
        "get": _does("What became of photos that were sent", _object(uploads=_list(_ref("Upload"))))
    },
    "/api/photos/{id}": {
        "get": _does(
            "A photo with all its words",
            _object(
                photo=_ref("Photo"),
                words=_list(_ref("Word")),
                detector=TEXT,
                recognizer=TEXT,
                score=_or_null(CHANCE),
                hits=_list(_ref("HitWord")),
            ),
            IN_PATH,
            WHY,
        )
    },
    "/api/photos/{id}/image": {"get": _picture("The photo, upright, at most 4096 pixels a side")},
    "/api/photos/{id}/thumbnail": {"get": _picture("The photo, at most 800 pixels a side")},
    "/api/photos/{id}/words": {
        "post": _does(
            "Add a word that was not found",
            _ref("Words"),
            IN_PATH,
            status=201,
            **_sent(_closed(box=BOX, text=LABEL)),
        )
    },
    "/api/words/{id}": {
        "get": _does(
            "A word, and all that was ever said about it",
            _object(photo=ID, path=TEXT, page=ID, word=_ref("Word"), history=_list(_ref("Label"))),
            IN_PATH,
        ),
        "delete": _does("Nothing is written there", None, IN_PATH, status=204),
    },
    "/api/words/{id}/picture": {"get": _picture("The word, cut out")},
    "/api/words/{id}/split": {
        "post": _does(
            "Several words, from left to right",
            _ref("Words"),
            IN_PATH,
            status=201,
            **_sent(_closed(texts=_list(LABEL, minItems=1, maxItems=MANY))),
        )
    },
    "/api/words/merge": {
        "post": _does(
            "These words of one photo are one",
            _ref("Words"),
            status=201,
            **_sent(_closed(words=_list(ID, minItems=2, maxItems=MANY), text=LABEL)),
        )
    },
    "/api/labels": {
        "get": _does("What was said last", _object(labels=_list(_ref("Label"))), _limit(50, 1000)),
        "post": _does(
            "Say what words are: '' is no word, null takes a label back",
            _ref("Words"),
            **_sent(
                _closed(word={"anyOf": [ID, _list(ID, minItems=1, maxItems=MANY)]}, text=_or_null(LABEL))
            ),
        ),
    },
    "/api/labels/undo": {
        "post": _does(
            "Take the last change by a person back",
            _object(undone=_list(_ref("Label"))),
            **_sent(NOTHING),
        )
    },
    "/api/queue": {
        "get": _does(
            "The words that are best asked for next",
            _object(questions=_list(_ref("Question"))),
            _limit(10, 50),
            _query(
                "skip", {"type": "string", "pattern": "^([0-9]+(,[0-9]+)*)?$"}, "Ids of words not to ask."
            ),
        )
    },
    "/api/train": {
        "get": _does("How the training stands, or how the last one ended", _ref("Training")),
        "post": _does("Learn the labels, in the background", _ref("Training"), status=202, **_sent(NOTHING)),
        "delete": _does("Stop the training; everything stays as it was", _ref("Training")),
    },
    "/api/models": {"get": _does("The models, who read what, and which are in use", _ref("Models"))},
    "/api/models/use": {
        "post": _does("Read with this recognizer from now on", _ref("Models"), **_sent(_closed(model=LABEL)))
    },
    "/api/models/rollback": {
        "post": _does("Read with the recognizer before again", _ref("Models"), **_sent(NOTHING))
    },
    "/api/status": {"get": _does("How much there is, and what could not be read", STATUS)},
}


def description() -> Part:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ocr-index",
            "version": version("ocr-index"),
            "description": "Photos by the words on them. Whoever needs a token sends it as Bearer.",
        },
        "paths": dict(PATHS),
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }
