"""A decoder that writes a text label by label, in place of CTC. It is there to be compared with."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

END = 0
"""The label that ends a text: that of the blank, which no text holds."""

STILL = -100
"""Marks what stands after the end of a text, where nothing is learned."""


class _Place(NamedTuple):
    """Where the writing has come to: the cell's state, where it looked last, and everywhere it has looked."""

    state: Tensor  # B x hidden
    last: Tensor  # B x T
    ever: Tensor  # B x T


class Decoder(nn.Module):
    """At each step looks at the frames, softly, and writes a label (Bahdanau et al. 2015, arXiv 1409.0473).

    Where it looks depends on where it looked before (Chorowski et al. 2015, arXiv 1506.07503): handwriting
    goes on to the right. Attention-OCR (Wojna et al. 2017, arXiv 1704.03549) gives the places themselves.
    """

    def __init__(self, classes: int, width: int, hidden: int = 192, inner: int = 96) -> None:
        super().__init__()
        self.keys = nn.Linear(width, inner)
        self.query = nn.Linear(hidden, inner, bias=False)
        self.before = nn.Conv1d(2, inner, 7, padding=3, bias=False)
        self.energy = nn.Linear(inner, 1, bias=False)
        self.embedding = nn.Embedding(classes, 64)
        self.cell = nn.GRUCell(64 + width, hidden)
        self.output = nn.Linear(hidden + width, classes)

    def loss(self, frames: Tensor, texts: list[list[int]]) -> Tensor:
        """Mean of -ln P(label | frames, labels before) over all labels and ends; `frames` B x T x width."""
        longest = max(len(text) for text in texts) + 1
        wanted = torch.tensor([[*text, END, *[STILL] * longest][:longest] for text in texts])
        given = wanted.clamp(min=END).roll(1, dims=1)
        given[:, 0] = END
        keys, place = self.keys(frames), self._start(frames)
        logits = []
        for step in range(longest):
            place, written = self._step(frames, keys, place, given[:, step])
            logits.append(written)
        return nn.functional.cross_entropy(torch.stack(logits, 2), wanted, ignore_index=STILL)

    def forward(self, frames: Tensor) -> Tensor:
        """Logits 2 T x B x C of what it writes, a sure blank after each label; `frames` B x T x width.

        This is a lattice in which what it wrote is spelled, so that it can be measured as others are. It
        holds little else: each label is judged after those written before.
        """
        keys, place = self.keys(frames), self._start(frames)
        label = torch.full(frames.shape[:1], END)
        over = torch.zeros_like(label, dtype=torch.bool)
        blank = torch.full((frames.shape[0], self.output.out_features), -30.0)
        blank[:, END] = 0.0
        rows = []
        for _ in range(frames.shape[1]):
            place, written = self._step(frames, keys, place, label)
            written = torch.where(over[:, None], blank, written)
            rows += [written, blank]
            label = written.argmax(1)
            over = over | (label == END)
            if bool(over.all()):
                break
        rows += [blank] * (2 * frames.shape[1] - len(rows))
        return torch.stack(rows)

    def _start(self, frames: Tensor) -> _Place:
        """As if it had looked at the first frame: without any place it could not tell left from right."""
        nowhere = frames.new_zeros(frames.shape[:2])
        left = nowhere.clone()
        left[:, 0] = 1
        return _Place(frames.new_zeros(len(frames), self.cell.hidden_size), left, nowhere)

    def _step(self, frames: Tensor, keys: Tensor, place: _Place, label: Tensor) -> tuple[_Place, Tensor]:
        """The next place and logits B x C, after `label` was written."""
        before = self.before(torch.stack([place.last, place.ever], 1)).transpose(1, 2)
        energies = self.energy(torch.tanh(keys + before + self.query(place.state)[:, None])).squeeze(2)
        look = energies.softmax(1)
        seen = torch.einsum("bt,btw->bw", look, frames)
        state = self.cell(torch.cat([self.embedding(label), seen], 1), place.state)
        return _Place(state, look, place.ever + look), self.output(torch.cat([state, seen], 1))
