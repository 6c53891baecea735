"""Files beside the postings: the distinct terms, and of every word a sketch and its lattice.

Files are only ever added; each holds what one commit brought, and those of like size are merged, so that
adding one photo costs the same in a large archive as in a small one. All are memory-mapped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from search.entry import FIELDS, Field
from search.lexicon import Lexicon, lexicon_of
from search.sketches import Sketches, joined, only
from search.slots import BYTES, SLOTS
from search.words import CLASSES

MANIFEST = "parts.json"

ALIKE = 4
"""So many files of like size are merged into one; of like size are those within this factor."""

T = TypeVar("T", bound=np.generic)

Alive = Callable[[NDArray[np.int64]], NDArray[np.bool_]]
"""Which of these keys are versions of photos that the index still holds."""


@dataclass(frozen=True)
class Part:
    """What one file holds."""

    lexicons: Mapping[Field, Lexicon]
    sketches: Sketches


@dataclass(frozen=True)
class _Manifest:
    """What is on the shelf."""

    parts: tuple[str, ...] = ()
    gone: frozenset[int] = frozenset()
    """Versions of photos whose words are in the parts still, though the index holds them no more."""


class Shelf:
    """The files of one index folder, listed in a manifest that is replaced in one step."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self) -> None:
        """Hold nothing, in a folder that is new: one without a manifest has lost it."""
        self._list(_Manifest())

    def read(self) -> tuple[list[Part], frozenset[int]]:
        """All parts, and keys in them that are gone. FileNotFoundError if a merge took one: look again."""
        there = self._manifest()
        return [_read_part(self._folder / name) for name in there.parts], there.gone

    def add(self, terms: Mapping[Field, Set[str]], sketches: Sketches, alive: Alive) -> None:
        """Keep one more part; merge where there are many of like size, leaving out what is not `alive`."""
        before = self._manifest()
        names, gone = list(before.parts), before.gone
        number = 1 + max((_number(name) for name in names), default=0)
        names.append(_write_part(self._folder, number, Part(_lexicons(terms), sketches)))
        while group := self._alike(names):
            number += 1
            merged, left_out = self._merged(group, number, alive)
            names, gone = [*(n for n in names if n not in group), merged], gone - left_out
        self._list(_Manifest(tuple(names), gone))
        for name in {*before.parts, *self._files()} - set(names):
            (self._folder / name).unlink(missing_ok=True)

    def bury(self, keys: Set[int]) -> None:
        """Versions of photos that the index holds no more: their words are not looked at from now on."""
        if keys:
            there = self._manifest()
            self._list(replace(there, gone=there.gone | keys))

    def _alike(self, names: list[str]) -> list[str]:
        """The smallest files of like size, if there are enough of them to merge."""
        sizes = sorted(((self._folder / n).stat().st_size, n) for n in names)
        for start in range(len(sizes) - ALIKE + 1):
            if sizes[start + ALIKE - 1][0] <= ALIKE * sizes[start][0]:
                return [name for _, name in sizes[start : start + ALIKE]]
        return []

    def _merged(self, names: list[str], number: int, alive: Alive) -> tuple[str, set[int]]:
        """The file that holds what is `alive` in those named, and the keys that were left out."""
        parts = [_read_part(self._folder / name) for name in names]
        sketches = joined(part.sketches for part in parts)
        keys, where = np.unique(sketches.keys, return_inverse=True)
        kept = alive(keys)
        if not kept.all():
            sketches = only(sketches, kept[where])
        terms = {f: {t for part in parts for t in part.lexicons[f].terms()} for f in FIELDS}
        name = _write_part(self._folder, number, Part(_lexicons(terms), sketches))
        return name, set(keys[~kept].tolist())

    def _manifest(self) -> _Manifest:
        there = json.loads((self._folder / MANIFEST).read_text("utf-8"))
        return _Manifest(tuple(there["parts"]), frozenset(there["gone"]))

    def _files(self) -> Iterator[str]:
        return (path.name for path in self._folder.glob("part-*.bin"))

    def _list(self, there: _Manifest) -> None:
        part = self._folder / (MANIFEST + ".part")
        with part.open("w", encoding="utf-8") as out:
            json.dump({"parts": there.parts, "gone": sorted(there.gone)}, out)
            out.flush()
            os.fsync(out.fileno())
        part.replace(self._folder / MANIFEST)


