"""Prepared pages -> readings: the strips of many pages go through the recognizer at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from recognizer.decode import n_best, pack, split

from detector import Box
from indexer.prepare import Known, Outcome, Prepared, Unreadable
from indexer.reading import Reading, WordReading
from recognizer import Lattice, Recognizer


@dataclass(frozen=True, slots=True)
class Read:
    """A page and what is written on it."""

    prepared: Prepared
    reading: Reading


def read(
    batch: Sequence[Outcome], detector: str, recognizer: Recognizer, count: int
) -> list[Read | Known | Unreadable]:
    """The batch with all prepared pages read, in the same order, up to `count` hypotheses a word."""
    pages = [outcome for outcome in batch if isinstance(outcome, Prepared)]
    try:
        readings = _readings(pages, detector, recognizer, count)
    except Exception as error:  # one bad photo never stops the run: find out which it is
        if len(batch) > 1:
            return [done for outcome in batch for done in read([outcome], detector, recognizer, count)]
        reason = f"its words could not be read ({type(error).__name__}: {error})"
        return [Unreadable(pages[0].sighting, reason, pages[0].page.sha256, damaged=False)]
    return [Read(o, next(readings)) if isinstance(o, Prepared) else o for o in batch]


def _readings(
    pages: Sequence[Prepared], detector: str, recognizer: Recognizer, count: int
) -> Iterator[Reading]:
    strips = [strip for page in pages for strip in page.strips]
    lattices = iter(recognizer.lattices(strips) if strips else [])
    found = [
        [word for box in page.boxes for word in words(box, next(lattices), recognizer, count)]
        for page in pages
    ]
    return (Reading(detector, recognizer.id, tuple(words)) for words in found)


def words(box: Box, lattice: Lattice, recognizer: Recognizer, count: int) -> Iterator[WordReading]:
    """The words in one box: detectors may leave close words together, and the network reads the spaces."""
    frames = len(lattice.log_probs)
    for part in split(lattice, recognizer.alphabet):
        yield WordReading(
            _part_of(box, part.start / frames, part.stop / frames),
            tuple(n_best(part.lattice, recognizer.alphabet, count)),
            pack(part.lattice),
        )


def _part_of(box: Box, start: float, stop: float) -> Box:
    """The share of `box` from `start` to `stop`, at least one pixel wide."""
    width = box.x1 - box.x0
    x0 = min(box.x0 + round(start * width), box.x1 - 1)
    return replace(box, x0=x0, x1=max(x0 + 1, box.x0 + round(stop * width)))
