"""What a word costs when labelling by keyboard: real keys in a real browser, without the person who thinks.

    python -m benchmarks.label_keys --folder /tmp/keys [--words 60] [--archive DIR]

Reads the photos in samples/ (once; the archive is kept in the folder) and labels a copy of it on the page, in
three ways: `1` takes the first reading, `n` says that it is no word, `t` and eight letters and Enter say
another. Seconds from the first key until the next word can be read: the labels kept, search told, the next
question shown with its picture. Median and 95th percentile, and CPU seconds of the server a word.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.page_times import SAMPLES, Server, environment, serving, tail

OVER = "!document.querySelector('#done').hidden"
PLACE = "document.querySelector('#context').getAttribute('viewBox')"
"""Where the word is that is asked for."""

PAINTED = "document.querySelector('#picture').decode().then(() => true)"


def driven() -> Any:
    """The tests' way to drive a browser."""
    tests = str(SAMPLES.parent / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    return import_module("browser")


def prepared(folder: Path, archive: Path | None) -> Path:
    """A copy of `archive`, or of that of the samples, to be labelled."""
    read, copy = archive or folder / "read", folder / "labelled"
    if not (read / "archive.sqlite").exists():
        add = [sys.executable, "-m", "cli", "add", str(SAMPLES), "--archive", str(read)]
        subprocess.run(add, check=True, env=environment())
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(read, copy)
    return copy


def first_reading(page: Any) -> None:
    """Take what is read."""
    page.press("1")


def no_word(page: Any) -> None:
    """Say that nothing is written there."""
    page.press("n")


def typed(page: Any) -> None:
    """Say something else."""
    page.press("t", *"whatever", "Enter")


WAYS: dict[str, Callable[[Any], None]] = {
    "take the first reading (1 key)": first_reading,
    "not a word (1 key)": no_word,
    "type it (10 keys)": typed,
}


def label(page: Any, server: Server, say: Callable[[Any], None], words: int) -> tuple[list[float], float]:
    """Seconds of each answer, and CPU seconds of the server in all."""
    page.open(f"http://127.0.0.1:{server.port}/label")
    page.until("document.querySelector('#readings li')")
    passed, before = [], server.spent()
    for _ in range(words):
        place, begun = page.value(PLACE), time.perf_counter()
        say(page)
        page.until(f"{OVER} || {PLACE} !== {json.dumps(place)}")
        if page.value(OVER):
            break
        page.value(PAINTED)
        passed.append(time.perf_counter() - begun)
    return passed, (server.spent() - before) / 1000


def row(name: str, passed: Sequence[float], spent: float) -> str:
    """One row of the table."""
    return (
        f"| {name} | {len(passed)} | {statistics.median(passed):.2f} / {tail(passed):.2f} "
        f"| {spent / len(passed):.3f} |"
    )


def main() -> None:
    """Print the table."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--archive", type=Path, help="label a copy of this one")
    asked = parser.parse_args()
    driver = driven()
    print("| answer | answers | seconds, median / 95 % | server's CPU s |\n|---|---|---|---|")
    with driver.browser(asked.folder / "browser") as pipe:
        for name, say in WAYS.items():
            with serving(prepared(asked.folder, asked.archive)) as server, driver.tab(pipe) as page:
                page.screen(1200, 800)
                print(row(name, *label(page, server, say, asked.words)), flush=True)


if __name__ == "__main__":
    main()
