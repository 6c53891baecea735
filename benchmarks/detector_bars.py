"""The bars of the detectors, each printed as the rows of its table in docs/detector.md.

    python -m benchmarks.detector_bars ../shared drawn          boxes and ink masks on drawn pages
    python -m benchmarks.detector_bars ../shared distractors    words seen on photos without any
    python -m benchmarks.detector_bars ../shared cost           CPU time and memory of a photo
    python -m benchmarks.detector_bars ../shared reading        true words read behind each detector

Drawn pages are of the test writers, by a fixed seed. A box is right when it overlaps a word not yet found by
an intersection over union of 0.5; what of a word lies beyond the page does not count. Words lower than
12 pixels are neither asked for nor wrong where they are found. Masks are compared by pixels. Times are CPU
seconds: run with OMP_NUM_THREADS=1, or with --wall for the time that passes.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.ranking import scorer
from detector import Box, Detector, load
from detector.areas import areas, overlaps, places, shared
from detector.binarize import Mask, ink, otsu, sauvola, wolf
from detector.lines import in_reading_order
from indexer.photo import Photo, open_pages
from indexer.prepare import Prepared, strips_of
from indexer.reader import words_of
from indexer.reading import Page as Leaf
from indexer.reading import Sighting, WordReading
from recognizer import Recognizer
from recognizer import load as load_recognizer
from recognizer.canvas import Page
from recognizer.pages import Pages

Pixels = NDArray[np.uint8]
Boxes = Callable[[Photo], Sequence[Box]]
Told = tuple[list[str], list[str], dict[str, float]]

PLAIN = "components"
"""The detector without a network."""

LOWEST = 12
"""Pixels across the writing below which nobody needs to read it."""

SURE = 0.5
"""Probability above which a word counts as seen."""

WRITTEN_ON = {"p244.jpg", "p250.jpg", "p254.jpg", "p261.jpg", "p263.jpg"}
"""Distractors that hold writing all the same: labels, sheets on a floor, banners, a blackboard, a legend."""

SIDES = {"2560 pixels": (2560, 1920), "12 megapixels": (4000, 3000)}
"""Photos whose cost is measured, wide and high."""


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    data: Path
    detector: str
    recognizer: str
    count: int
    every: int
    start: int
    side: int
    wall: bool

    @property
    def dev(self) -> Path:
        """The folder of real photos."""
        return self.data / "photos" / "dev"

    def photos(self, paths: Sequence[Path]) -> Sequence[Path]:
        """Those of `paths` that are asked for."""
        return paths[self.start :: self.every]


def words_on(page: Page) -> list[tuple[Box, float]]:
    """Upright boxes around the words of a drawn page, as far as they lie on it, with their heights.

    The height is that across the writing, in pixels.
    """
    rows, columns = page.pixels.shape[:2]
    limit = np.array([columns, rows])
    words: list[tuple[Box, float]] = []
    for quad in page.words:
        (x0, y0), (x1, y1) = quad.min(axis=0).clip(0, limit), quad.max(axis=0).clip(0, limit - 1)
        box = Box(int(x0), int(y0), int(x1) + 1, int(y1) + 1)
        if box.x1 - box.x0 > 2 and box.y1 - box.y0 > 2:
            words.append((box, float(np.linalg.norm(quad[3] - quad[0]))))
    return words


def frames(page: Page) -> list[Box]:
    """The boxes of `words_on`."""
    return [box for box, _ in words_on(page)]


def matched(found: Sequence[Box], true: Sequence[Box]) -> dict[int, int]:
    """Which of `found` is which of `true`, each taken once, best overlaps first."""
    shares = overlaps(places(found), places(true))
    near = [(shares[i, j], i, j) for i, j in np.argwhere(shares >= 0.5).tolist()]
    taken: dict[int, int] = {}
    for _, i, j in sorted(near, reverse=True):
        if i not in taken and j not in taken.values():
            taken[i] = j
    return taken


def tally(found: Sequence[Box], words: Sequence[tuple[Box, float]]) -> tuple[int, int, int]:
    """How many of `found` are words, and how many of `found` and of `words` count at all, see LOWEST."""
    low = [height < LOWEST for _, height in words]
    pairs = matched(found, [box for box, _ in words])
    where, low_ones = places(found), places(box for box, height in words if height < LOWEST)
    on_low = 2 * shared(where, low_ones).sum(axis=1) > areas(where)
    beside = sum(bool(on_low[i]) for i in range(len(found)) if i not in pairs)
    hits = sum(not low[j] for j in pairs.values())
    return hits, len(found) - beside - (len(pairs) - hits), len(words) - sum(low)


def f_measure(hits: float, claimed: float, true: float) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean."""
    precision, recall = hits / max(1, claimed), hits / max(1, true)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def row(name: str, *values: object) -> None:
    """One row of a table, shares with three digits."""
    shown = (f"{v:.3f}".removeprefix("0") if isinstance(v, float) else str(v) for v in values)
    print("| " + " | ".join([name, *shown]) + " |", flush=True)


def head(*names: str) -> None:
    """The head of a table."""
    row(*names)
    print("|" + "---|" * len(names), flush=True)


