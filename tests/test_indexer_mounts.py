"""Disks that come and go: their photos stay, those that are deleted do not; what `add` makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from light import board, empty_archive, light

from indexer import mounts, pipeline
from indexer.archive import Archive
from indexer.mounts import beginnings, missing, remember, remembered
from indexer.settings import Settings
from indexer.summary import Summary


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with empty_archive(tmp_path / "home") as archive:
        yield archive


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A folder with one photo, beside another one."""
    board(tmp_path / "photos" / "here.png", "here")
    return board(tmp_path / "photos" / "card" / "there.png", "there").parent


def add(archive: Archive, photos: Path) -> Summary:
    return pipeline.add(archive, [photos], Settings(threads=1), models=light)


def test_a_disk_begins_where_the_device_is_another_than_above() -> None:
    assert beginnings({"/p": 1, "/p/a": 1, "/p/card": 2, "/p/card/x": 2, "/p/card/x/y": 1}) == {
        "/p/card",
        "/p/card/x/y",
    }


def test_what_is_remembered_adds_up_and_survives_damage(tmp_path: Path) -> None:
    assert remember(tmp_path, {"/a"}) == {"/a"}
    assert remember(tmp_path, {"/b\udcff"}) == {"/a", "/b\udcff"}
    assert remembered(tmp_path) == {"/a", "/b\udcff"}
    (tmp_path / "mounts.json").write_text("[1")
    assert remembered(tmp_path) == set()


def test_the_nearest_disk_decides(tmp_path: Path) -> None:
    root = str(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "empty").mkdir()
    disks = [f"{root}/full", f"{root}/empty", "/elsewhere"]
    assert missing(f"{root}/full/a.jpg", root, disks) is None
    assert missing(f"{root}/empty/a.jpg", root, disks) == f"{root}/empty"
    assert missing(f"{root}/other/a.jpg", root, disks) is None
    assert missing(f"{root}/away/a.jpg", f"{root}/away", disks) == f"{root}/away"


def test_adding_keeps_the_photos_of_a_disk_that_is_away_and_says_so(archive: Archive, card: Path) -> None:
    remember(archive.home, {str(card)})
    add(archive, card.parent)
    content = (card / "there.png").read_bytes()
    (card / "there.png").unlink()
    summary = add(archive, card.parent)
    assert summary.vanished == 0
    assert [(refusal.path, "stay" in refusal.reason) for refusal in summary.refused] == [(str(card), True)]
    assert len(list(archive.paths())) == 2
    (card / "there.png").write_bytes(content)
    (card / "more.png").write_bytes(content)
    assert add(archive, card.parent).refused == ()
    (card / "there.png").unlink()
    assert add(archive, card.parent).vanished == 1


def test_a_folder_that_was_never_a_disk_may_be_emptied(archive: Archive, card: Path) -> None:
    add(archive, card.parent)
    (card / "there.png").unlink()
    assert add(archive, card.parent) == Summary(unchanged=1, vanished=1)


def test_disks_are_learned_while_adding(
    archive: Archive, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "beginnings", lambda devices: set(devices) & {str(card)})
    add(archive, card.parent)
    assert mounts.remembered(archive.home) == {str(card)}
