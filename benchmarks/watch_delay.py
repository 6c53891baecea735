"""How long it takes from a photo being complete to its being found, with the real `ocr-index watch`.

    python -m benchmarks.watch_delay [--photos 20] [--light]

Copies of a sample photo (each with a few bytes of its own at the end) come into a watched folder, one after
the other, written in pieces. The clock starts with the last piece and stops when a search finds the file. The
first one loads the models and is told apart. With `--light`, models that take no time, at the usual rhythm.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import search
from benchmarks.light_watch import ROOT, light
from indexer.archive import Archive
from indexer.watch import RHYTHM

SAMPLE = ROOT / "samples" / "whiteboard-roadmap.jpg"


def sample(folder: Path, is_light: bool) -> Path:
    """The photo of which copies are made."""
    if not is_light:
        return SAMPLE
    drawn: Path = light().board(folder / "sample.png", "quarterly roadmap")
    return drawn


def write_in_pieces(path: Path, content: bytes) -> float:
    """Write a file as a slow copy does; when it was complete."""
    with path.open("wb") as file:
        for start in range(0, len(content), 1 + len(content) // 4):
            file.write(content[start : start + 1 + len(content) // 4])
            file.flush()
            time.sleep(0.2)
    return time.monotonic()


def wait_for(home: Path, path: Path, patience: float = 300.0) -> float:
    """When a search for one of its words finds it."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with Archive.open(home) as archive:
            pages = list(archive.words([str(path)]))
        if pages:
            best = max(
                pages[0].words, key=lambda word: word.readings[0].probability * len(word.readings[0].text)
            )
            hits = search.open(home).find(best.readings[0].text, limit=1000)
            if str(path) in {hit.path for hit in hits}:
                return time.monotonic()
        time.sleep(0.1)
    raise RuntimeError(f"{path} was not found within {patience} s")


def reading_time(log: Path) -> float:
    """Of the last photo, seconds, as the watcher says."""
    return float(re.findall(r"event=read .* seconds=([\d.]+)", log.read_text())[-1])


def measure(photos: int, is_light: bool, folder: Path) -> None:
    """Print first, median and 95th percentile."""
    root, home, log = folder / "photos", folder / "home", folder / "log"
    root.mkdir()
    Archive.open(home, create=True).close()
    content = sample(folder, is_light).read_bytes()
    code = "from benchmarks import light_watch as l; l.use_light_models(); " if is_light else ""
    command = [
        sys.executable,
        "-c",
        f"{code}import cli; cli.main()",
        "--archive",
        str(home),
        "watch",
        str(root),
    ]
    dice = random.Random(1)
    total: list[float] = []
    beyond: list[float] = []
    with log.open("w") as stream, subprocess.Popen(command, cwd=ROOT, stderr=stream) as process:
        try:
            while "event=started" not in log.read_text():
                time.sleep(0.1)
            for number in range(photos + 1):
                path = root / f"{number}{SAMPLE.suffix}"
                begin = write_in_pieces(path, content + dice.randbytes(8))
                total.append(wait_for(home, path) - begin)
                time.sleep(0.3)
                beyond.append(total[-1] - RHYTHM.quiet - reading_time(log))
        finally:
            process.terminate()
    print(f"the first, with the models to be loaded: {total[0]:.1f} s")
    for name, values in (("in all", total[1:]), ("beyond quiet time and reading", beyond[1:])):
        p95 = sorted(values)[round(0.95 * (len(values) - 1))]
        print(f"{len(values)} more, {name}: median {statistics.median(values):.1f} s, p95 {p95:.1f} s")


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--light", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options.photos, options.light, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
