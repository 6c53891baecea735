"""Labelled crops drawn over and over, and going on from given weights with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from detector.weights import read_card
from recognizer import train
from recognizer.practice import Crop, Practice, worn
from recognizer.synthesis import Sample
from recognizer.train import Plan, Tuning, _begin, tune

SMALL = {"height": 32, "hidden": 8}


def crop(text: str, rows: int = 40, columns: int = 120) -> Crop:
    pixels = np.full((rows, columns, 3), 230, np.uint8)
    pixels[10:30, 10:110:8] = 40
    return Crop(pixels, text)


class Blank:
    """A source of nothing."""

    words: ClassVar[Mapping[str, int]] = {}

    def draw(self, rng: np.random.Generator) -> Sample:
        return Sample(np.zeros((32, 64), np.float32), "")


def test_crops_are_never_the_same_twice_and_stay_what_they_are() -> None:
    practice = Practice([crop("one"), crop("two")], None, 0.3, 32)
    drawn = [practice.draw(np.random.default_rng(seed)) for seed in range(20)]
    assert {s.text for s in drawn} == {"one", "two"}
    assert all(s.strip.shape[0] == 32 and s.strip.max() > 0.5 for s in drawn)
    assert len({s.strip.tobytes() for s in drawn}) == 20
    again = practice.draw(np.random.default_rng(3))
    assert np.array_equal(again.strip, drawn[3].strip)


def test_others_come_in_between() -> None:
    practice = Practice([crop("one")], Blank(), 0.25, 32)
    rng = np.random.default_rng(1)
    texts = [practice.draw(rng).text for _ in range(200)]
    assert 20 < texts.count("one") < 90


@pytest.mark.parametrize("shape", [(40, 120), (9, 5, 3), (300, 2, 3)])
def test_grey_coloured_and_tiny_crops_can_be_worn(shape: tuple[int, ...]) -> None:
    pixels = np.full(shape, 128, np.uint8)
    assert worn(pixels, np.random.default_rng(0)).size


def test_a_few_labels_change_the_weights_and_the_card_says_from_which(tmp_path: Path) -> None:
    start = tmp_path / "start"
    plan = Plan(words=32, batch=8, settings=SMALL, workers=0, every=16, warm=1, patience=1)
    held_out = [Sample(np.zeros((32, 64), np.float32), "a")]
    first = tune(start, _weights(tmp_path), Practice([crop("one")], None, 1.0, 32), held_out, plan)
    card = read_card(first)
    assert card.parent and card.kind == "recognizer"
    assert read_card(tmp_path / "start" / "last.safetensors").scores["words"] <= 32


@pytest.mark.parametrize(
    ("rates", "slack", "kept"),
    [
        ([0.3, 0.2, 0.21, 0.205], 0.02, 4),  # few words tell little: what has learned most
        ([0.3, 0.2, 0.21, 0.205], 0.0, 2),
        ([0.3, 0.2, 0.23, 0.24, 0.1], 0.02, 2),  # clearly worse twice: no use to go on
        ([0.3, 0.2, 0.23, 0.21, 0.22], 0.02, 4),
    ],
)
def test_the_last_good_weights_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rates: list[float], slack: float, kept: int
) -> None:
    told = iter(rates)
    monkeypatch.setattr(train, "measured", lambda *_: ({"cer": next(told), "exact": 0.0}, 1.0))
    words = 8 * len(rates)
    plan = Plan(words=words, batch=8, settings=SMALL, workers=0, every=8, warm=1, patience=2, slack=slack)
    practice = Practice([crop("one")], None, 1.0, 32)
    made = tune(tmp_path / "run", _weights(tmp_path), practice, [], plan)
    assert read_card(made).scores["words"] == 8 * kept


def test_more_labels_are_practised_longer() -> None:
    assert Tuning().plan(10).words == Tuning().least
    assert Tuning().plan(400).words > Tuning().plan(200).words > Tuning().least


def _weights(folder: Path) -> Path:
    from detector import weights
    from recognizer.model import tensors_of

    state = _begin(Plan("crnn", SMALL), None)
    card = weights.Card(
        kind="recognizer",
        architecture="crnn",
        settings=SMALL,
        alphabet=state.alphabet.characters,
        height=32,
        temperature=1.0,
        data=[],
        scores={},
    )
    weights.save(folder / "weights.safetensors", tensors_of(state.network), card)
    return folder / "weights.safetensors"
