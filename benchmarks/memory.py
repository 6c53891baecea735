"""Peak memory of `add` over few and over many photos, and its pace.

    python benchmarks/memory.py [--photos 100 1000 10000] [--edge 800] [--real]

The photos are the samples, scaled to `--edge` pixels, each copy with other bytes at its end so that none is
taken for another. Without `--real` the words are read by a stand-in without a network: what is measured is
the pipeline, the archive and the index. Each run is a process of its own.
"""

from __future__ import annotations

import argparse
import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import detector
from indexer import pipeline
from indexer.archive import Archive
from indexer.pipeline import Models
from indexer.settings import Settings
from recognizer import Lattice, Strip
from recognizer.alphabet import Alphabet
from recognizer.language import LanguageModel

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
ALPHABET = Alphabet("abcdefghijklmnopqrstuvwxyz ")


@dataclass(frozen=True)
class Guesser:
    """Reads five letters in every strip, which ones decided by the amount of ink."""

    id: str = "guesser"
    alphabet: Alphabet = ALPHABET
    height: int = 32
    language: LanguageModel | None = None
    lattices_id: str = ""

    def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
        """One lattice of 20 frames a strip."""
        return [self._lattice(strip) for strip in strips]

    def _lattice(self, strip: Strip) -> Lattice:
        chances = np.random.default_rng(int(1000 * abs(strip.sum()))).random((20, self.alphabet.size)) ** 8
        chances[1::4] *= 0.01
        chances[1::4, 0] = 1.0
        return Lattice(np.log(chances / chances.sum(axis=1, keepdims=True) + 1e-6).astype(np.float32))


def draw(folder: Path, count: int, edge: int) -> None:
    """`count` photos into `folder`."""
    pictures = []
    for path in sorted(SAMPLES.glob("*.jpg")):
        picture = Image.open(path)
        picture.thumbnail((edge, edge))
        stream = io.BytesIO()
        picture.save(stream, "JPEG")
        pictures.append(stream.getvalue())
    for number in range(count):
        path = folder / f"{number % 100:02}" / f"{number:06}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pictures[number % len(pictures)] + number.to_bytes(4, "little"))


def run(folder: Path, real: bool) -> None:
    """Add `folder` to a new archive in this process and print what it took."""

    def models(settings: Settings) -> Models:
        return pipeline.load_models(settings) if real else Models(detector.load("components"), Guesser())

    start = time.monotonic()
    with Archive.open(folder / ".archive", create=True) as archive:
        summary = pipeline.add(archive, [folder], Settings(), models=models)
        words = archive.counts().words
    seconds = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pace = summary.new / seconds
    print(f"{summary.new:6} photos {words:8} words {peak:7.0f} MiB {seconds:7.1f} s {pace:6.1f} photos/s")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--edge", type=int, default=800)
    parser.add_argument("--real", action="store_true", help="read with the recognizer that ships")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run is not None:
        run(given.run, given.real)
        return
    for count in given.photos:
        with tempfile.TemporaryDirectory() as folder:
            draw(Path(folder), count, given.edge)
            command = [sys.executable, __file__, "--run", folder, *(["--real"] if given.real else [])]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
