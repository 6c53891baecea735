"""What the watcher of an archive says of itself, for `ocr-index status` to show."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from indexer.lock import is_watched

EVERY = 1.0
"""Seconds between two states that are written down while photos are read."""


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A watcher and what it is doing."""

    process: int
    paths: tuple[str, ...]
    doing: str = "starting"
    """`starting`, `watching`, `reading`, `waiting` (see `trouble`), or `dead`: it ended without a word."""
    queue: int = 0
    """Files that are still changing or wait to be read."""
    read: int = 0
    """Photos since it was started."""
    refused: int = 0
    trouble: str | None = None
    """What it waits for the end of."""
    last_error: str | None = None
    """The last file that could not be read, and why."""
    since: float = field(default_factory=time.time)
    """Unix seconds."""
    at: float = field(default_factory=time.time)
    """Unix seconds; when this was written."""


class Board:
    """Where a watcher pins its bulletins: a small file in the archive's folder. It writes changes alone."""

    def __init__(self, home: Path, paths: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._path = _path(home)
        self._clock = clock
        self._due = clock()
        self._pinned: Bulletin | None = None
        self._failed = ""
        self.now = Bulletin(os.getpid(), tuple(paths))

    def say(self, *, at_once: bool = True, **changes: Any) -> None:
        """So it is now; without `at_once` it may stay unwritten for a second."""
        self.now = replace(self.now, **changes)
        if self.now != self._pinned and (at_once or self._clock() >= self._due):
            self._due = self._clock() + EVERY
            self._pin()

    def fail(self, path: str, why: str) -> None:
        """Something there could not be read."""
        self._failed = path
        self.say(at_once=False, last_error=f"{path}: {why}")

    def over(self, paths: Iterable[str]) -> None:
        """These are fine again."""
        if self._failed in paths:
            self._failed = ""
            self.say(at_once=False, last_error=None)

    def clear(self) -> None:
        """The watcher ends."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _pin(self) -> None:
        self._pinned = self.now = replace(self.now, at=time.time())
        part = self._path.with_suffix(".part")
        # On a full disk nobody hears of it; the photos are what matters.
        with contextlib.suppress(OSError):
            part.write_text(json.dumps(asdict(self.now)))
            part.replace(self._path)


def latest(home: Path) -> Bulletin | None:
    """What the watcher of the archive in `home` is doing; None where none runs and none has died."""
    try:
        said = json.loads(_path(home).read_text())
        found = Bulletin(**said | {"paths": tuple(said["paths"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if is_watched(home) else replace(found, doing="dead")


def _path(home: Path) -> Path:
    return home / "watch.json"
