"""The words of photos as they stand: what machines read there, other engines suggest, and people say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, null, or_, select

from detector import Box
from indexer.tables import (
    PathBytes,
    alternatives,
    files,
    hypotheses,
    labels,
    lattices,
    overruled,
    photos,
    suggestions,
    words,
)
from recognizer import Hypothesis


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What another engine reads at the place of a word, with its own confidence."""

    text: str
    probability: float
    source: str


@dataclass(frozen=True, slots=True)
class StoredWord:
    """One word of a photo; once a person has labelled it, the label is its only reading, at probability 1."""

    id: int
    box: Box
    label: str | None
    readings: tuple[Hypothesis, ...]
    """Best first, those of suggestions among them."""
    lattice: bytes = b""
    suggestions: tuple[Suggestion, ...] = ()


def stored_words(
    connection: Connection, ids: Iterable[int], with_lattices: bool = False
) -> defaultdict[int, tuple[StoredWord, ...]]:
    """The words of each photo in reading order; places that a person has found empty are left out."""
    which = and_(words.c.photo_id.in_(list(ids)), shown())
    found = _stored(connection, which, with_lattices)
    grouped = groupby((pair for pair in found if pair[1].label != ""), key=lambda pair: pair[0])
    return defaultdict(tuple, {photo: tuple(word for _, word in group) for photo, group in grouped})


def stored_alternatives(
    connection: Connection, ids: Iterable[int]
) -> defaultdict[int, tuple[StoredWord, ...]]:
    """Other ways to cut the words of each photo; not where a person has said what stands there."""
    place = alternatives.c
    x, y = (labels.c.x0 + labels.c.x1) / 2, (labels.c.y0 + labels.c.y1) / 2
    said = (
        exists()
        .where(words.c.photo_id == place.photo_id, words.c.label_id == labels.c.id)
        .where(x.between(place.x0, place.x1), y.between(place.y0, place.y1))
    )
    statement = select(alternatives).where(place.photo_id.in_(list(ids)), ~said).order_by(place.id)
    grouped = groupby(connection.execute(statement), key=lambda row: row.photo_id)
    return defaultdict(tuple, {photo: tuple(map(_alternative, group)) for photo, group in grouped})


def _alternative(row: Row[Any]) -> StoredWord:
    box = Box(row.x0, row.y0, row.x1, row.y1, row.line, row.chance, row.angle, alternative=True)
    return StoredWord(0, box, None, (Hypothesis(row.text, row.probability),), row.packed)


def placed(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[int, str, int, StoredWord]]:
    """Word id -> photo id, first path, page and the word; of those that lie on a file."""
    which = and_(words.c.id.in_(ids), shown())
    path = func.min(files.c.path, type_=PathBytes)
    statement = (
        select(photos.c.id, photos.c.page, path.label("path"))
        .join(files, files.c.content_id == photos.c.content_id)
        .where(photos.c.id.in_(select(words.c.photo_id).where(which)))
        .group_by(photos.c.id)
    )
    where = {row.id: (row.id, row.path, row.page) for row in connection.execute(statement)}
    found = _stored(connection, which, with_lattices=True)
    return {word.id: (*where[photo], word) for photo, word in found if photo in where}


def is_read(connection: Connection, word: int) -> bool:
    """Whether a machine found that word, not a person alone."""
    read = exists().where(lattices.c.word_id == word)
    suggested = exists().where(suggestions.c.word_id == word)
    return bool(connection.execute(select(or_(read, suggested))).scalar_one())


def shown() -> ColumnElement[bool]:
    """Words that no label beside them says already."""
    return words.c.id.not_in(select(overruled.c.word_id))


def _stored(
    connection: Connection, which: ColumnElement[bool], with_lattices: bool
) -> list[tuple[int, StoredWord]]:
    """(photo, word) in the order of photos, lines and columns."""
    packed = lattices.c.packed if with_lattices else null()
    where = [
        func.coalesce(labels.c[edge], words.c[edge]).label(f"at_{edge}")
        for edge in ("x0", "y0", "x1", "y1", "angle")
    ]
    statement = (
        select(words, labels.c.text.label("label"), packed.label("packed"), *where)
        .select_from(words.outerjoin(labels, words.c.label_id == labels.c.id).outerjoin(lattices))
        .where(which)
        .order_by(words.c.photo_id, words.c.line, where[0], words.c.id)
    )
    read = _hypotheses(connection, which)
    hinted = _suggestions(connection, which)
    return [(row.photo_id, _word(row, read[row.id], hinted[row.id])) for row in connection.execute(statement)]


def _word(row: Row[Any], read: tuple[Hypothesis, ...], hints: tuple[Suggestion, ...]) -> StoredWord:
    box = Box(row.at_x0, row.at_y0, row.at_x1, row.at_y1, row.line, row.chance, row.at_angle)
    if row.label is not None:
        return StoredWord(row.id, box, row.label, (Hypothesis(row.label, 1.0),), b"", hints)
    return StoredWord(row.id, box, None, _with_hints(read, hints), row.packed or b"", hints)


def _with_hints(read: tuple[Hypothesis, ...], hints: tuple[Suggestion, ...]) -> tuple[Hypothesis, ...]:
    """Readings of all who have read the word; where two say the same, the surer one counts."""
    if not hints:
        return read
    surest = {hypothesis.text: hypothesis for hypothesis in read}
    for hint in hints:
        if hint.text not in surest or hint.probability > surest[hint.text].probability:
            surest[hint.text] = Hypothesis(hint.text, hint.probability)
    return tuple(sorted(surest.values(), key=lambda one: -one.probability))


def _suggestions(
    connection: Connection, which: ColumnElement[bool]
) -> defaultdict[int, tuple[Suggestion, ...]]:
    statement = (
        select(suggestions)
        .join(words, suggestions.c.word_id == words.c.id)
        .where(which)
        .order_by(suggestions.c.word_id, suggestions.c.id)
    )
    grouped = groupby(connection.execute(statement), key=lambda row: row.word_id)
    return defaultdict(
        tuple,
        {
            word: tuple(Suggestion(row.text, row.probability, row.source) for row in group)
            for word, group in grouped
        },
    )


def _hypotheses(
    connection: Connection, which: ColumnElement[bool]
) -> defaultdict[int, tuple[Hypothesis, ...]]:
    statement = (
        select(hypotheses)
        .select_from(hypotheses.join(words))
        .where(which)
        .order_by(hypotheses.c.word_id, hypotheses.c.rank)
    )
    grouped = groupby(connection.execute(statement), key=lambda row: row.word_id)
    return defaultdict(
        tuple,
        {
            word: tuple(Hypothesis(row.text, row.probability, row.seen) for row in group)
            for word, group in grouped
        },
    )
