"""Photos in, readings kept: the main job."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import detector
import recognizer
from indexer.archive import Archive, ModelIds, Standing
from indexer.ledger import Ledger, is_gone
from indexer.lock import is_watched
from indexer.mounts import beginnings, missing, remember
from indexer.photo import PhotoError, fingerprint
from indexer.prepare import Known, Outcome, Prepared, Preparer, Unreadable
from indexer.reader import Read, Seen, hypotheses, read, see
from indexer.reading import Page, Reading, Sighting, WordReading
from indexer.redecoding import Decoder
from indexer.settings import Settings, SettingsError
from indexer.streams import Streams
from indexer.summary import Progress, Refusal, Silence, Summary
from indexer.turning import Turner
from indexer.walk import Selection, walk
from recognizer import Hypothesis
from recognizer.decode import unpack

__all__ = [
    "Models",
    "Page",
    "Progress",
    "Reading",
    "Refusal",
    "Sighting",
    "Silence",
    "Summary",
    "WordReading",
    "add",
    "keep_up",
    "load_models",
    "reindex",
]


@dataclass(frozen=True, slots=True)
class Models:
    """Who finds the words and who reads them."""

    detector: detector.Detector
    recognizer: recognizer.Recognizer

    @property
    def ids(self) -> ModelIds:
        """Their names, as readings are signed with them."""
        return ModelIds(self.detector.id, self.recognizer.id)


Loader = Callable[[Settings], Models]

SILENCE = Silence()

PATIENCE = 300.0
"""Seconds to wait for a watcher, which gives way when it has read the few photos in hand."""


def load_models(settings: Settings) -> Models:
    """The models that the settings name.

    Raises `SettingsError` for an unknown detector, `detector.weights.WeightsError` for unusable weights.
    """
    try:
        found = detector.load(settings.detector)
    except ValueError as error:
        raise SettingsError(f"setting detector: {error}") from error
    return Models(found, load_recognizer(settings, settings.recognizer))


def load_recognizer(settings: Settings, name: str) -> recognizer.Recognizer:
    """The recognizer `name` with the languages of the settings. Raises as `load_models`."""
    try:
        return recognizer.load(name, settings.languages)
    except ValueError as error:
        raise SettingsError(f"setting languages: {error}") from error


def add(
    archive: Archive,
    paths: Sequence[Path],
    settings: Settings,
    progress: Progress = SILENCE,
    models: Loader = load_models,
) -> Summary:
    """Read what is new or changed at and under `paths`; what is gone from there leaves search.

    The models are loaded when a file needs them. May be broken off at any moment: what is done is kept, and
    the next run goes on. Raises `ArchiveBusy` when another process reads photos into the archive.
    """
    roots = [_absolute(path) for path in paths]
    with _turn(archive):
        ledger = Ledger(archive, progress)
        devices: dict[str, int] = {}
        files = list(_survey(archive, roots, settings, devices, ledger))
        if files:
            _read_files(archive, files, models(settings), settings, ledger)
        _sweep(archive, roots, devices, ledger)
        archive.update_index()
    return ledger.summary()


def reindex(
    archive: Archive,
    paths: Sequence[Path] | None,
    settings: Settings,
    progress: Progress = SILENCE,
    models: Loader = load_models,
    most: int | None = None,
) -> Summary:
    """Read again what other models than the present ones have read, and what could not be read.

    What was read least surely comes first, because there other models differ most; at most `most` files. Goes
    on where it was broken off. Where the recognizer would see just what its forerunner saw, what was kept is
    enough. Labels set by people hold, whatever the models say now.
    """
    present = models(settings)
    roots = None if paths is None else [str(_absolute(path)) for path in paths]
    with _turn(archive):
        ledger = Ledger(archive, progress)
        for count in archive.decode_again(_decoder(present, settings), roots):
            ledger.decoded(count)
        stale = [path for path in archive.stale(present.ids, roots) if not Path(path).is_dir()]
        doubts = archive.doubts(roots)
        stale = sorted(stale, key=lambda path: -doubts.get(path, 1.0))[:most]
        files = [file for path in stale for file in _seen(path, ledger)]
        for file in files:
            ledger.will_open(file, archive.look(file))
        _read_files(archive, files, present, settings, ledger, renew=True)
    return ledger.summary()


def _decoder(models: Models, settings: Settings) -> Decoder:
    """The recognizer, for what is kept of photos that it need not see again."""
    reader = models.recognizer

    def decode(packed: Sequence[bytes]) -> list[tuple[Hypothesis, ...]]:
        return hypotheses([unpack(one) for one in packed], reader, settings.readings)

    characters = reader.alphabet.characters
    return Decoder(models.detector.id, reader.id, characters, reader.lattices_id, decode, reader.language)


def keep_up(
    archive: Archive,
    changed: Iterable[Path],
    vanished: Iterable[Path],
    settings: Settings,
    progress: Progress = SILENCE,
    models: Loader = load_models,
) -> Summary:
    """Read what is new or different among the files `changed`; those `vanished` that are gone leave search.

    In this order, so that a photo that has moved is met at its new place while its old one is still known.
    The models are loaded when bytes are met that nobody has read. The caller holds `Archive.writing`.
    """
    ledger = Ledger(archive, progress)
    seen = [file for path in changed for file in _seen(str(path), ledger)]
    files = [file for file in seen if _is_news(archive, file, ledger)]
    unread = [file for file in files if not _is_entered(archive, file, ledger)]
    if unread:
        _read_files(archive, unread, models(settings), settings, ledger)
    ledger.vanished(path for path in map(str, vanished) if is_gone(path))
    archive.update_index()
    return ledger.summary()


def _is_news(archive: Archive, sighting: Sighting, ledger: Ledger) -> bool:
    """Whether a file is not as it was when it was last read or refused."""
    look = archive.look(sighting)
    if look.standing in (Standing.SAME, Standing.REFUSED):
        ledger.unchanged()
        return False
    ledger.will_open(sighting, look)
    return True


def _is_entered(archive: Archive, sighting: Sighting, ledger: Ledger) -> bool:
    """Whether a file is dealt with by a look at its bytes: known ones, or out of reach."""
    try:
        sha256 = fingerprint(Path(sighting.path))
    except PhotoError as error:
        ledger.enter(Unreadable(sighting, error.reason, None, damaged=False))
        return True
    if archive.has_read(sha256):
        ledger.enter(Known(sighting, sha256, in_hand=False))
        return True
    return False


def _turn(archive: Archive) -> AbstractContextManager[None]:
    """The writer's place; a watcher lets others have it soon, another run does not."""
    return archive.writing(PATIENCE if is_watched(archive.home) else 0.0)


