from __future__ import annotations

import io

from indexer.progress import Bar, Lines, clock_time, watched
from indexer.summary import Refusal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_with_pace_and_time_left() -> None:
    terminal = Terminal()
    with watched(terminal) as progress:
        assert isinstance(progress, Bar)
        progress.start(3)
        progress.advance("/a.jpg")
        progress.refuse(Refusal("/b.jpg", "not a picture"))
        progress.advance("/b.jpg")
    shown = terminal.getvalue()
    assert "/b.jpg: not a picture\n" in shown
    assert "2/3" in shown and "photos/s" in shown and "<" in shown and "b.jpg]" in shown


def test_anything_else_gets_lines_now_and_then() -> None:
    out = io.StringIO()
    now = 0.0
    progress = Lines(out, clock=lambda: now)
    progress.start(100)
    for number in range(1, 101):
        now = number / 2
        progress.advance(f"/{number}.jpg")
    lines = out.getvalue().splitlines()
    assert lines[0] == "reading 100 files"
    assert lines[1] == "20 of 100, 2.0 photos/s, 0:40 left, /20.jpg"
    assert lines[-1] == "100 of 100, 2.0 photos/s, 0:00 left, /100.jpg"
    assert len(lines) == 6


def test_refusals_are_said_even_when_nothing_was_to_be_read() -> None:
    out = io.StringIO()
    with watched(out) as progress:
        progress.refuse(Refusal("/locked\n", "no permission"))
    assert out.getvalue() == "/locked?: no permission\n"


def test_time_left_reads_like_a_clock() -> None:
    assert [clock_time(s) for s in (0, 59.6, 3599, 3600, 90061)] == [
        "0:00",
        "1:00",
        "59:59",
        "1:00:00",
        "25:01:01",
    ]
