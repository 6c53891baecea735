"""The files of a Whoosh index, closed for sure: Whoosh itself leaves those open that it could not read."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from search.library import FileStorage, StructFile


class Files(FileStorage):  # type: ignore[misc]
    """The files in a folder. Release it when the readers and writers on it are done."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._opened: list[Any] = []
        self._inner: list[Files] = []

    def open_file(self, name: str, **options: Any) -> Any:
        """The file `name`, to read; as a part of the memory, for a term is found by many short reads."""
        opened = super().open_file(name, **options)
        with suppress(ValueError, OSError):  # empty files have no part of it, and some disks give none
            mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
            opened.close()
            opened = StructFile(mapped, name=name)
        return self._kept(opened)

    def create_file(self, name: str, *args: Any, **options: Any) -> Any:
        """The file `name`, to write."""
        return self._kept(super().create_file(name, *args, **options))

    def temp_storage(self, name: str | None = None) -> Files:
        """A folder inside, released with this one."""
        inner = Files(Path(super().temp_storage(name).folder))
        self._inner.append(inner)
        return inner

    def _kept(self, file: Any) -> Any:
        self._opened = [old for old in self._opened if not old.is_closed] + [file]
        return file

    def release(self) -> None:
        """Close what is still open. (Whoosh calls `close` while it goes on using a storage.)"""
        for inner in self._inner:
            inner.release()
        for file in self._opened:
            if not file.is_closed:
                file.close()
        self._opened.clear()


@contextmanager
def files_in(folder: Path) -> Iterator[Files]:
    """The files in `folder`, released at the end."""
    files = Files(folder)
    try:
        yield files
    finally:
        files.release()
