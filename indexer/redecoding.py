"""New readings from kept lattices: what a recognizer makes of what another saw just as it would itself.

Where two recognizers differ in their words alone, no photo has to be opened again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    delete,
    exists,
    select,
    update,
)

from indexer.context import Readings, in_context
from indexer.rows import store_hypotheses, store_model
from indexer.tables import alternatives, files, hypotheses, lattices, models, photos, words
from recognizer.language import LanguageModel

Decode = Callable[[Sequence[bytes]], Sequence[Readings]]
"""Packed lattices -> the texts of each, best first."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """A recognizer, as far as it reads kept lattices."""

    detector: str
    recognizer: str
    alphabet: str
    lattices: str
    """See `Recognizer.lattices_id`."""
    decode: Decode
    language: LanguageModel | None = None


def undecoded(connection: Connection, by: Decoder, which: ColumnElement[bool], most: int) -> list[int]:
    """Up to `most` photos on the files `which` that have the lattices of `by`, and readings of another."""
    seen_alike = models.c.card["lattices"].as_string() == by.lattices
    same = exists().where(models.c.id == photos.c.recognizer, seen_alike)
    shown = exists().where(files.c.content_id == photos.c.content_id, which)
    statement = select(photos.c.id).where(
        photos.c.detector == by.detector, photos.c.recognizer != by.recognizer, same, shown
    )
    return list(connection.execute(statement.order_by(photos.c.id).limit(most)).scalars())


def decode_again(connection: Connection, by: Decoder, ids: Sequence[int]) -> None:
    """Give the words of these photos the readings of `by`; what people have said holds."""
    store_model(connection, by.recognizer, "recognizer", by.alphabet, by.lattices)
    joined = select(words.c.id, words.c.photo_id, words.c.chance, lattices.c.packed)
    joined = joined.join_from(words, lattices).where(words.c.photo_id.in_(ids))
    _replace_hypotheses(connection, by, joined.order_by(words.c.photo_id))
    place = alternatives.c
    others = select(place.id, place.chance, place.packed).where(place.photo_id.in_(ids))
    _replace_texts(connection, by, others)
    values = {"recognizer": by.recognizer, "revision": photos.c.revision + 1}
    connection.execute(update(photos).where(photos.c.id.in_(ids)).values(values))


def _read(connection: Connection, by: Decoder, statement: Any) -> list[tuple[Row[Any], Readings]]:
    """The rows and the texts of each; a text is right when the place is a word as well."""
    rows = connection.execute(statement).all()
    found = zip(rows, by.decode([row.packed for row in rows]), strict=True)
    return [(row, tuple(one.times(row.chance) for one in texts)) for row, texts in found if texts]


def _replace_hypotheses(connection: Connection, by: Decoder, statement: Any) -> None:
    found: list[tuple[int, Readings]] = []
    for _, page in groupby(_read(connection, by, statement), key=lambda one: one[0].photo_id):
        rows, readings = zip(*page, strict=True)
        together = in_context(readings, by.language) if by.language else readings
        found += [(row.id, texts) for row, texts in zip(rows, together, strict=True)]
    connection.execute(delete(hypotheses).where(hypotheses.c.word_id.in_([word for word, _ in found])))
    store_hypotheses(connection, found)


def _replace_texts(connection: Connection, by: Decoder, statement: Any) -> None:
    best = [
        {"which": row.id, "text": texts[0].text, "probability": texts[0].by_sight}
        for row, texts in _read(connection, by, statement)
    ]
    if best:
        connection.execute(update(alternatives).where(alternatives.c.id == bindparam("which")), best)