def grey(pixels: Pixels) -> Pixels:
    """RGB to grey."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def masks(detector: Detector) -> dict[str, Callable[[Pixels], Mask]]:
    """The ways to make an ink mask, by name."""
    return {
        "network": detector.mask,
        "`ink`": ink,
        "Wolf": lambda p: wolf(grey(p)),
        "Sauvola": lambda p: sauvola(grey(p)),
        "Otsu": lambda p: otsu(grey(p)),
    }


def drawn(asked: Asked) -> None:
    """Precision, recall and F of boxes and of ink masks."""
    draw, rng = Pages(asked.data, "test", asked.side).draw, np.random.default_rng(7)
    pages = [draw(rng) for _ in range(asked.count)]
    network = load(asked.detector)
    words = sum(height >= LOWEST for page in pages for _, height in words_on(page))
    print(f"{network.id}, {len(pages)} pages of {asked.side} pixels, {words} words of {LOWEST} pixels\n")
    head("boxes", "precision", "recall", "F at IoU 0.5")
    for name, detector in (("network", network), (PLAIN, load(PLAIN))):
        row(name, *f_measure(*np.sum([_boxes_right(detector, page) for page in pages], axis=0).tolist()))
    print()
    head("ink mask", "precision", "recall", "F")
    for name, method in masks(network).items():
        row(name, *f_measure(*np.sum([_pixels_right(method, page) for page in pages], axis=0).tolist()))


def _boxes_right(detector: Detector, page: Page) -> tuple[int, int, int]:
    return tally(detector.detect(page.pixels), words_on(page))


def _pixels_right(method: Callable[[Pixels], Mask], page: Page) -> tuple[int, int, int]:
    mask, truth = method(page.pixels), page.mask > 127
    return int((mask & truth).sum()), int(mask.sum()), int(truth.sum())


def read(photo: Photo, boxes: Sequence[Box], recognizer: Recognizer) -> list[WordReading]:
    """The words in `boxes` of the photo, as `ocr-index add` reads them."""
    found = words_of(prepared(photo, boxes, recognizer), recognizer, 1)
    return [word for word in found if not word.box.alternative]


def prepared(photo: Photo, boxes: Sequence[Box], recognizer: Recognizer) -> Prepared:
    """The photo with these boxes, ready to be read."""
    leaf = Leaf(photo.sha256, 1, photo.taken, photo.width, photo.height)
    strips = strips_of(photo.pixels, boxes, recognizer.height)
    return Prepared(Sighting(str(photo.path)), leaf, tuple(boxes), *strips)


def first_page(path: Path) -> Photo:
    """The photo in the file `path`."""
    return next(iter(open_pages(path)))


def distractor_photos(data: Path) -> list[Path]:
    """Real photos that are meant to hold no writing; see WRITTEN_ON."""
    with (data / "photos" / "dev.csv").open(newline="") as file:
        rows = [one for one in csv.DictReader(file) if one["kind"] == "distractor"]
    return [data / "photos" / "dev" / one["image"] for one in rows]


def distractors(asked: Asked) -> None:
    """Words that are taken for likely on photos without writing."""
    paths = asked.photos(distractor_photos(asked.data))
    recognizer = load_recognizer(asked.recognizer)
    print(f"{len(paths)} photos, read by {recognizer.id}\n")
    head("detector", "words above 0.5 a photo, mean", "worst", "boxes a photo")
    for name in (asked.detector, PLAIN):
        detector = load(name)
        words = [read(photo, detector.detect(photo.pixels), recognizer) for photo in map(first_page, paths)]
        seen = [sum(w.hypotheses[0].probability > SURE for w in page) for page in words]
        empty = [path.name not in WRITTEN_ON for path in paths]
        for whole, these in (("all", [True] * len(paths)), ("without any writing", empty)):
            chosen = np.array(seen)[these], np.array([len(page) for page in words])[these]
            row(f"{name}, {whole}", float(chosen[0].mean()), int(chosen[0].max()), float(chosen[1].mean()))


def reading(asked: Asked) -> None:
    """True words read behind our detectors and behind the boxes of the best other engine."""
    score = scorer(asked.data)
    truth = score.load_truth(asked.data / "photos" / "truth.jsonl")
    paths = asked.photos([asked.dev / name for name in sorted(truth)])
    truth = {path.name: truth[path.name] for path in paths}
    recognizer = load_recognizer(asked.recognizer)
    peer = max(
        (asked.data / "eval" / "peers").glob("*.jsonl"),
        key=lambda file: float(score.reading(truth, score.load_words(file))[3]),
    )
    print(f"{len(truth)} photos, {sum(sum(c.values()) for c in truth.values())} words, by {recognizer.id}\n")
    head("boxes of", "true words read exactly", "similarity 0.8", "precision", "boxes a photo")
    for name, boxes in _finders(asked, peer).items():
        told: dict[str, Told] = {}
        count = 0
        for path in paths:
            photo = first_page(path)
            found = boxes(photo)
            count += len(found)
            told[path.name] = score_form(read(photo, found, recognizer), score)
        precision, exact, _, near = score.reading(truth, told)
        row(name, exact, near, precision, round(count / len(paths)))


def score_form(words: Sequence[WordReading], score: Any) -> Told:
    """Readings of a photo in the form of eval/score.py: first readings, all readings, confidences."""
    first = [token for word in words for token in score.tokens(word.hypotheses[0].text)]
    every = [token for word in words for one in word.hypotheses for token in score.tokens(one.text)]
    return first, every, dict.fromkeys(first, 1.0)


def _finders(asked: Asked, peer: Path) -> dict[str, Boxes]:
    """Who finds the words, by name."""
    network, plain = load(asked.detector), load(PLAIN)
    words = {one["image"]: one["words"] for one in map(json.loads, peer.read_text("utf-8").splitlines())}
    return {
        "network": lambda photo: network.detect(photo.pixels),
        PLAIN: lambda photo: plain.detect(photo.pixels),
        f"{peer.stem}, its words": lambda photo: peer_boxes(words.get(photo.path.name, []), photo),
        f"{peer.stem}, its lines": lambda photo: peer_boxes(lines(words.get(photo.path.name, [])), photo),
    }


def peer_boxes(words: Sequence[dict[str, Any]], photo: Photo) -> list[Box]:
    """Boxes of another engine, in pixels of the opened photo."""
    limit = np.array([*photo.pixels.shape[1::-1]] * 2)
    corners = [np.clip(np.round(np.array(w["box"]) / photo.scale).astype(int), 0, limit) for w in words]
    boxes = [Box(int(x0), int(y0), int(x1), int(y1)) for x0, y0, x1, y1 in corners]
    return in_reading_order([box for box in boxes if box.x1 - box.x0 > 2 and box.y1 - box.y0 > 2])


def lines(words: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Words cut out of one line, put together again: they follow each other and are equally sure."""
    joined: list[dict[str, Any]] = []
    for word in words:
        last = joined[-1] if joined else None
        if (
            last
            and last["conf"] == word["conf"]
            and min(last["box"][3], word["box"][3]) > max(last["box"][1], word["box"][1])
        ):
            low, high = np.minimum(last["box"], word["box"]), np.maximum(last["box"], word["box"])
            last["box"] = [*low[:2].tolist(), *high[2:].tolist()]
        else:
            joined.append(dict(word))
    return joined


