"""Reading from the tables: plain values for the command line and for search."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select, true

from indexer.reading import Sighting
from indexer.tables import contents, files, hypotheses, photos, words
from indexer.written import StoredWord as StoredWord
from indexer.written import shown, stored_words


class Standing(Enum):
    """How a file stands to what the archive knows of it."""

    NEW = "new"
    """Not known, or not read to its end."""
    CHANGED = "changed"
    """Another file, or another state of it, lay at this path."""
    SAME = "unchanged"
    REFUSED = "refused"
    """The same, and its bytes cannot be read."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the archive knows of a file it is shown."""

    standing: Standing
    sha256: str | None = None
    """The bytes it had when it was last looked at."""
    reason: str | None = None
    """Why it was refused."""


@dataclass(frozen=True, slots=True)
class ModelIds:
    """Who finds words and who reads them."""

    detector: str
    recognizer: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The size of an archive."""

    files: int
    photos: int
    """Pages of different content; copies count once."""
    words: int
    labels: int
    refused: int
    waiting: int
    """Files whose reading was interrupted."""
    unindexed: int
    """Photos that search has not heard of yet."""


@dataclass(frozen=True, slots=True)
class PhotoStatus:
    """How far one file has come."""

    path: str
    stage: str
    """`unknown`, `waiting`, `refused`, `read` (search has not heard of it yet) or `indexed`."""
    reason: str | None = None
    """Why it was refused."""
    pages: int = 0
    words: int = 0
    detector: str | None = None
    recognizer: str | None = None


@dataclass(frozen=True, slots=True)
class PhotoWords:
    """All words of one page of one file, in reading order."""

    path: str
    page: int
    words: tuple[StoredWord, ...]


def at_or_under(path: str) -> ColumnElement[bool]:
    """Files that are `path` or lie in the folder `path`."""
    folder = path.rstrip(os.sep) + os.sep
    beyond = folder[:-1] + chr(ord(os.sep) + 1)
    return or_(files.c.path == path, and_(files.c.path >= folder, files.c.path < beyond))


def any_of(paths: Sequence[str] | None) -> ColumnElement[bool]:
    """Files at or under one of `paths`; all files for None."""
    return true() if paths is None else or_(*map(at_or_under, paths))


def counts(connection: Connection) -> Counts:
    """The numbers of the whole archive."""
    on_disk = select(files.c.content_id).where(files.c.content_id.is_not(None))
    seen = photos.c.content_id.in_(on_disk)
    refused = or_(files.c.reason.is_not(None), contents.c.reason.is_not(None))
    known = files.outerjoin(contents)
    numbers = {
        "files": select(func.count()).select_from(files),
        "photos": select(func.count()).select_from(photos).where(seen),
        "words": select(func.count()).select_from(words.join(photos)).where(seen, shown()),
        "labels": select(func.count())
        .select_from(words.join(photos))
        .where(seen, words.c.label_id.is_not(None)),
        "refused": select(func.count()).select_from(known).where(refused),
        "waiting": select(func.count()).select_from(known).where(contents.c.pages.is_(None), ~refused),
        "unindexed": select(func.count()).select_from(photos).where(photos.c.revision != photos.c.indexed),
    }
    return Counts(**{name: connection.execute(statement).scalar_one() for name, statement in numbers.items()})


def next_paths(connection: Connection, which: ColumnElement[bool], after: str, limit: int = 200) -> list[str]:
    """The first `limit` paths past `after`, in order."""
    statement = select(files.c.path).where(which, files.c.path > after).order_by(files.c.path).limit(limit)
    return list(connection.execute(statement).scalars())


def with_content(connection: Connection, paths: Sequence[str]) -> list[str]:
    """Those of `paths` whose content is known, in order."""
    statement = select(files.c.path).where(files.c.path.in_(paths), files.c.content_id.is_not(None))
    return list(connection.execute(statement.order_by(files.c.path)).scalars())


def statuses(connection: Connection, paths: Sequence[str]) -> list[PhotoStatus]:
    """How far the files at `paths` have come, in the order of their paths."""
    known = files.outerjoin(contents).outerjoin(photos, photos.c.content_id == contents.c.id)
    known = known.outerjoin(words, and_(words.c.photo_id == photos.c.id, shown()))
    statement = (
        select(
            files.c.path,
            func.coalesce(files.c.reason, contents.c.reason).label("reason"),
            contents.c.pages,
            func.count(photos.c.id.distinct()).label("read"),
            func.count(words.c.id).label("words"),
            func.max(photos.c.revision != photos.c.indexed).label("unindexed"),
            func.min(photos.c.detector).label("detector"),
            func.min(photos.c.recognizer).label("recognizer"),
        )
        .select_from(known)
        .where(files.c.path.in_(paths))
        .group_by(files.c.path)
        .order_by(files.c.path)
    )
    return [
        PhotoStatus(row.path, _stage(row), row.reason, row.read, row.words, row.detector, row.recognizer)
        for row in connection.execute(statement)
    ]


def _stage(row: Row[Any]) -> str:
    if row.reason is not None:
        return "refused"
    if row.pages is None:
        return "waiting"
    return "read" if row.unindexed else "indexed"


def look(connection: Connection, sighting: Sighting) -> Look:
    """See `Archive.look`."""
    statement = (
        select(files, contents.c.sha256, contents.c.pages, contents.c.reason.label("damage"))
        .select_from(files.outerjoin(contents))
        .where(files.c.path == sighting.path)
    )
    row = connection.execute(statement).one_or_none()
    if row is None or row.content_id is None:
        return Look(Standing.NEW)
    if Sighting(row.path, row.size, row.mtime_ns, row.inode) != sighting or row.reason is not None:
        return Look(Standing.CHANGED, row.sha256, row.reason)
    if row.damage is not None:
        return Look(Standing.REFUSED, row.sha256, row.damage)
    return Look(Standing.NEW if row.pages is None else Standing.SAME, row.sha256)


def has_read(connection: Connection, sha256: str, models: ModelIds | None) -> bool:
    """See `Archive.has_read`."""
    statement = select(contents).where(contents.c.sha256 == sha256)
    row = connection.execute(statement).one_or_none()
    if row is None or models is None:
        return row is not None and (row.pages is not None or row.reason is not None)
    return row.pages is not None and len(pages_read(connection, sha256, models)) == row.pages


def pages_read(connection: Connection, sha256: str, models: ModelIds | None) -> frozenset[int]:
    """See `Archive.pages_read`."""
    statement = (
        select(photos.c.page)
        .join(contents)
        .where(
            contents.c.sha256 == sha256,
            photos.c.read_at.is_not(None),
            true() if models is None else _by(models),
        )
    )
    return frozenset(connection.execute(statement).scalars())


def stale(connection: Connection, paths: Sequence[str], models: ModelIds) -> list[str]:
    """Those of `paths` that were not read, to the end, by `models`."""
    behind = exists().where(photos.c.content_id == contents.c.id, ~_by(models))
    statement = (
        select(files.c.path)
        .select_from(files.outerjoin(contents))
        .where(files.c.path.in_(paths), or_(behind, contents.c.pages.is_(None)))
        .order_by(files.c.path)
    )
    return list(connection.execute(statement).scalars())


def doubts(connection: Connection, paths: Sequence[str]) -> list[tuple[str, float]]:
    """Each of `paths` that has words, with the mean chance that the first reading of a word is wrong."""
    doubt = func.avg(1 - hypotheses.c.probability)
    statement = (
        select(files.c.path, doubt)
        .select_from(files)
        .join(photos, photos.c.content_id == files.c.content_id)
        .join(words, words.c.photo_id == photos.c.id)
        .join(hypotheses, and_(hypotheses.c.word_id == words.c.id, hypotheses.c.rank == 1))
        .where(files.c.path.in_(paths))
        .group_by(files.c.path)
    )
    return [(path, float(mean)) for path, mean in connection.execute(statement)]


def _by(models: ModelIds) -> ColumnElement[bool]:
    return and_(photos.c.detector == models.detector, photos.c.recognizer == models.recognizer)


def photo_words(connection: Connection, paths: Sequence[str]) -> list[PhotoWords]:
    """The words on the files at `paths`, in the order of their paths and pages."""
    statement = (
        select(files.c.path, photos.c.page, photos.c.id)
        .select_from(files.join(photos, files.c.content_id == photos.c.content_id))
        .where(files.c.path.in_(paths), photos.c.read_at.is_not(None))
        .order_by(files.c.path, photos.c.page)
    )
    rows = connection.execute(statement).all()
    found = stored_words(connection, {row.id for row in rows})
    return [PhotoWords(row.path, row.page, found[row.id]) for row in rows]
