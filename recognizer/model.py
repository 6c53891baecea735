"""The networks, and the recognizer that runs one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from detector import weights
from detector.layers import Addition, MaxPool, Residual, fast_bfloat16, ready
from recognizer import Lattice, Strip
from recognizer.alphabet import Alphabet
from recognizer.attention import Decoder
from recognizer.frames import frames
from recognizer.language import Language
from recognizer.tongues import common_words

PADDED_TO = 16
"""Batches are padded to a multiple of this: every new width costs the kernels a compilation."""

BATCH_COLUMNS = 6400
"""Columns of strips read at once: enough to keep the cores busy, little enough memory on any machine."""


Block = Callable[..., nn.Sequential]
"""Makes one convolution with all that belongs to it: (inputs, outputs, kernel, padding)."""


def _conv(inputs: int, outputs: int, kernel: int | tuple[int, int] = 3, padding: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Further(Addition):
    """Adds what `layers` more bidirectional LSTMs know of frames T x B x 2 hidden; begins as `Residual`."""

    def __init__(self, hidden: int, layers: int) -> None:
        super().__init__()
        self.context = nn.LSTM(2 * hidden, hidden, num_layers=layers, bidirectional=True)
        self.more = nn.Linear(2 * hidden, 2 * hidden)
        nn.init.zeros_(self.more.weight)
        nn.init.zeros_(self.more.bias)

    def forward(self, frames: Tensor) -> Tensor:
        """Frames of the same shape."""
        added: Tensor = self.more(self.context(frames)[0])
        return frames + added


def _separable(
    inputs: int, outputs: int, kernel: int | tuple[int, int] = 3, padding: int = 1
) -> nn.Sequential:
    """A convolution of each channel by itself, then one of all channels at each point (arXiv 1704.04861)."""
    if inputs == 1:
        return _conv(inputs, outputs, kernel, padding)
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, kernel, padding=padding, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        *_conv(inputs, outputs, 1, 0),
    )


def _deepened(stage: nn.Sequential, channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*stage, *(Residual(channels) for _ in range(blocks)))


class Straightener(nn.Module):
    """A spatial transformer (Jaderberg et al. 2015, arXiv 1506.02025): takes back slant, tilt and margins.

    It guesses four numbers from the strip: slant, tilt, height and how far up. Columns are neither stretched
    nor moved beyond the slant, for a frame of the lattice has to stay where its letters are in the photo.
    """

    REACH = (0.5, 0.15, 0.3, 0.3)
    """The most of each; lengths in half heights of the strip."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.AvgPool2d(2),
            nn.Conv2d(1, 16, 3, stride=2, padding=1),  # B x 16 x 8 x w/4
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),  # B x 32 x 4 x w/8
            nn.ReLU(inplace=True),
        )
        last = nn.Linear(32, 4)
        nn.init.zeros_(last.weight)  # begins by changing nothing
        nn.init.zeros_(last.bias)
        self.guess = nn.Sequential(nn.Linear(32 * 4, 32), nn.ReLU(inplace=True), last)

    def forward(self, strips: Tensor) -> Tensor:
        """Strips B x 1 x h x w, straightened."""
        rows, columns = strips.shape[2:]
        found = self.guess(self.look(strips).amax(3).flatten(1)).float()
        slant, tilt, tall, up = (torch.tanh(found) * found.new_tensor(self.REACH)).unbind(1)
        wide, zero = columns / rows, torch.zeros_like(slant)
        theta = torch.stack(
            [torch.stack([zero + 1, slant / wide, zero], 1), torch.stack([tilt * wide, 1 + tall, up], 1)], 1
        )
        grid = nn.functional.affine_grid(theta, list(strips.shape), align_corners=False)
        return nn.functional.grid_sample(strips, grid, align_corners=False)


