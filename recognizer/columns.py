"""Only those columns of many lattices that a question needs, padded to a common length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer import Lattice
from recognizer.alphabet import BLANK
from recognizer.packing import Records, read

Numbers = NDArray[np.float64]
Whole = NDArray[np.intp]
Groups = Sequence[Sequence[int]]
"""Labels whose probabilities are summed to one column; the first group is the blank."""

Lattices = Sequence[Lattice] | Sequence[bytes]
"""Lattices as the network gave them, or as `pack` stored them."""

AT_ONCE = 128
"""Lattices in one block: enough to keep numpy busy, few enough to stay in the cache."""


def blocks(lattices: Lattices, groups: Groups) -> Iterator[tuple[Whole, Numbers]]:
    """Which lattices, n, and their probabilities T x G x n; lattices of like length together.

    Ended lattices go on with certain blanks, which change no text. A run of blank frames in a packed
    lattice is one frame here, in which a label is as likely as in any of them.
    """
    order = np.argsort(
        [len(o) if isinstance(o, bytes) else len(o.log_probs) for o in lattices], kind="stable"
    )
    for start in range(0, len(order), AT_ONCE):
        chosen = order[start : start + AT_ONCE]
        some = [lattices[n] for n in chosen]
        packed = [one for one in some if isinstance(one, bytes)]
        plain = [one for one in some if isinstance(one, Lattice)]
        yield chosen, _from_packed(read(packed), groups) if packed else _from_plain(plain, groups)


def _from_plain(lattices: Sequence[Lattice], groups: Groups) -> Numbers:
    log_probs = np.concatenate([lattice.log_probs for lattice in lattices])
    rows = np.exp(log_probs.astype(np.float64)) @ _members(groups, log_probs.shape[1])
    return _laid_out(rows, np.array([len(lattice.log_probs) for lattice in lattices], np.intp))


def _from_packed(records: Records, groups: Groups) -> Numbers:
    """As `_from_plain`; of the kept labels only those that are asked for are touched."""
    keys = [tuple(sorted(set(group))) for group in groups]
    asked = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    members = _members(list(asked), records.classes)
    quiet = records.blank_only
    shares = records.shares.copy()
    blank = (1 - (records.classes - 1) * shares[quiet]) ** records.runs[quiet]
    shares[quiet] = (1 - blank) / max(1, records.classes - 1)
    rows = shares[:, None] * members.sum(axis=0)
    rows[quiet] += (blank - shares[quiet])[:, None] * members[BLANK]
    for column_of in _columns_of(members):
        columns = column_of[records.labels]
        kept = np.flatnonzero(columns >= 0)
        owners = records.owners[kept]
        gains = records.values[kept] - shares[owners]
        cells = owners * len(asked) + columns[kept]
        rows += np.bincount(cells, gains, rows.size).reshape(rows.shape)
    return _laid_out(rows[:, [asked[key] for key in keys]], records.counts)


def _columns_of(members: Numbers) -> Iterator[Whole]:
    """For each label its column, -1 for none; once more for each further column that a label belongs to."""
    place = members.cumsum(axis=1) * members
    for turn in range(1, int(place.max(initial=0)) + 1):
        here = place == turn
        yield np.where(here.any(axis=1), here.argmax(axis=1), -1)


def _members(groups: Groups, classes: int) -> Numbers:
    """1 where a label (row) belongs to a group (column)."""
    members = np.zeros((classes, len(groups)))
    for column, group in enumerate(groups):
        members[list(group), column] = 1
    return members


def _laid_out(rows: Numbers, counts: Whole) -> Numbers:
    """Rows of all lattices one after the other -> T x G x N."""
    owner = np.repeat(np.arange(len(counts)), counts)
    frame = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    columns = np.zeros((int(counts.max(initial=0)), len(counts), rows.shape[1]))
    columns[:, :, 0] = 1
    columns[frame, owner] = rows  # whole rows are copied, and turned afterwards: faster
    return np.ascontiguousarray(columns.transpose(0, 2, 1))
