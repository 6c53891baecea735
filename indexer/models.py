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
    """What the settings call it: `default`, or its path."""
    card: Card
    in_use: bool


def models(home: Path, settings: Settings) -> Iterator[Model]:
    """The recognizer that ships, those in the archive's folder `models`, and the one that the settings name.

    Raises `recognizer.weights.WeightsError` for a file that is no weights file.
    """
    names = dict.fromkeys(
        ["default", settings.recognizer, *map(str, sorted(home.glob("models/*.safetensors")))]
    )
    for name in names:
        path = shipped("recognizer") if name == "default" else Path(name)
        yield Model(id_of(path), name, read_card(path), name == settings.recognizer)
