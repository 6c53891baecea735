"""What the pipeline hands to the archive: a file as it was met, a page, and what was read on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from detector import Box
from recognizer import Hypothesis


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file as it was when looked at; as long as all of it holds, the bytes are taken for the same."""

    path: str
    """Absolute; bytes that are no text in the file system's encoding are held as surrogates."""
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0

    @classmethod
    def of(cls, path: str) -> Sighting:
        """Look at `path` now. Raises OSError."""
        facts = Path(path).stat()
        # Some file systems count inodes in more bits than a database keeps.
        return cls(path, facts.st_size, facts.st_mtime_ns, facts.st_ino & (1 << 63) - 1)


@dataclass(frozen=True, slots=True)
class Page:
    """One picture of a file: its identity is the content and the page, never the path."""

    sha256: str
    number: int
    """Counted from 1."""
    taken: float
    """Unix seconds."""
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class WordReading:
    """One word: where it stands, what it may say (best first), and the packed lattice behind that."""

    box: Box
    hypotheses: tuple[Hypothesis, ...]
    lattice: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """All words of one page, in reading order, and which models found and read them."""

    detector: str
    recognizer: str
    words: tuple[WordReading, ...]
    alphabet: str = ""
    """The recognizer's characters: what the columns of its lattices mean, the blank left out."""
    lattices_id: str = ""
    """See `Recognizer.lattices_id`."""
