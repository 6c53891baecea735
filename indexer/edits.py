"""Labels of a photo that was edited: turned, scaled, cropped or saved anew, it is another content.

What used to lie at the same path may be the same photo before, or quite another one. The words tell: if
enough of the former boxes have their like on the new photo, the labels are carried to where they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rapidfuzz.distance import Levenshtein
from sqlalchemy import Connection, Row, select

from detector import Box
from indexer import chains
from indexer.labels import SAME, Label, share
from indexer.rows import mark
from indexer.settling import current_labels, settle
from indexer.tables import edits, photos
from indexer.written import StoredWord, stored_words

ALIKE = 0.6
"""Similarity from which two readings are taken for the same word: models are wrong about letters."""

SHARE_READ, SHARE_PLACED, MANY = 0.3, 0.7, 8
"""The photo is the same if that share of the words lie and read alike; or, when it was turned and nothing
reads as before, if that share of `MANY` or more words lie alike."""

ANCHORS, TELLING = 40, 60
"""Pairs of words with the same reading that are tried for where a crop was cut, and how many of the longest
words are looked for in each place that is tried."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as far as it matters here: its size in pixels, and the box and text of each word."""

    width: int
    height: int
    words: tuple[tuple[Box, str], ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where pixels of the former photo are now: turned by quarters clockwise, then scaled, then moved."""

    width: int
    height: int
    quarters: int = 0
    across: float = 1.0
    down: float = 1.0
    right: float = 0.0
    below: float = 0.0

    def __call__(self, box: Box) -> Box:
        """The same place on the new photo; it may lie outside."""
        x0, y0, x1, y1 = box.x0, box.y0, box.x1, box.y1
        width, height = self.width, self.height
        for _ in range(self.quarters):
            x0, y0, x1, y1 = height - y1, x0, height - y0, x1
            width, height = height, width
        return replace(
            box,
            x0=round(x0 * self.across + self.right),
            y0=round(y0 * self.down + self.below),
            x1=round(x1 * self.across + self.right),
            y1=round(y1 * self.down + self.below),
        )


def placement(before: Picture, after: Picture) -> Placement | None:
    """Where the former photo lies on the new one; None if they are different photos."""
    longest = sorted(before.words, key=lambda word: -len(word[1]))[:TELLING]
    before = replace(before, words=tuple(longest))
    rated = ((_rating(one, before, after), one) for one in _candidates(before, after))
    (placed, read), best = max(rated, key=lambda pair: sum(pair[0]))
    count = max(1, len(before.words))
    same = read >= max(1, SHARE_READ * count) or placed >= max(MANY, SHARE_PLACED * count)
    return best if same else None


def _candidates(before: Picture, after: Picture) -> Iterator[Placement]:
    """Turned and scaled as a whole; or cut out without scaling, at the words that read the same."""
    for quarters in range(4):
        wide, tall = (before.width, before.height)[:: -1 if quarters % 2 else 1]
        across, down = after.width / wide, after.height / tall
        yield Placement(before.width, before.height, quarters, across, down)
    anchors = [(a, b) for a, said in before.words for b, read in after.words if said == read]
    for a, b in anchors[:ANCHORS]:
        yield Placement(before.width, before.height, right=b.x0 - a.x0, below=b.y0 - a.y0)


def _rating(where: Placement, before: Picture, after: Picture) -> tuple[int, int]:
    """How many words have a box at the same place now; and how many of these a like reading."""
    placed = read = 0
    for box, text in before.words:
        there = where(box)
        like = [said for other, said in after.words if share(there, other) >= SAME]
        placed += bool(like)
        read += any(Levenshtein.normalized_similarity(text.lower(), one.lower()) >= ALIKE for one in like)
    return placed, read


def carry(connection: Connection, content: int) -> None:
    """Carry labels over from what lay at the path of these bytes before, to each page that has been read."""
    former = connection.execute(select(edits.c.former_id).where(edits.c.content_id == content)).scalar()
    if former is None:
        return
    old, new = photos.alias(), photos.alias()
    pairs = select(old.c.id, new.c.id).where(
        old.c.content_id == former,
        new.c.content_id == content,
        old.c.page == new.c.page,
        new.c.read_at.is_not(None),
    )
    for before, after in connection.execute(pairs).all():
        if said := current_labels(connection, before):
            _carry_page(connection, before, after, said)


def _carry_page(connection: Connection, before: int, after: int, said: Iterable[Label]) -> None:
    rows = {row.id: row for row in connection.execute(select(photos).where(photos.c.id.in_([before, after])))}
    words = stored_words(connection, [before, after])
    where = placement(_picture(rows[before], words[before]), _picture(rows[after], words[after]))
    if where is None:
        return
    there = current_labels(connection, after)
    placed = [(label, where(label.box)) for label in said]
    inside = [(label, box) for label, box in placed if _is_inside(box, rows[after])]
    if sum(_carry_label(connection, label, after, box, there) for label, box in inside):
        settle(connection, after)
        # Also when the photo itself is as it was: its former self may have been labelled since, as a copy.
        mark(connection, photos.c.id == after)


def _carry_label(connection: Connection, label: Label, photo: int, box: Box, there: Sequence[Label]) -> bool:
    """Whether it was carried, which it is unless something newer is said at that place."""
    like = max(there, key=lambda other: share(other.box, box), default=None)
    if like is None or share(like.box, box) < SAME:
        new = chains.begin(connection, photo, box, label.text, label.by, label.at)
    elif like.at < label.at:
        new = chains.follow(connection, like.id, label.text, label.by, label.at)
    else:
        return False
    chains.derive(connection, new, label.id, "edit")
    return True


def _picture(photo: Row[Any], words: Sequence[StoredWord]) -> Picture:
    said = tuple((word.box, word.readings[0].text) for word in words if word.readings)
    return Picture(photo.width, photo.height, said)


def _is_inside(box: Box, photo: Row[Any]) -> bool:
    """Whether its middle is on the photo; what reaches beyond does not matter."""
    return bool(0 <= box.x0 + box.x1 < 2 * photo.width and 0 <= box.y0 + box.y1 < 2 * photo.height)
