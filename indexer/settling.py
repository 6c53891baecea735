"""Which label and which suggestions hold for which word of a photo: found anew after every change.

A photo's words are the machine's (they have a lattice), those that only a suggestion of another engine put
there, and those that only a label did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, null, select, update

from detector import Box
from indexer.labels import Label, line_at, match
from indexer.tables import labels, lattices, overruled, suggestions, words


def current_labels(connection: Connection, photo: int) -> list[Label]:
    """The labels of a photo that hold: not followed by another, not taken back."""
    later = labels.alias()
    statement = select(labels).where(
        labels.c.photo_id == photo,
        labels.c.text.is_not(None),
        ~exists().where(later.c.replaces == labels.c.id),
    )
    return [
        Label(row.id, box_of(row), row.text, row.set_by, row.set_at)
        for row in connection.execute(statement.order_by(labels.c.id))
    ]


def box_of(row: Row[Any]) -> Box:
    """The box of a row of `labels` or `suggestions`."""
    return Box(row.x0, row.y0, row.x1, row.y1, angle=row.angle)


def edges(box: Box) -> dict[str, Any]:
    """The columns of a box."""
    return {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1, "angle": box.angle}


def settle(connection: Connection, photo: int) -> None:
    """Give labels and suggestions the words at their places; words that both leave are gone."""
    _settle_suggestions(connection, photo)
    _settle_labels(connection, photo)


def _settle_suggestions(connection: Connection, photo: int) -> None:
    """Suggestions without a word get that at their place, or one of their own."""
    homeless = select(suggestions).where(suggestions.c.photo_id == photo, suggestions.c.word_id.is_(None))
    sources: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(homeless.order_by(suggestions.c.id)):
        sources.setdefault(row.source, []).append(row)
    found = _found(connection, photo) if sources else []
    for rows in sources.values():
        matching = match([box for _, box, _ in found], [box_of(row) for row in rows])
        for place, number in matching.words.items():
            _point(connection, rows[number].id, found[place][0])
        for number in matching.alone:
            box = _lined(box_of(rows[number]), found)
            word = _insert_word(connection, photo, box, None)
            _point(connection, rows[number].id, word)
            found.append((word, box, None))


def _point(connection: Connection, suggestion: int, word: int) -> None:
    connection.execute(update(suggestions).where(suggestions.c.id == suggestion).values(word_id=word))


def _settle_labels(connection: Connection, photo: int) -> None:
    found = _found(connection, photo)
    said = current_labels(connection, photo)
    place = {label.id: number for number, label in enumerate(said)}
    held = {n: place[label] for n, (_, _, label) in enumerate(found) if label in place}
    silent = [number for number, label in enumerate(said) if not label.text]
    matching = match([box for _, box, _ in found], [label.box for label in said], held, silent)
    for number, (word, _, before) in enumerate(found):
        label = said[matching.words[number]].id if number in matching.words else None
        if label != before:
            connection.execute(update(words).where(words.c.id == word).values(label_id=label))
    _overrule(connection, photo, [found[number][0] for number in matching.overruled])
    _stand_alone(connection, photo, [said[j] for j in matching.alone if said[j].text], found)


def _overrule(connection: Connection, photo: int, hidden: Iterable[int]) -> None:
    of_photo = select(words.c.id).where(words.c.photo_id == photo)
    connection.execute(delete(overruled).where(overruled.c.word_id.in_(of_photo)))
    if rows := [{"word_id": word} for word in sorted(hidden)]:
        connection.execute(insert(overruled), rows)


def _stand_alone(
    connection: Connection, photo: int, alone: Sequence[Label], found: Sequence[tuple[int, Box, int | None]]
) -> None:
    """Labels without a word have one of their own, as long as they hold."""
    kept = [word for word, _, _ in found]
    for label in alone:
        own = (words.c.photo_id == photo, words.c.label_id == label.id, words.c.id.not_in(kept))
        word = connection.execute(select(words.c.id).where(*own)).scalar()
        kept.append(word or _insert_word(connection, photo, _lined(label.box, found), label.id))
    connection.execute(delete(words).where(words.c.photo_id == photo, words.c.id.not_in(kept)))


def _found(connection: Connection, photo: int) -> list[tuple[int, Box, int | None]]:
    """Id, box and label of the words that somebody else than a label put there."""
    suggested = exists().where(suggestions.c.word_id == words.c.id)
    read = exists().where(lattices.c.word_id == words.c.id)
    statement = select(words).where(words.c.photo_id == photo, read | suggested).order_by(words.c.id)
    return [
        (row.id, Box(row.x0, row.y0, row.x1, row.y1, row.line, row.chance, row.angle), row.label_id)
        for row in connection.execute(statement)
    ]


def _lined(box: Box, found: Sequence[tuple[int, Box, int | None]]) -> Box:
    return replace(box, line=line_at(box, [other for _, other, _ in found]))


def _insert_word(connection: Connection, photo: int, box: Box, label: int | None) -> int:
    values = edges(box) | {"photo_id": photo, "line": box.line, "chance": box.chance}
    values["label_id"] = null() if label is None else label
    return int(connection.execute(insert(words).values(values).returning(words.c.id)).scalar_one())
