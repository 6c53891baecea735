import csv
import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn import training_data

from detector.weights import read_card
from recognizer import load, train
from recognizer.alphabet import Alphabet
from recognizer.frames import frames
from recognizer.model import PADDED_TO, build, ctc, pad
from recognizer.synthesis import NoData, Sample
from recognizer.train import Plan, TrainingError, fit, fits

TINY = Plan(words=64, batch=8, settings={"height": 32, "hidden": 8}, workers=0, every=32, warm=8)

Run = tuple[Path, Path]
"""The folder of a run, and that of the data it learned from."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A short run, stopped and resumed."""
    data = training_data(tmp_path_factory.mktemp("data"))
    folder = tmp_path_factory.mktemp("runs") / "first"
    fit(folder, data, TINY)
    return folder, data


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as table:
        return list(csv.DictReader(table))


def test_a_run_leaves_weights_that_read(run: Run) -> None:
    folder, _ = run
    reader = load(str(folder / "last.safetensors"))
    strips = [np.zeros((32, w), np.float32) for w in (90, 17, 40)]
    lattices = reader.lattices(strips)
    assert [len(x.log_probs) for x in lattices] == [22, 4, 10]
    assert all(np.allclose(np.exp(x.log_probs).sum(axis=1), 1, atol=1e-4) for x in lattices)
    card = read_card(folder / "last.safetensors")
    assert card.kind == "recognizer" and any("UNIPEN" in d["name"] for d in card.data)


def test_a_stopped_run_goes_on(run: Run) -> None:
    folder, data = run
    before = rows_of(folder)
    fit(folder, data, replace(TINY, words=96))
    after = rows_of(folder)
    assert after[: len(before)] == before and int(after[-1]["words"]) == 96


def test_a_run_whose_weights_lay_otherwise_goes_on_alike(run: Run, tmp_path: Path) -> None:
    folder, _ = run
    content = torch.load(folder / "state.pt", weights_only=True)
    for kept in content["optimizer"]["state"].values():
        kept.update({name: value.contiguous() for name, value in kept.items()})
    torch.save(content, tmp_path / "state.pt")
    rng = np.random.default_rng(3)
    samples = [Sample(rng.random((32, 80), np.float32), "to") for _ in range(4)]
    plan = Plan(**content["plan"])

    def step(path: Path) -> dict[str, torch.Tensor]:
        state = train._restored(path, plan)
        assert state is not None
        train._step(state, samples, replace(plan, rate=0.1, words=10**6))
        return state.network.state_dict()

    assert not content["network"]["features.4.0.weight"].is_contiguous(), "channels come last"
    as_kept, otherwise = step(folder / "state.pt"), step(tmp_path / "state.pt")
    assert all(torch.equal(value, otherwise[name]) for name, value in as_kept.items())


def test_a_run_can_begin_with_other_weights(run: Run, tmp_path: Path) -> None:
    folder, data = run
    fit(tmp_path / "second", data, replace(TINY, words=16), start=folder / "last.safetensors")
    assert read_card(tmp_path / "second" / "last.safetensors").parent


def test_a_folder_without_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoData, match=r"nothing to learn from at .*unipen"):
        fit(tmp_path / "run", tmp_path, TINY)


def test_a_loss_that_is_not_finite_stops_the_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognizer.train.ctc", lambda *_: torch.tensor(math.nan))
    with pytest.raises(TrainingError, match="after 0 words; lower the rate"):
        fit(tmp_path / "run", run[1], TINY)


def test_the_loss_is_that_of_all_paths_counted() -> None:
    """P(text) by CTC is the sum over every path that collapses to it: compared with enumeration."""
    logits = torch.randn(4, 1, 3, generator=torch.Generator().manual_seed(3))
    probs = logits.softmax(-1)[:, 0].numpy()
    total = sum(
        np.prod([probs[t, label] for t, label in enumerate(path)])
        for path in itertools.product(range(3), repeat=4)
        if [k for k, _ in itertools.groupby(path) if k] == [1, 2]
    )
    assert ctc(logits, [[1, 2]], [16]).item() == pytest.approx(-math.log(total) / 2, rel=1e-4)


def test_labels_that_cannot_fit_are_left_out() -> None:
    alphabet = Alphabet("ab")
    strip = np.zeros((32, 16), np.float32)
    assert frames(16) == 4
    assert fits(Sample(strip, "abab"), alphabet) and not fits(Sample(strip, "aabb"), alphabet)
    assert not fits(Sample(strip, "x"), alphabet)


def test_the_rate_warms_up_stays_and_falls() -> None:
    plan = Plan(words=1000, warm=100, decay=0.25, rate=1.0)
    assert plan.rate_at(49) == pytest.approx(0.5) and plan.rate_at(700) == 1.0
    assert plan.rate_at(800) > plan.rate_at(900) > plan.rate_at(1000) == 0


def test_padding_changes_nothing_but_the_width() -> None:
    batch = pad([np.ones((32, 20), np.float32), np.ones((32, 33), np.float32)])
    assert batch.shape[3] % PADDED_TO == 0 and batch[0, 0, :, 20:].sum() == 0


def test_unknown_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="known: crnn"):
        build("transformer", 10, {})
