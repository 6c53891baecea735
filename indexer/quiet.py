"""Has this file stopped changing? A pure decision; the clock is handed in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

State = int
"""Size, times and inode of a file in one number: as long as it holds, nobody has touched the file."""

GONE: State = -1
"""The state of what is not there."""


def state(path: str) -> State:
    """How the file at `path` is now; a link counts as what it leads to.

    Raises OSError if that cannot be found out: then nobody knows whether it is gone.
    """
    try:
        facts = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return GONE
    # One number instead of four, since a watcher keeps one of each of its files. With the time of the last
    # change of the inode, because it also tells of permissions given, and of a time of writing put back.
    return abs(hash((facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)))


class Quiet:
    """The files that may still be changing, and since when each has looked as it does.

    Files are written in pieces, and deleted to be written anew, so both what is there and what is gone must
    stay so for some seconds. The clock must not jump: `time.monotonic`, not the time of day.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._seen: dict[str, tuple[State, float]] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def __contains__(self, path: str) -> bool:
        return path in self._seen

    def paths(self) -> list[str]:
        """The files that are waited for, those first that have waited longest."""
        return list(self._seen)

    def note(self, path: str, now: State) -> None:
        """The file was looked at: any difference, and its time begins anew."""
        before = self._seen.get(path)
        if before is None or before[0] != now:
            self._seen.pop(path, None)
            self._seen[path] = (now, self._clock())

    def forget(self, path: str) -> None:
        """Nobody waits for it any more."""
        self._seen.pop(path, None)

    def take(self, most: int) -> dict[str, State]:
        """Up to `most` files that have been quiet for long enough; they are waited for no more."""
        past = self._clock() - self._seconds
        quiet: dict[str, State] = {}
        for path, (now, since) in self._seen.items():
            # In order of their times, so that the first that is too young ends the search.
            if since > past or len(quiet) == most:
                break
            quiet[path] = now
        for path in quiet:
            del self._seen[path]
        return quiet
