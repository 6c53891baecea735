"""The network that sees writing: an ink mask and a map of words; and the coding of boxes as such maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from detector import weights
from detector.areas import Found, Quad
from detector.layers import Residual, fast_bfloat16, ready
from detector.quantiles import quantiles

STRIDE = 2
"""The maps have one pixel for this many of the picture."""

SHRINK = 0.5
"""A word's kernel is its box with this share of its height left: touching words have kernels apart."""

DEEPEST = 32
"""Sides of a picture must be multiples of this."""

LONG = 3.0
"""A kernel's length over its height from which its tilt can be told."""


@dataclass(frozen=True)
class Parting:
    """How readily one piece of the kernel map is taken for several words."""

    weakest: float
    """Share of the least chance of a word that the map must reach everywhere in its kernel."""
    strong: float
    """Value of the map that the core of each word reaches, and the bridge between two words does not."""


WORDS, PIECES = Parting(0.2, 0.6), Parting(0.6, 0.7)
"""What is taken for words, and what else they may be parted into, which search asks as well: of the pieces of
drawn pages most are loose letters, but some short words stand as close as these."""

CORE = 0.3
"""Pixels of a core, at least, in squares of the height of the kernel."""

OUTLYING = 0.05
"""Share of a kernel that a box leaves out above and below: words on curved lines would get boxes that are too
tall to be read well. With it, and kernels measured where they are likelier than not, a box is closer to its
word: of the true words on real photos 11 % more were read right in boxes otherwise the same."""

SMALLEST = 4
"""Pixels of the map that a kernel has at least."""

CHANNELS = 3
"""Maps: ink of writing, kernels of words, edges between words."""

NEAREST, NEAR = 5, 9.0
"""Words around one that is too short to tell its tilt; in so many of its lengths."""

ALIKE = 0.2
"""Radians by which they may differ."""

LEANING, STEEP = 0.1, 0.8
"""Radians between which a word is taken to be tilted as those around it: what leans less is read as well
upright, and beside writing that runs up a margin stands other writing."""

Points = NDArray[np.int64]
"""n x 2: pixels of the map, x and y."""


@dataclass(frozen=True)
class Body:
    """The kernel of a word, and the chance that it is one."""

    points: Points
    chance: float

    @cached_property
    def middle(self) -> NDArray[np.float64]:
        """Mean x and y."""
        return np.asarray(self.points.mean(axis=0), np.float64)

    @cached_property
    def tilt(self) -> float | None:
        """Angle in radians, clockwise, of its long axis; None if it is too short to tell."""
        if len(self.points) < 3:
            return None
        apart = self.points - self.middle
        (xx, xy), (_, yy) = (apart.T @ apart / (len(apart) - 1)).tolist()
        reach = math.hypot((xx - yy) / 2, xy)
        long, short = (xx + yy) / 2 + reach, (xx + yy) / 2 - reach  # variances along its axes
        return math.atan2(2 * xy, xx - yy) / 2 if long >= LONG**2 * max(short, 1 / 12) else None

    @property
    def reach(self) -> float:
        """Its longer side, upright, in pixels of the map."""
        return float(np.ptp(self.points, axis=0).max()) + 1


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _level(inputs: int, outputs: int, blocks: int = 0) -> nn.Sequential:
    """Half the size."""
    deeper = (Residual(outputs) for _ in range(blocks))
    return nn.Sequential(_conv(inputs, outputs, 2), _conv(outputs, outputs), *deeper)


