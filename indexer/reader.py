"""Prepared pages -> readings: the strips of many pages go through the recognizer at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector import Box
from indexer.belief import chance_of_writing
from indexer.context import in_context
from indexer.cutting import settled
from indexer.prepare import Known, Outcome, Prepared, Unreadable
from indexer.reading import Reading, WordReading
from recognizer import Hypothesis, Lattice, Recognizer, Strip
from recognizer.alphabet import Alphabet
from recognizer.crop import MARGIN, tightened
from recognizer.decode import Span, n_best_many, pack, split
from recognizer.language import LanguageModel

SURE = 0.5
"""Sureness of a lattice from which a tighter crop is not worth its time: two words in five have it."""

SPARE = 3
"""Hypotheses asked for beyond those that are kept, because some turn out to be the same."""


@dataclass(frozen=True, slots=True)
class Read:
    """A page and what is written on it."""

    prepared: Prepared
    reading: Reading


@dataclass(frozen=True, slots=True)
class Seen:
    """A page and what the recognizer sees in each of its boxes, tighter crops included."""

    prepared: Prepared
    cuts: tuple[tuple[Box, Lattice], ...]


def see(batch: Sequence[Outcome], recognizer: Recognizer) -> list[Seen | Known | Unreadable]:
    """The batch with all prepared pages seen, in the same order."""
    pages = [outcome for outcome in batch if isinstance(outcome, Prepared)]
    try:
        found = iter(_seen(pages, recognizer))
    except Exception as error:  # one bad photo never stops the run: find out which it is
        if len(batch) > 1:
            return [done for outcome in batch for done in see([outcome], recognizer)]
        return [_unreadable(pages[0], error)]
    return [Seen(one, next(found)) if isinstance(one, Prepared) else one for one in batch]


def read(
    batch: Sequence[Seen | Known | Unreadable], detector: str, recognizer: Recognizer, count: int
) -> list[Read | Known | Unreadable]:
    """The batch with all that was seen read, in the same order, up to `count` hypotheses a word."""
    pages = [outcome for outcome in batch if isinstance(outcome, Seen)]
    try:
        found = _found(pages, recognizer, count)
        words = iter([told(one, recognizer.language) for one in found])
    except Exception as error:  # as above
        if len(batch) > 1:
            return [done for outcome in batch for done in read([outcome], detector, recognizer, count)]
        return [_unreadable(pages[0].prepared, error)]
    alphabet, lattices_id = recognizer.alphabet.characters, recognizer.lattices_id
    readings = (Reading(detector, recognizer.id, tuple(some), alphabet, lattices_id) for some in words)
    return [Read(one.prepared, next(readings)) if isinstance(one, Seen) else one for one in batch]


def _unreadable(page: Prepared, error: Exception) -> Unreadable:
    reason = f"its words could not be read ({type(error).__name__}: {error})"
    return Unreadable(page.sighting, reason, page.page.sha256, damaged=False)


def words_of(page: Prepared, recognizer: Recognizer, count: int) -> list[WordReading]:
    """The words of one page, and the alternatives."""
    return told(boxes_of(page, recognizer, count), recognizer.language)


def boxes_of(page: Prepared, recognizer: Recognizer, count: int) -> list[WordReading]:
    """What is read in each box of a page, words and alternatives as the detector cuts them."""
    [cuts] = _seen([page], recognizer)
    [found] = _found([Seen(page, cuts)], recognizer, count)
    return found


def _found(pages: Sequence[Seen], recognizer: Recognizer, count: int) -> list[list[WordReading]]:
    """What is read in the boxes of each page."""
    places = [
        (number, part, span.lattice)
        for number, page in enumerate(pages)
        for box, lattice in page.cuts
        for part, span in parts(box, lattice, recognizer.alphabet)
    ]
    ranked = hypotheses([lattice for _, _, lattice in places], recognizer, count)
    found: list[list[WordReading]] = [[] for _ in pages]
    for (number, box, lattice), texts in zip(places, ranked, strict=True):
        if texts:
            found[number].append(_word(box, texts, lattice))
    return found


def told(found: Sequence[WordReading], language: LanguageModel | None) -> list[WordReading]:
    """What was `found` on a page, told which are words, and what these say together; words come first."""
    if language is None:
        return list(found)
    all_told = settled(found, language)
    words = [one for one in all_told if not one.box.alternative]
    readings = in_context([one.hypotheses for one in words], language)
    again = [replace(one, hypotheses=some) for one, some in zip(words, readings, strict=True)]
    return again + all_told[len(words) :]


def _seen(pages: Sequence[Prepared], recognizer: Recognizer) -> list[tuple[tuple[Box, Lattice], ...]]:
    """What is in each box; words that cannot be read surely are read from a tighter crop as well."""
    cuts = [
        (number, *cut)
        for number, page in enumerate(pages)
        for cut in zip(page.boxes, page.strips, page.tight, strict=True)
    ]
    lattices = _lattices([strip for _, _, strip, _ in cuts], recognizer)
    tight = [
        (number, replace(tightened(box), alternative=True), strip)
        for (number, box, _, strip), lattice in zip(cuts, lattices, strict=True)
        if strip is not None and lattice.sureness < SURE
    ]
    again = _lattices([strip for _, _, strip in tight], recognizer)
    places = [(number, box) for number, box, *_ in cuts] + [(number, box) for number, box, _ in tight]
    found: list[list[tuple[Box, Lattice]]] = [[] for _ in pages]
    for (number, box), lattice in zip(places, [*lattices, *again], strict=True):
        found[number].append((box, lattice))
    return [tuple(some) for some in found]


def _lattices(strips: Sequence[Strip], recognizer: Recognizer) -> Sequence[Lattice]:
    return recognizer.lattices(strips) if strips else []


def hypotheses(
    lattices: Sequence[Lattice], recognizer: Recognizer, count: int
) -> list[tuple[Hypothesis, ...]]:
    """Up to `count` texts of each lattice, given that it shows a word; none where nothing is written."""
    found = n_best_many(lattices, recognizer.alphabet, count + SPARE, language=recognizer.language)
    return [merged(several, count) for several in found]


def _word(box: Box, given: Sequence[Hypothesis], lattice: Lattice) -> WordReading:
    """The word in `box`, `given` what it says if it is one; a reading is right when it is one as well."""
    chance = chance_of_writing(box.chance, given[0].text, given[0].probability)
    return WordReading(replace(box, chance=chance), tuple(one.times(chance) for one in given), pack(lattice))


def parts(box: Box, lattice: Lattice, alphabet: Alphabet) -> Iterable[tuple[Box, Span]]:
    """The words in one box: detectors may leave close words together, and the network reads the spaces."""
    frames = len(lattice.log_probs)
    spans = split(lattice, alphabet)
    if len(spans) == 1:
        return [(box, spans[0])]
    return [(_share(box, span.start / frames, span.stop / frames), span) for span in spans]


def _share(box: Box, start: float, stop: float) -> Box:
    """The upright rectangle around the part of `box` that its strip shows from `start` to `stop` (0 to 1)."""
    wide, tall = box.core()
    margin = MARGIN * tall + 1  # the strip reaches as far beyond the word, see `recognizer.crop`
    ends = np.clip(np.array([start, stop]) * (wide + 2 * margin) - margin, 0, wide)
    turn = math.radians(box.angle)
    cos, sin = math.cos(turn), math.sin(turn)
    along = float(ends.mean()) - wide / 2
    reach = float(ends[1] - ends[0]) / 2
    x, y = (box.x0 + box.x1) / 2 + along * cos, (box.y0 + box.y1) / 2 + along * sin
    half_width = reach * abs(cos) + tall / 2 * abs(sin)
    half_height = reach * abs(sin) + tall / 2 * abs(cos)
    x0, x1 = _between(box.x0, box.x1, x - half_width, x + half_width)
    y0, y1 = _between(box.y0, box.y1, y - half_height, y + half_height)
    return replace(box, x0=x0, y0=y0, x1=x1, y1=y1)


def _between(low: int, high: int, start: float, stop: float) -> tuple[int, int]:
    """`start` and `stop` as whole pixels inside `low` and `high`, at least one pixel apart."""
    first = min(max(low, round(start)), high - 1)
    return first, max(first + 1, min(high, round(stop)))


def merged(hypotheses: Iterable[Hypothesis], count: int) -> tuple[Hypothesis, ...]:
    """Up to `count` different texts, best first.

    Texts that differ in outer spaces alone are one, and their probabilities add up. The empty text is left
    out: "nothing is written here" is no reading that anybody could search for.
    """
    found: dict[str, Hypothesis] = {}
    for one in hypotheses:
        text = one.text.strip()
        found[text] = _either(text, found[text], one) if text in found else replace(one, text=text)
    found.pop("", None)
    return tuple(sorted(found.values(), key=lambda one: -one.probability)[:count])


def _either(text: str, one: Hypothesis, other: Hypothesis) -> Hypothesis:
    """Two spellings of one text, which exclude each other."""
    seen = None if one.seen is None else min(1.0, one.seen + other.by_sight)
    return Hypothesis(text, min(1.0, one.probability + other.probability), seen)
