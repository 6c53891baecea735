"""Learn an owner's handwriting: labels -> new weights, beside the old ones, used only if they are better."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import ClassVar

from detector.weights import id_of, shipped
from indexer import choice
from indexer.archive import Archive, PhotoWords
from indexer.crops import crop, open_page
from indexer.labelling import Labelled
from indexer.photo import PhotoError
from indexer.settings import Settings
from recognizer import Recognizer, load, score
from recognizer.crop import contrast, resize
from recognizer.decode import best_path
from recognizer.practice import Crop, Practice, Source
from recognizer.synthesis import Sample, Synthesis

LEAST_LABELS = 20
"""With fewer nothing is learned that could be measured."""

HELD_OUT = 5
"""One photo in so many is not learned from but measured on."""

SURE = 0.9
"""Probability of a reading from which it is taken for right: what is read well now must not be forgotten."""

KEPT_SURE, PHOTOS_SURE = 800, 60
"""Surely read words, and photos of which they are taken, at most."""

FORGETTING = 0.02
"""Share of the surely read words that the new weights may read otherwise, beyond which they are not used."""

OWN = {
    "name": "words labelled by the owner of an archive, and what was read surely there",
    "terms": "private",
}


class TooFewLabels(Exception):
    """There is not enough to learn from."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """How well words are read: how many there are, the share read wrong, the character error rate."""

    words: int
    wrong: float
    character_error_rate: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Old and new weights on labelled words that were not learned, and on words of other photos."""

    old: Measured
    new: Measured
    old_sure: Measured
    new_sure: Measured
    learned: int
    minutes: float
    weights: Path | None
    """The new weights, if they are in use now."""


def tune(archive: Archive, settings: Settings, data: Path | None, say: Callable[[str], None]) -> Comparison:
    """Go on from the recognizer in use with the labels of `archive`; use what comes of it if it is better.

    `data` is a folder with strokes and fonts (see `Synthesis`): drawn words keep other hands in mind. `say`
    is told of photos that cannot be opened. Raises TooFewLabels.
    """
    from recognizer.train import TUNING, tune

    begun = time.monotonic()
    labelled = archive.labels.labelled()
    if len(labelled) < LEAST_LABELS:
        raise TooFewLabels(
            f"{len(labelled)} words are labelled, {LEAST_LABELS} are needed; "
            "`ocr-index relabel next` asks for more"
        )
    learned, held = parted(labelled)
    reader = load(settings.recognizer)
    own, proof = [*_crops(learned, say)], [*_crops(held, say)]
    sure = [*_sure(archive.words(), {(one.path, one.page) for one in labelled}, say)]
    kept, watched = sure[: len(sure) // 2], sure[len(sure) // 2 :]
    general: Source | None = Synthesis(data) if data else None
    if kept:
        general = Practice(kept, general, 0.5, reader.height)
    practice = Practice(own, general, TUNING.share, reader.height)
    start = shipped("recognizer") if settings.recognizer == choice.DEFAULT else Path(settings.recognizer)
    with tempfile.TemporaryDirectory() as folder:
        plan = TUNING.plan(len(own), [OWN])
        made = tune(Path(folder) / "run", start, practice, _samples(proof, reader.height), plan)
        after = load(str(made))
        old, new = measure(reader, proof), measure(after, proof)
        old_sure, new_sure = measure(reader, watched), measure(after, watched)
        better = is_better(old, new, old_sure, new_sure)
        weights = _promoted(archive.home, made) if better else None
    return Comparison(old, new, old_sure, new_sure, len(own), (time.monotonic() - begun) / 60, weights)


def is_better(old: Measured, new: Measured, old_sure: Measured, new_sure: Measured) -> bool:
    """Whether the new weights read the owner's other words better and hardly anything else worse."""
    gained = (new.wrong, new.character_error_rate) < (old.wrong, old.character_error_rate)
    return gained and new_sure.wrong <= old_sure.wrong + FORGETTING


def parted(labelled: Sequence[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """What is learned and what is measured on: no photo is in both, unless there are too few of them."""
    photos = {photo: place for place, photo in enumerate(sorted({one.photo for one in labelled}))}
    if len(photos) < HELD_OUT:
        return [x for n, x in enumerate(labelled) if n % HELD_OUT], list(labelled[::HELD_OUT])
    learned = [one for one in labelled if photos[one.photo] % HELD_OUT]
    return learned, [one for one in labelled if photos[one.photo] % HELD_OUT == 0]


def measure(reader: Recognizer, crops: Sequence[Crop]) -> Measured:
    """How well `reader` reads `crops`."""
    if not crops:
        return Measured(0, 0.0, 0.0)
    strips = [sample.strip for sample in _samples(crops, reader.height)]
    read = [best_path(lattice, reader.alphabet).text for lattice in reader.lattices(strips)]
    truth = [one.text for one in crops]
    return Measured(len(crops), 1 - score.exact(truth, read), score.character_error_rate(truth, read))


def _samples(crops: Iterable[Crop], height: int) -> list[Sample]:
    return [Sample(contrast(resize(one.pixels, height)), one.text) for one in crops]


def _crops(labelled: Iterable[Labelled], say: Callable[[str], None]) -> Iterator[Crop]:
    for _, group in groupby(labelled, key=lambda one: one.photo):
        several = list(group)
        try:
            photo = open_page(Path(several[0].path), several[0].page, several[0].sha256)
        except PhotoError as error:
            say(str(error))
            continue
        yield from (Crop(crop(photo, one.label.box), one.label.text) for one in several)


def _sure(
    pages: Iterable[PhotoWords], labelled: set[tuple[str, int]], say: Callable[[str], None]
) -> Iterator[Crop]:
    """Words that nobody has labelled and that are read surely, of photos without labels."""
    count = opened = 0
    for page in pages:
        sure = [w for w in page.words if w.readings and w.readings[0].probability >= SURE]
        sure = [w for w in sure if w.label is None and len(w.readings[0].text) > 1]
        if (page.path, page.page) in labelled or not sure:
            continue
        if count >= KEPT_SURE or opened >= PHOTOS_SURE:
            return
        try:
            photo = open_page(Path(page.path), page.page)
        except PhotoError as error:
            say(str(error))
            continue
        opened += 1
        count += len(sure)
        yield from (Crop(crop(photo, word.box), word.readings[0].text) for word in sure)


def _promoted(home: Path, made: Path) -> Path:
    """The weights, kept in the archive and in use."""
    kept = home / "models" / f"{id_of(made)}.safetensors"
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    shutil.copyfile(made, part)
    part.replace(kept)
    choice.use(home, str(kept))
    return kept
