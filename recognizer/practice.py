"""Labelled crops, shown over and over and never twice the same, among others that must not be forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from recognizer.crop import contrast, resize
from recognizer.synthesis import Sample

Pixels = NDArray[np.uint8]


class Source(Protocol):
    """Something that gives samples without end."""

    @property
    def words(self) -> Mapping[str, int]:
        """The words of its texts and how often they occur, for a language model; none where nobody knows."""

    def draw(self, rng: Generator) -> Sample:
        """One sample; the same `rng` state gives the same sample."""


@dataclass(frozen=True)
class Crop:
    """A picture of a word, u8 H x W (grey) or H x W x 3, and what is written there ("" for nothing)."""

    pixels: Pixels
    text: str


class Practice:
    """Draws labelled crops with a little wear, and samples of `general` in between."""

    def __init__(self, labelled: Sequence[Crop], general: Source | None, share: float, height: int) -> None:
        """`share` of the samples are labelled ones; all of them where there is no `general` source."""
        self._labelled, self._general, self._height = labelled, general, height
        self._share = share if general else 1.0

    @property
    def words(self) -> Mapping[str, int]:
        """Those of the labels, and of the other samples."""
        general = self._general.words if self._general else {}
        return Counter(general) | Counter(word for one in self._labelled for word in one.text.split())

    def draw(self, rng: Generator) -> Sample:
        """One sample."""
        if self._general and rng.random() >= self._share:
            return self._general.draw(rng)
        crop = self._labelled[int(rng.integers(len(self._labelled)))]
        return Sample(contrast(resize(worn(crop.pixels, rng), self._height)), crop.text)


def worn(pixels: Pixels, rng: Generator) -> Pixels:
    """`pixels` stretched, slanted, cut a little wider or closer, and noisy: as another photo may show it."""
    rows, columns = pixels.shape[:2]
    stretched = cv2.resize(pixels, (max(8, round(columns * rng.uniform(0.75, 1.3))), rows))
    slant = rng.normal(0, 0.12)
    shear = np.array([[1, slant, -slant * rows / 2], [0, 1, 0]], np.float32)
    bent = cv2.warpAffine(stretched, shear, stretched.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    cut = _trimmed(np.asarray(bent, np.uint8), rng)
    noise = rng.normal(0, rng.uniform(0, 8), 1) + rng.normal(0, rng.uniform(0.5, 8), cut.shape)
    return np.clip(cut + noise, 0, 255).astype(np.uint8)


def _trimmed(pixels: Pixels, rng: Generator) -> Pixels:
    """`pixels` with margins moved a little in or out."""
    rows = pixels.shape[0]
    out = round(0.1 * rows)
    wide = cv2.copyMakeBorder(pixels, out, out, out, out, cv2.BORDER_REPLICATE)
    top, bottom, left, right = rng.integers(0, max(1, round(0.16 * rows)), 4).tolist()
    return np.asarray(wide[top : wide.shape[0] - bottom, left : wide.shape[1] - right], np.uint8)
