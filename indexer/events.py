"""What the system tells about changes in folders, gathered until somebody asks."""

from __future__ import annotations

import errno
import logging
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from indexer.walk import lies_in

KINDS: list[type[FileSystemEvent]] = [
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
]
"""Not the opening of files and the end of reading, which would tell us of ourselves."""

MOST = 50_000
"""Paths kept; with more, the folder is looked through as a whole, which is cheaper then."""

REMOTE = frozenset(
    {"9p", "afs", "ceph", "cifs", "davfs", "drvfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3"}
    | {"smbfs", "vboxsf", "virtiofs"}
)
"""File systems that others write to behind the back of this machine, which then has nothing to tell."""

MOUNTS = Path("/proc/self/mounts")
"""Device, folder, kind of file system and more, of all that is mounted; a line each, the latest last."""

logging.getLogger("watchdog").addHandler(logging.NullHandler())


@dataclass
class News:
    """What has happened in one folder since it was last asked for."""

    paths: set[str] = field(default_factory=set)
    """Files that were written, moved, deleted or made anew."""
    folders: bool = False
    """Whether folders have come, gone or moved, or more has happened than could be noted."""


class _Handler(FileSystemEventHandler):
    """Notes the events of one folder; called from a thread of watchdog's."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._news = News()

    def on_any_event(self, event: FileSystemEvent) -> None:
        with self._lock:
            if event.is_directory or len(self._news.paths) >= MOST:
                self._news.folders = True
            else:
                paths = (event.src_path, event.dest_path)
                self._news.paths |= {os.fsdecode(path) for path in paths if path}

    def take(self) -> News:
        with self._lock:
            news, self._news = self._news, News()
        return news


class Events:
    """The events of some folders. A context manager; its threads end with it."""

    def __init__(self) -> None:
        self._observer = Observer()
        self._followed: dict[str, tuple[ObservedWatch, _Handler]] = {}

    def __enter__(self) -> Self:
        self._observer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observer.stop()
        self._observer.join()

    def follow(self, folder: str) -> None:
        """Gather the events in `folder` and below from now on, anew if it was followed already.

        Raises OSError when the system cannot: `reason` puts it in words.
        """
        self.leave(folder)
        handler = _Handler()
        watch = self._observer.schedule(handler, folder, recursive=True, event_filter=KINDS)
        self._followed[folder] = (watch, handler)

    def leave(self, folder: str) -> None:
        """Gather no more of them."""
        if folder in self._followed:
            self._observer.unschedule(self._followed.pop(folder)[0])

    def take(self, folder: str) -> News:
        """What has happened since the last call."""
        return self._followed[folder][1].take() if folder in self._followed else News()


def reason(error: OSError) -> str:
    """Why there are no events of a folder, and what can be done."""
    if error.errno == errno.ENOSPC:
        return "the system follows no more folders; raise fs.inotify.max_user_watches with sysctl"
    if error.errno == errno.EMFILE:
        return (
            "the system follows folders for no more programs; raise fs.inotify.max_user_instances with sysctl"
        )
    return error.strerror or str(error)


def is_remote(folder: str, table: Path = MOUNTS) -> bool:
    """Whether `folder` is on a network share or the like; only Linux says so, elsewhere it has to show."""
    try:
        lines = table.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    real = os.path.realpath(folder)
    # The last of those that are longest: what was mounted last lies on top.
    mounts = [(_unescaped(line.split()[1]), line.split()[2]) for line in lines]
    within = [(len(place), number) for number, (place, _) in enumerate(mounts) if lies_in(real, place)]
    return bool(within) and _is_remote_kind(mounts[max(within)[1]][1])


def _unescaped(place: str) -> str:
    """Spaces and the like are written as their octal codes."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), place)


def _is_remote_kind(kind: str) -> bool:
    # FUSE may be anything; of sshfs, rclone and their like nobody hears, of disks in NTFS one does.
    return kind in REMOTE or (kind.startswith("fuse.") and kind != "fuse.ntfs-3g") or kind == "fuse"
