"""Telling photos that were deleted from photos whose disk is not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from indexer.walk import folder_of


class Mounts:
    """The disks that the watched photos lie on, by the folders at which they begin.

    Where a disk is unmounted, its folder is gone, or there is an empty one on another device in its place.
    """

    def __init__(self, roots: Iterable[str]) -> None:
        self._devices: dict[str, int | None] = dict.fromkeys(roots)

    def learn(self, devices: Mapping[str, int]) -> None:
        """Note where other disks begin, among folders with their devices."""
        for folder, device in devices.items():
            if device != devices.get(folder_of(folder), device):
                self._devices.setdefault(folder, None)

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
