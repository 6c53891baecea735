"""Photos and their readings made up for tests of the archive, and what the archive then says of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from light import empty_archive

import search
from detector import Box
from indexer.archive import Archive
from indexer.reading import Page, Reading, Sighting, WordReading
from recognizer import Hypothesis

A, B = "aa" * 32, "bb" * 32


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with empty_archive(tmp_path) as archive:
        yield archive


def seen(path: str, mtime_ns: int = 1) -> Sighting:
    return Sighting(path, 100, mtime_ns, 7)


def page(sha256: str = A, number: int = 1) -> Page:
    return Page(sha256, number, 1_700_000_000.0, 640, 480)


def reading(text: str, recognizer: str = "reader 1", step: int = 100) -> Reading:
    """Words side by side, `step` pixels apart, each with a second guess; the lattices are left out."""
    return Reading(
        "finder 1",
        recognizer,
        tuple(
            WordReading(
                Box(place * step, 0, place * step + 90, 20, 0, 0.9, 1.5),
                (Hypothesis(word, 0.75), Hypothesis(f"{word}x", 0.125)),
                b"",
            )
            for place, word in enumerate(text.split())
        ),
    )


def texts(archive: Archive, *paths: str) -> list[str]:
    """Best readings, photo by photo."""
    return [" ".join(word.readings[0].text for word in photo.words) for photo in archive.words(paths or None)]


def found(archive: Archive, query: str) -> list[str]:
    """Paths that a search for exactly this word finds."""
    archive.update_index()
    return sorted(hit.path for hit in search.open(archive.home).find(query, exact=True))


def word_id(archive: Archive, text: str) -> int:
    return next(word.id for photo in archive.words() for word in photo.words if word.readings[0].text == text)


def stages(archive: Archive) -> dict[str, str]:
    return {status.path: status.stage for status in archive.status()}
