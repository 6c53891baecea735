"""Telling photos that were deleted from photos whose disk is not there."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from indexer.walk import folder_of, lies_in


class Mounts:
    """The disks that the watched photos lie on, by the folders at which they begin.

    Where a disk is unmounted, its folder is gone, or there is an empty one on another device in its place.
    """

    def __init__(self, roots: Iterable[str], disks: Iterable[str] = ()) -> None:
        self._devices: dict[str, int | None] = dict.fromkeys([*roots, *disks])

    def learn(self, devices: Mapping[str, int]) -> set[str]:
        """Note where other disks begin, among folders with their devices; returns these folders."""
        disks = beginnings(devices)
        for folder in disks:
            self._devices.setdefault(folder, None)
        return disks

    def confirm(self, folder: str) -> str:
        """Photos lie in `folder`, so its disk is there, even if the system gave it another number since.

        Returns the folder at which the disk begins.
        """
        mount = self._mount(folder)
        self._devices[mount] = _device(mount)
        return mount

    def missing(self, path: str) -> str | None:
        """The folder whose disk is not there, so that nobody knows whether there is a photo at `path`."""
        mount = self._mount(folder_of(path))
        device = self._devices[mount]
        there = _has_entries(mount) if device is None else _device(mount) == device
        return None if there else mount

    def _mount(self, folder: str) -> str:
        """The nearest of the folders at which a disk begins or that are watched."""
        above = folder
        while above not in self._devices:
            if above == folder_of(above):
                # Of a photo that is watched by its own name: the folder it lies in will do.
                self._devices[folder] = None
                return folder
            above = folder_of(above)
        return above


def beginnings(devices: Mapping[str, int]) -> set[str]:
    """Those of the folders, given with their devices, at which a disk begins."""
    return {
        folder
        for folder, device in devices.items()
        if (device != devices[above] if (above := folder_of(folder)) in devices else Path(folder).is_mount())
    }


def missing(path: str, root: str, disks: Iterable[str]) -> str | None:
    """The folder whose disk is not there, if a photo at `path`, somewhere below `root`, is gone with it.

    `disks` are folders at which disks were seen to begin; any other folder that is empty is just empty.
    """
    above = [disk for disk in disks if lies_in(path, disk) and lies_in(disk, root)]
    nearest = max(above, key=len, default=root)
    if above:
        return None if Path(nearest).is_mount() or _has_entries(nearest) else nearest
    return None if Path(root).exists() else root


def remembered(home: Path) -> set[str]:
    """The folders at which disks were seen to begin, as the archive in `home` remembers them."""
    try:
        return set(map(str, json.loads(_memory(home).read_text())))
    except (OSError, ValueError, TypeError):
        return set()


def remember(home: Path, disks: set[str]) -> set[str]:
    """Add to them; returns all. On a full disk nothing is added, which does harm only to comfort."""
    known = remembered(home)
    if not disks <= known:
        part = _memory(home).with_suffix(".part")
        with contextlib.suppress(OSError):
            part.write_text(json.dumps(sorted(known | disks)))
            part.replace(_memory(home))
    return known | disks


def _memory(home: Path) -> Path:
    return home / "mounts.json"


def _device(folder: str) -> int | None:
    try:
        return Path(folder).stat().st_dev
    except OSError:
        return None


def _has_entries(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:
        return False
