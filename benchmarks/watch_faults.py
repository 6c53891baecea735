"""A real watcher process under a storm of changes, killed again and again: nothing missed, nothing left over.

    python -m benchmarks.watch_faults [--seconds 120] [--kills 100] [--files 300] [--seed 1]
    python -m benchmarks.watch_faults --idle 10000

In place of the archive stands a journal with one line for each file that was handed over, with the hash of
what lay there: what is measured is the watcher, not the reading. Files are created at once and piece by
piece, renamed, moved between folders, swapped, rewritten, deleted and put back, with their folders, too. The
watcher is killed with SIGKILL at random moments and started anew over the same journal. When all is quiet the
journal must say what the folder holds. With `--idle`: what watching so many files costs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Self

from indexer.walk import EVERYTHING
from indexer.watch import Rhythm, Watcher, watch

ROOT = Path(__file__).resolve().parent.parent

RHYTHM = Rhythm(quiet=0.5, tick=0.1, listing=4.0, poll=1.0, share=0.5)
"""The usual one, ten times as fast."""


def digest(path: Path) -> str:
    """What lies there, as a journal says it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def replay(journal: Path) -> dict[str, str]:
    """What the journal says there is; a line that a kill cut off does not count."""
    there: dict[str, str] = {}
    for line in journal.read_text().splitlines() if journal.exists() else ():
        try:
            path, content = json.loads(line)
        except ValueError:
            continue
        if content is None:
            there.pop(path, None)
        else:
            there[path] = content
    return there


def follow(root: Path, journal: Path) -> None:
    """The watcher's process: write down what is handed over, for ever."""
    watcher = Watcher([root], EVERYTHING, RHYTHM, known=replay(journal))
    with journal.open("a") as lines:
        lines.write("\n")  # ends a line that a kill has cut off, and says that the watcher is at work
        lines.flush()
        for batch in watch(watcher, Event(), RHYTHM.tick):
            for path in batch.changed:
                try:
                    lines.write(json.dumps([str(path), digest(path)]) + "\n")
                except OSError:  # gone again, which is going to be handed over in its turn
                    continue
            for path in batch.vanished:
                lines.write(json.dumps([str(path), None]) + "\n")
            lines.flush()


class Storm:
    """Random changes in a folder; `half` are the hashes of what was never meant to be read."""

    def __init__(self, root: Path, files: int, chance: random.Random) -> None:
        self.root = root
        self.chance = chance
        self.half: set[str] = set()
        self.changes = 0
        self._most = files
        self._number = 0
        self._growing: list[tuple[Path, bytes]] = []
        self._deeds: tuple[Callable[[], None], ...] = (
            self.create, self.create, self.begin, self.rewrite, self.rename, self.swap, self.delete,
            self.restore, self.touch, self.shuffle,
        )  # fmt: skip
        self._deleted: list[tuple[Path, bytes]] = []

    def blow(self) -> None:
        """One change, and another piece of each file that comes in pieces."""
        self.changes += 1
        deeds = (self.delete,) if len(self.photos()) > self._most else self._deeds
        self.chance.choice(deeds)()
        self.grow(2)

    def calm(self) -> None:
        """Write to the end what has been begun."""
        while self._growing:
            self.grow(100)

    def photos(self) -> list[Path]:
        """All there are, without those that are growing."""
        growing = {path for path, _ in self._growing}
        return sorted(path for path in self.root.rglob("*.jpg") if path not in growing)

    def create(self) -> None:
        """All at once."""
        self._new().write_bytes(self._bytes())

    def begin(self) -> None:
        """To be written piece by piece."""
        path = self._new()
        path.touch()
        self._growing.append((path, self._bytes()))

    def grow(self, pieces: int) -> None:
        """Another piece of some; watchers see them half-written, but mostly growing again in time."""
        for path, rest in self._growing[: pieces * 2]:
            self._growing.remove((path, rest))
            if not path.parent.is_dir():
                continue
            with path.open("ab") as file:
                file.write(rest[:500])
            if rest[500:]:
                self.half.add(digest(path))
                self._growing.append((path, rest[500:]))

    def rewrite(self) -> None:
        """In place."""
        for path in self._some(1):
            path.write_bytes(self._bytes())

    def rename(self) -> None:
        """Perhaps into another folder."""
        for path in self._some(1):
            path.rename(self._new())

    def swap(self) -> None:
        """A new one takes the place of the old one, as careful programs do it."""
        for path in self._some(1):
            new = path.with_name(f".{path.name}.tmp")
            new.write_bytes(self._bytes())
            new.replace(path)

    def delete(self) -> None:
        """To be put back, perhaps."""
        for path in self._some(1):
            self._deleted.append((path, path.read_bytes()))
            path.unlink()

    def restore(self) -> None:
        """Where it was."""
        for path, content in self._deleted[-1:]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def touch(self) -> None:
        """The bytes stay."""
        for path in self._some(3):
            path.touch()

    def shuffle(self) -> None:
        """A whole folder is moved, copied or deleted."""
        folders = [path for path in sorted(self.root.iterdir()) if path.is_dir()]
        if not folders or any(folders[0] in path.parents for path, _ in self._growing):
            return
        self._number += 1
        target = self.root / f"moved{self._number}"
        if self.chance.random() < 0.5:
            folders[0].rename(target)
        elif self.chance.random() < 0.5:
            shutil.copytree(folders[0], target)
        else:
            shutil.rmtree(folders[0])

    def _some(self, count: int) -> list[Path]:
        photos = self.photos()
        return self.chance.sample(photos, min(count, len(photos)))

    def _new(self) -> Path:
        self._number += 1
        path = self.root / f"folder{self.chance.randrange(4)}" / f"{self._number}.jpg"
        path.parent.mkdir(exist_ok=True)
        return path

    def _bytes(self) -> bytes:
        return self.chance.randbytes(self.chance.randint(600, 4000))


