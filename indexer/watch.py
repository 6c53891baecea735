"""Folders -> paths that have stopped changing, for ever."""

from __future__ import annotations

import logging
import math
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from indexer.events import Events, is_remote, reason
from indexer.mounts import Mounts
from indexer.photo import PhotoError
from indexer.quiet import GONE, Quiet, State, state
from indexer.walk import EVERYTHING, Selection, folder_of, lies_in, walk

log = logging.getLogger(__name__)

Clock = Callable[[], float]

UNSEEN: State = -2
"""The state of a file that the archive knows and that has not been looked at yet."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often what is done, seconds."""

    quiet: float = 5.0
    """A file is handed over when nothing about it has changed for so long."""
    tick: float = 1.0
    """Between two looks at events and at files that are still changing."""
    listing: float = 300.0
    """Between two full listings of a folder whose events arrive; some get lost everywhere."""
    poll: float = 20.0
    """Between two full listings of any other folder."""
    share: float = 0.02
    """Of the time at most goes into listings, however large the folders are."""
    deaf: float = 3600.0
    """After that a folder whose events did not arrive is tried anew."""
    batch: int = 500
    """Files handed over at a time."""


RHYTHM = Rhythm()


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be done now; mostly nothing."""

    changed: tuple[Path, ...] = ()
    """New or different, and quiet."""
    vanished: tuple[Path, ...] = ()
    """Gone, and not because their disk is."""
    problems: tuple[PhotoError, ...] = ()
    """Folders and named files that cannot be got at; each once, until it has been fine again."""
    mended: tuple[Path, ...] = ()
    """Those that are fine again."""
    waiting: int = 0
    """Files that are not quiet yet."""


@dataclass
class _Root:
    """A path that is watched."""

    path: str
    due: float
    """When it is to be listed next, by the clock."""
    deaf_until: float
    """No events are waited for until then, as they did not arrive."""
    followed: tuple[int, int] | None = None
    """Device and inode of the folder whose events arrive, if they do."""
    shuffled: bool = False
    """Folders in it have come, gone or moved since it was listed."""
    listed: bool = False
    problems: set[str] = field(default_factory=set)
    """What could not be got at when it was listed."""


class Said:
    """Says a thing once, not a thousand times, until it is over."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], str] = {}

    def say(self, event: str, path: str, why: str) -> bool:
        """Log it, unless it was said already; whether it was new."""
        new = self._said.get((event, path)) != why
        self._said[event, path] = why
        if new:
            log.warning("event=%s path=%r why=%r", event, path, why)
        return new

    def over(self, event: str, path: str) -> None:
        """It is fine again."""
        if self._said.pop((event, path), None) is not None:
            log.info("event=%s-over path=%r", event, path)


