"""The real `ocr-index watch` under a storm of changes, killed again and again: nothing missed, nothing lost.

    python -m benchmarks.watch_storm [--seconds 600] [--kills 100] [--files 120] [--seed 1]

Real photos, a real archive and the real command, with models that take no time and a rhythm ten times as fast
(`benchmarks.light_watch`). Beside the changes of `benchmarks.watch_faults` (creates, slow partial writes,
renames, moves, swaps, rewrites, deletions, whole folders), labels are set while the watcher reads. It is
killed with SIGKILL at random moments, also while it starts. When all is quiet, its archive must be the one
that a fresh `ocr-index add` makes from the folder, with every label that was set.
"""

from __future__ import annotations

import argparse
import io
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from PIL import Image

from benchmarks.light_watch import ROOT, light, use_light_models
from benchmarks.watch_faults import Storm
from indexer import doctor, pipeline
from indexer.archive import Archive, ArchiveBusy
from indexer.settings import Settings
from search.index import IndexBusy

Known = dict[str, list[tuple[int, list[tuple[str, float]]]]]
"""What is read on each file: per page, the readings of its words that nobody has labelled."""


class Photos(Storm):
    """A storm of photos that can be read, each with words of its own."""

    def _bytes(self) -> bytes:
        drawn = light()
        words = ["".join(self.chance.choices(drawn.LETTERS, k=4)) for _ in range(3)]
        packed = io.BytesIO()
        # Without compression there are bytes enough to be written in pieces.
        Image.fromarray(drawn.pixels(" ".join(words))).save(packed, "PNG", compress_level=0)
        return packed.getvalue()

    def grow(self, pieces: int) -> None:
        """Photos are larger than what the journal's storm writes, and so are the pieces."""
        for _ in range(4):
            super().grow(pieces)


@dataclass
class Labels:
    """What a person says about words meanwhile."""

    home: Path
    chance: random.Random
    said: list[str] = field(default_factory=list)

    def say(self) -> None:
        """What one word is; not while the archive is in others' hands for long."""
        with Archive.open(self.home) as archive:
            words = [word.id for page in archive.words() for word in page.words]
            if not words:
                return
            text = f"label{len(self.said)}"
            try:
                archive.set_label(self.chance.choice(words), text)
            except (ArchiveBusy, IndexBusy):
                return
            self.said.append(text)

    def lost(self) -> tuple[int, int]:
        """How many are not there any more, and how many hold for a photo that lies there and do not show."""
        with closing(sqlite3.connect(self.home / "archive.sqlite")) as connection:
            kept = {text for (text,) in connection.execute("SELECT text FROM labels")}
            (hidden,) = connection.execute(_HIDDEN).fetchone()
        return len(set(self.said) - kept), int(hidden)


_HIDDEN = """
SELECT count(*) FROM labels l JOIN photos p ON p.id = l.photo_id
WHERE l.text IS NOT NULL AND EXISTS (SELECT 1 FROM files f WHERE f.content_id = p.content_id)
  AND NOT EXISTS (SELECT 1 FROM labels later WHERE later.replaces = l.id)
  AND NOT EXISTS (SELECT 1 FROM words w WHERE w.label_id = l.id)
"""


class Victim:
    """The watcher's process, started anew whenever it is killed."""

    def __init__(self, root: Path, home: Path, log: Path) -> None:
        self.killed = Counter[str]()
        self._log = log
        self._command = [
            sys.executable, "-m", "benchmarks.light_watch", "--archive", str(home), "watch", str(root),
        ]  # fmt: skip

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def stage(self) -> str:
        """`starting`, `listing` what is there, or `reading` (or watching)."""
        if self._process.poll() is not None:
            raise RuntimeError(f"the watcher died of itself; see {self._log}")
        said = self._log.read_text()[self._before :]
        return "reading" if "event=read" in said else "listing" if "event=started" in said else "starting"

    def kill(self) -> None:
        """With SIGKILL, at whatever it is doing."""
        self.killed[self.stage] += 1
        self.__exit__()
        self._start()

    def end(self) -> float:
        """With SIGTERM; how long that takes, in seconds."""
        begin = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()
        return time.monotonic() - begin

    def _start(self) -> None:
        self._before = len(self._log.read_text()) if self._log.exists() else 0
        with self._log.open("a") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stderr=log)


