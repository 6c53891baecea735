"""How well a recognizer reads labelled word images."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognizer import Hypothesis, Recognizer, Strip, score
from recognizer.crop import contrast, resize
from recognizer.decode import n_best_many
from recognizer.sheet import Misread, beside, misread_sheet, reliability_plot

Labelled = tuple[str, NDArray[np.uint8]]
"""What is written on a picture, and the picture: RGB, H x W x 3, nothing but the word."""

WORST = 50
"""Words that were read worst are kept, to be looked at."""

BATCH = 256
"""Pictures in memory at a time."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of it; rates from 0 to 1."""

    scores: score.Scores
    among: float
    """Share of the texts that stand among the readings kept, ignoring case."""
    calibration_error: float
    """How far stated probabilities are from the share that is right, on average."""
    confusions: tuple[tuple[str, str, int], ...]
    """The commonest: what was read as what, how often; ignoring case."""
    reliability: tuple[score.Bin, ...] = ()
    """How often first readings of like probability are right."""
    worst: tuple[Misread, ...] = ()
    """What was read worst, worst first."""

    def as_json(self) -> str:
        """One object and the end of the line."""
        return json.dumps(asdict(replace(self, worst=()))) + "\n"

    def as_picture(self) -> Image.Image:
        """The words that were read worst, and how far probabilities can be believed."""
        return beside(misread_sheet(self.worst), reliability_plot(self.reliability))

    def as_list(self) -> str:
        """For people: a line a figure, then the confusions."""
        figures = asdict(self.scores) | {"among": self.among, "calibration_error": self.calibration_error}
        lines = [f"{name.replace('_', ' '):18} {value:.6g}" for name, value in figures.items()]
        lines += [
            f"{truth or 'nothing':>8} read as {read or 'nothing':8} {times}"
            for truth, read, times in self.confusions
        ]
        return "\n".join(lines) + "\n"


def evaluate(
    reader: Recognizer, labelled: Iterable[Labelled], count: int = 5, language: bool = True
) -> Evaluation:
    """Read every picture, keep `count` readings of each, compare the first (and all) with the text.

    With `language` off the network is measured alone.
    """
    pairs: list[tuple[str, list[Hypothesis]]] = []
    worst: list[Misread] = []
    for batch in _batches(labelled):
        for text, readings, strip in _read(reader, batch, count, language):
            pairs.append((text, readings))
            worst += _misread(text, readings[0].text, strip)
        worst = sorted(worst, key=lambda one: -one.distance)[:WORST]
    truth = [text for text, _ in pairs]
    first = [readings[0].text for _, readings in pairs]
    stated = [readings[0].probability for _, readings in pairs]
    right = [text == read for text, read in zip(truth, first, strict=True)]
    confused = score.confusions(truth, first, ignore_case=True).most_common(20)
    return Evaluation(
        score.scores(truth, first),
        score.among(
            truth, [[reading.text for reading in readings] for _, readings in pairs], ignore_case=True
        ),
        score.expected_calibration_error(stated, right),
        tuple((text, read, times) for (text, read), times in confused),
        tuple(score.reliability(stated, right)),
        tuple(worst),
    )


def first_texts(reader: Recognizer, strips: Sequence[Strip]) -> list[str]:
    """What each strip is read as, as photos are read; "" where nothing is."""
    found = n_best_many(reader.lattices(strips), reader.alphabet, 1, language=reader.language)
    return [readings[0].text if readings else "" for readings in found]


def _misread(text: str, read: str, strip: Strip) -> list[Misread]:
    """The word, if it was read wrong."""
    edits = score.mean_edit_distance([text], [read])
    return [Misread(edits / max(1, len(text)), text, read, strip)] if edits else []


def _batches(labelled: Iterable[Labelled]) -> Iterator[list[Labelled]]:
    waiting = iter(labelled)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _read(
    reader: Recognizer, batch: list[Labelled], count: int, language: bool
) -> Iterator[tuple[str, list[Hypothesis], Strip]]:
    strips = [contrast(resize(pixels, reader.height)) for _, pixels in batch]
    model = reader.language if language else None
    found = n_best_many(reader.lattices(strips), reader.alphabet, count, language=model)
    for (text, _), readings, strip in zip(batch, found, strips, strict=True):
        yield text, readings or [Hypothesis("", 1.0)], strip
