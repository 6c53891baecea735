"""The archive: the facade over rows and search index; nobody else opens the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy import Connection, and_, select

from indexer import rows, views
from indexer.edits import carry
from indexer.gallery import Gallery
from indexer.labelling import Labelling, NoSuchWord
from indexer.lock import ArchiveBusy, writer_lock
from indexer.reading import Page, Reading, Sighting
from indexer.redecoding import Decoder, decode_again, undecoded
from indexer.schema import ArchiveError, Database, NewerArchive, NoArchive, open_database, storage_errors
from indexer.tables import files
from indexer.views import Counts, Look, ModelIds, PhotoStatus, PhotoWords, Standing, StoredWord

if TYPE_CHECKING:
    from indexer.postings import IndexFeed

__all__ = [
    "Archive",
    "ArchiveBusy",
    "ArchiveError",
    "Counts",
    "Look",
    "ModelIds",
    "NewerArchive",
    "NoArchive",
    "NoSuchWord",
    "PhotoStatus",
    "PhotoWords",
    "Standing",
    "StoredWord",
]

T = TypeVar("T")

DECODED_AT_ONCE = 8
"""Photos in one transaction; others wait for it, about a second."""


class Archive:
    """Photos, what is written on them, and the search index made from that. Use as a context manager.

    Every method is one transaction or a series of short ones; any may raise `ArchiveError` (full disk,
    read-only folder, damaged file) or `ArchiveBusy`. Paths are absolute.
    """

    def __init__(self, home: Path, database: Database) -> None:
        self.home = home
        self._database = database

    @classmethod
    def open(cls, home: Path, create: bool = False) -> Self:
        """The archive in the folder `home`, its tables brought up to date.

        Raises `NoArchive` (unless `create`), `NewerArchive`, `ArchiveBusy`, `ArchiveError`.
        """
        return cls(home, open_database(home, create))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self._database.close()

    @contextmanager
    def writing(self, patience: float = 0.0) -> Iterator[None]:
        """Be the one process that reads photos into this archive; searching and labelling go on beside it.

        Waits up to `patience` seconds, then raises `ArchiveBusy` naming the holder.
        """
        with ExitStack() as stack:
            with storage_errors(self._database.path):
                stack.enter_context(writer_lock(self.home, patience))
            yield

    # What is known

    def look(self, sighting: Sighting) -> Look:
        """What is known of a file: unless it is the same as before, it must be opened."""
        with self._database.read() as connection:
            return views.look(connection, sighting)

    def has_read(self, sha256: str, models: ModelIds | None = None) -> bool:
        """Whether these bytes need no reading: all pages are read, or they were found unreadable.

        With `models` all pages must have been read by these two.
        """
        with self._database.read() as connection:
            return views.has_read(connection, sha256, models)

    def pages_read(self, sha256: str, models: ModelIds | None = None) -> frozenset[int]:
        """The pages of these bytes that have been read (by `models`); may be fewer than there are."""
        with self._database.read() as connection:
            return views.pages_read(connection, sha256, models)

    def stale(self, models: ModelIds, under: Sequence[str] | None = None) -> Iterator[str]:
        """Paths of all files that `models` have not read to the end, refused ones too."""
        return self._chunked(under, partial(views.stale, models=models))

    def doubts(self, under: Sequence[str] | None = None) -> dict[str, float]:
        """Path of each file with words -> the mean chance that the first reading of a word there is wrong."""
        return dict(self._chunked(under, views.doubts))

    def paths(self, under: Sequence[str] | None = None) -> Iterator[str]:
        """Paths of all files at or under those given whose content is known, in order."""
        return self._chunked(under, views.with_content)

    def counts(self) -> Counts:
        """The size of the archive."""
        with self._database.read() as connection:
            return views.counts(connection)

    def status(self, paths: Sequence[str] | None = None) -> Iterator[PhotoStatus]:
        """How far each file at or under `paths` has come; a path not known at all comes as `unknown`."""
        for path in [None] if paths is None else paths:
            known = False
            for status in self._chunked(None if path is None else [path], views.statuses):
                known = True
                yield status
            if path is not None and not known:
                yield PhotoStatus(path, "unknown")

    def words(self, paths: Sequence[str] | None = None) -> Iterator[PhotoWords]:
        """The words of every page of every file at or under `paths`, of all files without."""
        return self._chunked(paths, views.photo_words)

    # Photos come and go

    def add(self, sighting: Sighting, page: Page, reading: Reading, pages: int | None = None) -> None:
        """Keep what was read on one page; `pages` comes with the last one and says how many there are.

        Replaces an earlier reading of the same page; labels that people have set stay and win.
        """
        with self._database.write() as connection:
            content = rows.content_id(connection, page.sha256)
            rows.place_file(connection, sighting, content)
            rows.store_page(connection, content, page, reading)
            carry(connection, content)
            rows.settle_content(connection, content, pages)

    def decode_again(self, by: Decoder, under: Sequence[str] | None = None) -> Iterator[int]:
        """Read photos anew from the lattices kept of them, where `by` would see the same; a few at a time."""
        while True:
            with self._database.write() as connection:
                some = undecoded(connection, by, views.any_of(under), DECODED_AT_ONCE)
                if not some:
                    return
                decode_again(connection, by, some)
            yield len(some)

    def attach(self, sighting: Sighting, sha256: str) -> list[str]:
        """Say that a file holds bytes that are known or being read; returns the other paths of them."""
        with self._database.write() as connection:
            content = rows.content_id(connection, sha256)
            rows.place_file(connection, sighting, content)
            carry(connection, content)
            others = select(files.c.path).where(files.c.content_id == content, files.c.path != sighting.path)
            return list(connection.execute(others.order_by(files.c.path)).scalars())

    def refuse(self, sighting: Sighting, reason: str, sha256: str | None = None) -> None:
        """Say why a file could not be read: its bytes, when `sha256` is known, else the way to them."""
        with self._database.write() as connection:
            if sha256 is None:
                rows.place_file(connection, sighting, reason=reason)
            else:
                content = rows.content_id(connection, sha256)
                rows.place_file(connection, sighting, content)
                rows.settle_content(connection, content, reason=reason)

    def forget_problems(self, under: Sequence[str]) -> None:
        """Forget what could not be got at, before somebody looks whether it still cannot."""
        with self._database.write() as connection:
            rows.drop_files(connection, and_(files.c.content_id.is_(None), views.any_of(under)))

    def vanish(self, paths: Iterable[str]) -> int:
        """Files are gone: they leave search; readings and labels wait for the same bytes to come back."""
        with self._database.write() as connection:
            return sum(rows.drop_files(connection, files.c.path == path) for path in paths)

    def forget(self, paths: Sequence[str]) -> int:
        """Forget files and what was read on them; labels set by people stay. Returns how many files."""
        with self._database.write() as connection:
            count = rows.forget_files(connection, views.any_of(paths))
        self.update_index()
        with self._database.write() as connection:
            rows.purge(connection)
        return count

    def set_label(self, word: int, text: str | None, by: str = "person") -> None:
        """A person says what a word is: '' for "nothing is written here", None to take the label back.

        Former labels stay in the history. Raises `NoSuchWord`.
        """
        self.labels.set(word, text, by)

    @cached_property
    def labels(self) -> Labelling:
        """All that people say is written on photos, with undo and history."""
        return Labelling(self._database, partial(self.update_index, insist=False))

    @cached_property
    def gallery(self) -> Gallery:
        """All photos by their ids, to look at."""
        return Gallery(self._database)

    # The search index, a cache of the rows

    def update_index(self, insist: bool = True) -> int:
        """Tell search of all photos it has not heard of in their present state; returns how many.

        When another process has been writing to the index for long, raises `search.index.IndexBusy`; without
        `insist` the photos are left for the next time.
        """
        return self._feed.update(insist)

    def rebuild_index(self) -> int:
        """Make the search index anew from the rows; returns how many photos it holds."""
        return self._feed.rebuild()

    @cached_property
    def _feed(self) -> IndexFeed:
        # Whoosh takes a while to load, and most commands do without it.
        from indexer.postings import IndexFeed

        return IndexFeed(self._database, self.home / "index")

    def _chunked(
        self, under: Sequence[str] | None, view: Callable[[Connection, Sequence[str]], Sequence[T]]
    ) -> Iterator[T]:
        # A transaction a chunk: one that stays open as long as a slow reader likes lets the log file grow.
        which, last = views.any_of(under), ""
        while True:
            with self._database.read() as connection:
                chunk = views.next_paths(connection, which, last)
                found = view(connection, chunk)
            if not chunk:
                return
            yield from found
            last = chunk[-1]