class Watcher:
    """Knows the files under some paths; each `step` tells what has become of them. A context manager.

    It opens no photo and writes nothing. `known` are the paths that the archive has there, so that what was
    deleted while nobody watched is told as vanished. `disks` are folders at which disks were seen to begin;
    the attribute of that name tells of those met since. With `poll`, no events are waited for.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        selection: Selection = EVERYTHING,
        rhythm: Rhythm = RHYTHM,
        clock: Clock = time.monotonic,
        *,
        known: Iterable[str] = (),
        disks: Iterable[str] = (),
        poll: bool = False,
    ) -> None:
        self._selection = selection
        self._rhythm = rhythm
        self._clock = clock
        now = clock()
        self._roots = [_Root(os.path.abspath(path), now, math.inf if poll else now) for path in paths]
        self._known: dict[str, State] = dict.fromkeys(known, UNSEEN)
        self._quiet = Quiet(rhythm.quiet, clock)
        self._unannounced: set[str] = set()
        self.disks = set(disks)
        self._mounts = Mounts((root.path for root in self._roots), self.disks)
        self._mended: list[Path] = []
        self._events = Events()
        self._said = Said()

    def __enter__(self) -> Self:
        self._events.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._events.__exit__(kind, error, trace)

    def step(self) -> Batch:
        """Look at what is due, and hand over what is quiet. Meant to be called once a `Rhythm.tick`."""
        problems: list[PhotoError] = []
        for root in self._roots:
            self._hear(root)
            if self._clock() >= root.due:
                problems += self._list(root)
        for path in self._quiet.paths():
            self._look(path)
        changed, vanished = self._settle()
        mended, self._mended = tuple(self._mended), []
        return Batch(changed, vanished, tuple(problems), mended, len(self._quiet))

    def _hear(self, root: _Root) -> None:
        """Take in the events of a folder."""
        news = self._events.take(root.path)
        for path in news.paths:
            self._unannounced.discard(path)
            if self._selection.reaches(os.path.relpath(path, root.path)):
                self._look(path)
        if news.folders:
            root.shuffled = True
            root.due = min(root.due, self._clock() + self._rhythm.tick)

    def _look(self, path: str) -> None:
        """Find out how a file is, and wait for it to be quiet if it is not as it was."""
        try:
            now = state(path)
        except OSError:  # a disk that is failing, a share that does not answer: not gone, only out of reach
            self._quiet.forget(path)
            return
        if path in self._quiet or now != self._known.get(path, GONE):
            self._quiet.note(path, now)

    def _list(self, root: _Root) -> list[PhotoError]:
        """Look at all there is, whatever events there were; what is new among what cannot be got at."""
        begin = self._clock()
        # Before the listing, so that nothing that happens meanwhile is missed.
        self._follow(root)
        devices: dict[str, int] = {}
        problems: dict[str, PhotoError] = {}
        found: set[str] = set()
        for item in walk([Path(root.path)], self._selection, devices):
            if isinstance(item, PhotoError):
                problems[str(item.path)] = item
            else:
                found.add(str(item))
                self._find(root, str(item))
        self.disks |= self._mounts.learn(devices)
        for folder in {folder_of(path) for path in found & self._known.keys()}:
            self._said.over("away", self._mounts.confirm(folder))
        self._miss(root, found)
        self._plan(root, self._clock() - begin)
        return self._new_problems(root, problems)

    def _find(self, root: _Root, path: str) -> None:
        """A file was met in a listing."""
        waited_for = path in self._quiet
        self._look(path)
        if path in self._quiet and not waited_for and root.listed and root.followed and not root.shuffled:
            self._unannounced.add(path)

    def _miss(self, root: _Root, found: set[str]) -> None:
        """Look at the files that are known there and were not met."""
        for path in self._known.keys() - found:
            if lies_in(path, root.path):
                self._look(path)

    def _plan(self, root: _Root, cost: float) -> None:
        """When to list it again; rarer if it takes long."""
        pause = self._rhythm.listing if root.followed else self._rhythm.poll
        root.due = self._clock() + max(pause, cost / self._rhythm.share)
        root.listed, root.shuffled = True, False

    def _new_problems(self, root: _Root, problems: dict[str, PhotoError]) -> list[PhotoError]:
        for path in root.problems - problems.keys():
            self._said.over("closed", path)
            self._mended.append(Path(path))
        root.problems = set(problems)
        return [
            problem for path, problem in problems.items() if self._said.say("closed", path, problem.reason)
        ]

    def _follow(self, root: _Root) -> None:
        """See to it that events of the folder arrive, even if another one has taken its place."""
        identity = _identity(root.path)
        if self._clock() < root.deaf_until or identity == root.followed:
            return
        root.followed = None
        self._events.leave(root.path)
        if identity is None:
            return
        if is_remote(root.path):
            self._poll(root, "others write to network file systems unheard")
            return
        try:
            self._events.follow(root.path)
        except OSError as error:
            self._poll(root, reason(error))
        else:
            root.followed = identity
            # What was there before it was followed could not be announced.
            root.shuffled = True
            self._said.over("polling", root.path)

    def _poll(self, root: _Root, why: str) -> None:
        """Do without events for a while."""
        self._events.leave(root.path)
        root.followed = None
        root.deaf_until = self._clock() + self._rhythm.deaf
        root.due = min(root.due, self._clock() + self._rhythm.poll)
        self._said.say("polling", root.path, why)

    def _settle(self) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """What has become quiet: new or different, and gone."""
        changed: list[Path] = []
        vanished: list[Path] = []
        for path, now in self._quiet.take(self._rhythm.batch).items():
            if now == self._known.get(path, GONE):
                continue
            if now != GONE:
                self._arrive(path, now)
                changed.append(Path(path))
            elif self._is_deleted(path):
                del self._known[path]
                vanished.append(Path(path))
        return tuple(changed), tuple(vanished)

    def _arrive(self, path: str, now: State) -> None:
        """A file is quiet; if nobody announced it, though its folder is followed, events get lost there."""
        self._known[path] = now
        self._mounts.confirm(folder_of(path))
        if path in self._unannounced:
            self._unannounced.clear()
            for root in self._roots:
                if root.followed and lies_in(path, root.path):
                    self._poll(root, "changes were found that the system had not told of")

    def _is_deleted(self, path: str) -> bool:
        away = self._mounts.missing(path)
        if away is None:
            return True
        self._said.say("away", away, "not mounted, or emptied: its photos stay in the archive")
        return False


def watch(watcher: Watcher, stop: Event, tick: float = RHYTHM.tick) -> Iterator[Batch]:
    """Steps of `watcher` until `stop` is set, about one a `tick`; most have nothing to do.

    May also be broken off by an exception at any moment, as KeyboardInterrupt is.
    """
    with watcher:
        while not stop.is_set():
            batch = watcher.step()
            yield batch
            if not batch.changed and not batch.vanished:
                stop.wait(tick)


def _identity(folder: str) -> tuple[int, int] | None:
    """Device and inode of a folder; None where there is none."""
    try:
        facts = Path(folder).stat()
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino) if stat.S_ISDIR(facts.st_mode) else None
