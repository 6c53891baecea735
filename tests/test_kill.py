"""A real `add` is killed at thirty random moments: what it had kept stays, and the next run does the rest."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from light import LETTERS, board, book, light

import search
from indexer import pipeline
from indexer.archive import Archive, NoArchive, StoredWord
from indexer.settings import Settings
from indexer.summary import Refusal

PHOTOS = 24
ARCHIVES, KILLS = 3, 10

# Imports take longer than the work; where they are done once before forking, the kills hit the work.
PROCESSES = (
    multiprocessing.get_context("spawn")
    if sys.platform == "win32"
    else multiprocessing.get_context("forkserver")
)
PROCESSES.set_forkserver_preload(["light", "indexer.pipeline", "indexer.postings", "alembic.command"])


@dataclass
class Said:
    """Writes down which files are done, as a person would see it."""

    path: Path

    def start(self, total: int) -> None:
        pass

    def advance(self, path: str) -> None:
        with self.path.open("ab") as file:
            file.write(os.fsencode(path) + b"\n")

    def refuse(self, refusal: Refusal) -> None:
        pass


def add(photos: Path, home: Path, said: Path) -> None:
    with Archive.open(home, create=True) as archive:
        pipeline.add(archive, [photos], Settings(threads=2, batch=8), Said(said), light)


def word(number: int) -> str:
    return f"w{LETTERS[number // 26]}{LETTERS[number % 26]}"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(PHOTOS):
        board(folder / f"{number % 3}" / f"{number}.png", f"{word(number)} common", "words")
    board(folder / "copy.png", f"{word(0)} common", "words")
    book(folder / "book.tiff", "page a", "page b", "page c")
    (folder / "bad.png").write_bytes(b"\x89PNG and no more")
    return folder


def readings(word: StoredWord) -> list[tuple[str, float]]:
    """Rounded, because sums over a batch end in other last digits than sums over another."""
    return [(reading.text, round(reading.probability, 6)) for reading in word.readings]


def state(home: Path) -> list[object]:
    """All that an archive knows, without numbers and times that the order of work decides."""
    with Archive.open(home) as archive:
        words = [
            (photo.path, photo.page, word.box, word.label, *readings(word))
            for photo in archive.words()
            for word in photo.words
        ]
        return [sorted(map(repr, words)), list(archive.status()), archive.counts()]


def hits(home: Path) -> dict[str, list[tuple[str, int]]]:
    searcher = search.open(home)
    queries = [*map(word, range(PHOTOS)), "common", "page"]
    return {
        query: sorted((hit.path, hit.page) for hit in searcher.find(query, limit=1000, exact=True))
        for query in queries
    }


def kept(home: Path) -> set[str]:
    try:
        with Archive.open(home) as archive:
            return {s.path for s in archive.status() if s.stage not in ("waiting", "unknown")}
    except NoArchive:
        return set()


class Tells(Said):
    """Says through a pipe that the first file is done."""

    def __init__(self, path: Path, pipe: Connection) -> None:
        super().__init__(path)
        self.pipe = pipe

    def advance(self, path: str) -> None:
        super().advance(path)
        self.pipe.send(path)


def add_until_interrupted(photos: Path, home: Path, said: Path, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite in the background inherits deafness
    try:
        with Archive.open(home, create=True) as archive:
            pipeline.add(archive, [photos], Settings(threads=2, batch=1), Tells(said, pipe), light)
    except KeyboardInterrupt:
        sys.exit(130)


def kill_an_add(moment: float, photos: Path, home: Path, said: Path) -> None:
    process = PROCESSES.Process(target=add, args=(photos, home, said))
    process.start()
    process.join(timeout=moment)
    process.kill()
    process.join()


def test_an_add_killed_at_any_moment_loses_nothing_it_has_kept(photos: Path, tmp_path: Path) -> None:
    start = time.monotonic()
    add(photos, tmp_path / "calm", tmp_path / "said")
    seconds = time.monotonic() - start
    dice = random.Random(6)
    for number in range(ARCHIVES):
        home, said = tmp_path / f"{number}", tmp_path / f"said {number}"
        for _ in range(KILLS):
            kill_an_add(dice.uniform(0, seconds / 3), photos, home, said)
            done = said.read_bytes().splitlines() if said.exists() else []
            assert set(map(os.fsdecode, done)) <= kept(home)
        add(photos, home, said)
        assert state(home) == state(tmp_path / "calm")
        assert hits(home) == hits(tmp_path / "calm")
        with closing(sqlite3.connect(home / "archive.sqlite")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
def test_ctrl_c_ends_within_two_seconds_and_what_is_done_is_found(photos: Path, tmp_path: Path) -> None:
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(
        target=add_until_interrupted, args=(photos, tmp_path / "home", tmp_path / "said", there)
    )
    process.start()
    here.recv()
    start = time.monotonic()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    process.join(timeout=10)
    assert process.exitcode == 130
    assert time.monotonic() - start < 2
    done = set(map(os.fsdecode, (tmp_path / "said").read_bytes().splitlines()))
    assert done <= kept(tmp_path / "home")
    with Archive.open(tmp_path / "home") as archive:
        assert archive.counts().unindexed == 0
        assert archive.counts().photos < PHOTOS