def storm(seconds: float, kills: int, files: int, seed: int, folder: Path) -> int:
    """Let it storm, then compare; 1 if anything is not as it must be."""
    chance = random.Random(seed)
    root, home, log = folder / "photos", folder / "home", folder / "log"
    root.mkdir()
    Archive.open(home, create=True).close()
    wind, labels = Photos(root, files, chance), Labels(home, chance)
    with Victim(root, home, log) as watcher:
        begin, last = time.monotonic(), 0.0
        while (passed := time.monotonic() - begin) < seconds or watcher.killed.total() < kills:
            wind.blow()
            if passed - last > 0.5:
                last = passed
                labels.say()
            due = watcher.killed.total() < kills * min(1.0, passed / seconds)
            patient = watcher.stage == "reading" or chance.random() < 0.2
            if due and patient and chance.random() < 0.1:
                watcher.kill()
            time.sleep(chance.random() * 0.1)
        wind.calm()
        wanted = fresh(root, folder / "fresh")
        waited = settle(home, wanted)
        ended = watcher.end()
    report(wind, labels, watcher, wanted, log)
    print(f"all right {waited:.1f} s after the last change; SIGTERM ended it in {ended:.1f} s")
    return verdict(home, labels, wanted)


def known(home: Path) -> Known:
    """What an archive knows, without what depends on the order of work."""
    found: Known = {}
    with Archive.open(home) as archive:
        for page in archive.words():
            texts = [
                (word.readings[0].text, round(word.readings[0].probability, 4))
                for word in page.words
                if word.label is None
            ]
            found.setdefault(page.path, []).append((page.page, texts))
        for status in archive.status():
            if status.stage != "indexed":
                found.setdefault(status.path, []).append((0, [(f"{status.stage}: {status.reason}", 1.0)]))
    return found


def fresh(root: Path, home: Path) -> Known:
    """The same of an archive that is made now."""
    use_light_models()
    with Archive.open(home, create=True) as archive:
        pipeline.add(archive, [root], Settings(threads=1))
    return known(home)


def differing(found: Known, wanted: Known) -> set[str]:
    """Files that are not as they should be; labelled words stand in one archive alone."""
    odd = found.keys() ^ wanted.keys()
    return odd | {path for path in found.keys() & wanted.keys() if not _agree(found[path], wanted[path])}


def _agree(
    found: list[tuple[int, list[tuple[str, float]]]], wanted: list[tuple[int, list[tuple[str, float]]]]
) -> bool:
    return len(found) == len(wanted) and all(
        a[0] == b[0] and not Counter(a[1]) - Counter(b[1]) for a, b in zip(found, wanted, strict=True)
    )


def settle(home: Path, wanted: Known, patience: float = 120.0) -> float:
    """How long it took until the archive is as it should be; `patience` if it never was."""
    begin = time.monotonic()
    while differing(known(home), wanted) and time.monotonic() - begin < patience:
        time.sleep(0.2)
    return time.monotonic() - begin


def report(wind: Storm, labels: Labels, watcher: Victim, wanted: Known, log: Path) -> None:
    """Print the counts."""
    text = log.read_text()
    at = ", ".join(f"{count} while {stage}" for stage, count in sorted(watcher.killed.items()))
    print(f"{wind.changes} changes, {watcher.killed.total()} kills ({at}), {len(wanted)} photos at the end")
    half = text.count("event=refused ")
    faults = text.count("Traceback")
    print(f"{half} half-written files refused, {len(labels.said)} labels set, {faults} tracebacks")


def verdict(home: Path, labels: Labels, wanted: Known) -> int:
    """Print what is not as it must be; 1 if there is anything."""
    found = known(home)
    lost, hidden = labels.lost()
    missed, left = len(wanted.keys() - found.keys()), len(found.keys() - wanted.keys())
    other = len(differing(found, wanted)) - missed - left
    print(f"missed: {missed}, left over: {left}, otherwise: {other}, labels lost: {lost}, hidden: {hidden}")
    faults = [f for f in doctor.examine(home) if f.state is doctor.State.FAULT and f.part != "weights"]
    print(f"the doctor finds {len(faults)} faults", *(f"{f.part}: {f.text}" for f in faults), sep="\n")
    return int(bool(missed or left or other or lost or hidden or faults))


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--files", type=int, default=120, help="at a time, about")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return storm(options.seconds, options.kills, options.files, options.seed, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
