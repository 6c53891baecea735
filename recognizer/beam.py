"""Prefix beam search over many lattices at once.

The search finds promising texts; how probable they are is computed exactly afterwards. So it may prune:
frames in a row that surely hold a blank count as one, and of each frame only its likeliest labels go on. A
guide that knows words has a say in which prefixes are followed (compare Scheidl et al. 2018, "Word beam
search"): by sight alone the right word is often lost before it could be preferred.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer import Lattice
from recognizer.alphabet import BLANK
from recognizer.forward import forward
from recognizer.lexicon import Guide

Numbers = NDArray[np.float64]
Whole = NDArray[np.intp]
Keys = NDArray[np.uint64]

BEAM = 16
"""Prefixes that are followed."""

QUIET = 0.999
"""Blank probability from which on a frame is a mere blank."""

BRANCHES = 12
"""Labels of one frame that may prolong a prefix."""

LEAST = 1e-4
"""Probability below which a label prolongs no prefix."""

AT_ONCE = 48
"""Lattices searched together."""

_ROOT, _DEAD, _NOBODY = np.uint64(1), np.uint64(0), np.uint64(2)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def survivors(
    lattices: Sequence[Lattice], beam: int, kept: int, guide: Guide | None = None
) -> Iterator[tuple[list[list[int]], Numbers]]:
    """For each lattice the labels of up to `kept` promising texts, and their exact ln P.

    The text of the likeliest path is one of them, or comes on top: a narrow beam may have lost it. With a
    `guide` those are followed that are likely both by sight and as beginnings of words.
    """
    order = sorted(range(len(lattices)), key=lambda n: len(lattices[n].log_probs))
    found: dict[int, tuple[list[list[int]], Numbers]] = {}
    for start in range(0, len(order), AT_ONCE):
        chosen = order[start : start + AT_ONCE]
        block = _stack([lattices[n] for n in chosen])
        prefixes = _search(_busy(block), beam, guide).best(min(beam, kept))
        found.update(zip(chosen, _rescored(block, _with_best_paths(block, *prefixes)), strict=True))
    return (found[n] for n in range(len(lattices)))


def _stack(lattices: Sequence[Lattice]) -> Numbers:
    """Probabilities T x N x C; ended lattices go on with certain blanks, which change no text."""
    longest = max(len(lattice.log_probs) for lattice in lattices)
    block = np.zeros((longest, len(lattices), lattices[0].log_probs.shape[1]))
    block[:, :, BLANK] = 1
    for place, lattice in enumerate(lattices):
        block[: len(lattice.log_probs), place] = np.exp(lattice.log_probs)
    return block


def _busy(block: Numbers) -> Numbers:
    """`block` with only the first of mere blanks in a row, T' x N x C."""
    quiet = block[:, :, BLANK] > QUIET
    kept = ~quiet
    kept[1:] |= ~quiet[:-1]
    counts = kept.sum(axis=0)
    busy = np.zeros((int(counts.max()), *block.shape[1:]))
    busy[:, :, BLANK] = 1
    lattice, frame = np.nonzero(kept.T)
    busy[np.concatenate([np.arange(c) for c in counts]), lattice] = block[frame, lattice]
    return busy


