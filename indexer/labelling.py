"""What people say is written on photos: setting labels, cutting and joining boxes, undo, history.

`archive.labels` is one of these. Every call is one change: it is kept as a whole or not at all, search
knows of it when the call returns, and one `undo` takes it back. Labels have probability 1, outlive other
models, moves and edits of the photo, and are never overwritten, only followed by others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, ClassVar

from sqlalchemy import Connection, Row, exists, func, select

from detector import Box
from indexer import chains, rows, views, written
from indexer.asking import Candidate, Question, candidates, order
from indexer.chains import NothingToUndo
from indexer.importing import Brought, bring_labels, bring_suggestions
from indexer.labels import SAME, Label, share, touches
from indexer.placed import PlacedText
from indexer.schema import Database
from indexer.settling import box_of, current_labels, settle
from indexer.tables import PathBytes, contents, derived_labels, files, labels, overruled, photos, words
from indexer.written import StoredWord

__all__ = ["BadLabel", "Brought", "Labelled", "Labelling", "NoSuchWord", "NothingToUndo", "Placed", "Said"]


class NoSuchWord(Exception):
    """A word id or a photo that the archive does not hold (any more)."""

    exit_code: ClassVar[int] = 2


class BadLabel(Exception):
    """A label that makes no sense: a box outside of the photo, parts without text, words of two photos."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class Placed:
    """A word and where it is: the photo's id, the first of its paths, the page."""

    photo: int
    path: str
    page: int
    word: StoredWord


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label that holds, and the page that it is on: of the first file that shows it."""

    photo: int
    path: str
    page: int
    sha256: str
    label: Label


@dataclass(frozen=True, slots=True)
class Said:
    """One label of the history."""

    id: int
    photo: int
    box: Box
    text: str | None
    """'' says that nothing is written there, None takes the label back."""
    by: str
    at: float
    """Unix seconds."""
    why: str
    """`said`; `undo`, when it takes another one back; `edit`, when it was carried to an edited photo."""
    replaces: int | None


Change = tuple[Connection, float, set[int]]
"""A transaction, its moment, and a set for the photos that it touches."""


class Labelling:
    """Labels of one archive. Any method may raise `ArchiveError`, `ArchiveBusy`."""

    def __init__(self, database: Database, tell_search: Callable[[], object]) -> None:
        self._database = database
        self._tell_search = tell_search

    # What people say

    def set(self, word: int | Sequence[int], text: str | None, by: str = "person") -> None:
        """That is what the word is, or each of several alike: '' for "no word", None to take labels back.

        Raises `NoSuchWord`.
        """
        self.set_each(dict.fromkeys([word] if isinstance(word, int) else word, text), by)

    def set_each(self, said: Mapping[int, str | None], by: str = "person") -> None:
        """The same for several words (id -> text) at once, as one change. Raises `NoSuchWord`."""
        with self._change() as (connection, at, touched):
            for row, text in [(_word(connection, word), text) for word, text in said.items()]:
                _say(connection, row, text, by, at)
                touched.add(row.photo_id)

    def add(self, path: str, box: Box, text: str, by: str = "person", page: int = 1) -> int:
        """There is a word in `box` (pixels of the upright photo) that was not found; returns its id.

        A word already found at that place is labelled. Raises `NoSuchWord`, `BadLabel`.
        """
        with self._change() as (connection, at, touched):
            photo = _photo(connection, path, page)
            label = _begin(connection, photo, box, text, by, at)
            touched.add(photo.id)
        return self._word_of(label)

    def split(
        self, word: int, texts: Sequence[str], cuts: Sequence[float] | None = None, by: str = "person"
    ) -> list[int]:
        """The box holds several words, from left to right; returns their ids.

        `cuts` are shares of the box's width (0 to 1, one fewer than `texts`); without, they follow the
        numbers of letters. Raises `NoSuchWord`, `BadLabel`.
        """
        with self._change() as (connection, at, touched):
            row = _word(connection, word)
            parts = _parts(_shown_box(connection, row), texts, cuts)
            photo = connection.execute(select(photos).where(photos.c.id == row.photo_id)).one()
            _take_back(connection, row, by, at)
            said = [_begin(connection, photo, b, t, by, at) for b, t in zip(parts, texts, strict=True)]
            touched.add(row.photo_id)
        return [self._word_of(label) for label in said]

    def merge(self, several: Sequence[int], text: str, by: str = "person") -> int:
        """These words of one photo are one; returns its id. Raises `NoSuchWord`, `BadLabel`."""
        with self._change() as (connection, at, touched):
            found = [_word(connection, number) for number in dict.fromkeys(several)]
            if len(found) < 2 or len({row.photo_id for row in found}) > 1:
                raise BadLabel("to join words, name two or more of the same photo")
            box = _around([_shown_box(connection, row) for row in found])
            photo = connection.execute(select(photos).where(photos.c.id == found[0].photo_id)).one()
            for row in found:
                _take_back(connection, row, by, at)
            label = _begin(connection, photo, box, text, by, at)
            touched.add(photo.id)
        return self._word_of(label)

    def delete(self, word: int, by: str = "person") -> None:
        """There is no such word: "not a word" for one that was found; one added by hand just goes."""
        with self._database.read() as connection:
            row = _word(connection, word)
            read = written.is_read(connection, word)
        self.set(row.id, "" if read else None, by)

    def undo(self, by: str | None = None) -> list[Said]:
        """Take back the last change (of that person); again, the one before. Returns what it was.

        Raises `NothingToUndo`.
        """
        with self._change() as (connection, _, touched):
            change = chains.last_change(connection, by)
            touched |= chains.undo(connection, change)
        return [_said(row, "said") for row in change]

    def bring(self, items: Iterable[PlacedText], by: str, replace: bool = False) -> Brought:
        """Set many labels, from lists (see `indexer.placed`), as one change.

        Where a label says something else already it is left, unless `replace`. May raise what `items` does;
        nothing is changed then.
        """
        with self._change() as (connection, at, touched):
            done = bring_labels(connection, items, by, at, replace)
            touched |= done.photos
        return done

    def suggest(self, items: Iterable[PlacedText], source: str) -> Brought:
        """Keep what another engine or tool, called `source`, reads: no labels, but readings of their own.

        They take part in search with their confidence, and are offered when somebody labels.
        """
        with self._change() as (connection, _, touched):
            done = bring_suggestions(connection, items, source)
            touched |= done.photos
        return done

    # What is known

    def word(self, word: int) -> Placed:
        """The word and its place, one found to be no word too. Raises `NoSuchWord`."""
        return self.words([word])[0]

    def words(self, chosen: Sequence[int]) -> list[Placed]:
        """The same for several, in that order."""
        with self._database.read() as connection:
            placed = written.placed(connection, chosen)
        for number in chosen:
            if number not in placed:
                raise _no_such(number)
        return [Placed(*placed[number]) for number in chosen]

    def ask(
        self,
        limit: int = 20,
        skipped: Collection[int] = (),
        queries: Mapping[str, float] | None = None,
        together: bool = True,
    ) -> list[Question]:
        """What to ask a person next, best first; see `indexer.asking`. Their words: `words(question.words)`.

        `skipped` are words not to ask for; `queries` says how often each term was searched for.
        """
        with self._database.read() as connection:
            waiting, said = candidates(connection, skipped)
        return order(waiting, limit, queries, said, together)

    def candidates(self, skipped: Collection[int] = ()) -> list[Candidate]:
        """The words that nobody has labelled or `skipped`; of large archives those of some photos."""
        with self._database.read() as connection:
            return candidates(connection, skipped)[0]

    def labelled(self, under: Sequence[str] | None = None) -> list[Labelled]:
        """All labels that hold and say that something is written, photo by photo, as material to learn from.

        Only of photos that lie on a file (at or under `under`).
        """
        path = func.min(files.c.path, type_=PathBytes)
        statement = (
            select(photos.c.id, photos.c.page, contents.c.sha256, path.label("path"))
            .select_from(photos.join(contents).join(files, files.c.content_id == contents.c.id))
            .where(views.any_of(under), exists().where(labels.c.photo_id == photos.c.id))
            .group_by(photos.c.id)
            .order_by(path, photos.c.page)
        )
        with self._database.read() as connection:
            return [
                Labelled(row.id, row.path, row.page, row.sha256, label)
                for row in connection.execute(statement).all()
                for label in current_labels(connection, row.id)
                if label.text
            ]

    def history(self, word: int) -> list[Said]:
        """All that was ever said about the place of a word, oldest first. Raises `NoSuchWord`."""
        with self._database.read() as connection:
            row = _word(connection, word)
            box = _shown_box(connection, row)
            found = [
                _said(one, one.why or "said")
                for chain in chains.chains_of(connection, row.photo_id).values()
                if any(touches(box, box_of(one)) for one in chain)
                for one in chain
            ]
        return sorted(found, key=lambda said: said.id)

    def changes(self, limit: int = 50) -> list[Said]:
        """The last labels of the whole archive, newest first."""
        statement = select(labels, derived_labels.c.why).outerjoin(
            derived_labels, derived_labels.c.label_id == labels.c.id
        )
        with self._database.read() as connection:
            last = connection.execute(statement.order_by(labels.c.id.desc()).limit(limit)).all()
        return [_said(row, row.why or "said") for row in last]

    @contextmanager
    def _change(self) -> Iterator[Change]:
        """At its end the photos it touched are settled and search is told."""
        with self._database.write() as connection:
            change: Change = (connection, chains.moment(connection), {*()})
            yield change
            *_, touched = change
            for photo in touched:
                settle(connection, photo)
            rows.mark(connection, photos.c.id.in_(touched))
        self._tell_search()

    def _word_of(self, label: int) -> int:
        with self._database.read() as connection:
            statement = select(words.c.id).where(words.c.label_id == label)
            return int(connection.execute(statement).scalar_one())


def _no_such(word: int) -> NoSuchWord:
    return NoSuchWord(f"no word has the id {word}; `ocr-index words PHOTO` shows them")


def _word(connection: Connection, word: int) -> Row[Any]:
    hidden = select(overruled.c.word_id)
    statement = select(words).where(words.c.id == word, words.c.id.not_in(hidden))
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise _no_such(word)
    return row


def _photo(connection: Connection, path: str, page: int) -> Row[Any]:
    statement = select(photos).join(files, files.c.content_id == photos.c.content_id)
    row = connection.execute(statement.where(files.c.path == path, photos.c.page == page)).one_or_none()
    if row is None:
        raise NoSuchWord(f"{path}, page {page}: not in the archive; `ocr-index add` it first")
    return row


def _shown_box(connection: Connection, word: Row[Any]) -> Box:
    """The box that its label names, else the one it was found in."""
    label = connection.execute(select(labels).where(labels.c.id == word.label_id)).one_or_none()
    return box_of(word if label is None else label)


def _say(connection: Connection, word: Row[Any], text: str | None, by: str, at: float) -> None:
    if word.label_id is not None:
        chains.follow(connection, word.label_id, text, by, at)
    elif text is not None:
        label = chains.begin(connection, word.photo_id, box_of(word), text, by, at)
        chains.hold(connection, word.id, label)


def _take_back(connection: Connection, word: Row[Any], by: str, at: float) -> None:
    if word.label_id is not None:
        chains.follow(connection, word.label_id, None, by, at)


def _begin(connection: Connection, photo: Row[Any], box: Box, text: str, by: str, at: float) -> int:
    """A label at a new place; one that is set there already is followed."""
    if not chains.clean(text):
        raise BadLabel("say what is written there")
    x0, y0 = max(0, box.x0), max(0, box.y0)
    x1, y1 = min(photo.width, box.x1), min(photo.height, box.y1)
    if x0 >= x1 or y0 >= y1:
        raise BadLabel(f"the box lies outside of the photo, which is {photo.width} x {photo.height} pixels")
    place = Box(x0, y0, x1, y1, angle=box.angle)
    there = max(current_labels(connection, photo.id), key=lambda label: share(label.box, place), default=None)
    if there is not None and share(there.box, place) >= SAME:
        return chains.follow(connection, there.id, text, by, at)
    return chains.begin(connection, photo.id, place, text, by, at)


def _around(boxes: Iterable[Box]) -> Box:
    """The rectangle around boxes, tilted like the first."""
    several = list(boxes)
    return Box(
        min(box.x0 for box in several),
        min(box.y0 for box in several),
        max(box.x1 for box in several),
        max(box.y1 for box in several),
        angle=several[0].angle,
    )


def _parts(box: Box, texts: Sequence[str], cuts: Sequence[float] | None) -> list[Box]:
    """`box` cut from left to right, one part a text."""
    sizes = [len(chains.clean(text)) for text in texts]
    if len(texts) < 2 or not all(sizes):
        raise BadLabel("to cut a word, say what is written in each of its two or more parts")
    if cuts is None:
        # The gap between two words is about as wide as a letter, and half of it belongs to each.
        whole = sum(sizes) + len(sizes) - 1
        cuts = [(size - 0.5) / whole for size in accumulate(size + 1 for size in sizes[:-1])]
    wide = box.x1 - box.x0
    places = [box.x0, *(box.x0 + round(cut * wide) for cut in cuts), box.x1]
    if len(places) != len(texts) + 1 or any(a >= b for a, b in pairwise(places)):
        raise BadLabel("cuts are shares of the width, from left to right, one fewer than parts")
    return [Box(a, box.y0, b, box.y1, angle=box.angle) for a, b in pairwise(places)]


def _said(row: Row[Any], why: str) -> Said:
    return Said(row.id, row.photo_id, box_of(row), row.text, row.set_by, row.set_at, why, row.replaces)
