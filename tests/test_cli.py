"""The two commands as a user meets them: what they print where, and with which exit code they end."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from drawn import training_data
from light import LightDetector, LightRecognizer, board, book

import cli
import detector
import recognizer
from detector.weights import Card, save
from indexer.archive import Archive
from indexer.commands import Program


class Run(Protocol):
    def __call__(self, *args: str | Path, stdin: str = "") -> Result: ...


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two boards, a book of two pages and a file that is no photo."""
    folder = tmp_path / "photos"
    board(folder / "one.png", "quarterly roadmap", "budget")
    board(folder / "two.png", "loyalty program")
    book(folder / "book.tiff", "first", "second")
    (folder / "empty.png").write_bytes(b"")
    return folder


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `ocr-index` or `ocr-search` on the archive `home` with models that need no weights."""
    monkeypatch.setattr(detector, "load", lambda _: LightDetector())
    monkeypatch.setattr(recognizer, "load", lambda *_: LightRecognizer())
    monkeypatch.setenv("OCR_INDEX_HOME", str(home))

    def ended(*args: str | Path, stdin: str = "") -> Result:
        program = {"ocr-index": cli.index, "ocr-search": cli.find}[str(args[0])]
        return CliRunner().invoke(program, [str(arg) for arg in args[1:]], stdin, prog_name=str(args[0]))

    return ended


@pytest.fixture
def filled(run: Run, photos: Path) -> Run:
    """The same, with `photos` added."""
    assert run("ocr-index", "add", photos).exit_code == 3
    return run


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


def commands() -> list[tuple[str, ...]]:
    return [("ocr-index", *names) for names in below(cli.index)] + [("ocr-search",)]


def below(group: click.Group) -> Iterator[tuple[str, ...]]:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        yield (name,)
        if isinstance(command, click.Group):
            yield from ((name, *names) for names in below(command))


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_help_shows_an_example(command: tuple[str, ...], run: Run) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert f"Example: {' '.join(command)}" in result.output


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_the_readme_knows_it(command: tuple[str, ...]) -> None:
    readme = (Path(cli.__file__).parent / "README.md").read_text("utf-8")
    assert re.search(rf"`{command[1]}[ `]" if command[1:] else command[0], readme)


@pytest.mark.parametrize(
    "command",
    ["ocr-index status", "ocr-index words", "ocr-index remove x", "ocr-index reindex", "ocr-search x"],
)
def test_without_an_archive_each_says_what_to_do(command: str, run: Run, home: Path) -> None:
    result = run(*command.split())
    assert result.exit_code == 4
    assert str(home) in result.stderr and "ocr-index add" in result.stderr and one_line(result.stderr)
    assert not result.stdout and not home.exists()


def test_adding_says_what_became_of_the_files_and_names_those_it_could_not_read(
    run: Run, photos: Path
) -> None:
    first = run("ocr-index", "add", photos)
    assert first.exit_code == 3
    assert first.stdout == "3 new, 1 could not be read\n"
    assert str(photos / "empty.png") in first.stderr
    (photos / "empty.png").unlink()
    second = run("ocr-index", "add", photos)
    assert second.exit_code == 0
    assert second.stdout.startswith("3 unchanged")


def test_adding_for_scripts(run: Run, photos: Path) -> None:
    [summary] = rows(run("ocr-index", "add", photos, "--json"))
    assert (summary["new"], summary["unchanged"]) == (3, 0)
    assert [refusal["path"] for refusal in summary["refused"]] == [str(photos / "empty.png")]


def test_status_counts_and_says_how_far_each_file_has_come(filled: Run, photos: Path) -> None:
    [counts] = rows(filled("ocr-index", "status", "--json"))
    assert (counts["photos"], counts["words"], counts["refused"]) == (4, 7, 1)
    listed = filled("ocr-index", "status", photos, photos / "never.png").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["indexed", "refused", "indexed", "indexed", "unknown"]
    [refused] = filled("ocr-index", "status", "--refused").stdout.splitlines()
    assert str(photos / "empty.png") in refused and refused.split(": ")[1]


def test_words_prints_the_agreed_object(filled: Run, photos: Path) -> None:
    [page] = rows(filled("ocr-index", "words", photos / "two.png", "--json"))
    assert page.keys() == {"path", "words"} and page["path"] == str(photos / "two.png")
    first, second = page["words"]
    assert first.keys() == {"id", "box", "line", "label", "readings"}
    assert [first["readings"][0]["text"], second["readings"][0]["text"]] == ["loyalty", "program"]
    assert first["label"] is None and first["line"] == second["line"]
    assert first["box"][0] < first["box"][2] <= second["box"][0]
    assert [reading["probability"] for reading in first["readings"]] == sorted(
        (reading["probability"] for reading in first["readings"]), reverse=True
    )


def test_words_of_all_photos_for_people(filled: Run, photos: Path) -> None:
    shown = filled("ocr-index", "words").stdout
    assert f"{photos / 'book.tiff'} (page 2)\n" in shown
    assert "quarterly" in shown and "second" in shown


def test_words_draws_a_photo(filled: Run, photos: Path, tmp_path: Path) -> None:
    result = filled("ocr-index", "words", photos / "one.png", "--picture", tmp_path / "read.png")
    assert result.exit_code == 0 and (tmp_path / "read.png").read_bytes().startswith(b"\x89PNG")


def test_removed_photos_are_gone_and_the_files_are_not(filled: Run, photos: Path) -> None:
    result = filled("ocr-index", "remove", photos / "one.png")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "1 files forgotten\n")
    assert filled("ocr-search", "roadmap").exit_code == 1
    assert (photos / "one.png").exists()


def test_reindex_reads_what_other_models_have_read(
    filled: Run, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "empty.png").unlink()
    assert filled("ocr-index", "add", photos).exit_code == 0
    monkeypatch.setattr(recognizer, "load", lambda *_: LightRecognizer("another", backwards=True))
    assert filled("ocr-index", "reindex").exit_code == 0
    assert "margorp" in filled("ocr-index", "words", photos / "two.png").stdout
    assert filled("ocr-search", "--exact", "margorp").exit_code == 0


def test_reindex_begins_where_reading_was_least_sure(
    filled: Run, home: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "empty.png").unlink()
    assert filled("ocr-index", "add", photos).exit_code == 0
    with Archive.open(home) as archive:
        doubts = archive.doubts()
    assert doubts.keys() == {str(photos / name) for name in ("one.png", "two.png", "book.tiff")}
    monkeypatch.setattr(recognizer, "load", lambda *_: LightRecognizer("another", backwards=True))
    assert filled("ocr-index", "reindex", "--most", "1").stdout.startswith("1 ")
    again = max(sorted(doubts), key=lambda path: doubts[path])
    assert filled("ocr-index", "reindex", "--most", "5").stdout.startswith("2 ")
    assert "another" in filled("ocr-index", "status", "--json", again).stdout


def test_search_prints_the_agreed_object(filled: Run, photos: Path) -> None:
    result = filled("ocr-search", "quarterly", "roadmap", "--json")
    assert result.exit_code == 0
    hit = rows(result)[0]
    assert hit.keys() == {"query", "rank", "path", "score", "words"}
    assert (hit["query"], hit["rank"], hit["path"]) == ("quarterly roadmap", 1, str(photos / "one.png"))
    assert [word["term"] for word in hit["words"]] == ["quarterly", "roadmap"]
    assert all(word.keys() == {"term", "text", "probability", "box"} for word in hit["words"])


def test_search_for_people_for_spreadsheets_and_for_xargs(filled: Run, photos: Path) -> None:
    assert filled("ocr-search", "budget").stdout.startswith(f"  1. {photos / 'one.png'}  ")
    head, first = filled("ocr-search", "budget", "--csv", "-n", "1").stdout.splitlines()
    assert head.startswith("query,rank,path") and first.startswith("budget,1,")
    assert filled("ocr-search", "budget", "--paths0", "-n", "1").stdout == f"{photos / 'one.png'}\0"


def test_many_queries_in_one_go(filled: Run, tmp_path: Path) -> None:
    result = filled("ocr-search", "--json", "--queries", "-", stdin="roadmap\n\nprogram\n")
    assert [hit["query"] for hit in rows(result) if hit["rank"] == 1] == ["roadmap", "program"]
    (tmp_path / "queries").write_bytes(b"second\nna\xefve\n")
    listed = filled("ocr-search", "--exact", "--queries", tmp_path / "queries")
    assert listed.exit_code == 0 and listed.stdout.startswith("second\n  1. ")


def test_nothing_found_is_exit_code_one(filled: Run) -> None:
    result = filled("ocr-search", "--exact", "zzzzzz")
    assert (result.exit_code, result.stdout) == (1, "") and one_line(result.stderr)


def test_search_keeps_to_folders_and_days(filled: Run, photos: Path, tmp_path: Path) -> None:
    assert filled("ocr-search", "roadmap", "--in", photos).exit_code == 0
    nowhere = filled("ocr-search", "roadmap", "--in", tmp_path / "elsewhere")
    assert nowhere.exit_code == 1 and "in other folders" in nowhere.stderr
    assert "in other folders" not in filled("ocr-search", "--exact", "zzzzzz", "--in", tmp_path).stderr
    assert filled("ocr-search", "roadmap", "--after", "2001").exit_code == 0
    assert filled("ocr-search", "roadmap", "--before", "2001-01").exit_code == 1


def test_a_hit_is_drawn(filled: Run, tmp_path: Path) -> None:
    result = filled("ocr-search", "program", "--show", "1", "--picture", tmp_path / "hit.png")
    assert result.exit_code == 0 and (tmp_path / "hit.png").read_bytes().startswith(b"\x89PNG")


def test_a_hit_whose_file_is_gone_is_a_line(filled: Run, photos: Path, tmp_path: Path) -> None:
    (photos / "two.png").unlink()
    result = filled("ocr-search", "program", "--show", "1", "--picture", tmp_path / "hit.png")
    assert result.exit_code == 3 and one_line(result.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        "ocr-search",
        "ocr-search x --queries -",
        "ocr-search -- -x",
        "ocr-search in:work",
        "ocr-search x --after yesterday",
        "ocr-search x --before 2024-13",
        "ocr-search x -n 0",
        "ocr-search --queries missing.txt",
        "ocr-search --queries - --show 1",
        "ocr-index add",
        "ocr-index nonsense",
        "ocr-index words --picture out.png",
        "ocr-index words never.png",
        "ocr-index remove never.png",
        "ocr-index status  ",
    ],
)
def test_misuse_is_exit_code_two_and_says_so(arguments: str, filled: Run) -> None:
    result = filled(*arguments.split(" "))
    assert result.exit_code == 2
    assert "Error: " in result.stderr and not result.stdout


def test_a_page_that_cannot_be_shown_there_says_what_to_name(filled: Run) -> None:
    assert "with --host" in filled("ocr-index", "serve", "--host", "a..b").stderr
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = filled("ocr-index", "serve", "--port", str(other.getsockname()[1]))
    assert taken.exit_code == 2 and "name another --port" in taken.stderr


def test_the_archive_named_nearest_to_the_command_wins(run: Run, photos: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    run("ocr-index", "--archive", first, "add", photos / "one.png")
    run("ocr-index", "--archive", first, "add", "--archive", second, photos / "two.png")
    assert (first / "archive.sqlite").exists() and (second / "archive.sqlite").exists()
    assert rows(run("ocr-search", "--archive", second, "program", "--json"))[0]["path"].endswith("two.png")


def test_bad_settings_are_a_line(filled: Run, home: Path, photos: Path) -> None:
    (home / "settings.toml").write_text("detectr = 'components'")
    result = filled("ocr-index", "add", photos)
    assert result.exit_code == 2 and "detectr" in result.stderr and one_line(result.stderr)


def test_models_are_listed_and_those_in_use_are_marked(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "models").mkdir(parents=True)
    tensors, card = {"x": np.zeros(3, np.float32)}, Card("recognizer", "crnn", scores={"cer": 0.125})
    mine = home / "models" / "mine.safetensors"
    for kind in ("detector", "recognizer"):
        save(home / f"{kind}.safetensors", tensors, replace(card, kind=kind))
    save(mine, tensors, replace(card, scores={"cer": 0.1}))
    monkeypatch.setattr("indexer.models.shipped", lambda kind: home / f"{kind}.safetensors")
    (home / "settings.toml").write_text(f"recognizer = {json.dumps(str(mine))}")
    first, second, third = run("ocr-index", "models").stdout.splitlines()
    assert first.startswith("* detector-")
    assert second.startswith("  recognizer-") and second.endswith("cer 0.125")
    assert third.startswith("* recognizer-") and str(mine) in third
    assert [model["in_use"] for model in rows(run("ocr-index", "models", "--json"))] == [True, False, True]


def test_missing_weights_are_exit_code_five(run: Run, home: Path) -> None:
    home.mkdir()
    (home / "settings.toml").write_text("recognizer = 'nowhere.safetensors'")
    result = run("ocr-index", "models")
    assert result.exit_code == 5 and "weights" in result.stderr and one_line(result.stderr)


def test_a_detector_is_trained_and_missing_data_named(run: Run, tmp_path: Path) -> None:
    data = training_data(tmp_path / "data")
    result = run("ocr-index", "train", "detector", tmp_path / "run", "--data", data, "--pages", "4")
    assert result.exit_code == 0 and (tmp_path / "run" / "last.safetensors").exists()
    (tmp_path / "none").mkdir()
    result = run("ocr-index", "train", "detector", tmp_path / "run", "--data", tmp_path / "none")
    assert result.exit_code == 2 and "nothing to learn from" in result.stderr


def test_a_recognizer_is_measured(run: Run, tmp_path: Path) -> None:
    for word in ("abc", "xyz"):
        board(tmp_path / f"{word}.png", word)
    (tmp_path / "words.csv").write_text("image,text\nabc.png,abc\nxyz.png,xya\nnone.png,no\n")
    result = run("ocr-index", "evaluate", "recognizer", tmp_path / "words.csv")
    assert result.exit_code == 0 and "none.png" in result.stderr
    assert "exact              0.5\n" in result.stdout and "a read as z        1\n" in result.stdout
    [row] = rows(run("ocr-index", "evaluate", "recognizer", tmp_path, "--words", "1", "--json"))
    assert row["scores"]["count"] == 1


class Full(Exception):
    exit_code = 6


@pytest.mark.parametrize(
    ("failure", "exit_code", "said"),
    [
        (Full("busy: try again"), 6, "x: busy: try again\n"),
        (KeyboardInterrupt(), 130, "x: interrupted; what is done is kept\n"),
        (click.Abort(), 130, "x: interrupted; what is done is kept\n"),
        (OSError(28, "No space left on device", "/photos"), 2, "x: /photos: No space left on device\n"),
    ],
)
def test_failures_end_in_one_line(failure: BaseException, exit_code: int, said: str) -> None:
    @click.command(cls=Program)
    def failing() -> None:
        raise failure

    result = CliRunner().invoke(failing, prog_name="x")
    assert (result.exit_code, result.stderr) == (exit_code, said)


def test_a_fault_of_ours_is_not_hidden() -> None:
    @click.command(cls=Program)
    def failing() -> None:
        raise ZeroDivisionError

    assert isinstance(CliRunner().invoke(failing).exception, ZeroDivisionError)


def test_models_are_chosen_and_rolled_back(run: Run, home: Path, tmp_path: Path) -> None:
    home.mkdir()
    mine = tmp_path / "mine.safetensors"
    save(mine, {"x": np.zeros(3, np.float32)}, Card("recognizer", "crnn"))
    assert run("ocr-index", "models", "use", mine).exit_code == 0
    used = [model["name"] for model in rows(run("ocr-index", "models", "list", "--json")) if model["in_use"]]
    assert str(mine) in used
    result = run("ocr-index", "models", "rollback")
    assert result.exit_code == 0 and "default is in use again" in result.stderr
    for wrong in (["use", "nowhere"], ["rollback"]):
        result = run("ocr-index", "models", *wrong)
        assert result.exit_code == 2 and one_line(result.stderr)


def test_learning_needs_labels_or_data(filled: Run) -> None:
    result = filled("ocr-index", "train", "recognizer", "--labels")
    assert result.exit_code == 2 and "20 are needed" in result.stderr and one_line(result.stderr)
    assert filled("ocr-index", "train", "recognizer").exit_code == 2
