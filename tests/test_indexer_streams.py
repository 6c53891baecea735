"""Jobs run side by side: in order, none lost, no further ahead than allowed, and none left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from indexer.streams import Streams


def test_streams_keep_the_order_of_each_job_and_lose_nothing() -> None:
    with Streams(range(20), lambda job: ((job, k) for k in range(5)), threads=4, ahead=3) as streams:
        results = [result for batch in streams.batches(lambda _: 1, full=7) for result in batch]
    assert sorted(results) == [(job, k) for job in range(20) for k in range(5)]
    for job in range(20):
        assert [k for j, k in results if j == job] == list(range(5))


def test_streams_flow_into_others() -> None:
    with (
        Streams(range(50), lambda job: iter([job]), threads=3, ahead=2) as first,
        Streams(first.batches(lambda _: 1, full=4), lambda some: iter([sum(some)]), 1, ahead=1) as second,
    ):
        assert sum(second) == sum(range(50))


def test_a_fault_in_the_first_streams_comes_out_of_the_last() -> None:
    def run(job: int) -> Iterator[int]:
        yield 1 // (5 - job)

    with (
        pytest.raises(ZeroDivisionError),
        Streams(range(9), run, threads=2, ahead=2) as first,
        Streams(first.batches(lambda _: 1, full=1), iter, threads=1, ahead=1) as second,
    ):
        list(second)


def test_streams_run_no_further_ahead_than_allowed() -> None:
    started = []

    def run(job: int) -> Iterator[int]:
        started.append(job)
        yield job

    with Streams(range(1000), run, threads=2, ahead=3) as streams:
        for count, _ in enumerate(streams.batches(lambda _: 1, full=1), start=1):
            assert len(started) <= count + 3 + 2


def test_a_fault_in_a_job_is_raised_where_the_results_are_fetched() -> None:
    def run(job: int) -> Iterator[int]:
        raise LookupError(job)
        yield job

    with pytest.raises(LookupError), Streams([1, 2], run, threads=2, ahead=2) as streams:
        list(streams.batches(lambda _: 1, full=1))


def test_leaving_streams_early_ends_the_threads() -> None:
    before = threading.active_count()
    with Streams(range(1000), lambda job: iter([job]), threads=3, ahead=2) as streams:
        next(streams.batches(lambda _: 1, full=1))
    assert threading.active_count() == before
