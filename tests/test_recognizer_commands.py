"""`train recognizer` as it is typed: what is asked for is what is learned."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from test_recognizer_lessons import listed

import cli
from detector import weights
from indexer.commands.models import NETWORKS
from recognizer import model, train
from recognizer.lessons import Crops, Drawn
from recognizer.plan import RATE, TERMS, TUNING_RATE, Plan

Asked = list[tuple[Any, ...]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What training was called with, in place of training."""
    calls: Asked = []
    monkeypatch.setattr(train, "learn", lambda *arguments: calls.append(arguments))
    return calls


def run(*arguments: object) -> Result:
    command = ["train", "recognizer", *map(str, arguments)]
    return CliRunner().invoke(cli.index, command, prog_name="ocr-index")


def test_every_network_can_be_named(asked: Asked, tmp_path: Path) -> None:
    assert set(NETWORKS) == set(model.NETWORKS)
    for name in NETWORKS:
        assert run("run", "--data", tmp_path, "--network", name).exit_code == 0
    assert [plan.architecture for _, _, plan, _, _ in asked] == list(NETWORKS)
    result = run("run", "--data", tmp_path, "--network", "big")
    assert result.exit_code == 2 and "'light-stn'" in result.stderr


def test_drawn_words(asked: Asked, tmp_path: Path) -> None:
    assert run("run", "--data", tmp_path, "--words", 500, "--seed", 3, "--minutes", 2).exit_code == 0
    expected = Plan(words=500, seed=3, rate=RATE, data=TERMS, warm=25, every=50)
    assert asked == [(Path("run"), Drawn(tmp_path), expected, 2.0, None)]


def test_crops_from_given_weights(asked: Asked, tmp_path: Path) -> None:
    weights.save(tmp_path / "w", {}, weights.Card("recognizer", "crnn"))
    words, lines = listed(tmp_path / "words", ["one"]), listed(tmp_path / "lines", ["two three"])
    arguments = ("--crops", words, "--crops", lines, "--measure", words, "--from", tmp_path / "w")
    assert run("run", *arguments, "--data", tmp_path).exit_code == 0
    [(_, lesson, plan, minutes, start)] = asked
    assert isinstance(lesson, Crops) and [one.path for one in lesson.lists] == [words, lines]
    assert lesson.proof and lesson.drawn == Drawn(tmp_path)
    assert (plan.rate, minutes, start) == (TUNING_RATE, math.inf, tmp_path / "w")
    assert [one["name"] for one in plan.data][-2:] == ["crops of words.csv", "crops of words.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("run", "--data DIR or --crops LIST"),
        ("--data .", "name a folder RUN"),
        ("run --data nowhere", "nowhere"),
        ("run --crops nowhere.csv", "nowhere.csv"),
        ("run --data . --rate 0", "x>0"),
    ],
)
def test_misuse_is_told(arguments: str, said: str, asked: Asked, tmp_path: Path) -> None:
    weights.save(tmp_path / "w", {}, weights.Card("recognizer", "crnn"))
    result = run(*arguments.replace("FILE", str(tmp_path / "w")).split())
    assert result.exit_code == 2 and said in result.stderr and not asked


def test_a_list_that_is_none_is_told(asked: Asked, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("hello\n")
    result = run("run", "--crops", tmp_path / "words.txt")
    assert result.exit_code == 2 and "is no list of labelled images" in result.stderr and not asked
