"""Ctrl-C and SIGTERM, so that none is lost and none tears a commit apart.

Python raises KeyboardInterrupt wherever the program happens to be. Some libraries swallow it there, as every
callback in C does, and the search index is left with its lock held when a commit breaks off in the middle.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Wish:
    """What has been asked of this process."""

    to_end = False
    held = 0
    """How many `held` are open."""


def listen() -> None:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt, soon. Called once, from the main thread."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def check() -> None:
    """Raise KeyboardInterrupt if one was raised before and nobody has heeded it."""
    if _Wish.to_end and not _Wish.held and _is_main():
        raise KeyboardInterrupt


@contextmanager
def held() -> Iterator[None]:
    """What is done inside is done to its end; an interrupt comes right after. Must not take long."""
    if not _is_main():  # signals come to the main thread alone
        yield
        return
    _Wish.held += 1
    try:
        yield
    finally:
        _Wish.held -= 1
    check()


def _interrupt(_number: int, _frame: object) -> None:
    _Wish.to_end = True
    if not _Wish.held:
        raise KeyboardInterrupt


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()
