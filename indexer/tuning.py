"""Learn an owner's handwriting: labels -> new weights, beside the old ones, used only if they are better."""

from __future__ import annotations

import csv
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from threading import Event, Thread
from typing import ClassVar

from detector.weights import id_of, shipped
from indexer import choice
from indexer.archive import Archive, PhotoWords
from indexer.crops import crop, open_page
from indexer.labelling import Labelled
from indexer.photo import PhotoError
from indexer.pipeline import load_recognizer
from indexer.settings import Settings
from recognizer import Recognizer, score
from recognizer.crop import contrast, resize
from recognizer.evaluation import first_texts
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

LOOK = 0.5
"""Seconds between two looks at how far learning is."""

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


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How well the new weights read the labelled words that are not learned, after so many samples."""

    words: int
    loss: float
    wrong: float
    character_error_rate: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far learning is."""

    step: str
    """`gathering` the words, `learning`, or `comparing` old and new weights."""
    words: int = 0
    """Samples to learn from at most; it ends early when nothing is gained any more."""
    before: Measured | None = None
    """The weights in use, on the same words as the checkpoints."""
    checkpoints: tuple[Checkpoint, ...] = ()


Report = Callable[[Progress], None]


def unheard(_: Progress) -> None:
    """For who does not ask how far learning is."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is learned from, and what old and new weights are compared on."""

    own: list[Crop]
    proof: list[Crop]
    """Labelled, too, but of other photos."""
    kept: list[Crop]
    """Read surely: shown again, so that they are not forgotten."""
    watched: list[Crop]
    """Read surely, and not shown."""


def tune(
    archive: Archive,
    settings: Settings,
    data: Path | None,
    say: Callable[[str], None],
    report: Report = unheard,
) -> Comparison:
    """Go on from the recognizer in use with the labels of `archive`; use what comes of it if it is better.

    `data` is a folder with strokes and fonts (see `Synthesis`): drawn words keep other hands in mind. `say`
    is told of photos that cannot be opened, `report` of progress, now and then and from another thread. Who
    interrupts it (KeyboardInterrupt) leaves everything as it was. Raises TooFewLabels.
    """
    from recognizer import train

    begun = time.monotonic()
    report(Progress("gathering"))
    found, reader = gathered(archive, say), load_recognizer(settings, settings.recognizer)
    start = shipped("recognizer") if settings.recognizer == choice.DEFAULT else Path(settings.recognizer)
    plan = train.TUNING.plan(len(found.own), [OWN])
    practice = _practice(found, data, train.TUNING.share, reader.height)
    old, old_sure = measure(reader, found.proof), measure(reader, found.watched)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        with _followed(run / "metrics.csv", Progress("learning", plan.words, old), report):
            made = train.tune(run, start, practice, _samples(found.proof, reader.height), plan)
        after = load_recognizer(settings, str(made))
        new, new_sure = measure(after, found.proof), measure(after, found.watched)
        better = is_better(old, new, old_sure, new_sure)
        weights = _promoted(archive.home, made) if better else None
    minutes = (time.monotonic() - begun) / 60
    return Comparison(old, new, old_sure, new_sure, len(found.own), minutes, weights)


def gathered(archive: Archive, say: Callable[[str], None]) -> Material:
    """The labelled words of `archive`, and some of those that are read surely. Raises TooFewLabels."""
    labelled = archive.labels.labelled()
    if len(labelled) < LEAST_LABELS:
        raise TooFewLabels(
            f"{len(labelled)} words are labelled, {LEAST_LABELS} are needed; "
            "`ocr-index relabel next` asks for more"
        )
    learned, held = parted(labelled)
    own, proof = [*_crops(learned, say)], [*_crops(held, say)]
    if not own or not proof:
        raise TooFewLabels(
            "the photos of too many labelled words cannot be opened; mount their disk or label others"
        )
    sure = [*_sure(archive.words(), {(one.path, one.page) for one in labelled}, say)]
    return Material(own, proof, sure[: len(sure) // 2], sure[len(sure) // 2 :])


def _practice(found: Material, data: Path | None, share: float, height: int) -> Practice:
    general: Source | None = Synthesis(data) if data else None
    if found.kept:
        general = Practice(found.kept, general, 0.5, height)
    return Practice(found.own, general, share, height)


@contextmanager
def _followed(table: Path, begin: Progress, report: Report) -> Iterator[None]:
    """Report what a run writes into its `table` while it goes on."""
    over = Event()

    def follow() -> None:
        known = begin
        while not over.wait(LOOK):
            now = replace(begin, checkpoints=_checkpoints(table))
            if now != known:
                report(known := now)

    follower = Thread(target=follow, daemon=True)
    report(begin)
    follower.start()
    try:
        yield
    finally:
        over.set()
        follower.join()
    report(replace(begin, step="comparing", checkpoints=_checkpoints(table)))


def _checkpoints(table: Path) -> tuple[Checkpoint, ...]:
    """Those in the table of a run; a line that is being written is none yet."""
    try:
        lines = table.read_text("utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return ()
    rows = csv.DictReader(line for line in lines if line.endswith("\n"))
    return tuple(
        Checkpoint(int(row["words"]), float(row["loss"]), 1 - float(row["exact"]), float(row["cer"]))
        for row in rows
    )


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
    read = first_texts(reader, [sample.strip for sample in _samples(crops, reader.height)])
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