def cost(asked: Asked) -> None:
    """CPU seconds and peak memory of a process that looks at photos of one size."""
    unit = "s" if asked.wall else "CPU s"
    head("photo", f"boxes, median {unit}", "worst", f"mask, median {unit}", "peak memory, MB")
    for name in SIDES:
        call = [sys.executable, "-m", "benchmarks.detector_bars", str(asked.data), "look", "--size", name]
        call += ["--detector", asked.detector, "--every", str(asked.every), "--start", str(asked.start)]
        call += ["--wall"] if asked.wall else []
        done = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True)
        row(name, *json.loads(done.stdout))


def look(asked: Asked, size: str) -> None:
    """Print what it took, for `cost`."""
    detector, clock = load(asked.detector), time.perf_counter if asked.wall else time.process_time
    boxes, ink_masks = [], []
    for pixels in _sized(asked.photos(sorted(asked.dev.glob("*.jpg"))), SIDES[size]):
        boxes.append(_seconds(partial(detector.cuts, pixels), clock))
        ink_masks.append(_seconds(partial(detector.mask, pixels), clock))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figures = (np.median(boxes), max(boxes), np.median(ink_masks))
    print(json.dumps([*(f"{value:.2f}" for value in figures), peak]))


def _sized(paths: Sequence[Path], size: tuple[int, int]) -> Iterator[Pixels]:
    """The photos, each scaled to `size`, wide and high, or turned so."""
    for path in paths:
        pixels = first_page(path).pixels
        wanted = size if pixels.shape[1] >= pixels.shape[0] else size[::-1]
        yield np.asarray(cv2.resize(pixels, wanted, interpolation=cv2.INTER_LINEAR), np.uint8)


def _seconds(act: Callable[[], object], clock: Callable[[], float]) -> float:
    begun = clock()
    act()
    return clock() - begun


BARS = {"drawn": drawn, "distractors": distractors, "cost": cost, "reading": reading}


def main() -> None:
    """Print one bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("bar", choices=[*BARS, "look"])
    parser.add_argument("--detector", default="network", help="or a weights file")
    parser.add_argument("--recognizer", default="default", help="or a weights file")
    parser.add_argument("--count", type=int, default=40, help="drawn pages")
    parser.add_argument("--side", type=int, default=1600, help="of a drawn page, pixels")
    parser.add_argument("--every", type=int, default=1, help="only every so many photos")
    parser.add_argument("--start", type=int, default=0, help="with the photo of this number")
    parser.add_argument("--wall", action="store_true", help="time that passes, instead of CPU time")
    parser.add_argument("--size", choices=SIDES, help=argparse.SUPPRESS)
    given = vars(parser.parse_args())
    bar, size = given.pop("bar"), given.pop("size")
    asked = Asked(**given)
    if bar == "look":
        look(asked, size)
    else:
        BARS[bar](asked)


if __name__ == "__main__":
    main()