@dataclass
class _Beam:
    """Prefixes of N lattices, B each: their labels, and the mass of paths that end in them."""

    labels: NDArray[np.uint16]
    """N x B x T, filled from the left."""
    lengths: Whole
    """N x B."""
    last: Whole
    """Last label, N x B; the blank for the empty prefix."""
    keys: Keys
    """Hash of the prefix, N x B."""
    parents: Keys
    """Hash of the prefix without its last label, N x B."""
    after_blank: Numbers
    """Mass of the paths that end in a blank, N x B."""
    after_label: Numbers
    """Mass of the paths that end in the last label, N x B."""
    nodes: Whole
    """Where the guide stands after the prefix, N x B."""
    favour: Numbers
    """What it says of the prefix, in nats, N x B; 0 without a guide."""

    @classmethod
    def begin(cls, lattices: int, beam: int, frames: int) -> _Beam:
        """One live prefix, the empty one."""
        shape = (lattices, beam)
        keys, mass = np.full(shape, _DEAD), np.zeros(shape)
        keys[:, 0], mass[:, 0] = _ROOT, 1
        labels = np.zeros((*shape, frames), np.uint16)
        whole = np.zeros(shape, np.intp)
        nobody, none = np.full(shape, _NOBODY), np.zeros(shape)
        return cls(labels, whole, whole.copy(), keys, nobody, mass, none, whole.copy(), none.copy())

    def best(self, count: int) -> tuple[NDArray[np.uint16], Whole]:
        """The `count` heaviest prefixes, N x count x U, and their lengths, -1 for those without mass."""
        mass = self.after_blank + self.after_label
        order = np.argsort(-mass, axis=1, kind="stable")[:, :count]
        lengths = np.where(
            np.take_along_axis(mass, order, 1) > 0, np.take_along_axis(self.lengths, order, 1), -1
        )
        labels = np.take_along_axis(self.labels, order[:, :, None], 1)
        return labels[:, :, : max(0, int(lengths.max()))], lengths


def _search(block: Numbers, beam: int, guide: Guide | None) -> _Beam:
    frames, lattices, classes = block.shape
    state = _Beam.begin(lattices, beam, frames)
    branches = min(BRANCHES, classes - 1)
    options = np.argpartition(-block[:, :, BLANK + 1 :], branches - 1, axis=2)[:, :, :branches] + BLANK + 1
    chances = np.take_along_axis(block, options, 2)
    chances[chances < LEAST] = 0
    for frame, option, chance in zip(block, options, chances, strict=True):
        _advance(state, frame, option, chance, guide)
    return state


def _advance(state: _Beam, frame: Numbers, option: Whole, chance: Numbers, guide: Guide | None) -> None:
    """One frame further: `frame` N x C, its likeliest labels `option` N x K with their `chance`."""
    here = np.arange(len(frame))[:, None]
    total = state.after_blank + state.after_label
    again = np.where(state.last == BLANK, 0, frame[here, state.last])
    repeats = option[:, None, :] == state.last[:, :, None]
    longer = np.where(repeats, state.after_blank[:, :, None], total[:, :, None]) * chance[:, None, :]
    staying = state.after_label * again + _handed_down(state, total, again, longer, option)
    still = total * frame[:, :1]
    _select(state, still, staying, longer, option, _guided(state, longer, option, guide))


def _guided(state: _Beam, longer: Numbers, option: Whole, guide: Guide | None) -> tuple[Whole, Numbers]:
    """Nodes of the longer prefixes, and what the guide says of these, N x B x K; 0 where `longer` is 0."""
    nodes, favour = np.zeros(longer.shape, np.intp), np.zeros(longer.shape)
    if guide:
        lattice, slot, branch = np.nonzero(longer)
        led, said = guide.step(state.nodes[lattice, slot], option[lattice, branch], state.last[lattice, slot])
        nodes[lattice, slot, branch] = led
        favour[lattice, slot, branch] = state.favour[lattice, slot] + said
    return nodes, favour


def _handed_down(state: _Beam, total: Numbers, again: Numbers, longer: Numbers, option: Whole) -> Numbers:
    """What prefixes get from parents in the beam, N x B; taken out of `longer`, lest they stand twice."""
    here = np.arange(len(total))[:, None]
    matches = state.parents[:, :, None] == state.keys[:, None, :]
    has_parent = matches.any(axis=2)
    parent = matches.argmax(axis=2)
    twin = state.last[here, parent] == state.last
    mass = np.where(twin, state.after_blank[here, parent], total[here, parent])
    lattice, child, branch = np.nonzero(
        has_parent[:, :, None] & (option[:, None, :] == state.last[:, :, None])
    )
    longer[lattice, parent[lattice, child], branch] = 0
    return np.asarray(has_parent * mass * again, np.float64)


