"""Many jobs side by side, their results through one bounded queue."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

PATIENCE = 0.5
"""Seconds that closing waits for jobs in hand; the threads end with the process in any case."""


@dataclass(frozen=True, slots=True)
class _End:
    """A thread has nothing left to do, or has come upon a fault."""

    fault: BaseException | None = None


class Streams(Generic[Job, Result]):
    """Runs `run(job)` for all jobs in `threads` threads and yields what the runs yield.

    The results of one job keep their order. Memory stays bounded: the threads wait while `ahead` results lie
    unfetched. A fault in a job ends everything and is raised where the results are fetched. Use as a
    context manager.
    """

    def __init__(
        self, jobs: Iterable[Job], run: Callable[[Job], Iterator[Result]], threads: int, ahead: int
    ) -> None:
        self._jobs = iter(jobs)
        self._run = run
        self._results: queue.Queue[Result | _End] = queue.Queue(maxsize=ahead)
        self._drawing = Lock()
        self._stopped = Event()
        # Daemons, so that a thread deep in a decoder does not hold up the end of the process.
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(threads)]
        self._busy = threads

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        end = time.monotonic() + PATIENCE
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < end:
            self._drain()

    def __iter__(self) -> Iterator[Result]:
        """Results as they come."""
        while (result := self._next(wait=True)) is not None:
            yield result

    def batches(self, weigh: Callable[[Result], int], full: int) -> Iterator[list[Result]]:
        """Results as they come, gathered until they weigh `full`; never waits for more than the first one."""
        while (first := self._next(wait=True)) is not None:
            batch = [first]
            weight = weigh(first)
            while weight < full and (more := self._next(wait=False)) is not None:
                batch.append(more)
                weight += weigh(more)
            yield batch

    def _next(self, wait: bool) -> Result | None:
        while self._busy:
            try:
                # With a timeout, because a wait without one cannot be interrupted on every platform.
                result = self._results.get(timeout=0.5) if wait else self._results.get_nowait()
            except queue.Empty:
                if wait:
                    continue
                return None
            if not isinstance(result, _End):
                return result
            self._busy -= 1
            if result.fault is not None:
                raise result.fault
        return None

    def _work(self) -> None:
        try:
            while not self._stopped.is_set() and (job := self._draw()) is not None:
                self._deliver(self._run(job))
            self._results.put(_End())
        except BaseException as fault:
            self._results.put(_End(fault))

    def _draw(self) -> Job | None:
        with self._drawing:
            return next(self._jobs, None)

    def _deliver(self, results: Iterator[Result]) -> None:
        for result in results:
            if self._stopped.is_set():
                return
            self._results.put(result)

    def _drain(self) -> None:
        try:
            self._results.get(timeout=0.02)
        except queue.Empty:
            return
