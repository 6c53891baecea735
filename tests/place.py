"""A folder of photos whose archive is read by models of choice, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from light import LightDetector, LightRecognizer, Opinion, empty_archive

from indexer import pipeline
from indexer.archive import Archive
from indexer.pipeline import Models, Refusal, Summary
from indexer.settings import Settings
from recognizer.language import LanguageModel

SETTINGS = Settings(threads=2, batch=6)


@dataclass
class Watcher:
    """Progress that remembers."""

    total: int = 0
    done: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def start(self, total: int) -> None:
        self.total = total

    def advance(self, path: str) -> None:
        self.done.append(Path(path).name)

    def refuse(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)


@dataclass
class Place:
    """A folder of photos, an archive, and the models it is read with."""

    photos: Path
    archive: Archive
    detector: LightDetector = field(default_factory=LightDetector)
    recognizer: LightRecognizer = field(default_factory=LightRecognizer)
    progress: Watcher = field(default_factory=Watcher)

    def models(self, _settings: Settings) -> Models:
        return Models(self.detector, self.recognizer)

    def add(self, *paths: Path, settings: Settings = SETTINGS) -> Summary:
        self.progress = Watcher()
        return pipeline.add(self.archive, paths or [self.photos], settings, self.progress, self.models)

    def reindex(self) -> Summary:
        return pipeline.reindex(self.archive, None, SETTINGS, self.progress, self.models)

    def texts(self) -> dict[str, str]:
        """What is read on each photo, lines and words joined; pages by their number."""
        return {
            f"{Path(photo.path).name}{f' {photo.page}' if photo.page > 1 else ''}": " ".join(
                word.readings[0].text for word in photo.words
            )
            for photo in self.archive.words()
        }


def preferring(text: str) -> LanguageModel:
    """Somebody who writes little else."""
    return Opinion(lambda word: 40.0 if word in text.split() else 0.0)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "photos").mkdir()
    with empty_archive(tmp_path / "home") as archive:
        yield Place(tmp_path / "photos", archive)