def _select(
    state: _Beam,
    still: Numbers,
    staying: Numbers,
    longer: Numbers,
    option: Whole,
    guided: tuple[Whole, Numbers],
) -> None:
    """Keep the most promising of the prefixes as they are and of longer ones; the heaviest gets mass 1."""
    lattices, beam, branches = longer.shape
    here = np.arange(lattices)[:, None]
    mass = np.concatenate([still + staying, longer.reshape(lattices, -1)], axis=1)
    favour = np.concatenate([state.favour, guided[1].reshape(lattices, -1)], axis=1)
    chosen = np.argpartition(-mass * np.exp(favour), beam - 1, axis=1)[:, :beam]
    grown = chosen >= beam
    source, branch = np.where(grown, (chosen - beam) // branches, chosen), (chosen - beam) % branches
    label = option[here, branch]
    kept = np.take_along_axis(mass, chosen, 1)
    scale = 1 / kept.max(axis=1, keepdims=True)
    live = kept > 0

    old = state.keys[here, source]
    state.parents = np.where(grown, old, state.parents[here, source])
    state.keys = np.where(grown, _key(old, label), old)
    state.keys[~live], state.parents[~live] = _DEAD, _NOBODY
    state.last = np.where(grown, label, state.last[here, source])
    state.nodes = np.where(grown, guided[0][here, source, branch], state.nodes[here, source])
    state.favour = np.take_along_axis(favour, chosen, 1)
    state.labels = state.labels[here, source]
    state.lengths = state.lengths[here, source]
    lattice, slot = np.nonzero(grown)
    state.labels[lattice, slot, state.lengths[lattice, slot]] = label[lattice, slot]
    state.lengths += grown
    state.after_blank = np.where(grown, 0, still[here, source]) * scale
    state.after_label = np.where(grown, kept, staying[here, source]) * scale


def _key(parent: Keys, label: Whole) -> Keys:
    """Hash of a longer prefix; equal texts get equal hashes, whatever way they were reached."""
    mixed = (parent ^ (parent >> np.uint64(29))) * _SPREAD + label.astype(np.uint64)
    return np.asarray(mixed ^ (mixed >> np.uint64(32)), np.uint64)


def _with_best_paths(
    block: Numbers, labels: NDArray[np.uint16], lengths: Whole
) -> tuple[NDArray[np.uint16], Whole]:
    """`labels` (N x K x U) and `lengths` with the text of the likeliest path on top; -1 where it is there."""
    path = block.argmax(axis=2).T
    spoken = (path != BLANK) & (np.diff(path, axis=1, prepend=BLANK) != 0)
    counts = spoken.sum(axis=1)
    wide = np.zeros((len(path), labels.shape[1] + 1, max(labels.shape[2], int(counts.max()))), np.uint16)
    wide[:, :-1, : labels.shape[2]] = labels
    lattice, frame = np.nonzero(spoken)
    wide[lattice, -1, spoken.cumsum(axis=1)[lattice, frame] - 1] = path[lattice, frame]
    there = ((lengths == counts[:, None]) & (wide[:, :-1] == wide[:, -1:]).all(axis=2)).any(axis=1)
    return wide, np.column_stack([lengths, np.where(there, -1, counts)])


def _rescored(
    block: Numbers, prefixes: tuple[NDArray[np.uint16], Whole]
) -> Iterator[tuple[list[list[int]], Numbers]]:
    """Labels and exact ln P of the prefixes of each lattice of `block` (T x N x C)."""
    labels, lengths = prefixes
    lattices, count = lengths.shape
    live = lengths >= 0
    row, _ = np.nonzero(live)
    flat = labels[live].T.astype(np.intp)  # U x R
    follow = (flat[1:] != flat[:-1]).astype(np.float64)[:, None, None]
    letters = block[:, row, flat][:, :, None]
    scores = np.full((lattices, count), -np.inf)
    scores[live] = forward(block[:, row, BLANK], letters, follow, lengths[live])
    for n in range(lattices):
        texts = [labels[n, m, : lengths[n, m]].tolist() for m in np.flatnonzero(live[n])]
        yield texts, scores[n, live[n]]
