"""How long the page takes to answer in a large archive: a real server, asked over a socket.

    python -m benchmarks.page_times --photos 10000 --folder /tmp/pages [--kept] [--times 200]

Photos are those of `benchmarks.search_scale`: 40 made-up words each. A hundred of them have a file, of 12
megapixels, made from samples/. Searching and viewing a photo is asked for 200 times, each by another query,
other things less often. Milliseconds that pass, and of the server's CPU time (which says more on a busy
machine): median and 95th percentile.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from benchmarks.search_scale import Maker
from detector import Box
from indexer.archive import Archive
from indexer.reading import Page, Reading, Sighting, WordReading
from recognizer import Hypothesis
from search.index import Entry, Word

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
WIDE, HIGH = 4000, 3000
FILES = 100
BAR = 200
"""Milliseconds: the 95th percentile of searching and of viewing a photo is to stay below."""


def build(home: Path, maker: Maker, count: int) -> None:
    """An archive of `count` photos."""
    files = home.parent / "photos"
    files.mkdir(parents=True, exist_ok=True)
    pictures = list(large_pictures(files))
    with Archive.open(home, create=True) as archive, archive.writing():
        for number in range(1, count + 1):
            path = files / f"{number}.jpg"
            content = pictures[number % len(pictures)] + str(number).encode()  # which no decoder minds
            if number <= FILES:
                path.write_bytes(content)
            page = Page(hashlib.sha256(content).hexdigest(), 1, 1.6e9 + number, WIDE, HIGH)
            archive.add(Sighting(str(path)), page, reading(maker.photo(number)), 1)
        archive.update_index()


def large_pictures(folder: Path) -> Iterator[bytes]:
    """The samples, as large as phones make them."""
    for sample in sorted(SAMPLES.glob("*.jpg"))[:4]:
        large = folder / "large.jpg"
        with Image.open(sample) as picture:
            picture.resize((WIDE, HIGH)).save(large, quality=85)
        yield large.read_bytes()
        large.unlink()


def reading(entry: Entry) -> Reading:
    """The words of a made-up photo, as if they had been read."""
    words = [
        WordReading(
            larger(word),
            tuple(Hypothesis(text, chance) for text, chance in word.readings),
            word.lattice,
        )
        for word in entry.words
    ]
    return Reading("detector-made-up", "recognizer-made-up", tuple(words), entry.alphabet)


def larger(word: Word) -> Box:
    """Its box on a photo of that size."""
    x0, y0, x1, y1 = (4 * edge for edge in word.box)
    return Box(x0, y0, x1, y1, word.line, word.chance)


@dataclass(frozen=True)
class Server:
    """A running `ocr-index serve`."""

    process: int
    port: int

    def ask(self, path: str) -> bytes:
        """The answer, over a connection of its own as browsers with a few tabs make them."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        line.request("GET", path)
        answer = line.getresponse()
        body = answer.read()
        line.close()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
        return body

    def spent(self) -> float:
        """CPU milliseconds of all its threads so far; those of a thread that ends are lost, but none does."""
        tasks = Path(f"/proc/{self.process}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """The server for the archive at `home`."""
    command = [sys.executable, "-m", "cli", "serve", "--archive", str(home), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stderr
        address = process.stderr.readline().strip()
        yield Server(process.pid, int(address.rstrip("/").rpartition(":")[2]))
        process.send_signal(signal.SIGINT)


def environment() -> dict[str, str]:
    """One thread each, and a log of no query."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def measure(name: str, server: Server, paths: Iterable[str]) -> tuple[str, float]:
    """One row of the table, and the 95th percentile of the milliseconds that passed."""
    passed, spent = [], []
    for path in paths:
        begun, before = time.perf_counter(), server.spent()
        server.ask(path)
        passed.append(1000 * (time.perf_counter() - begun))
        spent.append(server.spent() - before)
    cells = [f"{statistics.median(some):.0f} / {tail(some):.0f}" for some in (passed, spent)]
    return f"| {name} | {' | '.join(cells)} |", tail(passed)


def tail(some: Sequence[float]) -> float:
    """The 95th percentile."""
    return sorted(some)[int(0.95 * (len(some) - 1))]


def kinds(server: Server, queries: Sequence[str], count: int) -> dict[str, Callable[[], Iterable[str]]]:
    """What is asked, by its name. No search was asked before; a photo is viewed right after it was found."""
    asked = [quote(query) for query in queries]
    half = len(asked) // 2

    def views(place: str) -> Iterator[str]:
        for q in asked[:half]:
            for hit in json.loads(server.ask(f"/api/search?q={q}&limit=1"))["hits"]:
                yield f"{place}/{hit['photo']['id']}?q={q}"

    pick = random.Random(3)
    return {
        "search, page": lambda: [f"/?q={q}" for q in asked[:half]],
        "search, API": lambda: [f"/api/search?q={q}" for q in asked[half:]],
        "photo view, page": lambda: views("/photos"),
        "photo view, API": lambda: views("/api/photos"),
        "photo without a query": lambda: [f"/api/photos/{pick.randint(1, count)}" for _ in asked[:half]],
        "latest photos": lambda: ["/"] * 20,
        "labelling queue": lambda: ["/api/queue"] * 5,
        "status": lambda: ["/status"] * 20,
        "small picture, new": lambda: [f"/api/photos/{n}/thumbnail" for n in range(1, 31)],
        "small picture, kept": lambda: [f"/api/photos/{n}/thumbnail" for n in range(1, 31)],
        "large picture, new": lambda: [f"/api/photos/{n}/image" for n in range(1, 11)],
        "large picture, kept": lambda: [f"/api/photos/{n}/image" for n in range(1, 11)],
    }


def main() -> None:
    """Print the table; fail when the bar is missed."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kept", action="store_true", help="measure the archive that lies there")
    parser.add_argument("--times", type=int, default=200)
    asked = parser.parse_args()
    maker, home = Maker(), asked.folder / "archive"
    if not asked.kept:
        shutil.rmtree(home, ignore_errors=True)
        build(home, maker, asked.photos)
    ask = random.Random(2)
    queries = [" ".join(ask.sample(maker.vocabulary, ask.choice((1, 1, 2)))) for _ in range(2 * asked.times)]
    print("| asked | ms that pass, median / 95 % | CPU ms |\n|---|---|---|")
    missed = []
    with serving(home) as server:
        for word in ask.sample(maker.vocabulary, 5):
            server.ask(f"/?q={quote(word)}")
        for name, paths in kinds(server, queries, asked.photos).items():
            row, slow = measure(name, server, paths())
            print(row, flush=True)
            missed += [name] if slow > BAR and name.startswith(("search", "photo")) else []
    sys.exit(f"above {BAR} ms: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
