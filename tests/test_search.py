"""Words in, hits out: on an index of a few photos made up here."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from entries import ALPHABET, fill, found, photo, read_from_lattices, seen, word

import search
from search.entry import Entry, Word, postings
from search.index import Index, IndexBusy, IndexMissing
from search.query import Filters, corrected, filters, is_question
from search.shelf import ALIKE


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "archive.sqlite").touch()
    fill(tmp_path, photo(1, "quarterly", "roadmap"), photo(2, "budget"), photo(3, "Quarterly", "budget"))
    return tmp_path


def test_the_photo_with_both_words_comes_first(home: Path) -> None:
    hits = search.open(home).find("quarterly roadmap")
    assert Path(hits[0].path).stem == "1" and hits[0].score > 0.5
    assert {w.term: w.box for w in hits[0].words} == {"quarterly": (0, 0, 10, 10), "roadmap": (20, 0, 30, 10)}
    assert [h.rank for h in hits] == list(range(1, len(hits) + 1))
    assert all(0 <= h.score <= 1 for h in hits)


def test_misspelled_words_are_found_and_exact_ones_only_if_asked(home: Path) -> None:
    assert found(home, "quartely")[0] in {"1", "3"}
    assert found(home, "quartely", exact=True) == []
    assert set(found(home, "=budget")) == {"2", "3"}


def test_absent_words_find_nothing(home: Path) -> None:
    assert found(home, "zeppelin") == []
    assert search.open(home).closest("budget zeppelin").keys() == {"zeppelin"}
    assert search.open(home).closest("zzzzdmap")["zzzzdmap"][0] == "roadmap"


def test_words_of_former_versions_are_not_suggested(home: Path) -> None:
    fill(home, photo(1, "holiday"))
    assert search.open(home).closest("zzzzdmap")["zzzzdmap"] == []


def test_case_accents_and_marks_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "archive.sqlite").touch()
    fill(tmp_path, photo(1, "Café", "W-2"), photo(2, "road-map"))
    assert found(tmp_path, "CAFE") == ["1"] and found(tmp_path, "café") == ["1"]
    assert found(tmp_path, "w-2")[0] == "1" and found(tmp_path, "W2")[0] == "1"
    assert found(tmp_path, "roadmap")[0] == "2"


def test_a_word_cut_in_two_is_found_whole(tmp_path: Path) -> None:
    (tmp_path / "archive.sqlite").touch()
    fill(tmp_path, photo(1, "road", "map"), photo(2, "other"))
    [hit] = search.open(tmp_path).find("roadmap")
    assert Path(hit.path).stem == "1"
    assert hit.words[0].text == "road map" and hit.words[0].box == (0, 0, 30, 10)


def test_a_word_typed_in_two_is_found_whole(tmp_path: Path) -> None:
    (tmp_path / "archive.sqlite").touch()
    texts = (("new", "roadmap"), ("road", "map", "new"), ("road", "old"))
    fill(tmp_path, *(read_from_lattices(number, *some) for number, some in enumerate(texts, 1)))
    searcher = search.open(tmp_path)
    assert [Path(h.path).stem for h in searcher.find("road map")] == ["2", "1", "3"]
    assert [w.term for w in searcher.find("road map new")[1].words] == ["roadmap", "new"]
    assert [Path(h.path).stem for h in searcher.find("road map", exact=True, least=0.1)] == ["2"]


def test_unwanted_words_and_alternatives(home: Path) -> None:
    assert found(home, "quarterly -budget")[0] == "1"
    assert set(found(home, "roadmap OR budget")[:3]) == {"1", "2", "3"}
    assert found(home, "quart*")[0] in {"1", "3"}


def test_words_in_order_on_a_line_are_a_phrase(tmp_path: Path) -> None:
    (tmp_path / "archive.sqlite").touch()
    fill(tmp_path, photo(1, "open", "source"), photo(2, "source", "open"))
    hits = search.open(tmp_path).find('"open source"')
    assert Path(hits[0].path).stem == "1" and hits[0].score > 3 * hits[1].score


def test_words_on_one_line_come_before_scattered_ones(tmp_path: Path) -> None:
    (tmp_path / "archive.sqlite").touch()
    scattered = Entry(1, ("/p/1.jpg",), 0, (word("team"), word("budget", line=5)), 1, ALPHABET)
    fill(tmp_path, scattered, photo(2, "budget", "of", "the", "team"))
    hits = search.open(tmp_path).find("team budget")
    assert [Path(h.path).stem for h in hits] == ["2", "1"] and hits[1].score > 0.8 * hits[0].score


def test_folders_and_dates_filter(tmp_path: Path) -> None:
    (tmp_path / "archive.sqlite").touch()
    old, new = photo(1, "plan", taken=0.0, folder="/a"), photo(2, "plan", taken=1.7e9, folder="/ab")
    fill(tmp_path, old, new)
    assert found(tmp_path, "plan", folder="/a") == ["1"]
    assert found(tmp_path, "plan", after=date(2000, 1, 1)) == ["2"]
    assert found(tmp_path, "plan", before=date(2000, 1, 1)) == ["1"]


def test_lattices_find_what_no_reading_has(tmp_path: Path) -> None:
    (tmp_path / "archive.sqlite").touch()
    lattice = seen("roadmap", "zozfwop", doubt=0.3)
    hidden = Entry(1, ("/p/1.jpg",), 0, (word("zozfwop", lattice=lattice),), 1, ALPHABET)
    other = Entry(2, ("/p/2.jpg",), 0, (word("zozfwop", lattice=seen("zozfwop")),), 1, ALPHABET)
    fill(tmp_path, hidden, other)
    hits = search.open(tmp_path).find("roadmap")
    assert [Path(h.path).stem for h in hits] == ["1"] and hits[0].words[0].text == "zozfwop"


def test_what_a_person_said_is_certain_and_silences_the_lattice(tmp_path: Path) -> None:
    (tmp_path / "archive.sqlite").touch()
    said = Word(1, (0, 0, 9, 9), 0, 1.0, (("budget", 1.0),), seen("roadmap"))
    fill(tmp_path, Entry(1, ("/p/1.jpg",), 0, (said,), 1, ALPHABET))
    assert search.open(tmp_path).find("budget")[0].score == 1.0
    assert found(tmp_path, "roadmap") == []


def test_what_a_person_said_makes_no_other_word_harder_to_find(tmp_path: Path) -> None:
    doubtful = word("rcad", 0.3, lattice=seen("road", "rcad", 0.2))
    fill(
        tmp_path,
        Entry(1, ("/p/1.jpg",), 0, (doubtful,), 1, ALPHABET),
        Entry(2, ("/p/2.jpg",), 0, (word("load", 1.0),), 1, ALPHABET),
        Entry(3, ("/p/3.jpg",), 0, (word("rail", 1.0), word("roads", 1.0, x=20)), 1, ALPHABET),
    )
    assert found(tmp_path, "road")[0] == "1"
    assert found(tmp_path, "railroads", least=0.0) == []


def test_replaced_and_dropped_photos_leave_nothing_behind(home: Path) -> None:
    fill(home, photo(1, "holiday"))
    with Index(home / "index").writer() as batch:
        batch.drop(2)
        batch.drop(99)
    assert found(home, "roadmap") == [] and found(home, "holiday") == ["1"]
    assert found(home, "budget") == ["3"]


def test_readers_keep_what_they_saw(home: Path) -> None:
    before = search.open(home)
    fill(home, photo(1, "holiday"))
    assert Path(before.find("roadmap")[0].path).stem == "1"
    assert before.find("holiday") == []


def test_a_broken_off_batch_changes_nothing(home: Path) -> None:
    with pytest.raises(RuntimeError), Index(home / "index").writer() as batch:
        batch.put(photo(9, "holiday"))
        raise RuntimeError
    assert found(home, "holiday") == [] and found(home, "roadmap") == ["1"]


def test_many_small_commits_equal_one(tmp_path: Path) -> None:
    texts = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"]
    entries = [
        Entry(n, (f"/p/{n}.jpg",), 0, (word(texts[n % 6] + str(n), lattice=seen(texts[n % 6])),), 1, ALPHABET)
        for n in range(9 * ALIKE)
    ]
    for name, batches in (("one", [entries]), ("many", [[e] for e in entries])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "archive.sqlite").touch()
        for batch in batches:
            fill(tmp_path / name, *batch)
    for query in ("alpha", "delta3", "foxtrot"):
        assert sorted(found(tmp_path / "one", query, limit=99)) == sorted(
            found(tmp_path / "many", query, limit=99)
        )
    files = list((tmp_path / "many" / "index").glob("part-*"))
    assert len(files) < 3 * ALIKE


def test_a_second_writer_waits_and_then_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.index.PATIENCE", 0.1)
    with (
        Index(home / "index").writer() as batch,
        pytest.raises(IndexBusy, match="another program"),
        Index(home / "index").writer(),
    ):
        batch.put(photo(9, "never"))  # not reached by the inner writer


def test_a_missing_or_older_index_is_told_apart_from_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="reindex"):
        search.open(tmp_path)
    fill(tmp_path, photo(1, "plan"))
    (tmp_path / "index" / "stamp.json").write_text('{"format": 0}')
    assert not Index(tmp_path / "index").usable


@pytest.mark.parametrize("pattern", ["_MAIN_*.toc", "MAIN_*.trm", "MAIN_*.pst", "part-*.bin", "parts.json"])
@pytest.mark.parametrize("harm", ["garbage", "cut"])
def test_a_damaged_index_is_called_so(home: Path, pattern: str, harm: str) -> None:
    [path] = (home / "index").glob(pattern)
    data = path.read_bytes()
    path.write_bytes(b"\7" * len(data) if harm == "garbage" else data[: len(data) // 2])
    with pytest.raises(IndexMissing, match="reindex"):
        search.open(home).find("quarterly budget")


def test_postings_carry_the_largest_probability() -> None:
    entry = Entry(1, ("/p",), 0, (word("plan", 0.4), word("Plan", 0.7, x=20, line=1)))
    assert postings(entry).told["plan"] == pytest.approx(0.7)
    assert postings(photo(1, "plan")).read == {}
    entry = Entry(1, ("/p",), 0, (word("plan", 0.4, lattice=seen("plan")),))
    assert postings(entry).read["plan"] == pytest.approx(0.4) and not postings(entry).told


def test_filters_may_stand_in_the_query(tmp_path: Path) -> None:
    (tmp_path / "archive.sqlite").touch()
    old, new = (
        photo(1, "plan", taken=0.0, folder="/a/Work"),
        photo(2, "plan", taken=1.7e9, folder="/a/homework"),
    )
    fill(tmp_path, old, new)
    assert found(tmp_path, "plan in:work") == ["1"] and found(tmp_path, 'in:"a/homework" plan') == ["2"]
    assert found(tmp_path, "plan after:2000-01") == ["2"] and found(tmp_path, "before:2000 plan") == ["1"]
    assert filters("plan after:soon") == ("plan after:soon", Filters())
    searcher = search.open(tmp_path)
    assert (
        searcher.find("plan in:play before:2000") == []
        and searcher.elsewhere("plan in:play before:2000") == 2
    )
    assert searcher.elsewhere("zeppelin in:play") == 0


def test_a_word_is_corrected_in_its_query() -> None:
    assert corrected("quarterly Rodmap in:work", "rodmap", "roadmap") == "quarterly roadmap in:work"
    assert corrected("-rodmaps =rodmap", "rodmap", "roadmap") == "-rodmaps =roadmap"
    assert corrected("road-map", "roadmap", "roadmaps") == "roadmaps", "not there in one piece"


def test_some_queries_ask_for_nothing() -> None:
    assert is_question("plan -budget") and is_question("日本 in:work")
    assert not any(is_question(text) for text in ("", "-plan", "NOT plan", '" * "', "in:work after:2024"))


def test_any_query_is_answered(home: Path) -> None:
    searcher = search.open(home)
    for query in (
        "",
        "-",
        '"',
        "(",
        ")",
        "-budget",
        "OR",
        "* =",
        '"unclosed budget',
        "(((",
        "\udcff",
        "a" * 5000,
        "中文",
    ):
        assert isinstance(searcher.find(query), list)


def test_searching_loads_no_pictures_and_no_networks(home: Path) -> None:
    code = (
        "import sys, search; from pathlib import Path; search.open(Path(sys.argv[1])).find('roadmap');"
        "assert not {'torch', 'cv2', 'sqlalchemy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code, str(home)], check=True, cwd=Path(search.__file__).parents[1])
