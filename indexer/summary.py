"""What a run did, and how it says so while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file or folder that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """How many files a run met, by what became of them."""

    new: int = 0
    changed: int = 0
    reread: int = 0
    """Unchanged, but read again by other models."""
    decoded: int = 0
    """Photos that a model reads anew from what was kept of them, without opening a file."""
    moved: int = 0
    copied: int = 0
    """The same bytes lie elsewhere too; they share a reading."""
    unchanged: int = 0
    vanished: int = 0
    refused: tuple[Refusal, ...] = ()


class Progress(Protocol):
    """Somebody who watches a run; all calls come from the thread that runs it."""

    def start(self, total: int) -> None:
        """So many files are to be opened."""

    def advance(self, path: str) -> None:
        """One of them is done, well or badly."""

    def refuse(self, refusal: Refusal) -> None:
        """This one could not be read; not all of these were counted at the start."""


class Silence:
    """Progress that nobody watches."""

    def start(self, total: int) -> None:
        """Say nothing."""

    def advance(self, path: str) -> None:
        """Say nothing."""

    def refuse(self, refusal: Refusal) -> None:
        """Say nothing."""
