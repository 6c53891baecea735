"""Photos taken sideways or upside down, without a note of it in the file, are turned by what reads best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detector import Box, Detector
from indexer.crops import open_page
from indexer.photo import Photo, PhotoError
from indexer.prepare import Prepared, strips_of
from indexer.reader import Read, words_of
from indexer.reading import WordReading
from recognizer import Hypothesis, Recognizer, Strip
from recognizer.crop import strip
from recognizer.decode import n_best_many

T = TypeVar("T")

CLEAR = 2.0
"""Legibility from which a photo is surely upright. Of real photos turned on purpose 1.1 was the highest."""

CLEARER = 1.5
"""So many times more letters another way round must give."""

LEAST = 0.25
"""Legibility that a way round needs to be taken for the right one."""

FEWEST = 4
"""With fewer words a way round cannot be told to be the right one."""

SAMPLE = 30
"""Words that are read to judge whether a page is worth a look another way round."""

MANY = 120
"""Words that are read to judge that way round: thirty tell too little where words run both ways."""

WIDE = 1.35
"""Median width over height of words from which writing is surely not sideways: upright words are longer than
high, and what is seen of sideways ones is not."""


@dataclass(frozen=True)
class Turner:
    """Reads a page again another way round when that makes far more sense."""

    detector: Detector
    recognizer: Recognizer
    count: int
    """Readings kept of a word."""

    def __call__(self, read: Read) -> Read:
        """`read`, or the page as it reads turned by a quarter, a half or three quarters."""
        words, page = found_first(read.reading.words), read.prepared.page
        boxes = [box for box in read.prepared.boxes if not box.alternative]
        legible = sense([word.hypotheses for word in words])
        if not boxes or legible >= CLEAR:
            return read
        try:
            if not (ways := self._ways(read.prepared, boxes, legible)):
                return read
            photo = open_page(Path(read.prepared.sighting.path), page.number, page.sha256)
            return self._turned(read, photo, ways, CLEARER * legible * len(words))
        except PhotoError:
            return read
        except Exception:  # what has been read already is better than a run that stops
            return read

    def _turned(self, read: Read, photo: Photo, ways: Sequence[int], fewest: float) -> Read:
        """As it reads the way that gives most letters, if these are not too few."""
        letters, legible, quarter = max((*self._letters(photo, q), q) for q in ways)
        if legible < LEAST or letters < fewest:
            return read
        turned = self._prepared(read.prepared, photo, quarter)
        found = words_of(turned, self.recognizer, self.count)
        reading = replace(read.reading, words=(*found, *_beside(read.reading.words, found)))
        return Read(turned, reading)

    def _ways(self, page: Prepared, boxes: Sequence[Box], legible: float) -> tuple[int, ...]:
        """Quarters of a turn worth a look."""
        shapes = [(box.x1 - box.x0) / max(1, box.y1 - box.y0) for box in boxes]
        sideways = (1, 3) if np.median(shapes) < WIDE else ()
        if len(boxes) < FEWEST:
            return sideways
        # Upside down, words have the same boxes, so turning their strips tells at little cost.
        flipped = [np.ascontiguousarray(one[::-1, ::-1]) for one in sample(page)]
        upside_down = self._sense_of(flipped) >= max(LEAST, CLEARER * legible)
        return (2, *sideways) if upside_down else sideways

    def _letters(self, photo: Photo, quarter: int) -> tuple[float, float]:
        """Letters that are read when the photo is turned by `quarter`, and how legible its words are."""
        pixels = turned(photo.pixels, quarter)
        boxes = self.detector.detect(pixels)
        if len(boxes) < FEWEST:
            return 0.0, 0.0
        sampled = spread(boxes, MANY)
        legible = self._sense_of([strip(pixels, box, self.recognizer.height) for box in sampled])
        return legible * len(boxes), legible

    def _sense_of(self, strips: Sequence[Strip]) -> float:
        """How well these strips read."""
        return sense(
            n_best_many(self.recognizer.lattices(strips), self.recognizer.alphabet, 1) if strips else []
        )

    def _prepared(self, before: Prepared, photo: Photo, quarter: int) -> Prepared:
        pixels = turned(photo.pixels, quarter)
        boxes = self.detector.cuts(pixels)
        rows, columns = pixels.shape[:2]
        strips, tight = strips_of(pixels, boxes, self.recognizer.height)
        back = tuple(photo.whole(turned_back(box, quarter, rows, columns)) for box in boxes)
        return replace(before, boxes=back, strips=strips, tight=tight)


def found_first(words: Sequence[WordReading]) -> list[WordReading]:
    """The words as they were cut: other ways to cut them read worse any way round."""
    return [word for word in words if not word.box.alternative]


def sense(read: Sequence[Sequence[Hypothesis]]) -> float:
    """Mean over words of letters times the probability of the best of the readings given; 0 without words.

    By sight alone: what is likely to be written makes words of anything, upside down as well.
    """
    best = (max(readings, key=lambda one: one.by_sight) for readings in read if readings)
    counted = ((sum(map(str.isalnum, one.text)), one.by_sight) for one in best)
    return sum(letters * chance for letters, chance in counted if letters > 1) / max(1, len(read))


def sample(page: Prepared) -> list[Strip]:
    """Strips of some of its words, as they were cut."""
    return spread([one for box, one in zip(page.boxes, page.strips, strict=True) if not box.alternative])


def spread(items: Sequence[T], most: int = SAMPLE) -> list[T]:
    """At most `most` of `items`, from all over."""
    numbers = np.unique(np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int))
    return [items[n] for n in numbers.tolist()]


def turned(pixels: NDArray[np.uint8], quarters: int) -> NDArray[np.uint8]:
    """`pixels` H x W x 3 turned counter-clockwise by so many quarters."""
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def turned_back(box: Box, quarters: int, rows: int, columns: int) -> Box:
    """`box` on a picture of `rows` x `columns` made by `turned`, on the picture before."""
    for _ in range(quarters):  # one quarter clockwise at a time
        box = replace(box, x0=rows - box.y1, x1=rows - box.y0, y0=box.x0, y1=box.x1, angle=box.angle + 90)
        rows, columns = columns, rows
    return replace(box, angle=(box.angle + 180) % 360 - 180)


def _beside(words: Sequence[WordReading], found: Sequence[WordReading]) -> list[WordReading]:
    """Of the words read before, those that make sense where nothing was found: a board may have both."""
    first = 1 + max((word.box.line for word in found), default=-1)
    kept = [w for w in words if _is_clear(w) and not any(_meet(w.box, f.box) for f in found)]
    return [replace(w, box=replace(w.box, line=first + w.box.line)) for w in kept]


def _is_clear(word: WordReading) -> bool:
    best = word.hypotheses[0]
    return best.probability >= 0.5 and sum(c.isalnum() for c in best.text) >= 3


def _meet(a: Box, b: Box) -> bool:
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1
