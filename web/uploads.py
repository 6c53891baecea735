"""Photos that are sent to the page: bounded, opened before they are kept, read one after the other."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from tempfile import NamedTemporaryFile
from threading import Lock, Thread
from typing import ClassVar

from starlette.concurrency import run_in_threadpool

from indexer import pipeline
from indexer.archive import Archive
from indexer.photo import SUFFIXES, Bounds, Photo, PhotoError, open_pages
from indexer.pipeline import Loader
from indexer.settings import Settings

FOLDER = "uploads"
"""In the folder of the archive; there lies what was sent, and it is found as any photo is."""

LARGEST = 100_000_000
"""Bytes of a photo."""

MOST_PAGES = 200
"""Of a PDF or TIFF; more are read with `ocr-index add`, where a person sees how long that takes."""

MOST_WAITING = 500

LEAST_FREE = 1_000_000_000
"""Bytes that stay free on the disk."""

REMEMBERED = 100
"""Uploads of which the state is told."""


class BadUpload(Exception):
    """What was sent is no photo that can be kept."""

    exit_code: ClassVar[int] = 3


class NoRoom(Exception):
    """There is no room for another photo now."""

    exit_code: ClassVar[int] = 4


@dataclass(frozen=True, slots=True)
class Upload:
    """A photo that was sent."""

    id: int
    name: str
    state: str = "waiting"
    """`waiting`, `reading`, `read` or `refused`."""
    reason: str = ""
    """Why it was refused."""
    photos: tuple[int, ...] = ()
    """Ids of its pages once it is read."""


class Uploads:
    """What was sent to one archive since the server was started."""

    def __init__(self, home: Path, models: Loader = pipeline.load_models) -> None:
        self._home = home
        self._folder = home / FOLDER
        self._models = models
        self._lock = Lock()
        self._known: deque[Upload] = deque(maxlen=REMEMBERED)
        self._count = 0
        self._waiting: SimpleQueue[tuple[Upload, Path] | None] = SimpleQueue()
        self._reader: Thread | None = None

    def states(self) -> list[Upload]:
        """The last ones, newest first."""
        with self._lock:
            return [*reversed(self._known)]

    async def receive(self, name: str, parts: AsyncIterator[bytes]) -> Upload:
        """Keep what arrives, if it is a photo, and have it read soon. Raises `BadUpload`, `NoRoom`."""
        await run_in_threadpool(self._make_room)
        # Under a name that no reader of folders takes for a photo, until it is known to be one.
        with NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
            arrived = Path(file.name)
            try:
                async for part in parts:
                    file.write(part)
                file.close()
                path = await run_in_threadpool(self._keep, arrived, name)
            finally:
                arrived.unlink(missing_ok=True)
        return self._line_up(path)

    def close(self) -> None:
        """Read no more; what waits is read by the next `ocr-index add` of the folder."""
        self._waiting.put(None)

    def _make_room(self) -> None:
        if self._waiting.qsize() >= MOST_WAITING:
            raise NoRoom(f"{MOST_WAITING} photos wait to be read; send more when there are fewer")
        self._folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < LEAST_FREE:
            raise NoRoom("the disk of the archive is nearly full; make room first")

    def _keep(self, part: Path, name: str) -> Path:
        photo = _opened(part)
        stem = f"{_plain(Path(name).stem)}-{photo.sha256[:8]}"
        path = self._folder / f"{stem}{_suffix(name)}"
        return part.replace(path)

    def _line_up(self, path: Path) -> Upload:
        with self._lock:
            self._count += 1
            upload = Upload(self._count, path.name)
            self._known.append(upload)
            if self._reader is None:
                self._reader = Thread(target=self._read_all, daemon=True)
                self._reader.start()
        self._waiting.put((upload, path))
        return upload

    def _read_all(self) -> None:
        while (one := self._waiting.get()) is not None:
            upload, path = one
            self._tell(replace(upload, state="reading"))
            try:
                self._tell(self._read(upload, path))
            except Exception as error:  # whatever one photo does, the others are read
                self._tell(replace(upload, state="refused", reason=str(error) or type(error).__name__))

    def _read(self, upload: Upload, path: Path) -> Upload:
        with Archive.open(self._home) as archive:
            summary = pipeline.add(archive, [path], Settings.load(self._home), models=self._models)
            if summary.refused:
                return replace(upload, state="refused", reason=summary.refused[0].reason)
            frames = archive.gallery.at((str(path), page) for page in range(1, MOST_PAGES + 1))
        return replace(upload, state="read", photos=tuple(frame.id for frame in frames.values()))

    def _tell(self, now: Upload) -> None:
        with self._lock:
            for place, before in enumerate(self._known):
                if before.id == now.id:
                    self._known[place] = now


def _opened(path: Path) -> Photo:
    """The first page of what was sent."""
    try:
        photo = next(open_pages(path, Bounds(longest=256)))
    except PhotoError as error:
        raise BadUpload(f"this is no photo that can be read: {error.reason}") from error
    if photo.pages > MOST_PAGES:
        raise BadUpload(f"{photo.pages} pages are too many at once; at most {MOST_PAGES}")
    return photo


def _plain(stem: str) -> str:
    """The letters, digits and hyphens of a name, so that it is one on every system and leads nowhere."""
    letters = re.sub(r"[^\w-]+", "-", unicodedata.normalize("NFC", stem)).strip("-_")
    return letters[:60] or "photo"


def _suffix(name: str) -> str:
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise BadUpload(f"the name of a photo ends in one of {', '.join(sorted(SUFFIXES))}")
    return suffix
