"""Beside the postings: all distinct terms, and of every word a sketch that tells which words it cannot be.

Files are only ever added; each holds what one commit brought, and small ones are merged, so that adding one
photo costs the same in a large archive as in a small one. All are memory-mapped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.alphabet import BLANK, Alphabet
from recognizer.columns import blocks
from search.words import CLASSES, folded

MANIFEST = "sketches.json"
MOST_FILES = 10
"""Files from which on the smaller ones are merged into one."""

UNIT = 16.0
"""Ceilings are kept as -ln(probability) times this, in one byte."""

UNREACHABLE = 255


@dataclass(frozen=True)
class Sketches:
    """Of N words: where each is, how long it reads, and the most that each character reaches in any frame."""

    keys: NDArray[np.int64]
    """N; which version of which photo."""
    places: NDArray[np.int32]
    """N; number of the word on that photo."""
    lengths: NDArray[np.uint8]
    """N; characters of the best reading."""
    ceilings: NDArray[np.uint8]
    """len(CLASSES) x N; -ln of the largest probability in any frame, times UNIT."""

    def __len__(self) -> int:
        return len(self.keys)

    def bounds(self, word: str) -> NDArray[np.float32]:
        """For each word an upper bound of ln P(`word` | its lattice), less a loss for unlike lengths; N.

        A path must show every character in some frame, so P is at most the product of the ceilings. The loss
        is no bound but experience: readings are seldom much longer or shorter than what is written.
        """
        rows = [CLASSES.index(c) for c in word if c in CLASSES]
        spent = np.zeros(len(self), np.float32)
        for row in rows:
            spent += self.ceilings[row]
        apart = np.abs(self.lengths.astype(np.float32) - len(word))
        return np.asarray(-spent / UNIT - LENGTH_LOSS * apart, np.float32)


LENGTH_LOSS = 0.5


def sketch(key: int, readings: Sequence[str], lattices: Sequence[bytes], alphabet: str) -> Sketches:
    """Sketches of the words of one photo, given the best reading and the packed lattice of each."""
    with_lattice = [n for n, lattice in enumerate(lattices) if lattice]
    ceilings = np.full((len(CLASSES), len(with_lattice)), UNREACHABLE, np.uint8)
    if with_lattice:
        groups = _groups(alphabet)
        for chosen, columns in blocks([lattices[n] for n in with_lattice], groups):
            highest = np.maximum(columns[:, 1:].max(axis=0), 1e-8)  # classes x n
            ceilings[:, chosen] = np.minimum(UNREACHABLE, np.round(-np.log(highest) * UNIT)).clip(0)
    lengths = [min(255, len(readings[n])) for n in with_lattice]
    return Sketches(
        np.full(len(with_lattice), key, np.int64),
        np.array(with_lattice, np.int32),
        np.array(lengths, np.uint8),
        ceilings,
    )


@lru_cache(maxsize=8)
def _groups(alphabet: str) -> tuple[tuple[int, ...], ...]:
    """The blank, then for each of CLASSES the labels that fold to it."""
    labels = Alphabet(alphabet)
    found: dict[str, list[int]] = {c: [] for c in CLASSES}
    for character in alphabet:
        if folded(character) in found:
            found[folded(character)] += labels.encode(character)
    return ((BLANK,), *(tuple(found[c]) for c in CLASSES))


def joined(parts: Iterable[Sketches]) -> Sketches:
    """All of `parts` as one."""
    some = list(parts) or [_NONE]
    return Sketches(
        np.concatenate([p.keys for p in some]),
        np.concatenate([p.places for p in some]),
        np.concatenate([p.lengths for p in some]),
        np.concatenate([p.ceilings for p in some], axis=1),
    )


_NONE = Sketches(
    np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros((len(CLASSES), 0), np.uint8)
)


@dataclass(frozen=True)
class Part:
    """What one file brought."""

    terms: tuple[str, ...]
    sketches: Sketches


class Shelf:
    """The files of one index folder, listed in a manifest that is replaced in one step."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> list[Part]:
        """All parts; a file that a merge has just taken away is looked for under its new name."""
        for _ in range(5):
            try:
                return [_read_part(self._folder / name) for name in self._names()]
            except FileNotFoundError:
                continue
        return []

    def add(self, new_terms: Iterable[str], sketches: Sketches, alive: Iterable[int] | None = None) -> None:
        """Keep one more part; merge small ones, leaving out words of photos that are not `alive` any more."""
        names = self._names()
        number = 1 + max((int(n.split("-")[1].split(".")[0]) for n in names), default=0)
        made = [*names, _write_part(self._folder, number, new_terms, sketches)]
        gone: list[str] = []
        if len(made) > MOST_FILES:
            by_size = sorted(made, key=lambda n: (self._folder / n).stat().st_size)
            gone = by_size[: MOST_FILES - 2]
            parts = [_read_part(self._folder / n) for n in gone]
            every = joined(p.sketches for p in parts)
            kept = _only(every, alive) if alive is not None else every
            merged = _write_part(self._folder, number + 1, {t for p in parts for t in p.terms}, kept)
            made = [n for n in made if n not in gone] + [merged]
        self._list(made)
        for name in gone:
            (self._folder / name).unlink(missing_ok=True)

    def _names(self) -> list[str]:
        try:
            return list(json.loads((self._folder / MANIFEST).read_text("utf-8")))
        except FileNotFoundError:
            return []

    def _list(self, names: list[str]) -> None:
        part = self._folder / (MANIFEST + ".part")
        with part.open("w", encoding="utf-8") as out:
            json.dump(names, out)
            out.flush()
            os.fsync(out.fileno())
        part.replace(self._folder / MANIFEST)


def _only(sketches: Sketches, alive: Iterable[int]) -> Sketches:
    kept = np.isin(sketches.keys, np.fromiter(alive, np.int64))
    return Sketches(
        sketches.keys[kept], sketches.places[kept], sketches.lengths[kept], sketches.ceilings[:, kept]
    )


def _write_part(folder: Path, number: int, terms: Iterable[str], sketches: Sketches) -> str:
    """One file: a header line of JSON, then the terms, then the arrays; aligned for memory mapping."""
    text = "\n".join(sorted(terms)).encode("utf-8", "surrogatepass")
    header = json.dumps({"terms": len(text), "words": len(sketches)}).encode().ljust(127) + b"\n"
    text += b"\n" * (-len(text) % 8)
    name = f"part-{number}.bin"
    with (folder / name).open("wb") as out:
        out.write(header)
        out.write(text)
        for array in (sketches.keys, sketches.places, sketches.lengths, sketches.ceilings):
            out.write(np.ascontiguousarray(array).tobytes())
        out.flush()
        os.fsync(out.fileno())
    return name


def _read_part(path: Path) -> Part:
    data = np.memmap(path, np.uint8, mode="r")
    header = json.loads(bytes(data[:128]))
    size, count = header["terms"], header["words"]
    text = bytes(data[128 : 128 + size]).decode("utf-8", "surrogatepass")
    at = 128 + size + (-size % 8)
    keys = data[at : at + 8 * count].view(np.int64)
    places = data[at + 8 * count : at + 12 * count].view(np.int32)
    lengths = data[at + 12 * count : at + 13 * count]
    ceilings = data[at + 13 * count :].reshape(len(CLASSES), count)
    return Part(tuple(text.split("\n")) if text else (), Sketches(keys, places, lengths, ceilings))
