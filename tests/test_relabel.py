"""`ocr-index relabel` as a person meets it: one word, questions and answers, lists in and out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from light import board, empty_archive, light

import cli
from indexer import queries
from indexer.archive import Archive
from indexer.commands import asking
from indexer.pipeline import add
from indexer.queries import frequencies
from indexer.settings import Settings
from indexer.terminal import blocks

WORDS = ["quarterly", "rodmap", "budget"]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return board(tmp_path / "photos" / "board.png", "quarterly rodmap", "budget")


@pytest.fixture
def archive(tmp_path: Path, photo: Path) -> Iterator[Archive]:
    with empty_archive(tmp_path / "home") as archive:
        add(archive, [photo], Settings(threads=1), models=light)
        yield archive


def relabel(archive: Archive, *args: object, typed: str = "") -> Result:
    words = ["relabel", *map(str, args)]
    result = CliRunner(env={"OCR_INDEX_HOME": str(archive.home)}).invoke(cli.index, words, typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def read(archive: Archive) -> list[str]:
    return [word.readings[0].text for page in archive.words() for word in page.words]


def test_a_word_is_named_by_what_is_read_there_or_by_its_id(archive: Archive, photo: Path) -> None:
    assert relabel(archive, "set", photo, "rodmap", "roadmap").exit_code == 0
    ids = {word.readings[0].text: word.id for page in archive.words() for word in page.words}
    assert relabel(archive, "set", photo, ids["budget"], "").exit_code == 0
    assert read(archive) == ["quarterly", "roadmap"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("set", "{photo}", "nothing", "x"), "no word on"),
        (("set", "elsewhere.png", "rodmap", "x"), "no words are known"),
        (("add", "{photo}", 9000, 0, 9001, 9, "x"), "outside of the photo"),
        (("split", "{photo}", "rodmap", "rodmap"), "two or more parts"),
        (("merge", "{photo}", "rodmap", "--text", "x"), "two or more"),
        (("undo",), "no label to take back"),
        (("history", "{photo}"), "name the word"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    archive: Archive, photo: Path, args: Sequence[object], says: str
) -> None:
    result = relabel(archive, *(str(arg).format(photo=photo) for arg in args))
    assert result.exit_code == 2
    assert says in result.stderr
    assert read(archive) == WORDS


def test_boxes_are_added_cut_joined_and_deleted(archive: Archive, photo: Path) -> None:
    assert relabel(archive, "split", photo, "rodmap", "road", "map").stdout.count("\n") == 2
    assert relabel(archive, "merge", photo, "road", "map", "--text", "Roadmap").exit_code == 0
    assert relabel(archive, "add", photo, 1, 1, 9, 9, "extra", "--by", "Ann").exit_code == 0
    assert relabel(archive, "delete", photo, "budget").exit_code == 0
    assert sorted(read(archive)) == ["Roadmap", "extra", "quarterly"]
    assert 'Ann: "extra"' in relabel(archive, "undo", "--by", "Ann").stdout
    for _ in range(3):
        relabel(archive, "undo")
    assert read(archive) == WORDS


def test_history_is_told_to_people_and_to_scripts(archive: Archive, photo: Path) -> None:
    relabel(archive, "set", photo, "rodmap", "roadmap", "--by", "Ann")
    relabel(archive, "undo")
    lines = relabel(archive, "history", photo, "rodmap").stdout.splitlines()
    assert [re.sub(r"^[-\d]+ [:\d]+", "", line) for line in lines] == [
        '  Ann: "roadmap"',
        "  Ann: took it back  (undo)",
    ]
    rows = [json.loads(line) for line in relabel(archive, "history", "--json").stdout.splitlines()]
    assert [(row["text"], row["by"], row["why"]) for row in rows] == [
        (None, "Ann", "undo"),
        ("roadmap", "Ann", "said"),
    ]


def asked_first(archive: Archive) -> list[str]:
    words = archive.labels.words([question.words[0] for question in archive.labels.ask()])
    return [placed.word.readings[0].text for placed in words]


def test_answers_come_from_lines(archive: Archive) -> None:
    first, second, third = asked_first(archive)
    result = relabel(archive, "next", typed="\n2\n=n\n")
    assert result.exit_code == 0
    assert "3 words labelled" in result.stderr
    said = [said.text for said in archive.labels.changes()]
    assert said[0] == "n"
    assert said[2] == first
    assert said[1] not in (second, third, "n")
    assert relabel(archive, "next").stderr.count("no words are left") == 1


def test_questions_are_skipped_taken_back_and_left(archive: Archive) -> None:
    first, second, _ = asked_first(archive)
    result = relabel(archive, "next", typed="u\ns\nwrong\nu\nright\nn\n")
    assert "nothing has been answered" in result.stderr
    assert "taken back: wrong" in result.stdout
    assert sorted(read(archive)) == sorted([first, "right"])
    assert second not in read(archive)
    assert relabel(archive, "next", typed="q\n").exit_code == 0


def test_a_reading_that_is_not_there_is_asked_for_again(archive: Archive) -> None:
    result = relabel(archive, "next", "-n", 1, typed="9\n=\nok\n")
    assert result.stderr.count("no such reading") == 2
    assert "ok" in read(archive)
    assert len(archive.labels.changes()) == 1


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Archive]:
    with empty_archive(tmp_path / "many") as archive:
        photos = [board(tmp_path / f"{n}.png", "rodmap " + "abcd"[n] * 4) for n in range(4)]
        add(archive, photos, Settings(threads=1), models=light)
        yield archive


def test_words_that_look_alike_are_answered_at_once(many: Archive) -> None:
    ids = [word.id for page in many.words() for word in page.words if word.readings[0].text != "rodmap"]
    many.labels.set(ids, "")
    (question,) = many.labels.ask()
    assert (question.text, len(question.words)) == ("rodmap", 4)
    result = relabel(many, "next", typed="1\n2\nq\n")
    assert "= rodmap, 3 times" in result.stdout
    assert len(many.labels.labelled()) == 3
    assert len(many.labels.ask()) == 1
    many.labels.undo()
    assert [len(question.words) for question in many.labels.ask()] == [4]
    assert [len(question.words) for question in many.labels.ask(together=False)] == [1] * 4
    relabel(many, "next", typed="rodmop\nq\n")
    assert len(many.labels.labelled()) == 1


def test_keys_make_texts_and_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter("")
    monkeypatch.setattr(click, "getchar", lambda: next(typed))

    def answer(keys: str) -> str:
        nonlocal typed
        typed = iter(keys)
        return asking._keys()

    assert [answer(key) for key in "\r3nsuq\x03"] == ["", "3", "n", "s", "u", "q", "q"]
    assert answer("road\r") == "road"
    assert answer("rode\x7f\x7fad\r") == "road"
    assert answer("x\x1broad\r") == "road"
    assert answer("=sun\n") == "=sun"
    assert answer("é ü\r") == "é ü"


def test_a_crop_is_drawn_in_blocks() -> None:
    picture = np.full((40, 80, 3), 255, np.uint8)
    picture[:20, 20:40] = 0
    assert blocks(picture, 16, 9, colour=False).splitlines() == ["    ████", "    ████", "", ""]
    coloured = blocks(picture, 8, 9)
    assert coloured.count("\n") == 2
    assert "\x1b[38;2;0;0;0;48;2;0;0;0m▀" in coloured
    assert blocks(picture, 400, 3).count("\n") == 3


def test_queries_are_remembered_only_if_that_is_wanted(archive: Archive) -> None:
    def search(query: str) -> None:
        CliRunner(env={"OCR_INDEX_HOME": str(archive.home)}).invoke(cli.find, [query])

    search("budget")
    assert frequencies(archive.home) == {}
    (archive.home / "settings.toml").write_text("query_log = true\n")
    search("budget")
    search("budget Roadmap")
    assert frequencies(archive.home) == {"budget": 2, "roadmap": 1}


def test_the_memory_of_queries_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST", 40)
    (tmp_path / "settings.toml").write_text("query_log = true\n")
    for number in range(30):
        queries.note(tmp_path, f"query{number}")
    assert 1 <= len(frequencies(tmp_path)) <= 8
    assert "query29" in frequencies(tmp_path)


def test_a_photo_that_is_gone_is_asked_for_without_a_picture(archive: Archive, photo: Path) -> None:
    photo.unlink()
    result = relabel(archive, "next", "-n", 1, typed="\n")
    assert "no picture" in result.stderr
    assert len(archive.labels.changes()) == 1


def test_labels_go_out_and_come_in(archive: Archive, photo: Path, tmp_path: Path) -> None:
    relabel(archive, "set", photo, "rodmap", "roadmap")
    result = relabel(archive, "export", tmp_path / "out", "--format", "kraken")
    assert "1 words" in result.stderr
    relabel(archive, "undo")
    assert relabel(archive, "import", tmp_path / "out").exit_code == 0
    assert "roadmap" in read(archive)
    again = relabel(archive, "import", tmp_path / "out")
    assert "0 labels, 1 there already" in again.stderr
    assert relabel(archive, "export", tmp_path / "out").exit_code == 2


def test_suggestions_come_in_and_are_offered(archive: Archive, photo: Path, tmp_path: Path) -> None:
    box = next(archive.words()).words[1].box
    table = tmp_path / "engine.csv"
    rows = [f"{photo},{box.x0},{box.y0},{box.x1},{box.y1},roadmap,0.4", f"{tmp_path}/no.png,0,0,9,9,x,0.4"]
    table.write_text("path,x0,y0,x1,y1,text,confidence\n" + "\n".join(rows) + "\n")
    result = relabel(archive, "import", table, "--suggest", "engine")
    assert result.exit_code == 3
    assert "1 suggestions" in result.stderr
    assert "no.png is not in the archive" in result.stderr
    assert archive.labels.changes() == []
    assert "roadmap 40% (engine)" in relabel(archive, "next", typed="s\ns\ns\n").stdout
