"""A lattice in a dozen slots of about one letter each: how well a typed word fits it, without the lattice.

A confusion network (Mangu, Brill and Stolcke 2000, "Finding consensus in speech recognition"), made fast and
small: where the probability of letters rises most, a slot begins. Of each slot is kept the most that each
character and anything between words reach in one of its frames, and the probability that it shows nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.words import CLASSES, ROWS

SLOTS = 12
"""Most slots of a lattice. With eight, a twentieth less of the words that are likeliest are put first."""

GAP, NOTHING = len(CLASSES), len(CLASSES) + 1
"""Columns of a slot after those of CLASSES: what parts words, and that nothing stands in it."""

BYTES = (len(CLASSES) + 2) // 2
"""Of a slot; two columns a byte."""

UNIT = 16
"""A code q, half a byte, stands for a probability of exp(-q^2 / UNIT): fine near 1, coarse near 0."""

LEAST_RISE = 0.01
"""Letters that rise less begin no slot."""

NOTHING_COUNTS = 0.85
"""Of ln P(nothing in the slot). This and SECOND are fitted to which words are likeliest, on real photos."""

SECOND = 3 * UNIT
"""Loss where a slot shows two characters of a word: mostly they are two readings of one."""

MOST = 50
"""Characters of a typed word that lattices are asked for: written ones have fewer."""

AT_ONCE = 4096
"""Words in one block: few enough to stay in the cache."""

_FAR, _LEAST = 20_000, 1e-8

Codes = NDArray[np.uint8]


def slots_of(columns: NDArray[np.float64]) -> NDArray[np.float32]:
    """-ln of the most that each column reaches in each slot, n x SLOTS x (len(CLASSES) + 2).

    From T x (1 + len(CLASSES) + 1) x n: the blank, CLASSES, all that parts words. Shorter lattices end in
    certain blanks; slots that are not needed show nothing.
    """
    frames = np.ascontiguousarray(columns.transpose(2, 0, 1))  # n x T x columns
    begins = _begins(frames[:, :, 1:])
    found = np.full((len(frames), SLOTS, len(CLASSES) + 2), -np.log(_LEAST), np.float32)
    found[:, :, NOTHING] = 0
    if not begins.size:
        return found
    word, frame = np.nonzero(begins)
    place = begins.cumsum(axis=1)[word, frame] - 1
    flat, starts = frames.reshape(-1, frames.shape[2]), word * frames.shape[1] + frame
    found[word, place, :NOTHING] = -np.log(np.clip(np.maximum.reduceat(flat[:, 1:], starts), _LEAST, 1))
    found[word, place, NOTHING] = -np.add.reduceat(np.log(np.clip(flat[:, 0], _LEAST, 1)), starts)
    return found


def _begins(shown: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which frames begin a slot, n x T: the first, and those where `shown`, n x T x columns, rises most."""
    rise = np.maximum(0, np.diff(shown, axis=1)).sum(axis=2)
    begins = np.ones(shown.shape[:2], np.bool_)
    if rise.shape[1] >= SLOTS:
        most = np.argpartition(-rise, SLOTS - 2, axis=1)[:, : SLOTS - 1]
        begins[:, 1:] = False
        np.put_along_axis(begins, most + 1, True, axis=1)
    begins[:, 1:] &= rise >= LEAST_RISE
    return begins


def halved(slots: NDArray[np.float32]) -> Codes:
    """What `slots_of` gives as codes, n x SLOTS x BYTES: even columns in the lower half, odd ones above."""
    losses = slots.copy()
    losses[:, :, NOTHING] *= NOTHING_COUNTS
    codes = np.minimum(np.rint(np.sqrt(losses * UNIT)), 15).astype(np.uint8)
    return np.asarray(codes[..., ::2] | codes[..., 1::2] << 4)


def ends_of(slots: NDArray[np.float32]) -> NDArray[np.float32]:
    """-ln of the most that a word which begins, or ends, with each of CLASSES may have; 2 x n x len(CLASSES).

    What stands before the word is nothing, or ends in something that parts words; and so behind it.
    """
    found = np.full((2, len(slots), len(CLASSES)), 99, np.float32)
    for best, ordered in zip(found, (slots, slots[:, ::-1]), strict=True):
        apart = np.zeros(len(slots), np.float32)
        for slot in ordered.transpose(1, 2, 0):
            np.minimum(best, (np.minimum(apart, slot[GAP]) + slot[:GAP]).T, out=best)
            apart = np.minimum(apart + slot[NOTHING], slot[GAP])
    return found


def misfits(codes: Codes, word: str) -> NDArray[np.uint16]:
    """How badly `word` fits each lattice, about -UNIT ln P(it occurs there); n, from n x SLOTS x BYTES.

    The likeliest way to give each character a slot, in order, with nothing between them, and with the ends of
    the lattice or something that parts words before and behind.
    """
    rows = [ROWS[c] for c in word if c in ROWS][:MOST]
    blocks = [codes[start : start + AT_ONCE] for start in range(0, len(codes), AT_ONCE)]
    return np.concatenate([_misfits(block, rows) for block in blocks] or [np.zeros(0, np.uint16)])


def _misfits(codes: Codes, rows: list[int]) -> NDArray[np.uint16]:
    columns = {row: _losses(codes, row) for row in {*rows, GAP, NOTHING}}
    so_far = np.full((len(rows) + 1, len(codes)), _FAR, np.uint16)  # after 0, 1, ... characters
    so_far[0] = 0
    complete = np.full(len(codes), _FAR, np.uint16)
    for slot in range(SLOTS):
        gap, nothing = columns[GAP][slot], columns[NOTHING][slot]
        np.minimum(complete, so_far[-1] + gap, out=complete)
        before = np.minimum(so_far[0], gap)
        so_far[0] = np.minimum(so_far[0] + nothing, gap)
        for count, row in enumerate(rows, 1):
            shown = before + columns[row][slot]
            before = so_far[count].copy()
            np.minimum(before + nothing, shown, out=so_far[count])
            np.minimum(before, so_far[count] + SECOND, out=before)
        np.minimum(complete, so_far[-1] + gap, out=complete)
    return np.asarray(np.minimum(complete, so_far[-1]), np.uint16)


def _losses(codes: Codes, row: int) -> NDArray[np.uint16]:
    """One column in UNITs, SLOTS x n."""
    half = np.ascontiguousarray(codes[:, :, row // 2].T) >> 4 * (row % 2) & 15
    return half.astype(np.uint16) ** 2
