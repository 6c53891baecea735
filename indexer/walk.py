"""Paths that somebody named -> the photos at and under them."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from pathlib import Path, PurePath

from indexer.photo import SUFFIXES, PhotoError

PASSING = (
    ".*",  # hidden, and of macOS (`._photo.jpg`), Syncthing (`.syncthing.*.tmp`), rsync (`.photo.jpg.Xa3b9Q`)
    "~syncthing~*",
    "~$*",
    "*.part",
    "*.partial",
    "*.filepart",
    "*.crdownload",
    "*.download",
    "*.opdownload",
    "*.tmp",
    "*.temp",
    "*.!ut",
    "*.!sync",
    "@eaDir",  # thumbnails of Synology's and QNAP's machines
    "@Recycle",
    "@Recently-Snapshot",
    "#recycle",
    "#snapshot",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    "__MACOSX",
)
"""Names of files and folders that are no photos of anybody's: being transferred, thrown away, or hidden."""


NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""What the system says of names that lead to nothing for sure."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files in a folder are photos to be read.

    The globs are compared, in either case of letters, with the name and with the path below the folder that
    was named, with `/` between folders; `*` stands for anything, even for a `/`.
    """

    include: tuple[str, ...] = ()
    """Only these; all if there are none."""
    exclude: tuple[str, ...] = ()
    """Not these; a folder that matches is not looked into."""

    def takes(self, below: str) -> bool:
        """Whether the file with this path below the named folder is to be read, by its name alone."""
        known = PurePath(below).suffix.lower() in SUFFIXES
        return known and self.passes(below) and (not self.include or _matches(below, self.include))

    def reaches(self, below: str) -> bool:
        """Whether a walk would come upon that file: no folder on the way is skipped."""
        folders = PurePath(below).parents
        return self.takes(below) and all(self.passes(str(folder)) for folder in folders if folder.name)

    def passes(self, below: str) -> bool:
        """Whether neither its name is one that is skipped everywhere nor a glob is against it."""
        return not _matches(below, PASSING) and not _matches(below, self.exclude)


def _matches(below: str, globs: tuple[str, ...]) -> bool:
    path = below.replace(os.sep, "/").lower()
    pattern = _pattern(globs)
    return pattern.match(path) is not None or pattern.match(path.rpartition("/")[2]) is not None


@lru_cache
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    # An empty alternative would match everything; `(?!)` matches nothing.
    return re.compile("|".join(translate(glob.lower()) for glob in globs) or "(?!)")


EVERYTHING = Selection()


def walk(
    paths: Sequence[Path], selection: Selection = EVERYTHING, devices: dict[str, int] | None = None
) -> Iterator[Path | PhotoError]:
    """The photos at and under `paths`, each path once: named files, then folder by folder in order of names.

    A file that is named is always among them, whatever it is called. Folders behind links come last and are
    entered once, unless they were met already, so that circles end. A folder that cannot be listed comes as
    the `PhotoError` that says why. `devices`, if given, is filled with the folders listed and their devices.
    """
    files = list(dict.fromkeys(path for path in paths if not _is_folder(path)))
    yield from (path if is_there(path) else PhotoError(path, "no such file or folder") for path in files)
    folders = [_Folder(str(path), "") for path in paths if _is_folder(path)]
    named = {str(path) for path in files}
    for found in _Walk(selection, {} if devices is None else devices).under(folders):
        if str(found) not in named:
            yield found


def lies_in(path: str, folder: str) -> bool:
    """Whether the one path leads to something below the other, or to the same; both absolute."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def folder_of(path: str) -> str:
    """The folder that something absolute lies in; the topmost lies in itself."""
    return path.rpartition(os.sep)[0] or os.sep


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    below: str
    """The same from the named folder on."""

    def entry(self, name: str) -> str:
        """The entry `name` from the named folder on."""
        return f"{self.below}/{name}" if self.below else name


class _Walk:
    """Remembers the folders it has been in."""

    def __init__(self, selection: Selection, devices: dict[str, int]) -> None:
        self._selection = selection
        self._devices = devices
        self._seen: set[tuple[int, int]] = set()
        self._linked: list[_Folder] = []

    def under(self, folders: Sequence[_Folder]) -> Iterator[Path | PhotoError]:
        waiting = list(reversed(folders))
        while waiting or self._linked:
            folder = waiting.pop() if waiting else self._linked.pop(0)
            try:
                entries = self._entries(folder)
            except OSError as error:
                yield from _problem(folder, error)
                continue
            yield from self._files(folder, entries)
            waiting += reversed(self._folders(folder, entries))

    def _entries(self, folder: _Folder) -> list[os.DirEntry[str]]:
        """What lies in the folder and passes, by name; nothing in one that was met before. Raises OSError."""
        facts = Path(folder.path).stat()
        key = (facts.st_dev, facts.st_ino)
        if key in self._seen:
            return []
        self._seen.add(key)
        with os.scandir(folder.path) as listing:
            found = [entry for entry in listing if self._selection.passes(folder.entry(entry.name))]
        self._devices[folder.path] = facts.st_dev
        return sorted(found, key=lambda entry: entry.name)

    def _files(self, folder: _Folder, entries: Sequence[os.DirEntry[str]]) -> Iterator[Path]:
        for entry in entries:
            if self._selection.takes(folder.entry(entry.name)) and not _leads_to_folder(entry):
                yield Path(entry.path)

    def _folders(self, folder: _Folder, entries: Sequence[os.DirEntry[str]]) -> list[_Folder]:
        """The folders in it; those behind links are put aside, as they may lie under `paths` anyway."""
        inner = [entry for entry in entries if _leads_to_folder(entry)]
        self._linked += [_Folder(e.path, folder.entry(e.name)) for e in inner if e.is_symlink()]
        return [_Folder(e.path, folder.entry(e.name)) for e in inner if not e.is_symlink()]


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or into what is closed to us: opening it says so
        return False


def _problem(folder: _Folder, error: OSError) -> Iterator[PhotoError]:
    """A folder that went away while others were listed is no problem, unless somebody named it."""
    if isinstance(error, PermissionError):
        yield PhotoError(Path(folder.path), "no permission to look into this folder")
    elif not isinstance(error, FileNotFoundError) or not folder.below:
        yield PhotoError(Path(folder.path), f"cannot be looked into ({error.strerror or error})")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # in a folder that is closed to us
        return False


def is_there(path: Path, follow: bool = False) -> bool:
    """Whether there is such a name, and with `follow`, whether it leads to anything.

    What cannot be looked at, for want of permission or on a disk that fails, may well be there.
    """
    try:
        path.stat(follow_symlinks=follow)
    except ValueError:
        return False
    except OSError as error:
        return error.errno not in NOWHERE
    return True
