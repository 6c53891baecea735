"""A run that somebody watches: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

from tqdm import tqdm

from indexer.summary import Progress, Refusal
from search.listing import place

EVERY = 10.0
"""Seconds between two lines; a log of a long run stays short."""


@contextmanager
def watched(stream: IO[str]) -> Iterator[Progress]:
    """Tell `stream` how the run goes on, in the way that suits it."""
    if not stream.isatty():
        yield Lines(stream)
        return
    bar = Bar(stream)
    try:
        yield bar
    finally:
        bar.close()


class Bar:
    """Photos done, photos a second and the time left, redrawn in place."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._bar: tqdm[NoReturn] | None = None

    def start(self, total: int) -> None:
        """Draw it, empty."""
        self._bar = tqdm(total=total, unit=" photos", file=self._stream, dynamic_ncols=True)

    def advance(self, path: str) -> None:
        """One more is done."""
        if self._bar is not None:
            self._bar.set_postfix_str(place(Path(path).name, 1), refresh=False)
            self._bar.update()

    def refuse(self, refusal: Refusal) -> None:
        """A line above the bar."""
        tqdm.write(refusal_line(refusal), file=self._stream)

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()


class Lines:
    """The same as a line every few seconds."""

    def __init__(self, stream: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._total = self._done = 0
        self._started = self._said = clock()

    def start(self, total: int) -> None:
        """Say how much there is to do."""
        self._total, self._started = total, self._clock()
        self._say(f"reading {total} files")

    def advance(self, path: str) -> None:
        """One more is done."""
        self._done += 1
        now = self._clock()
        if self._done == self._total or now - self._said >= EVERY:
            pace = self._done / max(now - self._started, 1e-9)
            left = (self._total - self._done) / pace
            share = f"{self._done} of {self._total}, {pace:.1f} photos/s, {clock_time(left)} left"
            self._say(f"{share}, {place(path, 1)}")

    def refuse(self, refusal: Refusal) -> None:
        """A line of its own."""
        self._say(refusal_line(refusal))

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
        self._said = self._clock()


def refusal_line(refusal: Refusal) -> str:
    """The path and why."""
    return f"{place(refusal.path, 1)}: {refusal.reason}"


def clock_time(seconds: float) -> str:
    """Hours (where there are any), minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
