"""The networks, and the recognizer that runs one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from detector import weights
from recognizer import Lattice, Strip
from recognizer.alphabet import Alphabet

FRAME = 4
"""Columns of a strip that one frame of the lattice covers."""

PADDED_TO = 16
"""Batches are padded to a multiple of this: every new width costs the kernels a compilation."""

BATCH_COLUMNS = 6400
"""Columns of strips read at once: enough to keep the cores busy, little enough memory on any machine."""


def _conv(inputs: int, outputs: int, kernel: int | tuple[int, int] = 3, padding: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Crnn(nn.Module):
    """Seven convolutions, two bidirectional LSTMs, CTC (Shi, Bai and Yao 2015, arXiv 1507.05717), narrower.

    A second, convolutional output on the features helps the convolutions to learn early: the "CTC
    shortcut" of Retsinas et al. 2022 (arXiv 2404.11339). It is used in training alone.
    """

    def __init__(self, classes: int, height: int = 32, hidden: int = 128) -> None:
        super().__init__()
        if height != 32:
            raise ValueError(f"crnn reads strips of 32 rows, not {height}")
        self.features = nn.Sequential(
            _conv(1, 32),  # B x 32 x 32 x w
            nn.MaxPool2d(2),
            _conv(32, 64),  # B x 64 x 16 x w/2
            nn.MaxPool2d(2),
            _conv(64, 128),  # B x 128 x 8 x w/4
            _conv(128, 128),
            nn.MaxPool2d((2, 1)),
            _conv(128, 192),  # B x 192 x 4 x w/4
            _conv(192, 192),
            nn.MaxPool2d((2, 1)),
            _conv(192, 256, (2, 1), 0),  # B x 256 x 1 x w/4
        )
        self.context = nn.LSTM(256, hidden, num_layers=2, bidirectional=True)
        self.output = nn.Linear(2 * hidden, classes)
        self.shortcut = nn.Conv1d(256, classes, 3, padding=1)

    def forward(self, strips: Tensor) -> Tensor:
        """Logits T x B x C for `strips` B x 1 x 32 x w, T = w / 4 rounded down."""
        return self.read(self.look(strips))

    def look(self, strips: Tensor) -> Tensor:
        """Features B x 256 x T."""
        features: Tensor = self.features(strips)
        return features.squeeze(2)

    def read(self, features: Tensor) -> Tensor:
        """Logits T x B x C from features B x 256 x T."""
        frames, _ = self.context(features.permute(2, 0, 1).contiguous())
        logits: Tensor = self.output(frames)
        return logits


NETWORKS: Mapping[str, Callable[..., Crnn]] = {"crnn": Crnn}


def build(architecture: str, classes: int, settings: Mapping[str, int]) -> Crnn:
    """The network called `architecture`; ValueError names the known ones."""
    if architecture not in NETWORKS:
        raise ValueError(f"no network is called {architecture!r}; known: {', '.join(NETWORKS)}")
    return NETWORKS[architecture](classes, **settings)


def tensors_of(network: nn.Module) -> dict[str, NDArray[np.generic]]:
    """The state of `network` as numpy arrays, ready to be saved, in half precision: no reading notices."""
    state = {name: value.detach().cpu() for name, value in network.state_dict().items()}
    return {name: (v.half() if v.is_floating_point() else v).numpy() for name, v in state.items()}


@dataclass(frozen=True)
class TorchRecognizer:
    """Reads strips with a trained network."""

    network: Crnn
    alphabet: Alphabet
    height: int
    temperature: float
    id: str

    @classmethod
    def load(cls, name: str) -> TorchRecognizer:
        """The shipped recognizer (`default`) or the one in the file `name`; raises `WeightsError`."""
        path = weights.shipped("recognizer") if name == "default" else Path(name)
        tensors, card = weights.load(path)
        alphabet = Alphabet(card.alphabet)
        network = build(card.architecture, alphabet.size, card.settings)
        try:
            network.load_state_dict({key: torch.from_numpy(value) for key, value in tensors.items()})
        except RuntimeError as fault:
            raise weights.WeightsError(
                f"{path} does not hold the network its card names; get it again"
            ) from fault
        return cls(prepared(network), alphabet, card.height, card.temperature, weights.id_of(path))

    def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
        """One lattice a strip, in order; strips of like width are read together."""
        found: dict[int, Lattice] = {}
        for numbers in _batches(strips):
            batch = pad([strips[n] for n in numbers])
            with torch.inference_mode():
                logits = self.network(batch).float() / self.temperature
                read = logits.log_softmax(-1).numpy()
            for place, n in enumerate(numbers):
                found[n] = Lattice(read[: frames(strips[n].shape[1]), place].copy())
        return [found[n] for n in range(len(strips))]


def prepared(network: Crnn) -> Crnn:
    """`network` made ready for reading."""
    return network.eval()


def frames(width: int) -> int:
    """Frames of the lattice of a strip `width` columns wide."""
    return max(1, width // FRAME)


def pad(strips: Sequence[Strip]) -> Tensor:
    """Strips as one tensor B x 1 x h x w, background to the right, w a multiple of PADDED_TO."""
    width = max(s.shape[1] for s in strips)
    width += -width % PADDED_TO
    batch = np.zeros((len(strips), 1, strips[0].shape[0], width), np.float32)
    for place, strip in enumerate(strips):
        batch[place, 0, :, : strip.shape[1]] = strip
    return torch.from_numpy(batch).contiguous(memory_format=torch.channels_last)


def _batches(strips: Sequence[Strip]) -> Iterator[list[int]]:
    """Numbers of strips, of like width together, about BATCH_COLUMNS columns at once."""
    order = sorted(range(len(strips)), key=lambda n: strips[n].shape[1])
    batch: list[int] = []
    for number in order:
        if batch and strips[number].shape[1] * (len(batch) + 1) > BATCH_COLUMNS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
