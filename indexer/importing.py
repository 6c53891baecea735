"""Texts from lists -> labels or suggestions of the photos in the archive."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from detector import Box
from indexer import chains
from indexer.labels import SAME, Label, share
from indexer.placed import PlacedText, share_of
from indexer.settling import current_labels, edges
from indexer.tables import contents, files, photos, suggestions

UNSAID = 0.5
"""Confidence of a suggestion whose list has none."""


@dataclass(slots=True)
class Brought:
    """What became of the texts of a list."""

    new: int = 0
    same: int = 0
    """Said already."""
    kept: list[str] = field(default_factory=list)
    """Where the label that is there says something else, and was left."""
    astray: list[str] = field(default_factory=list)
    """Texts on no photo of the archive, or outside of it."""
    photos: set[int] = field(default_factory=set)
    """Those that were changed."""


def bring_labels(
    connection: Connection, items: Iterable[PlacedText], by: str, at: float, replace_: bool
) -> Brought:
    """Set each text as a label; where a person says otherwise already only if `replace_`."""
    done = Brought()
    there: dict[int, list[Label]] = {}
    for item, photo, box in _places(connection, items, done):
        if photo.id not in there:
            there[photo.id] = current_labels(connection, photo.id)
        text, said = chains.clean(item.text), there[photo.id]
        like = max(said, key=lambda label: share(label.box, box), default=None)
        if like is not None and share(like.box, box) < SAME:
            like = None
        if like is not None and like.text == text:
            done.same += 1
        elif like is not None and not replace_:
            done.kept.append(f'{item.where}: "{text}", but {like.by} says "{like.text}"')
        else:
            new = _write(connection, photo.id, like, box, text, item.by or by, at)
            there[photo.id] = [label for label in said if label is not like] + [new]
            done.new += 1
            done.photos.add(photo.id)
    return done


def _write(
    connection: Connection, photo: int, old: Label | None, box: Box, text: str, by: str, at: float
) -> Label:
    if old is not None:
        return replace(old, id=chains.follow(connection, old.id, text, by, at), text=text, by=by, at=at)
    return Label(chains.begin(connection, photo, box, text, by, at), box, text, by, at)


def bring_suggestions(connection: Connection, items: Iterable[PlacedText], source: str) -> Brought:
    """Keep each text as what `source` suggests; what it suggested for these photos before goes."""
    done, rows = Brought(), []
    for item, photo, box in _places(connection, items, done):
        text = chains.clean(item.text)
        if not text:
            continue
        confidence = UNSAID if item.confidence is None else share_of(item.confidence)
        facts = {"text": text, "probability": confidence, "source": source, "added": time.time()}
        rows.append({"photo_id": photo.id} | edges(box) | facts)
        done.photos.add(photo.id)
    former = suggestions.c.photo_id.in_(done.photos) & (suggestions.c.source == source)
    connection.execute(delete(suggestions).where(former))
    if rows:
        connection.execute(insert(suggestions), rows)
    done.new = len(rows)
    return done


def _places(
    connection: Connection, items: Iterable[PlacedText], done: Brought
) -> Iterator[tuple[PlacedText, Row[Any], Box]]:
    """Each text with its photo and its box in pixels of the whole photo; the others are noted as astray."""
    known: dict[tuple[Any, ...], Row[Any] | None] = {}
    for item in items:
        key = (item.sha256, item.paths, item.page)
        if key not in known:
            known[key] = _photo(connection, item)
        photo = known[key]
        box = None if photo is None else _on_photo(item, photo.width, photo.height)
        if photo is None or box is None:
            name = item.paths[0] if item.paths else item.sha256
            why = f"{name} is not in the archive" if photo is None else "outside of the photo"
            done.astray.append(f"{item.where}: {why}")
        else:
            yield item, photo, box


def _photo(connection: Connection, item: PlacedText) -> Row[Any] | None:
    """The page; of a file with one page that one, whatever number other programs give it."""
    statement = select(photos).join(contents).order_by(photos.c.page)
    which = [contents.c.sha256 == item.sha256] if item.sha256 else []
    for path in item.paths:
        lying = select(files.c.content_id).where(files.c.path == path)
        which.append(contents.c.id == lying.scalar_subquery())
    for condition in which:
        pages = connection.execute(statement.where(condition)).all()
        if len(pages) == 1:
            return pages[0]
        if pages:
            return next((page for page in pages if page.page == item.page), None)
    return None


def _on_photo(item: PlacedText, width: int, height: int) -> Box | None:
    """The part of the box that lies on the photo, scaled if the list counts in another size."""
    across, down = (width / item.size[0], height / item.size[1]) if item.size else (1.0, 1.0)
    box = item.box
    x0, x1 = max(0, round(box.x0 * across)), min(width, round(box.x1 * across))
    y0, y1 = max(0, round(box.y0 * down)), min(height, round(box.y1 * down))
    return Box(x0, y0, x1, y1, angle=box.angle) if x0 < x1 and y0 < y1 else None