class Crnn(nn.Module):
    """Seven convolutions, two bidirectional LSTMs, CTC (Shi, Bai and Yao 2015, arXiv 1507.05717), narrower.

    It is deepened by `blocks` residual blocks at 1/4 and at 1/8 of the height, and as many LSTMs.

    A second, convolutional output on the features helps the convolutions to learn early: the "CTC
    shortcut" of Retsinas et al. 2022 (arXiv 2404.11339). It is used in training alone.
    """

    def __init__(
        self,
        classes: int,
        height: int = 32,
        hidden: int = 128,
        blocks: int = 0,
        block: Block = _conv,
        straight: bool = False,
    ) -> None:
        super().__init__()
        if height != 32:
            raise ValueError(f"crnn reads strips of 32 rows, not {height}")
        self.straighten = Straightener() if straight else nn.Identity()
        self.features = nn.Sequential(
            block(1, 32),  # B x 32 x 32 x w
            MaxPool(2),
            block(32, 64),  # B x 64 x 16 x w/2
            MaxPool(2),
            block(64, 128),  # B x 128 x 8 x w/4
            _deepened(block(128, 128), 128, blocks),
            MaxPool((2, 1)),
            block(128, 192),  # B x 192 x 4 x w/4
            _deepened(block(192, 192), 192, blocks),
            MaxPool((2, 1)),
            block(192, 256, (2, 1), 0),  # B x 256 x 1 x w/4
        )
        self.context = nn.LSTM(256, hidden, num_layers=2, bidirectional=True)
        self.further = Further(hidden, blocks) if blocks else nn.Identity()
        self.output: nn.Module = nn.Linear(2 * hidden, classes)
        self.shortcut = nn.Conv1d(256, classes, 3, padding=1)

    def forward(self, strips: Tensor) -> Tensor:
        """Logits T x B x C for `strips` B x 1 x 32 x w, T = w / 4 rounded down."""
        return self.answer(self.look(strips))

    def look(self, strips: Tensor) -> Tensor:
        """Features B x 256 x T."""
        features: Tensor = self.features(self.straighten(strips))
        return features.squeeze(2)

    def answer(self, features: Tensor) -> Tensor:
        """Logits T x B x C for features B x 256 x T."""
        logits: Tensor = self.output(self.frames(features))
        return logits

    def frames(self, features: Tensor) -> Tensor:
        """Frames T x B x 2 hidden that know their neighbours, from features B x 256 x T."""
        known: Tensor = self.further(self.context(features.permute(2, 0, 1).contiguous())[0])
        return known

    def loss(self, features: Tensor, texts: list[list[int]], widths: list[int]) -> Tensor:
        """What is to become less: features B x 256 x T, the labels of each text, columns of each strip."""
        return ctc(self.output(self.frames(features)), texts, widths)

    def length(self, width: int) -> int:
        """Rows of the lattice of a strip `width` columns wide."""
        return frames(width)


class AttentionCrnn(Crnn):
    """The same up to the frames, which a decoder with attention then reads. It learns by cross-entropy.

    Its lattices spell what it wrote and little else: they can be measured, but not searched in.
    """

    def __init__(self, classes: int, height: int = 32, hidden: int = 128) -> None:
        super().__init__(classes, height, hidden)
        self.output = Decoder(classes, 2 * hidden)

    def answer(self, features: Tensor) -> Tensor:
        """Logits 2 T x B x C for features B x 256 x T."""
        logits: Tensor = self.output(self.frames(features).transpose(0, 1))
        return logits

    def loss(self, features: Tensor, texts: list[list[int]], _widths: list[int]) -> Tensor:
        """As that of `Crnn`, of the texts written with the true labels before each."""
        known = self.frames(features).transpose(0, 1).float()
        with torch.autocast("cpu", enabled=False):
            return cast(Decoder, self.output).loss(known, texts)

    def length(self, width: int) -> int:
        """Rows of the lattice, two for each label that a strip `width` columns wide has room for."""
        return 2 * frames(width)


NETWORKS: Mapping[str, Callable[..., Crnn]] = {
    "crnn": Crnn,
    "deep": partial(Crnn, blocks=1),
    "crnn-stn": partial(Crnn, straight=True),
    "light": partial(Crnn, block=_separable),
    "light-stn": partial(Crnn, block=_separable, straight=True),
    "attention": AttentionCrnn,
}
"""All have one interface and one trainer; `settings` of a card are height and hidden."""


