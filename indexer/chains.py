"""Writing labels: each follows another one or begins a chain, and none is ever overwritten.

Labels set at the same moment are one change: a word cut in two is two labels and one change, and so is an
import of a thousand.
"""

from __future__ import annotations

import math
import time
import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, insert, or_, select, update

from detector import Box
from indexer.settling import edges
from indexer.tables import derived_labels, labels, words


class NothingToUndo(Exception):
    """Nobody has set a label that still holds, or somebody else has changed it since."""

    exit_code = 2


def moment(connection: Connection) -> float:
    """Now, in unix seconds, but never a moment at which a label was set already."""
    now = time.time()
    while connection.execute(select(exists().where(labels.c.set_at == now))).scalar_one():
        now = math.nextafter(now, math.inf)
    return now


def clean(text: str) -> str:
    """`text` as labels keep it: NFC, in one line, without outer spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def begin(connection: Connection, photo: int, box: Box, text: str, by: str, at: float) -> int:
    """The first label of a chain; returns its id."""
    return _insert(
        connection,
        edges(box) | {"photo_id": photo, "text": clean(text), "set_by": by, "set_at": at, "replaces": None},
    )


def follow(connection: Connection, label: int, text: str | None, by: str, at: float) -> int:
    """Another label in the place of `label`, None to take it back; returns the id of the new one."""
    old = connection.execute(select(labels).where(labels.c.id == label)).one()
    row = {name: getattr(old, name) for name in ("photo_id", "x0", "y0", "x1", "y1", "angle")}
    row |= {
        "text": None if text is None else clean(text),
        "set_by": by,
        "set_at": at,
        "replaces": label,
    }
    new = _insert(connection, row)
    connection.execute(update(words).where(words.c.label_id == label).values(label_id=new))
    return new


def hold(connection: Connection, word: int, label: int) -> None:
    """Say that `label` is about `word` and no other at its place."""
    connection.execute(update(words).where(words.c.id == word).values(label_id=label))


def _insert(connection: Connection, row: dict[str, Any]) -> int:
    return int(connection.execute(insert(labels).values(row).returning(labels.c.id)).scalar_one())


def derive(connection: Connection, label: int, origin: int, why: str) -> None:
    """Note that `label` takes `origin` back ("undo") or holds it on an edited photo ("edit")."""
    connection.execute(insert(derived_labels).values(label_id=label, origin_id=origin, why=why))


def last_change(connection: Connection, by: str | None) -> Sequence[Row[Any]]:
    """The labels of the last change (by that person) that is not taken back; raises `NothingToUndo`."""
    standing = select(labels).where(~_is_derived(labels.c.id), ~_is_undone(labels.c.id))
    if by is not None:
        standing = standing.where(labels.c.set_by == by)
    last = connection.execute(standing.order_by(labels.c.id.desc()).limit(1)).one_or_none()
    if last is None:
        raise NothingToUndo("there is no label to take back")
    same = standing.where(labels.c.set_at == last.set_at, labels.c.set_by == last.set_by)
    return connection.execute(same.order_by(labels.c.id)).all()


def undo(connection: Connection, change: Sequence[Row[Any]]) -> set[int]:
    """Take back each label of a change, on edited photos too; returns the photos. Raises `NothingToUndo`."""
    at = moment(connection)
    touched = set()
    for row in [*change, *_carried(connection, [row.id for row in change])]:
        before = None
        if row.replaces is not None:
            before = connection.execute(select(labels.c.text).where(labels.c.id == row.replaces)).scalar()
        new = follow(connection, _end(connection, row), before, row.set_by, at)
        derive(connection, new, row.id, "undo")
        touched.add(row.photo_id)
    return touched


def _carried(connection: Connection, origins: Sequence[int]) -> list[Row[Any]]:
    """Labels that hold `origins` on edited photos, and were not changed there."""
    statement = (
        select(labels)
        .join(derived_labels, derived_labels.c.label_id == labels.c.id)
        .where(derived_labels.c.origin_id.in_(origins), derived_labels.c.why == "edit")
    )
    found = [row for row in connection.execute(statement).all() if _follower(connection, row.id) is None]
    return found + (_carried(connection, [row.id for row in found]) if found else [])


def _is_derived(label: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(derived_labels.c.label_id == label)


def _is_undone(label: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(derived_labels.c.origin_id == label, derived_labels.c.why == "undo")


def _end(connection: Connection, row: Row[Any]) -> int:
    """The last label of the chain that `row` is in; what lies between has been taken back."""
    end: int = row.id
    while (later := _follower(connection, end)) is not None:
        if not later.settled:
            raise NothingToUndo(f"{later.set_by} has changed that label since; set it anew instead")
        end = later.id
    return end


def _follower(connection: Connection, label: int) -> Row[Any] | None:
    """The label that replaces `label`; `settled` if it is an undo or was itself undone."""
    settled = or_(_is_derived(labels.c.id), _is_undone(labels.c.id)).label("settled")
    return connection.execute(select(labels, settled).where(labels.c.replaces == label)).one_or_none()


def chains_of(connection: Connection, photo: int) -> dict[int, list[Row[Any]]]:
    """All labels ever set on a photo, by the first of their chain, oldest first."""
    statement = select(labels, derived_labels.c.why).outerjoin(
        derived_labels, derived_labels.c.label_id == labels.c.id
    )
    chains: dict[int, list[Row[Any]]] = {}
    first: dict[int, int] = {}
    for row in connection.execute(statement.where(labels.c.photo_id == photo).order_by(labels.c.id)):
        first[row.id] = first.get(row.replaces, row.id)
        chains.setdefault(first[row.id], []).append(row)
    return chains
