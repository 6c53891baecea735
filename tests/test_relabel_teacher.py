"""What another engine reads becomes suggestions, whatever it cuts lines into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from light import board
from test_relabel import archive, photo, read, relabel

import indexer.teacher
from indexer.archive import Archive
from indexer.teacher import NoTeacher, load_engine, words_of

__all__ = ["archive", "photo"]


def corners(x0: float, x1: float) -> list[list[float]]:
    return [[x0, 10], [x1, 10], [x1, 60], [x0, 60]]


def engine(img: Any, *, return_word_box: bool) -> SimpleNamespace:
    """Reads the same on every page."""
    assert img.shape[2] == 3
    assert return_word_box
    return SimpleNamespace(
        txts=("quarterly roadmap", "Zürich"),
        word_results=(
            (("quarterly", 0.9, corners(10, 90)), ("roadmap", 0.8, corners(122, 186))),
            tuple((letter, 0.7, corners(10 + n, 11 + n)) for n, letter in enumerate("Zürich")),
        ),
    )


def test_readings_of_the_engine_are_suggestions(
    archive: Archive, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer.teacher, "load_engine", lambda: engine)
    board(photo.with_name("other.png"), "other")
    result = relabel(archive, "suggest")
    assert result.exit_code == 0
    assert "3 suggestions" in result.stderr
    found = {h.text: h.source for page in archive.words() for word in page.words for h in word.suggestions}
    assert found == dict.fromkeys(["quarterly", "roadmap", "Zürich"], "rapidocr")
    assert archive.labels.changes() == []
    relabel(archive, "suggest")
    assert sum(len(w.suggestions) for page in archive.words() for w in page.words) == 3
    photo.unlink()
    assert relabel(archive, "suggest").exit_code == 3
    assert "quarterly" in read(archive)


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexer.teacher, "find_spec", lambda _: None)
    with pytest.raises(NoTeacher, match=re.escape("ocr-index[teacher]")):
        load_engine()


def test_letters_become_words_again() -> None:
    pieces = [(letter, 0.5 + n / 10, corners(10 * n, 10 * n + 9)) for n, letter in enumerate("ab:c")]
    words = list(words_of("ab: c", pieces))
    assert [(word, round(sure, 2), box.x0, box.x1) for word, sure, box in words] == [
        ("ab:", 0.5, 0, 29),
        ("c", 0.8, 30, 39),
    ]


def pieces_of(text: str) -> Iterator[tuple[str, float, list[list[float]]]]:
    for n, letter in enumerate(text):
        yield letter, 0.5, corners(n, n + 1)


@given(text=st.text("ab é", max_size=12))
def test_no_word_is_lost_and_boxes_follow_each_other(text: str) -> None:
    found = list(words_of(text, pieces_of(text)))
    assert [word for word, _, _ in found] == text.split()
    assert [box.x0 for _, _, box in found] == sorted(box.x0 for _, _, box in found)
