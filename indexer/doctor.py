"""Is the archive well? Looks at the database, the rows, the index, the files and the weights."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from sqlalchemy import select

import search
from detector.weights import WeightsError, load, shipped
from indexer.archive import Archive
from indexer.backup import DATABASE, alone, put_back
from indexer.copying import keep_copy
from indexer.lock import is_watched
from indexer.postings import BATCH, IndexFeed, postings
from indexer.reading import Sighting
from indexer.salvage import salvage
from indexer.schema import (
    ArchiveError,
    NewerArchive,
    NoArchive,
    OutOfReach,
    check_version,
    open_database,
    storage_errors,
)
from indexer.settings import Settings, SettingsError
from indexer.soundness import Flaw, flaws
from indexer.tables import metadata, photos
from search.entry import FIELDS, Entry, Word
from search.index import Index
from search.lexicon import LONGEST
from search.snapshot import Snapshot
from search.words import spellings

SAMPLE = 50
"""Photos that are searched for."""

DAMAGED = "damaged"
"""So begin the names of copies that are no help."""

PATIENCE = 300.0
"""Seconds to wait for the photos in hand to be read."""


class Unwell(Exception):
    """Something is wrong that was not mended; the findings say what."""

    exit_code: ClassVar[int] = 7


class State(Enum):
    """How serious a finding is."""

    FINE = "fine"
    NOTE = "note"
    """Worth knowing; the next `add` or the watcher deals with it."""
    FAULT = "fault"
    MENDED = "mended"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    part: str
    """`database`, `rows`, `index`, `files`, `settings` or `weights`."""
    state: State
    text: str


def examine(home: Path, repair: bool = False) -> Iterator[Finding]:
    """Look at everything in `home`, and with `repair` mend what can be mended; never throws away a label.

    A copy of the database is kept before its rows are changed. Raises `NoArchive`, `NewerArchive`,
    `ArchiveBusy`, `OutOfReach`.
    """
    settings = yield from _settings(home)
    yield from _weights(home, settings)
    damage = _damage(home)
    mended = _mended(home) if damage and repair else ""
    state = State.MENDED if mended else State.FAULT
    for line in damage:
        yield Finding("database", state, f"{line}; {mended or _copies(home)}")
    if damage and not mended:
        return  # nothing that is read from it could be trusted
    if not damage:
        yield Finding("database", State.FINE, "whole")
    with Archive.open(home) as archive, archive.writing(PATIENCE if is_watched(home) else 0.0):
        yield from _rows(home, repair)
        yield from _index(archive, repair)
        yield from _files(archive)


def _damage(home: Path) -> list[str]:
    """What is wrong with the database as a whole, when its tables have been brought up to date."""
    try:
        open_database(home).close()
    except (NoArchive, NewerArchive, OutOfReach):
        raise
    except ArchiveError as error:
        return [str(error)]
    return _faults(home)


def _faults(home: Path) -> list[str]:
    """What SQLite itself finds wrong, and what is missing."""
    path = home / DATABASE
    try:
        check_version(home)
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            lines = {line for (line,) in connection.execute("PRAGMA integrity_check(20)")} - {"ok"}
            there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except (ArchiveError, sqlite3.DatabaseError) as error:
        return [str(error)]
    lost = [f"the table {name} is missing" for name in metadata.tables if name not in there]
    return sorted(lines) + lost


def _copies(home: Path) -> str:
    """Where to find help."""
    kept = [path for path in home.glob("backups/*.sqlite") if not path.name.startswith(DAMAGED)]
    if kept:
        latest = max(kept, key=lambda path: path.stat().st_mtime)
        return f"to go back to a copy of it: ocr-index restore --replace {latest}"
    return "to put a backup in its place: ocr-index restore --replace FILE"


def _mended(home: Path) -> str:
    """Make the database whole, keeping it as it was; says how, or nothing if there is no way."""
    with storage_errors(home), alone(home):
        if _reindexed(home):
            return "its inner indexes were built anew"
        with TemporaryDirectory(dir=home, prefix=".salvage-") as name:
            open_database(Path(name), create=True).close()
            count = salvage(home / DATABASE, Path(name) / DATABASE)
            if not count:
                return ""
            former = put_back(Path(name), home)
    return f"what could be read of it, {count:,} rows, is in a new one; the former one is {former}"


def _reindexed(home: Path) -> bool:
    """Whether building its inner indexes anew makes the database whole."""
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(home / DATABASE)) as connection:
        copy = keep_copy(home, DAMAGED)
        with suppress(sqlite3.DatabaseError):
            connection.execute("REINDEX")
            connection.commit()
        if not _faults(home):
            return True
        copy.unlink()
    return False


def _rows(home: Path, repair: bool) -> Iterator[Finding]:
    with closing(open_database(home)) as database:
        with database.read() as connection:
            found = list(flaws(connection, mend=False))
        if repair and any(flaw.mendable for flaw in found):
            with storage_errors(home):
                keep_copy(home, "before-repair")
            found = []
            # What has been mended may leave behind what is to be mended next.
            for _ in range(3):
                with database.write() as connection:
                    found += flaws(connection, mend=True)
        yield from (_of_rows(flaw, repair) for flaw in dict.fromkeys(found))
    if not found:
        yield Finding("rows", State.FINE, "consistent")


def _of_rows(flaw: Flaw, repair: bool) -> Finding:
    state = State.MENDED if repair and flaw.mendable else State.FAULT
    return Finding("rows", state, f"{flaw.rows:,} {flaw.text}")


def _index(archive: Archive, repair: bool) -> Iterator[Finding]:
    """The search index must hold what the rows say."""
    wrong = _differing(archive.home)
    if wrong == 0:
        yield Finding("index", State.FINE, "as the rows say")
        return
    text = "it cannot be read" if wrong is None else f"it holds {wrong:,} photos otherwise than the rows say"
    if repair:
        count = archive.rebuild_index()
        yield Finding("index", State.MENDED, f"{text}; it was built anew, with {count:,} photos")
    else:
        yield Finding("index", State.FAULT, text)


def _differing(home: Path) -> int | None:
    """How many photos the index holds otherwise than the rows; None if it cannot be read."""
    with closing(open_database(home)) as database:
        IndexFeed(database, home / "index").update(insist=False)
        try:
            snapshot = Index(home / "index").snapshot()
            with closing(snapshot):
                held = {entry.photo: entry for entry in snapshot.entries()}
                sample = list(held.values())[:: 1 + len(held) // SAMPLE]
                if not _read_all(snapshot, sample):
                    return None
            _search(home, sample)
        except Exception:  # whatever a damaged file makes of Whoosh
            return None
        wrong, last = 0, 0
        while True:
            with database.read() as connection:
                settled = photos.c.revision == photos.c.indexed
                some = select(photos.c.id).where(photos.c.id > last).order_by(photos.c.id).limit(BATCH)
                ids = connection.execute(some).scalars().all()
                sure = set(connection.execute(some.where(settled)).scalars())
                wanted = {p.photo: p.entry for p in postings(connection, ids)}
            if not ids:
                return wrong + len(held)  # what no row knows
            last = ids[-1]
            for photo in ids:
                there = held.pop(photo, None)
                wrong += photo in sure and there != _as_held(wanted[photo])


def _read_all(snapshot: Snapshot, sample: Sequence[Entry]) -> bool:
    """Read all postings, so that a damaged file shows; whether the terms of the sample are all listed."""
    for term in snapshot.terms_starting(""):
        for field in FIELDS:
            snapshot.photos(field, term)
    wanted = {term for entry in sample for word in entry.words for term in spellings(_first(word))}
    return all(
        any(snapshot.close_terms(field, term, 0) for field in FIELDS) or len(term) > LONGEST
        for term in wanted
    )


def _first(word: Word) -> str:
    return word.readings[0][0] if word.readings else ""


def _search(home: Path, entries: Sequence[Entry]) -> None:
    """Search for a word of each photo, which reads what lies beside the postings."""
    searcher = search.open(home)
    for entry in entries:
        for word in islice(filter(str.isalnum, map(_first, entry.words)), 1):
            searcher.find(word)


def _as_held(entry: Entry | None) -> Entry | None:
    """As the index gives it: without lattices."""
    if entry is None:
        return None
    words, alternatives = (
        tuple(replace(word, lattice=b"") for word in some) for some in (entry.words, entry.alternatives)
    )
    return replace(entry, words=words, alternatives=alternatives)


def _files(archive: Archive) -> Iterator[Finding]:
    """The files must be as they were when they were read."""
    gone = changed = count = 0
    for path in archive.paths():
        count += 1
        try:
            look = archive.look(Sighting.of(path))
        except OSError:
            gone += 1
        else:
            changed += look.standing.value == "changed"
    if gone:
        yield Finding("files", State.NOTE, f"{gone:,} of {count:,} are not there; add their folder again")
    if changed:
        yield Finding("files", State.NOTE, f"{changed:,} of {count:,} have changed; add their folder again")
    if not gone and not changed:
        yield Finding("files", State.FINE, f"{count:,} as they were when they were read")
    waiting = archive.counts().waiting
    if waiting:
        yield Finding("files", State.NOTE, f"{waiting:,} are to be read again: ocr-index reindex")


def _settings(home: Path) -> Generator[Finding, None, Settings]:
    try:
        return Settings.load(home)
    except SettingsError as error:
        yield Finding("settings", State.FAULT, str(error))
        return Settings()


def _weights(home: Path, settings: Settings) -> Iterator[Finding]:
    """The weights in use must be there, and all weights must be what their cards say."""
    shipping = {"network": "detector", "default": "recognizer"}
    named = {settings.detector: "detector", settings.recognizer: "recognizer"}
    named.pop("components", None)  # which has no weights
    others = {str(path): "" for path in sorted(home.glob("models/*.safetensors"))}
    for name, kind in (others | named).items():
        try:
            path = shipped(shipping[name]) if name in shipping else Path(name)
            _, card = load(path)
        except WeightsError as error:
            yield Finding("weights", State.FAULT, str(error))
        else:
            right = card.kind == kind or not kind
            text = f"{path} is a {card.kind}" + ("" if right else f", and is set as the {kind}")
            yield Finding("weights", State.FINE if right else State.FAULT, text)
