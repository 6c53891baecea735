"""What strangers ask for and try to change, and an archive on the wire that must stay as it is."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from visitors import served

from indexer.archive import Archive
from web.guard import Access

READS = (
    "/",
    "/?q=roadmap",
    "/photos/1",
    "/status",
    "/training",
    "/static/page.css",
    "/api/search?q=roadmap",
    "/api/photos",
    "/api/photos/1",
    "/api/photos/1/image",
    "/api/photos/1/thumbnail",
    "/api/labels",
    "/api/words/1",
    "/api/status",
    "/api/train",
    "/api/models",
)
WRITES: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("POST", "/api/labels", {"word": 1, "text": "evil"}),
    ("POST", "/api/labels/undo", {}),
    ("POST", "/api/photos/1/words", {"box": [0, 0, 9, 9], "text": "evil"}),
    ("POST", "/api/words/1/split", {"texts": ["e", "vil"]}),
    ("POST", "/api/words/merge", {"words": [1, 2], "text": "evil"}),
    ("POST", "/api/train", {}),
    ("POST", "/api/models/use", {"model": "evil"}),
    ("POST", "/api/models/rollback", {}),
    ("DELETE", "/api/words/1", {}),
    ("DELETE", "/api/train", {}),
)
JSON_WRITES = WRITES[:-2]


def product(*choices: Iterable[Any]) -> list[tuple[Any, ...]]:
    return list(itertools.product(*choices))


def every(names: str | tuple[str, ...], values: Sequence[Any]) -> pytest.MarkDecorator:
    """One test each; they are counted, because what strangers send is no name of a test."""
    return pytest.mark.parametrize(names, values, ids=map(str, range(len(values))))


@contextmanager
def untouched(home: Path, access: Access | None = None) -> Iterator[int]:
    """A real server, since what arrives on a wire is not what a polite client sends; its port is told."""
    with Archive.open(home) as archive:
        archive.labels.set(1, "untouched", "person")
    with served(home, access) as port:
        yield port
    with Archive.open(home) as archive:
        assert [said.text for said in archive.labels.changes()] == ["untouched"]
