"""Folder -> paths of photos in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from indexer.photo import SUFFIXES, PhotoError

UNFINISHED = (
    "*.part", "*.partial", "*.crdownload", "*.download", "*.filepart", "*.tmp", ".syncthing.*",
    "~syncthing~*", "._*", "~*", "*~", "Thumbs.db", "desktop.ini",
)  # fmt: skip
"""Names of files that somebody is still writing, or that are no photos in spite of their ending."""

NO_FOLDERS = ("@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "lost+found")
"""Folders in which storage boxes and systems keep things for themselves."""


def walk(paths: Iterable[Path]) -> Iterator[Path | PhotoError]:
    """The photos in `paths`, each once, folders sorted by name; and a PhotoError for what cannot be listed.

    A file named in `paths` is taken whatever it is called; in folders, files with the ending of a picture are
    taken, hidden and unfinished ones left out. A folder that is linked to twice is listed once, so that loops
    of links end.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        yield from _below(path, seen) if path.is_dir() else _one(path)


def _one(path: Path) -> Iterator[Path | PhotoError]:
    if os.path.lexists(path):
        yield path
    else:
        yield PhotoError(path, "there is no such file or folder")


def _below(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path | PhotoError]:
    try:
        about = folder.stat()
        if (about.st_dev, about.st_ino) in seen:
            return
        seen.add((about.st_dev, about.st_ino))
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield PhotoError(folder, f"the folder cannot be listed ({error.strerror or error})")
        return
    for entry in entries:
        yield from _entry(entry, seen)


def _entry(entry: os.DirEntry[str], seen: set[tuple[int, int]]) -> Iterator[Path | PhotoError]:
    path = Path(entry.path)
    try:
        is_folder = entry.is_dir()
    except OSError as error:
        yield PhotoError(path, f"it cannot be looked at ({error.strerror or error})")
        return
    if is_folder:
        if not entry.name.startswith(".") and entry.name not in NO_FOLDERS:
            yield from _below(path, seen)
    elif wanted(entry.name):
        yield path


def wanted(name: str) -> bool:
    """Whether a file of this name in a folder is taken for a photo."""
    if name.startswith(".") or any(fnmatch(name, pattern) for pattern in UNFINISHED):
        return False
    return Path(name).suffix.lower() in SUFFIXES
