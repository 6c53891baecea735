"""Photos as a person looks at them: by their id, with their size and where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, Row, func, select, tuple_

from indexer.schema import Database
from indexer.tables import PathBytes, contents, files, labels, photos, words
from indexer.written import StoredWord, stored_words


class NoSuchPhoto(Exception):
    """A photo id that the archive does not hold (any more), or whose files are all gone."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """A photo without its words."""

    id: int
    path: str
    """One of the files that hold it."""
    page: int
    pages: int
    width: int
    """Pixels of the upright photo, in which all boxes count."""
    height: int
    taken: float
    """Unix seconds."""
    sha256: str
    """Of the bytes of the file."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A photo with its words in reading order, and who found and read them."""

    frame: Frame
    words: tuple[StoredWord, ...]
    detector: str
    recognizer: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be read, and why."""

    path: str
    reason: str


class Gallery:
    """The photos of one archive that have been read and lie on some file.

    Any method may raise `ArchiveError`, `ArchiveBusy`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def frame(self, photo: int) -> Frame:
        """The photo with that id. Raises `NoSuchPhoto`."""
        with self._database.read() as connection:
            return _frame(_row(connection, photo))

    def exhibit(self, photo: int) -> Exhibit:
        """The photo with that id, and its words. Raises `NoSuchPhoto`."""
        with self._database.read() as connection:
            row = _row(connection, photo)
            return Exhibit(
                _frame(row), stored_words(connection, [photo])[photo], row.detector, row.recognizer
            )

    def at(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Frame]:
        """Path and page -> the photo that lies there; places where none does are left out."""
        wanted = list(places)
        with self._database.read() as connection:
            found = _rows(connection, tuple_(files.c.path, photos.c.page).in_(wanted))
        return {(row.path, row.page): _frame(row) for row in found}

    def latest(self, limit: int, before: Frame | None = None) -> list[Frame]:
        """The photos taken last, newest first; those after `before` in that order."""
        order = tuple_(photos.c.taken, photos.c.id)
        one = func.min(files.c.path, type_=PathBytes).label("path")
        newest = _columns(one).group_by(photos.c.id).order_by(photos.c.taken.desc(), photos.c.id.desc())
        if before is not None:
            newest = newest.where(order < tuple_(before.taken, before.id))
        with self._database.read() as connection:
            return [_frame(row) for row in connection.execute(newest.limit(limit))]

    def readers(self) -> dict[str, int]:
        """Id of a model -> photos whose words it has found or read."""
        here = photos.join(contents).join(files, files.c.content_id == contents.c.id)
        with self._database.read() as connection:
            return {
                row.model: row.photos
                for model in (photos.c.detector, photos.c.recognizer)
                for row in connection.execute(
                    select(model.label("model"), func.count(photos.c.id.distinct()).label("photos"))
                    .select_from(here)
                    .where(photos.c.read_at.is_not(None), model.is_not(None))
                    .group_by(model)
                )
            }

    def lessons(self) -> int:
        """Words of which a person has said what they are, as `Labelling.labelled` has them; only counted."""
        here = photos.c.content_id.in_(select(files.c.content_id).where(files.c.content_id.is_not(None)))
        told = words.join(labels, words.c.label_id == labels.c.id).join(
            photos, words.c.photo_id == photos.c.id
        )
        statement = select(func.count()).select_from(told).where(here, labels.c.text != "")
        with self._database.read() as connection:
            return int(connection.execute(statement).scalar_one())

    def problems(self, limit: int) -> list[Problem]:
        """Files that could not be read, in the order of their paths."""
        reason = func.coalesce(files.c.reason, contents.c.reason)
        statement = (
            select(files.c.path, reason.label("reason"))
            .select_from(files.outerjoin(contents))
            .where(reason.is_not(None))
            .order_by(files.c.path)
        )
        with self._database.read() as connection:
            return [Problem(row.path, row.reason) for row in connection.execute(statement.limit(limit))]


def _columns(path: ColumnElement[str]) -> Any:
    known = photos.join(contents).join(files, files.c.content_id == contents.c.id)
    return (
        select(photos, contents.c.sha256, contents.c.pages, path)
        .select_from(known)
        .where(photos.c.read_at.is_not(None))
    )


def _rows(connection: Connection, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    rows: Sequence[Row[Any]] = connection.execute(
        _columns(files.c.path).where(which).order_by(files.c.path)
    ).all()
    return rows


def _row(connection: Connection, photo: int) -> Row[Any]:
    found = _rows(connection, photos.c.id == photo)
    if not found:
        raise NoSuchPhoto(f"no photo has the id {photo} (any more)")
    return found[0]


def _frame(row: Row[Any]) -> Frame:
    return Frame(
        row.id, row.path, row.page, row.pages or row.page, row.width, row.height, row.taken, row.sha256
    )
