"""A picture in, word boxes out."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detector.box import Box

__all__ = ["Box", "Detector", "load"]


class Detector(Protocol):
    """Finds the places on a photo that look like written words."""

    @property
    def id(self) -> str:
        """Name and version; stored with every reading, so that two detectors never mix unnoticed."""

    def detect(self, pixels: NDArray[np.uint8]) -> list[Box]:
        """Boxes in reading order, `line` filled in, for upright RGB `pixels` of shape H x W x 3."""

    def cuts(self, pixels: NDArray[np.uint8]) -> list[Box]:
        """The same, and after them other ways to cut the words, which are `alternative`."""

    def mask(self, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Where there is ink of writing on such `pixels`, bool H x W; to look at."""


def load(name: str = "network") -> Detector:
    """The detector called `name`, or the network in the weights file `name`.

    Raises ValueError naming the known ones, `detector.weights.WeightsError` for unusable weights.
    """
    if name == "components":
        from detector.components import Components

        return Components()
    from detector.network import NetworkDetector

    if name == "network":
        return NetworkDetector.load()
    if name.endswith(".safetensors"):
        return NetworkDetector.load(Path(name))
    raise ValueError(f"no detector is called {name!r}; known: network, components, or a .safetensors file")