class WordMaps(nn.Module):
    """A feature pyramid (Lin et al. 2017, arXiv 1612.03144), thin enough for CPUs, maps at 1/2.

    It is deepened by `blocks` residual blocks at 1/8 and twice as many at 1/16 and 1/32, where little is to
    be computed and much to be told: what belongs to one word, and what is no writing.
    """

    def __init__(self, width: int = 32, blocks: int = 0) -> None:
        super().__init__()
        half, quarter, eighth, deep = width // 2, width, width * 3 // 2, width * 2
        self.stem = _conv(3, half, 2)  # 1/2
        self.level4 = _level(half, quarter)  # 1/4
        self.level8 = _level(quarter, eighth, blocks)  # 1/8
        self.level16 = _level(eighth, deep, 2 * blocks)  # 1/16
        self.level32 = _level(deep, deep, 2 * blocks)  # 1/32
        self.lateral = nn.ModuleList(nn.Conv2d(c, width, 1) for c in (quarter, eighth, deep, deep))
        self.smooth = nn.ModuleList(_conv(width, width) for _ in range(3))
        self.mix = _conv(width + half, half)
        self.output = nn.Conv2d(half, CHANNELS, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits B x CHANNELS x H/2 x W/2 for `pictures` B x 3 x H x W in 0..1, sides multiples of 32."""
        half = self.stem(pictures)
        levels = [self.level4(half)]
        for stage in (self.level8, self.level16, self.level32):
            levels.append(stage(levels[-1]))
        seen = self.lateral[3](levels[3])
        for place in (2, 1, 0):
            seen = self.smooth[place](self.lateral[place](levels[place]) + _twice(seen))
        logits: Tensor = self.output(mixed(self.mix, seen, half))
        return logits


def mixed(layers: nn.Sequential, coarse: Tensor, fine: Tensor) -> Tensor:
    """What `layers`, a 3 x 3 convolution first, make of `coarse` maps, enlarged twice, and then `fine` ones.

    They are B x C x h/2 x w/2 and B x F x h x w. The enlarged maps are never laid out: a convolution of
    pixels that stand there twice is a transposed one of 4 x 4 with stride 2, in less than half of the time.
    """
    first, *rest = layers
    layer, channels = cast(nn.Conv2d, first), coarse.shape[1]
    spread = _spread(_spread(layer.weight[:, :channels], 2), 3).transpose(0, 1)
    seen = functional.conv2d(fine, layer.weight[:, channels:], layer.bias, padding=1)
    seen += functional.conv_transpose2d(coarse, spread, stride=2, padding=1)
    for part in rest:
        seen = part(seen)
    return seen


def _spread(weight: Tensor, along: int) -> Tensor:
    """The 4 weights along dimension `along` that do to pixels what the 3 do to the same enlarged twice."""
    before, at, after = weight.unbind(along)
    return torch.stack([after, at + after, before + at, before], along)


def _twice(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="nearest")


@dataclass(frozen=True)
class Finder:
    """A trained network, ready to look at pictures."""

    network: WordMaps
    id: str

    @classmethod
    def load(cls, path: Path | None = None) -> Finder:
        """The weights that ship, or those in the file `path`; raises `WeightsError`."""
        path = weights.shipped("detector") if path is None else path
        tensors, card = weights.load(path)
        network = WordMaps(**card.settings)
        try:
            network.load_state_dict({key: torch.from_numpy(value) for key, value in tensors.items()})
        except RuntimeError as fault:
            message = f"{path} does not hold the network that its card names; get it again"
            raise weights.WeightsError(message) from fault
        return cls(network.eval(), weights.id_of(path))

    @cached_property
    def _ready(self) -> WordMaps:
        return ready(self.network)

    def __call__(self, picture: NDArray[np.uint8]) -> tuple[list[Found], list[Found]]:
        """The words on `picture`, RGB H x W x 3; and the pieces that they may be parted into."""
        return boxes(self.maps(picture))

    def maps(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities CHANNELS x H/2 x W/2, rounded up, of ink, kernels and edges on `picture`."""
        rows, columns = picture.shape[:2]
        room = ((0, -rows % DEEPEST), (0, -columns % DEEPEST), (0, 0))
        padded = torch.from_numpy(np.pad(picture, room, mode="edge"))
        fast = fast_bfloat16()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=fast):
            exact = padded.to(torch.bfloat16 if fast else torch.float32)
            shown = exact.permute(2, 0, 1)[None] / 255  # as it lay there, channels last
            found = self._ready(shown)[0].float().sigmoid().numpy()
        return np.asarray(found[:, : (rows + 1) // STRIDE, : (columns + 1) // STRIDE], np.float32)


def targets(mask: NDArray[np.uint8], words: Sequence[Quad]) -> NDArray[np.float32]:
    """What the network should answer: CHANNELS x H/2 x W/2 in 0..1; mask is 255 for ink, quads in pixels."""
    rows, columns = mask.shape[0] // STRIDE, mask.shape[1] // STRIDE
    ink = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA)
    kernels, edges = np.zeros((rows, columns), np.uint8), np.zeros((rows, columns), np.uint8)
    for quad in words:
        cv2.fillPoly(edges, [_at_map(grown(quad, 1.15))], 255)
    for quad in words:
        inner = _at_map(grown(quad, SHRINK))
        cv2.fillPoly(kernels, [inner], 255)
        cv2.fillPoly(edges, [inner], 0)
    return np.asarray(np.stack([ink, kernels, edges]) / 255, np.float32)


def grown(quad: Quad, factor: float) -> Quad:
    """`quad` with its height times `factor` and its width changed by as many pixels as its height."""
    centre = quad.mean(axis=0)
    along, down = (quad[1] - quad[0]).astype(np.float64), (quad[3] - quad[0]).astype(np.float64)
    wide, tall = float(np.linalg.norm(along)), float(np.linalg.norm(down))
    along, down = along / max(wide, 1e-6), down / max(tall, 1e-6)
    reach_x, reach_y = max(1.0, wide - (1 - factor) * min(wide, tall)) / 2, tall * factor / 2
    corners = [(-reach_x, -reach_y), (reach_x, -reach_y), (reach_x, reach_y), (-reach_x, reach_y)]
    return np.array([centre + a * along + d * down for a, d in corners], np.float32)


def _at_map(quad: Quad) -> NDArray[np.int32]:
    return np.round(quad / STRIDE - 0.5).astype(np.int32)


def boxes(maps: NDArray[np.float32], least: float = 0.5) -> tuple[list[Found], list[Found]]:
    """Words in `maps` (CHANNELS x h x w, probabilities); and their pieces, where they may be several words.

    A word is a connected piece of the kernel map less the edge map, grown back to full height; its chance is
    the mean of the kernel map over the piece. Pieces that hang together by a weak bridge are parted.
    """
    kernel = maps[1] * (1 - maps[2])
    _, numbers, stats, _ = cv2.connectedComponentsWithStats((kernel > WORDS.weakest * least).astype(np.uint8))
    words: list[Body] = []
    pieces: list[Body] = []
    for number, (x, y, wide, tall, _) in enumerate(stats[1:].tolist(), 1):
        part = np.s_[y : y + tall, x : x + wide]
        seen = _Region(np.array((x, y)), numbers[part] == number, kernel[part], maps[1][part], least)
        whole, loose = seen.parts(WORDS), seen.parts(PIECES)
        words += seen.bodies(whole)
        pieces += seen.bodies(loose) if len(loose) > len(whole) else []
    return _grown_back(words, words), _grown_back(pieces, words)


def _grown_back(bodies: Sequence[Body], among: Sequence[Body]) -> list[Found]:
    tilts = _tilts(bodies, among)
    return [(_regrown(one.points, tilt), one.chance) for one, tilt in zip(bodies, tilts, strict=True)]


@dataclass(frozen=True)
class _Region:
    """A rectangle of the maps around a connected piece of kernel."""

    corner: NDArray[np.int64]
    """x and y of its top left in the maps."""
    inside: NDArray[np.bool_]
    kernel: NDArray[np.float32]
    chances: NDArray[np.float32]
    least: float
    """Chance that a word has at least."""

    def parts(self, parting: Parting) -> list[NDArray[np.bool_]]:
        """The words in it, each where its kernel is."""
        connected = (self.inside & (self.kernel > parting.weakest * self.least)).astype(np.uint8)
        count, numbers = cv2.connectedComponents(connected)
        pieces = (numbers == number for number in range(1, count))
        words = (word for piece in pieces for word in _words(self.kernel, piece, parting.strong))
        return [word for word in words if np.count_nonzero(word) >= SMALLEST]

    def bodies(self, words: Sequence[NDArray[np.bool_]]) -> list[Body]:
        """The kernels of `words`, those likely enough, and their chances."""
        bodies = [Body(self._points(word), float(self.chances[word].mean())) for word in words]
        return [body for body in bodies if body.chance >= self.least]

    def _points(self, word: NDArray[np.bool_]) -> Points:
        core = word & (self.kernel > self.least)
        return np.argwhere(core if np.count_nonzero(core) >= SMALLEST else word)[:, ::-1] + self.corner


def _words(
    kernel: NDArray[np.float32], piece: NDArray[np.bool_], least_core: float
) -> list[NDArray[np.bool_]]:
    """The parts of `piece`, bool h x w, each around one of its strong cores; all of it if there is one."""
    strong = ((kernel > least_core) & piece).astype(np.uint8)
    count, cores, stats, _ = cv2.connectedComponentsWithStats(strong)
    least = max(SMALLEST, CORE * min(piece.shape) ** 2)
    seeds = [number for number in range(1, count) if stats[number][cv2.CC_STAT_AREA] >= least]
    if len(seeds) < 2:
        return [piece]
    away = [cv2.distanceTransform((cores != seed).astype(np.uint8), cv2.DIST_L2, 3) for seed in seeds]
    nearest = np.argmin(away, axis=0)
    return [piece & (nearest == place) for place in range(len(seeds))]


def _regrown(points: Points, angle: float) -> Quad:
    """The corners of the word whose kernel covers `points`, tilted by `angle` (radians), grown back."""
    spin = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    level = points @ spin.T
    x0, x1 = float(level[:, 0].min()), float(level[:, 0].max())
    y0, y1 = quantiles(level[:, 1], OUTLYING, 1 - OUTLYING)
    short = max(1.0, min(x1 - x0, y1 - y0)) / SHRINK
    wide, tall = x1 - x0 + short * (1 - SHRINK), y1 - y0 + short * (1 - SHRINK)
    corners = np.array([(-wide, -tall), (wide, -tall), (wide, tall), (-wide, tall)]) / 2
    centre = np.array([x0 + x1, y0 + y1]) / 2
    return np.asarray(((corners + centre) @ spin + 0.5) * STRIDE, np.float32)


def _tilts(bodies: Sequence[Body], among: Sequence[Body]) -> list[float]:
    """Radians, clockwise, by which each kernel is tilted; one too short to tell as those `among` it are.

    The nearest few have to agree, else it counts as level.
    """
    long = [(one.middle, one.tilt) for one in among if one.tilt is not None]
    around = np.array([middle for middle, _ in long]).reshape(-1, 2)
    sure = np.array([tilt for _, tilt in long])
    return [
        _agreed(sure, np.hypot(*(around - one.middle).T) / one.reach) if one.tilt is None else one.tilt
        for one in bodies
    ]


def _agreed(tilts: NDArray[np.float64], distances: NDArray[np.float64]) -> float:
    """What the NEAREST of some words have in common, in radians; 0 if that is nothing."""
    near = np.argsort(distances)[:NEAREST]
    tilts = tilts[near[distances[near] < NEAR]]
    if len(tilts) < 2:
        return 0.0
    middle = median(tilts.tolist())
    alike = np.abs(tilts - middle) < ALIKE
    agreed = float(tilts[alike].mean()) if alike.sum() > len(tilts) / 2 else 0.0
    return agreed if LEANING < abs(agreed) < STEEP else 0.0
