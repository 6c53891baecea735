"""The models an archive can use, as their weights files describe themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from detector.weights import Card, id_of, read_card, shipped
from indexer.settings import Settings


@dataclass(frozen=True, slots=True)
class Model:
    """One weights file."""

    id: str
    name: str
    """What the settings call it: `network` or `default` (those that ship), or its path."""
    card: Card
    in_use: bool


def models(home: Path, settings: Settings) -> Iterator[Model]:
    """The models that ship, those that the settings name, and those in the archive's folder `models`.

    Raises `detector.weights.WeightsError` for a file that is no weights file.
    """
    shipping = {"network": shipped("detector"), "default": shipped("recognizer")}
    in_use = {settings.detector, settings.recognizer} - {"components"}  # which has no weights
    for name in dict.fromkeys(
        [*shipping, *sorted(in_use), *map(str, sorted(home.glob("models/*.safetensors")))]
    ):
        path = shipping.get(name) or Path(name)
        yield Model(id_of(path), name, read_card(path), name in in_use)