def _lexicons(terms: Mapping[Field, Set[str]]) -> dict[Field, Lexicon]:
    return {field: lexicon_of(terms[field]) for field in FIELDS}


def _number(name: str) -> int:
    return int(name.split("-")[1].split(".")[0])


def _write_part(folder: Path, number: int, part: Part) -> str:
    """One file: a line of JSON that says where which array lies, then the arrays."""
    sketches = part.sketches
    arrays: dict[str, list[NDArray[np.generic]]] = {}
    for field, lexicon in part.lexicons.items():
        arrays[f"{field}.starts"] = [lexicon.starts]
        arrays[f"{field}.lengths"] = [lexicon.lengths]
        arrays[f"{field}.letters"] = [lexicon.letters]
        arrays[f"{field}.pairs"] = [lexicon.pairs]
        arrays[f"{field}.text"] = [lexicon.text]
    arrays |= {
        "keys": [sketches.keys],
        "by_key": [sketches.by_key],
        "places": [sketches.places],
        "lengths": [sketches.lengths],
        "chances": [sketches.chances],
        "alphabets": [sketches.alphabets],
        "starts": [sketches.starts],
        "sizes": [sketches.sizes],
        "ceilings": [sketches.ceilings],
        "ends": [sketches.ends],
        "slots": [sketches.slots],
        "lattices": list(sketches.lattices),
    }
    at, table = 0, {}
    for name, pieces in arrays.items():
        size = sum(piece.nbytes for piece in pieces)
        table[name] = (at, size)
        at += size + -size % 8
    header = json.dumps({"names": sketches.names, "arrays": table}).encode()
    path = folder / f"part-{number}.bin"
    with path.open("wb") as out:
        out.write(len(header).to_bytes(8, "little") + header + b" " * (-len(header) % 8))
        for pieces in arrays.values():
            for piece in pieces:
                out.write(np.ascontiguousarray(piece).data)
            out.write(b"\0" * (-sum(piece.nbytes for piece in pieces) % 8))
        out.flush()
        os.fsync(out.fileno())
    return path.name


def _read_part(path: Path) -> Part:
    data = np.memmap(path, np.uint8, mode="r")
    size = int.from_bytes(bytes(data[:8]), "little")
    header = json.loads(bytes(data[8 : 8 + size]))
    body = np.asarray(data[8 + size + -size % 8 :])

    def array(name: str, kind: type[T]) -> NDArray[T]:
        start, length = header["arrays"][name]
        return body[start : start + length].view(kind)

    def lexicon(field: Field) -> Lexicon:
        return Lexicon(
            text=array(f"{field}.text", np.uint8),
            starts=array(f"{field}.starts", np.uint32),
            lengths=array(f"{field}.lengths", np.uint8),
            letters=array(f"{field}.letters", np.uint64),
            pairs=array(f"{field}.pairs", np.uint64),
        )

    sketches = Sketches(
        keys=array("keys", np.int64),
        by_key=array("by_key", np.int64),
        places=array("places", np.int32),
        lengths=array("lengths", np.uint8),
        chances=array("chances", np.uint8),
        alphabets=array("alphabets", np.uint8),
        starts=array("starts", np.int64),
        sizes=array("sizes", np.uint16),
        ceilings=array("ceilings", np.uint8).reshape(len(CLASSES), len(array("keys", np.int64))),
        ends=array("ends", np.uint8).reshape(len(CLASSES), len(array("keys", np.int64))),
        slots=array("slots", np.uint8).reshape(-1, SLOTS, BYTES),
        lattices=(array("lattices", np.uint8),),
        names=tuple(header["names"]),
    )
    return Part({field: lexicon(field) for field in FIELDS}, sketches)
