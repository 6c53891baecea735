"""Writing to the tables: each function is a part of one transaction of the archive."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from detector import Box
from indexer.reading import Page, Reading, Sighting, WordReading
from indexer.settling import edges, settle
from indexer.tables import (
    alternatives,
    contents,
    edits,
    files,
    hypotheses,
    labels,
    lattices,
    models,
    photos,
    suggestions,
    words,
)
from recognizer import Hypothesis


def content_id(connection: Connection, sha256: str) -> int:
    """The row of these bytes, made if there is none."""
    connection.execute(upsert(contents).values(sha256=sha256).on_conflict_do_nothing())
    return int(connection.execute(select(contents.c.id).where(contents.c.sha256 == sha256)).scalar_one())


def settle_content(
    connection: Connection, content: int, pages: int | None = None, reason: str | None = None
) -> None:
    """Say that these bytes have been read to the end, or why they cannot be."""
    values = {"reason": reason} | ({} if pages is None else {"pages": pages})
    connection.execute(update(contents).where(contents.c.id == content).values(values))


def place_file(
    connection: Connection, sighting: Sighting, content: int | None = None, reason: str | None = None
) -> None:
    """Say what lies at a path; photos that appear there or disappear from there are marked for search."""
    old = connection.execute(select(files.c.content_id).where(files.c.path == sighting.path)).scalar()
    if reason is not None and content is None:
        content = old  # out of reach for now is not gone
    values = {
        "content_id": content,
        "size": sighting.size,
        "mtime_ns": sighting.mtime_ns,
        "inode": sighting.inode,
        "reason": reason,
    }
    statement = upsert(files).values(path=sighting.path, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[files.c.path], set_=values))
    if old != content:
        _note_edit(connection, old, content)
        mark(connection, photos.c.content_id.in_([key for key in (old, content) if key is not None]))


def _note_edit(connection: Connection, old: int | None, content: int | None) -> None:
    """What lies at a path may be an edited copy of what lay there; see `indexer.edits`."""
    if old is not None and content is not None:
        statement = upsert(edits).values(content_id=content, former_id=old)
        changed = statement.on_conflict_do_update(
            index_elements=[edits.c.content_id], set_={"former_id": old}
        )
        connection.execute(changed)


def drop_files(connection: Connection, which: ColumnElement[bool]) -> int:
    """Forget where photos lie, not what is on them; they leave search. Returns how many files."""
    mark(connection, photos.c.content_id.in_(select(files.c.content_id).where(which)))
    return connection.execute(delete(files).where(which)).rowcount


def mark(connection: Connection, which: ColumnElement[bool]) -> None:
    """Say that search must hear of these photos."""
    connection.execute(update(photos).where(which).values(revision=photos.c.revision + 1))


def store_model(
    connection: Connection, name: str, kind: str, alphabet: str = "", lattices_id: str = ""
) -> None:
    """Make sure that a model that readings name has its row."""
    row = {
        "id": name,
        "kind": kind,
        "alphabet": alphabet,
        "card": {"lattices": lattices_id} if lattices_id else {},
        "added": time.time(),
        "active": True,
    }
    connection.execute(upsert(models).values(row).on_conflict_do_nothing())


def store_page(connection: Connection, content: int, page: Page, reading: Reading) -> None:
    """Put a reading in the place of the page's former one; labels and suggestions for it hold on."""
    store_model(connection, reading.detector, "detector")
    store_model(connection, reading.recognizer, "recognizer", reading.alphabet, reading.lattices_id)
    photo = _photo(connection, content, page, reading)
    connection.execute(delete(words).where(words.c.photo_id == photo))
    connection.execute(delete(alternatives).where(alternatives.c.photo_id == photo))
    _store_words(connection, photo, [word for word in reading.words if not word.box.alternative])
    _store_alternatives(connection, photo, [word for word in reading.words if word.box.alternative])
    settle(connection, photo)


def _photo(connection: Connection, content: int, page: Page, reading: Reading) -> int:
    values = {
        "taken": page.taken,
        "width": page.width,
        "height": page.height,
        "detector": reading.detector,
        "recognizer": reading.recognizer,
        "read_at": time.time(),
    }
    statement = upsert(photos).values(content_id=content, page=page.number, revision=1, indexed=0, **values)
    statement = statement.on_conflict_do_update(
        index_elements=[photos.c.content_id, photos.c.page], set_=values | {"revision": photos.c.revision + 1}
    )
    return int(connection.execute(statement.returning(photos.c.id)).scalar_one())


def _store_words(connection: Connection, photo: int, found: Sequence[WordReading]) -> None:
    if not found:
        return
    rows = [_place(photo, word.box) for word in found]
    statement = insert(words).returning(words.c.id, sort_by_parameter_order=True)
    ids = connection.execute(statement, rows).scalars().all()
    _store_readings(connection, zip(ids, found, strict=True))


def _store_alternatives(connection: Connection, photo: int, found: Sequence[WordReading]) -> None:
    rows = [
        _place(photo, one.box) | {"text": best.text, "probability": best.by_sight, "packed": one.lattice}
        for one in found
        for best in one.hypotheses[:1]
    ]
    if rows:
        connection.execute(insert(alternatives), rows)


def _place(photo: int, box: Box) -> dict[str, Any]:
    return edges(box) | {"photo_id": photo, "line": box.line, "chance": box.chance}


def _store_readings(connection: Connection, readings: Iterable[tuple[int, WordReading]]) -> None:
    readings = list(readings)
    store_hypotheses(connection, ((word, reading.hypotheses) for word, reading in readings))
    if readings:
        connection.execute(
            insert(lattices), [{"word_id": word, "packed": reading.lattice} for word, reading in readings]
        )


def store_hypotheses(connection: Connection, found: Iterable[tuple[int, Sequence[Hypothesis]]]) -> None:
    """Keep the texts of words, best first; `found` are word ids, each with its texts."""
    ranked = [
        {"word_id": word, "rank": rank, "text": one.text, "probability": one.probability, "seen": one.seen}
        for word, texts in found
        for rank, one in enumerate(texts, start=1)
    ]
    if ranked:
        connection.execute(insert(hypotheses), ranked)


def forget_files(connection: Connection, which: ColumnElement[bool]) -> int:
    """Drop files and, unless another file shows the same, what was read on them; labels stay.

    Returns how many files.
    """
    shown = select(files.c.content_id).where(files.c.content_id.is_not(None))
    hidden = contents.c.id.in_(shown.where(which)) & contents.c.id.not_in(shown.where(~which))
    connection.execute(update(contents).where(hidden).values(pages=None))
    count = drop_files(connection, which)
    unseen = select(contents.c.id).where(contents.c.pages.is_(None), contents.c.id.not_in(shown))
    lost = photos.c.content_id.in_(unseen)
    for table in (words, suggestions):
        connection.execute(delete(table).where(table.c.photo_id.in_(select(photos.c.id).where(lost))))
    connection.execute(update(photos).where(lost).values(read_at=None, detector=None, recognizer=None))
    return count


def purge(connection: Connection) -> None:
    """Delete the rows of forgotten photos that search has dropped and nobody has labelled."""
    used = or_(
        exists().where(files.c.content_id == photos.c.content_id),
        exists().where(labels.c.photo_id == photos.c.id),
    )
    done = and_(photos.c.read_at.is_(None), photos.c.revision == photos.c.indexed)
    connection.execute(delete(photos).where(done, ~used))
    used = or_(
        exists().where(files.c.content_id == contents.c.id),
        exists().where(photos.c.content_id == contents.c.id),
    )
    connection.execute(delete(contents).where(~used))
