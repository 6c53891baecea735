"""The watcher's loop: what changes in some folders is read into the archive, for years."""

from __future__ import annotations

import ctypes
import gc
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

from indexer import interrupts
from indexer.archive import Archive, ArchiveBusy
from indexer.bulletin import Board
from indexer.lock import watcher_lock
from indexer.mounts import remember, remembered
from indexer.pipeline import Loader, Models, keep_up, load_models
from indexer.reading import Sighting
from indexer.schema import OutOfReach, storage_errors
from indexer.settings import Settings, SettingsError
from indexer.summary import Refusal, Summary
from indexer.walk import Selection
from indexer.watch import RHYTHM, Batch, Clock, Rhythm, Said, Watcher
from search.index import IndexBusy

log = logging.getLogger(__name__)

T = TypeVar("T")

SLICE = 32
"""Photos read in one go; then others who want to write to the archive have their turn."""

TURN = 0.3
"""Seconds left to others; one who waits looks every tenth of a second."""

PATIENCE = 1.0
"""Seconds to wait for the writer's place at a time; signals are heeded in between."""

LONGEST_PAUSE = 10.0
"""Seconds between two attempts while the archive is in use, or its disk full."""

IDLE = 900.0
"""Seconds after which models that nobody needs are let go."""


class Warm:
    """Models that are loaded when somebody needs them and let go when nobody has for long."""

    def __init__(self, load: Loader, clock: Clock = time.monotonic, idle: float = IDLE) -> None:
        self._load = load
        self._clock = clock
        self._idle = idle
        self._named: tuple[str, str] | None = None
        self._models: Models | None = None
        self._used = 0.0

    def __call__(self, settings: Settings) -> Models:
        """Those that the settings name."""
        named = (settings.detector, settings.recognizer)
        if self._models is None or self._named != named:
            begin = self._clock()
            self._models, self._named = self._load(settings), named
            log.info("event=models-loaded seconds=%.1f", self._clock() - begin)
        self._used = self._clock()
        return self._models

    def rest(self) -> None:
        """Let them go if it is time."""
        if self._models is not None and self._clock() - self._used >= self._idle:
            self._models = None
            _give_memory_back()
            log.info("event=models-let-go idle=%.0f", self._idle)


def _give_memory_back() -> None:
    """Collect what is unused, and have the C library return it, which that of GNU does on demand only."""
    gc.collect()
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


class Voice:
    """Tells the log and the board how the reading goes on; a file that cannot be read is said once."""

    def __init__(self, board: Board, said: Said) -> None:
        self._board = board
        self._said = said
        self._refused: set[str] = set()

    def start(self, total: int) -> None:
        """Nothing: the queue is known already."""

    def advance(self, path: str) -> None:
        """One file is done, well or badly."""
        now = self._board.now
        if path in self._refused:
            self._refused.discard(path)
        else:
            self._said.over("refused", path)
            self._board.over([path])
            self._board.say(at_once=False, read=now.read + 1)

    def refuse(self, refusal: Refusal) -> None:
        """Why a file could not be read."""
        self._refused.add(refusal.path)
        if self._said.say("refused", refusal.path, refusal.reason):
            self._board.say(at_once=False, refused=self._board.now.refused + 1)
            self._board.fail(refusal.path, refusal.reason)


@dataclass(frozen=True, slots=True)
class Means:
    """What a tender works with; other ones in tests."""

    rhythm: Rhythm = RHYTHM
    clock: Clock = time.monotonic
    nap: Callable[[float], None] = time.sleep
    models: Loader = load_models


MEANS = Means()


def patiently(
    work: Callable[[], T],
    home: Path,
    said: Said,
    nap: Callable[[float], None],
    wait: Callable[[str], object] = str,
) -> T:
    """Do it; while others use the archive in `home`, or its disk is full or away, wait and try again.

    `wait` hears why, before each pause.
    """
    pause = 1.0
    while True:
        try:
            done = work()
        except (ArchiveBusy, IndexBusy, OutOfReach) as error:
            said.say("waiting", str(home), str(error))
            wait(str(error))
            nap(pause)
            interrupts.check()
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            said.over("waiting", str(home))
            return done


def open_patiently(home: Path, means: Means = MEANS) -> Archive:
    """The archive in `home`, made if there is none; a disk that is full or not there yet is waited for.

    Raises `NewerArchive`, `ArchiveError` for an archive that is damaged.
    """
    return patiently(partial(Archive.open, home, create=True), home, Said(), means.nap)


