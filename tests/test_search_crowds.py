"""What many photos, or many versions of one, do to each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from entries import ALPHABET, fill, found, photo, read_from_lattices, seen, word

import search
from search.entry import Entry
from search.index import Index
from search.shelf import ALIKE


@pytest.mark.parametrize("times", [0, 1, ALIKE - 2, ALIKE, 3 * ALIKE])
def test_former_versions_of_a_photo_take_no_place_of_what_is_there(
    tmp_path: Path, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.rank.EXAMINED", 5)
    monkeypatch.setattr("search.snapshot.WIDE", 5)
    (tmp_path / "archive.sqlite").touch()
    clear = tuple(word("roadmap", x=20 * n, lattice=seen("roadmap")) for n in range(4))
    doubtful = word("zozfwop", lattice=seen("roadmap", "zozfwop", doubt=0.4))
    fill(tmp_path, Entry(1, ("/p/1.jpg",), 0, clear, 1, ALPHABET), photo(3, "budget"))
    fill(tmp_path, Entry(2, ("/p/2.jpg",), 0, (doubtful,), 1, ALPHABET))
    for _ in range(times):
        fill(tmp_path, Entry(1, ("/p/1.jpg",), 0, clear, 1, ALPHABET))
    assert found(tmp_path, "roadmap") == ["1", "2"]
    with Index(tmp_path / "index").writer() as batch:
        batch.drop(1)
    assert found(tmp_path, "roadmap") == ["2"]


@pytest.mark.parametrize(("closer", "held"), [(4, 0), (0, 4), (0, 0)])
def test_what_other_photos_crowd_out_is_asked_for_where_another_word_stands(
    tmp_path: Path, closer: int, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.rank.EXAMINED", 2)
    monkeypatch.setattr("search.rank.HELD", held)
    monkeypatch.setattr("search.LOOKED_CLOSER", closer)
    (tmp_path / "archive.sqlite").touch()
    doubtful = word("zozfwop", x=20, lattice=seen("roadmap", "zozfwop", doubt=0.4))
    fill(tmp_path, Entry(1, ("/p/1.jpg",), 0, (word("plan", lattice=seen("plan")), doubtful), 1, ALPHABET))
    fill(tmp_path, *(read_from_lattices(n, "roadmap", "budget") for n in range(2, 5)))
    hits = {Path(hit.path).stem: hit for hit in search.open(tmp_path).find("plan roadmap")}
    looked = bool(closer or held)
    assert len(hits["1"].words) == (2 if looked else 1)
    assert hits["1"].score > 0.1 if looked else hits["1"].score < 0.01
    assert (hits["1"].rank == 1) is looked
    assert "1" not in found(tmp_path, "roadmap")


@pytest.mark.parametrize(("doubt", "asked"), [(0.15, 1), (0.01, 0)])
def test_hopeless_words_are_not_asked_for_their_lattices(tmp_path: Path, doubt: float, asked: int) -> None:
    (tmp_path / "archive.sqlite").touch()
    fill(
        tmp_path,
        Entry(1, ("/p/1.jpg",), 0, (word("zozo", lattice=seen("plan", "zozo", doubt)),), 1, ALPHABET),
    )
    snapshot = search.open(tmp_path).snapshot
    key = snapshot.key_of(1)
    assert key is not None
    assert len(snapshot.likeliest("plan", 9)) == len(snapshot.likeliest_of("plan", [key])) == asked


@pytest.mark.parametrize("held", [1, 0])
def test_a_photo_with_both_words_is_found_even_if_others_crowd_out_each_of_them(
    tmp_path: Path, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.rank.EXAMINED", 2)
    monkeypatch.setattr("search.rank.HELD", held)
    (tmp_path / "archive.sqlite").touch()
    doubtful = [
        word("zozo", lattice=seen("plan", "zozo", doubt=0.4)),
        word("zozfwop", x=90, lattice=seen("roadmap", "zozfwop", doubt=0.4)),
    ]
    fill(tmp_path, Entry(1, ("/p/1.jpg",), 0, tuple(doubtful), 1, ALPHABET))
    fill(tmp_path, *(read_from_lattices(n, "roadmap") for n in (2, 3)))
    fill(tmp_path, *(read_from_lattices(n, "plan") for n in (4, 5)))
    assert (found(tmp_path, "plan roadmap")[0] == "1") is bool(held)


def test_a_question_asked_again_is_not_worked_out_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "archive.sqlite").touch()
    fill(tmp_path, read_from_lattices(1, "plan", "roadmap"))
    searcher = search.open(tmp_path)
    [hit] = searcher.find("plan roadmap")
    monkeypatch.setattr("search.rank.look_closer", None)
    assert searcher.find("plan  roadmap")[0].words == hit.words
    with pytest.raises(TypeError):
        searcher.find("roadmap plan")