def _survey(
    archive: Archive, roots: Sequence[Path], settings: Settings, devices: dict[str, int], ledger: Ledger
) -> Iterator[Sighting]:
    """The files at and under `roots` that must be opened; fills in the devices of the folders."""
    archive.forget_problems([str(root) for root in roots])
    for found in walk(roots, Selection(settings.include, settings.exclude), devices):
        if isinstance(found, PhotoError):
            ledger.out_of_reach(Sighting(str(found.path)), found.reason)
        else:
            yield from (file for file in _seen(str(found), ledger) if _must_open(archive, file, ledger))


def _seen(path: str, ledger: Ledger) -> list[Sighting]:
    """The file at `path` as it is now; none, and a line in the ledger, when it cannot be looked at."""
    try:
        return [Sighting.of(path)]
    except OSError:
        if not is_gone(path):
            ledger.out_of_reach(Sighting(path), _why_not(path))
        return []


def _why_not(path: str) -> str:
    try:
        fingerprint(Path(path))
    except PhotoError as error:
        return error.reason
    return "it was out of reach for a moment; it is read next time"


def _must_open(archive: Archive, sighting: Sighting, ledger: Ledger) -> bool:
    look = archive.look(sighting)
    if look.standing is Standing.SAME:
        ledger.unchanged()
    elif look.standing is Standing.REFUSED:
        ledger.refused(sighting.path, str(look.reason))
    else:
        ledger.will_open(sighting, look)
        return True
    return False


def _read_files(
    archive: Archive,
    files: Sequence[Sighting],
    models: Models,
    settings: Settings,
    ledger: Ledger,
    renew: bool = False,
) -> None:
    """Open the files side by side, look at their words in batches, read them and keep page by page.

    The three go on at once: one batch is read and kept while the recognizer looks at the next one.
    """
    ledger.start()
    prepare = Preparer(
        archive, models.detector, models.recognizer.height, ledger.claims, models.ids if renew else None
    )
    turn = Turner(models.detector, models.recognizer, settings.readings)
    pace = Pace()

    def look(batch: Sequence[Outcome]) -> Iterator[Sequence[Seen | Known | Unreadable]]:
        yield see(batch, models.recognizer)

    try:
        with (
            Streams(files, prepare, settings.threads, ahead=2 * settings.threads) as pages,
            Streams(pages.batches(_strips, settings.batch), look, threads=1, ahead=1) as batches,
        ):
            for batch in batches:
                for outcome in read(batch, models.detector.id, models.recognizer, settings.readings):
                    ledger.enter(turn(outcome) if isinstance(outcome, Read) else outcome)
                pace.after(len(batch), partial(archive.update_index, insist=False))
        ledger.finish()
    finally:
        # Also when the run is broken off: what has been read is to be found.
        archive.update_index()


def _absolute(path: Path) -> Path:
    # Links stay as they are named, so that people find photos where they put them.
    return Path(os.path.normpath(path.absolute()))


def _strips(outcome: Outcome) -> int:
    return len(outcome.strips) if isinstance(outcome, Prepared) else 0


def _sweep(archive: Archive, roots: Sequence[Path], devices: Mapping[str, int], ledger: Ledger) -> None:
    """Files that used to lie at and under `roots` and are gone leave search, unless their disk is gone."""
    disks = remember(archive.home, beginnings(devices))
    for root in map(str, roots):
        gone = [path for path in archive.paths([root]) if is_gone(path)]
        # A file that somebody has named is its own folder here: there is no other to be missed.
        away = (
            {}
            if gone == [root]
            else {path: folder for path in gone if (folder := missing(path, root, disks))}
        )
        ledger.vanished(path for path in gone if path not in away)
        for folder, photos in Counter(away.values()).items():
            ledger.away(folder, photos)


class Pace:
    """Brings the search index up to date now and then while photos are read.

    Every commit costs the index some work, so it is done after 100 photos or 2 seconds, and rarer when
    commits turn out slow: they take a tenth of the time at most.
    """

    PHOTOS = 100
    SECONDS = 2.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._rest = 0.0
        self._photos = 0

    def after(self, photos: int, update: Callable[[], object]) -> None:
        """Call `update` if it is time, now that so many `photos` more have been read."""
        self._photos += photos
        start = self._clock()
        waited = start - self._last
        if waited < self._rest or (waited < self.SECONDS and self._photos < self.PHOTOS):
            return
        update()
        self._last = self._clock()
        self._rest = 10 * (self._last - start)
        self._photos = 0
