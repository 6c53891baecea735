"""Photos made up for tests of search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import search
from recognizer import Lattice
from recognizer.alphabet import Alphabet
from recognizer.decode import pack
from search.entry import Entry, Word
from search.index import Index

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -"


def seen(text: str, instead: str = "", doubt: float = 0.2) -> bytes:
    """A packed lattice that reads `instead` but gives each letter of `text` the probability `doubt`."""
    alphabet = Alphabet(ALPHABET)
    rows = []
    for true, read in zip(text, instead or text, strict=True):
        row = np.full(alphabet.size, 1e-4)
        row[alphabet.encode(true)[0]] += doubt
        row[alphabet.encode(read)[0]] += 1 - doubt
        rows += [row / row.sum(), np.r_[0.999, np.full(alphabet.size - 1, 0.001 / (alphabet.size - 1))]]
    return pack(Lattice(np.log(np.array(rows, np.float32))))


def word(text: str, probability: float = 0.9, x: int = 0, line: int = 0, lattice: bytes = b"") -> Word:
    return Word(x + 1, (x, 0, x + 10, 10), line, 1.0, ((text, probability),), lattice)


def photo(number: int, *texts: str, taken: float = 0.0, folder: str = "/p") -> Entry:
    words = tuple(word(t, x=20 * n) for n, t in enumerate(texts))
    return Entry(number, (f"{folder}/{number}.jpg",), taken, words, 1, ALPHABET)


def read_from_lattices(number: int, *texts: str) -> Entry:
    words = tuple(word(t, x=20 * n, lattice=seen(t)) for n, t in enumerate(texts))
    return Entry(number, (f"/p/{number}.jpg",), 0.0, words, 1, ALPHABET)


def fill(home: Path, *entries: Entry) -> None:
    with Index(home / "index").writer() as batch:
        for entry in entries:
            batch.put(entry)


def found(home: Path, query: str, **options: Any) -> list[str]:
    return [Path(h.path).stem for h in search.open(home).find(query, **options)]
