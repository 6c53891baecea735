"""Lattices as a few hundred bytes: pruned, 8 bits a number, runs of blank frames told once.

A record is one frame, or up to eight frames in a row that hold a blank and little else. Stored are, each for
all records in turn: how many frames (upper three bits) and labels (lower five) a record has; the probability
that all its other labels share; the labels; their probabilities. Labels that were not kept share the rest
evenly. A code q stands for the probability exp(-REACH (q / 255)^2): fine near 1, coarse near 0.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer import Lattice
from recognizer.alphabet import BLANK

Numbers = NDArray[np.float64]
Whole = NDArray[np.intp]

KEPT = 7e-4
"""Smallest probability that is stored under its label."""

QUIET = 0.99
"""Blank probability from which on a frame without other labels to keep joins a run of blank frames."""

REACH = 11.0
"""Natural logarithm of the smallest probability that can be told from nothing."""

MOST = 31
"""Labels of one frame that are kept: their number takes five bits."""

LONGEST = 8
"""Frames of one run: their number takes three bits."""

FORMAT = 1
_HEAD = struct.Struct("<BBH")  # format, classes - 1, records


class PackingError(Exception):
    """A stored lattice cannot be read."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class Records:
    """Many packed lattices side by side: F records of N lattices with E kept labels."""

    counts: Whole
    """Records of each lattice, N."""
    runs: Whole
    """Frames of each record, F."""
    blank_only: NDArray[np.bool_]
    """Whether the record is a run of blank frames, F; it has no kept labels then."""
    shares: Numbers
    """Probability in one frame of each label that was not kept, F; a blank frame's blank has what is left."""
    owners: Whole
    """Record of each kept label, E, rising."""
    labels: Whole
    """Kept labels, E."""
    values: Numbers
    """Their probabilities, E."""
    classes: int


def pack(lattice: Lattice) -> bytes:
    """`lattice` in about 300 bytes for a word. ValueError for more than 256 classes."""
    frames, classes = lattice.log_probs.shape
    if not 1 <= classes <= 256 or frames > 65535:
        raise ValueError(
            f"a lattice of {frames} frames x {classes} classes cannot be packed (65535 x 256 at most)"
        )
    probabilities = np.exp(lattice.log_probs.astype(np.float64))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    kept = _worth_keeping(probabilities)
    quiet = ~kept[:, BLANK + 1 :].any(axis=1) & (probabilities[:, BLANK] >= QUIET)
    rest = np.where(quiet, 1 - probabilities[:, BLANK], (probabilities * ~kept).sum(axis=1))
    kept[quiet] = False
    starts = _record_starts(quiet)
    runs = np.diff(np.append(starts, frames))
    _, labels = np.nonzero(kept)
    heads = (runs - 1) * (MOST + 1) + kept[starts].sum(axis=1)
    rests = np.add.reduceat(rest, starts) / runs if frames else rest
    parts = (heads, _quantised(rests), labels, _quantised(probabilities[kept]))
    return _HEAD.pack(FORMAT, classes - 1, len(starts)) + b"".join(
        p.astype(np.uint8).tobytes() for p in parts
    )


def unpack(packed: bytes) -> Lattice:
    """The lattice behind `packed`, nearly; every frame sums to 1. Raises PackingError."""
    records = read([packed])
    dense = np.repeat(records.shares[:, None], records.classes, axis=1)
    dense[records.owners, records.labels] = records.values
    quiet = records.blank_only
    dense[quiet, BLANK] = 1 - (records.classes - 1) * records.shares[quiet]
    log_probs = np.log(np.maximum(dense, np.exp(-2 * REACH))).astype(np.float32)
    return Lattice(np.repeat(log_probs, records.runs, axis=0))


