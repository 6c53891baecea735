"""The process that learns for the page: tells how far it is in lines of JSON, and ends when nobody listens.

In a process of its own, because it takes every core for minutes and the page has to answer meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

from indexer import interrupts, listing
from indexer.archive import Archive
from indexer.settings import Settings
from indexer.tuning import Comparison, Progress, tune

NICER = 10
"""Steps by which it stands back behind the page and whatever else a person does."""


INTERRUPTED = 130


def main() -> None:
    """Learn the labels of the archive that is named first; ends when stdin does."""
    interrupts.listen()
    try:
        Thread(target=_end_with, args=(sys.stdin.fileno(),), daemon=True).start()
        if hasattr(os, "nice"):
            os.nice(NICER)
        with _said_alone() as out:
            learn(Path(sys.argv[1]), out)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(INTERRUPTED)


def learn(home: Path, out: TextIO) -> None:
    """Learn, and write to `out` what there is to say."""

    def say(**what: Any) -> None:
        print(json.dumps(what), file=out, flush=True)

    def report(progress: Progress) -> None:
        say(progress=asdict(progress))

    try:
        with Archive.open(home) as archive:
            settings = Settings.load(home)
            found = tune(archive, settings, None, lambda note: say(note=note), report)
    except Exception as error:
        if not hasattr(error, "exit_code"):
            raise
        say(failed=str(error))
    else:
        say(compared=shape(found))


def shape(found: Comparison) -> dict[str, Any]:
    """The comparison for JSON, and the same in plain words."""
    measured = {name: asdict(getattr(found, name)) for name in ("old", "new", "old_sure", "new_sure")}
    return {
        **measured,
        "learned": found.learned,
        "minutes": found.minutes,
        "promoted": found.weights is not None,
        "said": listing.comparison(found).splitlines(),
    }


@contextmanager
def _said_alone() -> Iterator[TextIO]:
    """Where to speak; what the trainer prints is in its reports, too."""
    out = sys.stdout
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        yield out


def _end_with(other: int) -> None:
    """Whoever started this process holds the other end, and the system closes it when they die."""
    os.read(other, 1)  # not through sys.stdin, whose lock would still be held when Python ends
    interrupt_main()


if __name__ == "__main__":
    main()
