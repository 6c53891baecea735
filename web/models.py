"""The models of an archive as the page shows them: who read what, which is in use and which was before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from indexer import choice
from indexer.archive import Archive
from indexer.models import Model, models
from indexer.settings import Settings


class NoSuchModel(Exception):
    """A model that is no recognizer of this archive."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class Shelf:
    """All models of an archive."""

    models: tuple[Model, ...]
    read: Mapping[str, int]
    """Id of a model -> photos whose words it has found or read, also of models that are gone."""
    before: str | None
    """Id of the recognizer that was in use before the present one."""
    fixed: bool
    """The settings file names the recognizer: then nothing else is chosen."""


def shelf(archive: Archive) -> Shelf:
    """Those there are now. Raises `SettingsError`, `WeightsError`."""
    settings = Settings.load(archive.home)
    found = tuple(models(archive.home, settings))
    past = choice.history(archive.home)
    before = next((model.id for model in found if past[:-1] and model.name == past[-2]), None)
    return Shelf(found, archive.gallery.readers(), before, settings.recognizer != past[-1])


def use_model(archive: Archive, model: str) -> None:
    """Read with the recognizer of that id from now on. Raises `NoSuchModel`, `ChoiceError`."""
    known = {one.id: one for one in shelf(archive).models if one.card.kind == "recognizer"}
    if model not in known:
        raise NoSuchModel("no recognizer of this archive has that id; /api/models lists them")
    choice.use(archive.home, known[model].name)