def read(packed: Sequence[bytes]) -> Records:
    """The records of many packed lattices of one alphabet. Raises PackingError."""
    data = np.frombuffer(b"".join(packed), np.uint8)
    sizes = np.array([len(one) for one in packed], np.intp)
    counts, classes = _heads(data, sizes)
    entries = (sizes - _HEAD.size - 2 * counts) // 2
    heads, rests, labels, codes = _planes(data, sizes, (counts, counts, entries, entries))
    kept, runs = heads.astype(np.intp) % (MOST + 1), heads.astype(np.intp) // (MOST + 1) + 1
    lattices = np.repeat(np.arange(len(sizes)), counts)
    if (np.bincount(lattices, kept, len(sizes)) != entries).any() or labels.max(initial=0) >= classes:
        raise PackingError(_DAMAGED)
    owners = np.repeat(np.arange(len(kept)), kept)
    quiet = kept == 0
    others = classes - np.where(quiet, 1, kept)
    rest, values = np.where(others > 0, _TABLE[rests], 0), _TABLE[codes]
    total = np.where(quiet, 1, rest + np.bincount(owners, values, len(kept)))
    shares = rest / total / np.maximum(1, others)
    return Records(
        counts, runs, quiet, shares, owners, labels.astype(np.intp), values / total[owners], classes
    )


_DAMAGED = "a stored lattice is damaged; run `ocr-index reindex` to read the photos again"


def _heads(data: NDArray[np.uint8], sizes: Whole) -> tuple[Whole, int]:
    """Records of each lattice and the number of classes of all."""
    if sizes.min(initial=_HEAD.size) < _HEAD.size:
        raise PackingError(_DAMAGED)
    starts = np.cumsum(sizes) - sizes
    formats, classes = data[starts], data[starts + 1]
    if (formats != FORMAT).any():
        raise PackingError("a stored lattice was made by a newer ocr-index, or is damaged; update ocr-index")
    if (classes != classes[:1]).any():
        raise PackingError(
            "lattices of different recognizers cannot be scored together; run `ocr-index reindex`"
        )
    counts = data[starts + 2].astype(np.intp) + 256 * data[starts + 3].astype(np.intp)
    if (2 * counts + _HEAD.size > sizes).any() or ((sizes - _HEAD.size) % 2).any():
        raise PackingError(_DAMAGED)
    return counts, int(classes[0]) + 1 if len(classes) else 1


def _worth_keeping(probabilities: Numbers) -> NDArray[np.bool_]:
    """The labels of each frame that get a place of their own: likely enough, and MOST at most."""
    classes = probabilities.shape[1]
    least = np.full(len(probabilities), KEPT)
    if classes > MOST:
        least = np.maximum(KEPT, np.partition(probabilities, classes - MOST, axis=1)[:, classes - MOST])
    kept = probabilities >= least[:, None]
    return np.asarray(kept & (kept.cumsum(axis=1) <= MOST), np.bool_)


def _record_starts(quiet: NDArray[np.bool_]) -> Whole:
    """First frame of each record: every frame that is not quiet, and of quiet ones one in LONGEST."""
    number = np.arange(len(quiet))
    begins = ~quiet | ~np.concatenate([[False], quiet[:-1]])
    run_start = np.maximum.accumulate(np.where(begins, number, 0))
    return np.flatnonzero((number - run_start) % LONGEST == 0)


def _quantised(probabilities: Numbers) -> NDArray[np.uint8]:
    cost = -np.log(np.clip(probabilities, np.exp(-REACH), 1))
    return np.asarray(np.rint(255 * np.sqrt(cost / REACH)), np.uint8)


_TABLE = np.exp(-REACH * (np.arange(256) / 255) ** 2)


def _planes(data: NDArray[np.uint8], sizes: Whole, parts: Sequence[Whole]) -> list[NDArray[np.uint8]]:
    """What lies one after the other in each lattice, brought together over all lattices."""
    starts = np.cumsum(sizes) - sizes + _HEAD.size
    ends = np.cumsum([starts, *parts], axis=0)
    return [data[spread(start, counts)] for start, counts in zip(ends, parts, strict=False)]


def spread(starts: Whole, counts: Whole) -> Whole:
    """starts[0], starts[0] + 1, ... (counts[0] of them), starts[1], ..."""
    before = np.cumsum(counts) - counts
    return np.asarray(np.arange(counts.sum()) + np.repeat(starts - before, counts), np.intp)
