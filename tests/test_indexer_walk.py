"""Walking folders: what is taken for a photo, in which order, and what is told of the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import walk
from indexer.photo import PhotoError
from indexer.walk import Selection


def put(path: Path, content: str = "photo") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def walked(*paths: Path, selection: Selection = walk.EVERYTHING) -> list[str]:
    return [found.name for found in walk.walk(paths, selection) if isinstance(found, Path)]


def test_folder_by_folder_in_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/1.jpg", "c.jpg", "a/z/3.PNG", "a/4.heic", "notes.txt", "b/plain"):
        put(tmp_path / name)
    assert walked(tmp_path) == ["c.jpg", "4.heic", "3.PNG", "1.jpg", "2.jpg"]


def test_a_named_file_is_always_taken_and_once(tmp_path: Path) -> None:
    text, photo = put(tmp_path / "notes.txt"), put(tmp_path / "a.jpg")
    assert walked(text, photo, photo, tmp_path, tmp_path) == ["notes.txt", "a.jpg"]


@pytest.mark.parametrize("name", ["x" * 5000, "file/below", "loop"])
def test_what_cannot_be_there(tmp_path: Path, name: str) -> None:
    put(tmp_path / "file")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert not walk.is_there(tmp_path / name, follow=True)


def test_what_is_not_there(tmp_path: Path) -> None:
    [problem] = walk.walk([tmp_path / "gone"])
    assert isinstance(problem, PhotoError)
    assert problem.reason == "no such file or folder"


@pytest.mark.parametrize(
    "name",
    [".hidden.jpg", "._a.jpg", ".syncthing.a.jpg.tmp", "~syncthing~a.jpg", "a.jpg.part",
     "a.jpg.crdownload", "a.jpg.filepart", ".a.jpg.Xy12", "@eaDir/a.jpg", ".thumbnails/a.jpg",
     "x/@eaDir/y/a.jpg", ".DS_Store", "#recycle/a.jpg", "$RECYCLE.BIN/a.jpg", "__MACOSX/a.jpg", "~$a.pdf"],
)  # fmt: skip
def test_what_passes_through_is_no_photo(tmp_path: Path, name: str) -> None:
    put(tmp_path / name)
    put(tmp_path / "real.jpg")
    assert walked(tmp_path) == ["real.jpg"]
    assert not Selection().reaches(name)


def test_a_hidden_folder_can_be_named(tmp_path: Path) -> None:
    put(tmp_path / ".private" / "a.jpg")
    assert walked(tmp_path / ".private") == ["a.jpg"]


def test_globs(tmp_path: Path) -> None:
    for name in ("boards/a.jpg", "boards/b.PNG", "holiday/c.jpg", "boards/old/d.jpg"):
        put(tmp_path / name)
    assert walked(tmp_path, selection=Selection(include=("*.png",))) == ["b.PNG"]
    assert walked(tmp_path, selection=Selection(include=("boards/*",))) == ["a.jpg", "b.PNG", "d.jpg"]
    assert walked(tmp_path, selection=Selection(exclude=("holiday", "old"))) == ["a.jpg", "b.PNG"]
    assert walked(tmp_path, selection=Selection(("*.jpg",), ("*/old/*",))) == ["a.jpg", "c.jpg"]


@settings(deadline=None, max_examples=50)
@given(st.text("ab/.*[!", max_size=12), st.text("ab*?[]!.", max_size=6))
def test_no_glob_is_an_error(below: str, glob: str) -> None:
    Selection((glob,), (glob,)).reaches(below)


def test_circles_of_links_end(tmp_path: Path) -> None:
    put(tmp_path / "a" / "1.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "0").symlink_to(tmp_path / "a")
    assert list(walk.walk([tmp_path])) == [tmp_path / "a" / "1.jpg"]


def test_a_folder_behind_links_is_entered_once(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "1.jpg")
    put(tmp_path / "photos" / "2.jpg")
    for name in ("x", "y"):
        (tmp_path / "photos" / name).symlink_to(tmp_path / "elsewhere")
    found = list(walk.walk([tmp_path / "photos"]))
    assert found == [tmp_path / "photos" / "2.jpg", tmp_path / "photos" / "x" / "1.jpg"]


def test_a_link_to_a_photo_is_one(tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(put(tmp_path / "a.jpg"))
    (tmp_path / "broken.jpg").symlink_to("nowhere")
    assert walked(tmp_path) == ["a.jpg", "broken.jpg", "link.jpg"]


def test_a_closed_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a.jpg")
    closed = put(tmp_path / "closed" / "b.jpg").parent
    scandir = os.scandir

    def guarded(path: str) -> object:
        if path == str(closed):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    photo, problem = walk.walk([tmp_path])
    assert photo == tmp_path / "a.jpg"
    assert str(problem) == f"{closed}: no permission to look into this folder"


def test_names_in_any_encoding(tmp_path: Path) -> None:
    name = os.fsdecode(b"gr\xfcn.jpg")
    put(tmp_path / name)
    assert walked(tmp_path) == [name]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["a", ".b", "c.jpg", "@eaDir", "d.PNG", "e.txt"]), min_size=1, max_size=4))
def test_reaches_says_what_a_walk_does(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    root = tmp_path_factory.mktemp("walk")
    put(root.joinpath(*names))
    assert (walked(root) == [names[-1]]) == Selection().reaches("/".join(names))
