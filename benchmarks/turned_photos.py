"""Photos turned on purpose: how many are read the right way round.

    python -m benchmarks.turned_photos ../shared/photos/dev --every 4

Every fourth photo is added four times, turned by 0 to 3 quarters with no note of it in the file. The answer
is right when most of the words stand on the photo as they were turned. A photo that makes no sense any way
round (at its best less legible than the turner asks) is left out; for one that lies sideways in the folder,
upright is where the words of its most legible copy stand.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2

from indexer.archive import Archive
from indexer.photo import open_pages
from indexer.pipeline import add
from indexer.settings import Settings
from indexer.turning import LEAST, sense, turned
from indexer.views import PhotoWords

Pages = dict[tuple[str, int], PhotoWords]
"""The words of a photo, by its name and the quarters it was turned by."""

SENSIBLE = 3
"""Letters of a reading that counts as a word."""


def way(page: PhotoWords) -> int:
    """Quarters of a turn by which most of the legible words stand, clockwise."""
    votes: defaultdict[int, float] = defaultdict(float)
    for word in page.words:
        best = word.readings[0]
        if sum(c.isalnum() for c in best.text) >= SENSIBLE:
            votes[round(word.box.angle / 90) % 4] += best.probability
    return max(votes, key=lambda quarters: votes[quarters], default=0)


def legible(page: PhotoWords) -> float:
    """How well its words read."""
    return sense([word.readings for word in page.words])


def upright(pages: Pages, name: str) -> int:
    """Where the words stand on the photo as it lies in the folder."""
    best = max(range(4), key=lambda quarters: legible(pages[name, quarters]))
    return (way(pages[name, best]) + best) % 4


def read(archive: Archive, folder: Path, names: Sequence[Path], quarters: int) -> float:
    """Add the photos turned by so many quarters; CPU seconds a photo."""
    folder.mkdir()
    for name in names:
        pixels = turned(next(iter(open_pages(name))).pixels, quarters)
        cv2.imwrite(str(folder / f"{name.stem}.png"), pixels[:, :, ::-1])
    start = time.process_time()
    add(archive, [folder], dataclasses.replace(Settings(), threads=1))
    return (time.process_time() - start) / len(names)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("--every", type=int, default=4)
    asked = parser.parse_args()
    names = sorted(asked.photos.iterdir())[:: asked.every]
    with tempfile.TemporaryDirectory() as place, Archive.open(Path(place) / "home", create=True) as archive:
        seconds = [read(archive, Path(place) / str(quarters), names, quarters) for quarters in range(4)]
        pages = {(Path(p.path).stem, int(Path(p.path).parent.name)): p for p in archive.words()}
    clear = [n.stem for n in names if max(legible(pages[n.stem, q]) for q in range(4)) >= LEAST]
    print(f"{len(clear)} photos of {len(names)}\n")
    print("| turned by quarters | right | CPU s a photo |\n|---|---|---|")
    for quarters in range(4):
        right = sum((way(pages[n, quarters]) + quarters) % 4 == upright(pages, n) for n in clear)
        print(f"| {quarters} | {right / len(clear):.3f} | {seconds[quarters]:.2f} |")


if __name__ == "__main__":
    main()