def build(architecture: str, classes: int, settings: Mapping[str, int]) -> Crnn:
    """The network called `architecture`; ValueError names the known ones."""
    if architecture not in NETWORKS:
        raise ValueError(f"no network is called {architecture!r}; known: {', '.join(NETWORKS)}")
    return NETWORKS[architecture](classes, **settings)


def ctc(logits: Tensor, texts: list[list[int]], widths: list[int]) -> Tensor:
    """Mean over the batch of -ln P(text | strip) per character (Graves et al. 2006); logits T x B x C."""
    return nn.functional.ctc_loss(
        logits.float().log_softmax(-1),
        torch.tensor([label for text in texts for label in text], dtype=torch.long),
        torch.tensor([frames(w) for w in widths]),
        torch.tensor([len(text) for text in texts]),
    )


def tensors_of(network: nn.Module) -> dict[str, NDArray[np.generic]]:
    """The state of `network` as numpy arrays, ready to be saved, in half precision: no reading notices."""
    state = {name: value.detach().cpu() for name, value in network.state_dict().items()}
    return {name: (v.half() if v.is_floating_point() else v).numpy() for name, v in state.items()}


LANGUAGE = "language"
"""Name of the packed words among the tensors of a weights file."""


@dataclass(frozen=True)
class TorchRecognizer:
    """Reads strips with a trained network."""

    network: Crnn
    alphabet: Alphabet
    height: int
    temperature: float
    id: str
    lattices_id: str = ""
    words: NDArray[np.uint8] | None = None
    """What people write, packed, see `Language`."""

    languages: tuple[str, ...] = ()
    """The tongues whose common words are known as well."""

    @classmethod
    def load(cls, name: str, languages: Sequence[str] = ()) -> TorchRecognizer:
        """The shipped recognizer (`default`) or the one in the file `name`; raises `WeightsError`.

        `languages` see `recognizer.load`.
        """
        path = weights.shipped("recognizer") if name == "default" else Path(name)
        tensors, card = weights.load(path)
        words = tensors.pop(LANGUAGE, None)
        alphabet = Alphabet(card.alphabet)
        try:
            network = build(card.architecture, alphabet.size, card.settings)
            network.load_state_dict({key: torch.from_numpy(value) for key, value in tensors.items()})
        except (RuntimeError, ValueError, TypeError) as fault:
            raise weights.WeightsError(
                f"{path} does not hold a network for reading, or not the one its card names; "
                "name another file, or get it again"
            ) from fault
        known = tuple(languages) if words is not None else ()
        common_words(known)  # says now, not at the first word, that a language is unknown
        read_by = "+".join([weights.id_of(path), *known])
        seen_by = weights.hashed(tensors, card.architecture, card.alphabet, str(card.temperature))
        return cls(network.eval(), alphabet, card.height, card.temperature, read_by, seen_by, words, known)

    @cached_property
    def _ready(self) -> Crnn:
        return ready(self.network)

    @cached_property
    def language(self) -> Language | None:
        """What the weights file knows of the texts that people write, and common words."""
        if self.words is None:
            return None
        return Language.unpacked(self.words, common_words(self.languages))

    def lattices(self, strips: Sequence[Strip]) -> list[Lattice]:
        """One lattice a strip, in order; strips of like width are read together."""
        found: dict[int, Lattice] = {}
        for numbers in _batches(strips):
            batch = pad([strips[n] for n in numbers])
            with torch.inference_mode():
                # Only the convolutions: all of it would read a little worse and be hardly faster.
                with torch.autocast("cpu", torch.bfloat16, enabled=fast_bfloat16()):
                    features = self._ready.look(batch)
                logits = self._ready.answer(features.float()) / self.temperature
                read = logits.log_softmax(-1).numpy()
            for place, n in enumerate(numbers):
                found[n] = Lattice(read[: self.network.length(strips[n].shape[1]), place].copy())
        return [found[n] for n in range(len(strips))]


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