class Tender:
    """Keeps an archive in step with what lies at and under `paths`; ended by an exception at any moment.

    Whatever is done is kept, and the next tender does the rest, however this one ended.
    """

    def __init__(
        self,
        archive: Archive,
        paths: Sequence[Path],
        settings: Callable[[], Settings],
        *,
        poll: bool = False,
        means: Means = MEANS,
    ) -> None:
        self._archive = archive
        self._paths = [str(path) for path in paths]
        self._load_settings = settings
        self._poll = poll
        self._means = means
        self._models = Warm(means.models, means.clock)
        self._said = Said()
        self._board = Board(archive.home, self._paths, means.clock)
        self._voice = Voice(self._board, self._said)
        self._stale = False
        self._disks: set[str] = set()

    def reload(self) -> None:
        """Read the settings again, soon; does so little that a signal handler may call it."""
        self._stale = True

    def run(self) -> NoReturn:
        """Tend until an exception ends it.

        Raises `ArchiveBusy` when another watcher is at work, `SettingsError`, `detector.weights.WeightsError`
        when there is a photo to be read and no model, `ArchiveError` for an archive that is damaged.
        """
        with self._alone():
            log.info("event=started paths=%r", self._paths)
            self._settings = self._load_settings()
            while True:
                self._tend()
                self._reload()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with ExitStack() as stack:
            with storage_errors(self._archive.home):
                stack.enter_context(watcher_lock(self._archive.home))
            stack.callback(self._board.clear)
            self._board.say()
            yield

    def _reload(self) -> None:
        self._stale = False
        try:
            self._settings = self._load_settings()
        except SettingsError as error:
            self._said.say("settings", str(self._archive.home), f"{error}; the former ones hold")
        else:
            self._said.over("settings", str(self._archive.home))
            log.info("event=reloaded")

    def _tend(self) -> None:
        """Look at all there is, then follow what changes, until the settings are to be read again."""
        with self._patiently(self._watcher) as watcher:
            while not self._stale:
                interrupts.check()
                batch = watcher.step()
                self._do(batch)
                self._models.rest()
                if watcher.disks - self._disks:
                    self._disks = remember(self._archive.home, watcher.disks)
                if not batch.changed and not batch.vanished:
                    self._means.nap(self._means.rhythm.tick)

    def _watcher(self) -> Watcher:
        """One that knows what the archive has."""
        # What could not be got at is tried anew, and forgotten if it is there no more.
        self._archive.forget_problems(self._paths)
        self._archive.update_index(insist=False)
        self._disks = remembered(self._archive.home)
        return Watcher(
            [Path(path) for path in self._paths],
            Selection(self._settings.include, self._settings.exclude),
            self._means.rhythm,
            self._means.clock,
            known=self._archive.paths(self._paths),
            disks=self._disks,
            poll=self._poll,
        )

    def _do(self, batch: Batch) -> None:
        """Read what has changed, a few photos at a time; then drop what is gone, as it may have moved."""
        total = len(batch.changed)
        for start in range(0, total, SLICE):
            self._board.say(at_once=False, doing="reading", queue=total - start + batch.waiting)
            self._patiently(partial(self._read, batch.changed[start : start + SLICE], ()))
            if total > SLICE:
                self._means.nap(TURN)
        if batch.vanished:
            self._patiently(partial(self._read, (), batch.vanished))
        if batch.problems or batch.mended:
            self._patiently(partial(self._note, batch))
        self._board.say(doing="watching", queue=batch.waiting)

    def _read(self, changed: Sequence[Path], vanished: Sequence[Path]) -> None:
        begin = self._means.clock()
        with self._archive.writing(PATIENCE):
            summary = keep_up(self._archive, changed, vanished, self._settings, self._voice, self._models)
        if counts := _counts(summary):
            log.info("event=read %s seconds=%.1f", counts, self._means.clock() - begin)

    def _note(self, batch: Batch) -> None:
        """Keep in the archive what cannot be got at, for `status` to show."""
        for problem in batch.problems:
            self._archive.refuse(Sighting(str(problem.path)), problem.reason)
            self._board.fail(str(problem.path), problem.reason)
        if batch.mended:
            self._archive.forget_problems([str(path) for path in batch.mended])
            self._board.over(map(str, batch.mended))

    def _patiently(self, work: Callable[[], T]) -> T:
        """Do it, as the board says; see `patiently`."""

        def wait(why: str) -> None:
            self._board.say(doing="waiting", trouble=why)

        done = patiently(work, self._archive.home, self._said, self._means.nap, wait)
        self._board.say(at_once=False, trouble=None)
        return done


def _counts(summary: Summary) -> str:
    """`new=3 moved=1`: what became of the files, those kinds that there were."""
    kinds = {
        "new": summary.new,
        "changed": summary.changed,
        "reread": summary.reread,
        "moved": summary.moved,
        "copied": summary.copied,
        "vanished": summary.vanished,
        "refused": len(summary.refused),
    }
    return " ".join(f"{kind}={count}" for kind, count in kinds.items() if count)