class Victim:
    """A watcher's process, started anew over the same journal whenever it is killed."""

    def __init__(self, root: Path, journal: Path) -> None:
        self.killed = 0
        self._journal = journal
        self._command = [sys.executable, "-m", "benchmarks.watch_faults", "--follow", str(root), str(journal)]

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()

    def at_work(self) -> bool:
        """Whether it has come so far that it writes."""
        if self._process.poll() is not None:
            raise RuntimeError("the watcher died of itself")
        return self._written() > self._before

    def kill(self) -> None:
        """With SIGKILL, at whatever it is doing."""
        self.__exit__()
        self.killed += 1
        self._start()

    def _start(self) -> None:
        self._before = self._written()
        self._process = subprocess.Popen(self._command, cwd=ROOT)

    def _written(self) -> int:
        return self._journal.stat().st_size if self._journal.exists() else 0


def storm(seconds: float, kills: int, files: int, seed: int) -> int:
    """Let it storm, then compare; 1 if anything was missed or left over."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        root, journal = Path(folder) / "photos", Path(folder) / "journal"
        root.mkdir()
        wind = Storm(root, files, chance)
        with Victim(root, journal) as watcher:
            begin = time.monotonic()
            while (passed := time.monotonic() - begin) < seconds or watcher.killed < kills:
                wind.blow()
                due = watcher.killed < kills * min(1.0, passed / seconds)
                if due and chance.random() < 0.1 and watcher.at_work():
                    watcher.kill()
                time.sleep(chance.random() * 0.05)
            wind.calm()
            wanted = {str(path): digest(path) for path in wind.photos()}
            waited = settle(journal, wanted)
        return report(wind, watcher.killed, waited, wanted, journal)


def settle(journal: Path, wanted: dict[str, str], patience: float = 60.0) -> float:
    """How long it took until the journal says what the folder holds; `patience` if it never did."""
    begin = time.monotonic()
    while replay(journal) != wanted and time.monotonic() - begin < patience:
        time.sleep(0.1)
    return time.monotonic() - begin


def report(wind: Storm, killed: int, waited: float, wanted: dict[str, str], journal: Path) -> int:
    """Print the counts; 1 if the journal differs from the folder."""
    found = replay(journal)
    lines = [line for line in journal.read_text().splitlines() if line]
    half = sum(any(content in line for content in wind.half) for line in lines)
    outdated = sum(found.get(path, content) != content for path, content in wanted.items())
    print(f"{wind.changes} changes, {killed} kills, {len(wanted)} photos at the end")
    print(f"{len(lines)} files handed over, {half} of them half-written and handed over again when whole")
    print(
        f"missed: {len(wanted.keys() - found.keys())}, left over: {len(found.keys() - wanted.keys())}, ",
        end="",
    )
    print(f"outdated: {outdated}")
    print(f"all right {waited:.1f} s after the last change ({RHYTHM.quiet} s of them for being quiet)")
    return int(found != wanted)


def idle(files: int, seconds: float = 60.0) -> int:
    """Print what watching so many files costs, in the usual rhythm and with one full listing."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(files):
            path = Path(folder) / f"folder{number // 500}" / f"photo{number}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.touch()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with Watcher([Path(folder)]) as watcher:
            handed = 0
            begin = time.process_time()
            while handed < files:
                handed += len(watcher.step().changed)
                time.sleep(0.02)
            first = time.process_time() - begin
            begin, end = time.process_time(), time.monotonic() + seconds
            while time.monotonic() < end:
                watcher.step()
                time.sleep(Rhythm().tick)
            steps = time.process_time() - begin
            begin = time.process_time()
            watcher._list(watcher._roots[0])
            listing = time.process_time() - begin
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    share = steps / seconds + listing / Rhythm().listing
    print(f"{files} files: {first:.2f} s of CPU until all were handed over, {listing:.2f} s for a listing")
    print(f"idle: {share:.3%} of one CPU; memory: {after / 1024:.0f} MiB, ", end="")
    print(f"{(after - before) / 1024:.0f} of them for the files")
    return 0


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--files", type=int, default=300, help="at a time, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--idle", type=int, metavar="FILES")
    parser.add_argument("--follow", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.follow:
        follow(*options.follow)
        return 0
    if options.idle:
        return idle(options.idle)
    return storm(options.seconds, options.kills, options.files, options.seed)


if __name__ == "__main__":
    sys.exit(main())
