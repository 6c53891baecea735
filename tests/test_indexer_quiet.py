"""When a file is quiet."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from watched import Clock

from indexer.quiet import GONE, Quiet


class TestQuiet:
    def test_only_what_stays_the_same_for_long_enough(self) -> None:
        clock = Clock()
        waiting = Quiet(5, clock)
        waiting.note("a", 1)
        clock.now += 4.9
        waiting.note("a", 1)
        assert waiting.take(10) == {}
        clock.now += 0.1
        assert waiting.take(10) == {"a": 1}
        assert len(waiting) == 0

    def test_any_change_begins_anew(self) -> None:
        clock = Clock()
        waiting = Quiet(5, clock)
        for now in (1, 2, GONE, 1):
            waiting.note("a", now)
            clock.now += 4
            assert waiting.take(10) == {}
        clock.now += 1
        assert waiting.take(10) == {"a": 1}

    def test_a_bounded_number_the_eldest_first(self) -> None:
        clock = Clock()
        waiting = Quiet(5, clock)
        for path in "abc":
            waiting.note(path, 1)
            clock.now += 1
        waiting.note("a", 2)
        clock.now += 9
        assert [list(waiting.take(2)), list(waiting.take(2)), list(waiting.take(2))] == [
            ["b", "c"],
            ["a"],
            [],
        ]

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.floats(0, 4)), max_size=30))
    def test_nothing_is_taken_that_has_just_changed(self, notes: list[tuple[str, int, float]]) -> None:
        clock = Clock()
        waiting = Quiet(5, clock)
        since: dict[str, tuple[int, float]] = {}
        for path, now, pause in notes:
            waiting.note(path, now)
            if since.get(path, (0, 0))[0] != now:
                since[path] = (now, clock.now)
            clock.now += pause
            due = {path: now for path, (now, start) in since.items() if clock.now - 5 >= start}
            assert waiting.take(10) == due
            for path in due:
                del since[path]
