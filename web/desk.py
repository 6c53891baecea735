"""What all requests share: the open archive and the searcher of its present state."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import TypeVar, cast

import search
from indexer.archive import Archive
from indexer.pipeline import Loader
from indexer.views import Counts
from search import Hit, Searcher
from web.pictures import Pictures
from web.training import Trainer
from web.uploads import Uploads

T = TypeVar("T")


class Desk:
    """For one archive; safe for threads."""

    def __init__(self, home: Path, models: Loader, learner: Sequence[str]) -> None:
        self.home = home
        self.uploads = Uploads(home, models)
        self.trainer = Trainer(home, learner)
        self.pictures = Pictures()
        self._lock = Lock()
        self._archive: Archive | None = None
        self._file: tuple[int, int] | None = None
        self._searching = Lock()
        self._searcher: Searcher | None = None
        self._state: tuple[tuple[str, int], ...] = ()
        self._counts: dict[str, tuple[object, object]] = {}

    @property
    def archive(self) -> Archive:
        """The archive in its folder, opened again when another file has taken its place.

        Raises `NoArchive`, `NewerArchive`, `ArchiveBusy`, `ArchiveError`.
        """
        with self._lock:
            file = _identity(self.home / "archive.sqlite")
            if self._archive is None or file is None or file != self._file:
                self.close()
                self._archive, self._file = Archive.open(self.home), _identity(self.home / "archive.sqlite")
            return self._archive

    def counts(self) -> Counts:
        """The size of the archive."""
        return self._counted("counts", lambda: self.archive.counts())

    def lessons(self) -> int:
        """Words that a training would learn from."""
        return self._counted("lessons", lambda: self.archive.gallery.lessons())

    def _counted(self, what: str, count: Callable[[], T]) -> T:
        """What `count` says, until the archive changes: in large ones it takes a while."""
        state = [_written(self.home / f"archive.sqlite{end}") for end in ("", "-wal")]
        known, number = self._counts.get(what, (None, None))
        if known != state:
            number = count()
            self._counts[what] = (state, number)
        return cast(T, number)

    def find(self, query: str, limit: int, exact: bool = False) -> list[Hit]:
        """What search finds now. Raises `IndexMissing`."""
        return self._ask(lambda searcher: searcher.find(query, limit, exact))

    def closest(self, query: str) -> dict[str, list[str]]:
        """For each typed word that is on no photo, the closest that are."""
        return self._ask(lambda searcher: searcher.closest(query))

    def elsewhere(self, query: str, exact: bool = False) -> int:
        """How many photos answer `query` but for the folders and days it names."""
        return self._ask(lambda searcher: searcher.elsewhere(query, exact))

    def _ask(self, question: Callable[[Searcher], T]) -> T:
        with self._searching:
            state = _state(self.home / "index")
            if self._searcher is None or state != self._state:
                self._searcher, self._state = search.open(self.home), state
            return question(self._searcher)

    def close(self) -> None:
        """Let go of the files."""
        if self._archive is not None:
            self._archive.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _written(path: Path) -> tuple[int, int] | None:
    """What every change to a file changes."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size


def _state(folder: Path) -> tuple[tuple[str, int], ...]:
    """What every commit to the index changes."""
    try:
        with os.scandir(folder) as entries:
            changing = [entry for entry in entries if entry.name.endswith((".toc", ".json"))]
            return tuple(sorted((entry.name, entry.stat().st_mtime_ns) for entry in changing))
    except OSError:
        return ()
