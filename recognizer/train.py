"""Fit a recognizer: drawn words in, weights and a metrics table out. Resumable at any moment."""

from __future__ import annotations

import csv
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset
from tqdm import tqdm

from detector import weights
from detector.layers import channels_last, grown
from recognizer import score
from recognizer.alphabet import DEFAULT, Alphabet
from recognizer.calibration import fitted_temperature
from recognizer.curve import curve
from recognizer.datasets import DatasetError
from recognizer.decode import best_path
from recognizer.frames import fits
from recognizer.language import Language
from recognizer.lessons import Drawn, Lesson, validation_set
from recognizer.model import LANGUAGE, Crnn, TorchRecognizer, build, ctc, pad, tensors_of
from recognizer.plan import TERMS, TUNING, Plan, Tuning
from recognizer.practice import Source
from recognizer.synthesis import Sample

__all__ = [
    "TERMS",
    "TUNING",
    "Plan",
    "TrainingError",
    "Tuning",
    "fit",
    "fits",
    "learn",
    "tune",
    "validation_set",
]


class TrainingError(Exception):
    """Training cannot go on; the message says what to change."""

    exit_code = 2


@dataclass
class State:
    """Everything that a resumed run needs."""

    alphabet: Alphabet
    network: Crnn
    average: Crnn
    """Running mean of the weights: what is measured and shipped."""
    optimizer: torch.optim.Optimizer
    language: Language | None = None
    """Which texts people write: of the weights that the run began with, and of what it learns from."""
    parent: str | None = None
    """sha256 of the weights that the run began with, None if it began from nothing."""
    seen: int = 0
    seconds: float = 0.0
    best: float = math.inf
    idle: int = 0
    """Checkpoints since one that was good."""


class Batches(IterableDataset[list[Sample] | DatasetError]):
    """Batches without end; words of like width together, so that little padding is computed.

    A DatasetError comes out as it is: raised in a process of its own it would arrive as a traceback.
    """

    CHUNK = 16

    def __init__(self, source: Source, alphabet: Alphabet, plan: Plan, seen: int) -> None:
        self._source, self._alphabet, self._plan, self._seen = source, alphabet, plan, seen

    def __iter__(self) -> Iterator[list[Sample] | DatasetError]:
        try:
            yield from self._batches()
        except DatasetError as fault:
            yield fault

    def _batches(self) -> Iterator[list[Sample]]:
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self._plan.seed, self._seen, worker.id if worker else 0))
        size = self._plan.batch
        while True:
            samples = sorted(
                (self._draw(rng) for _ in range(size * self.CHUNK)), key=lambda s: s.strip.shape[1]
            )
            for start in rng.permutation(self.CHUNK) * size:
                yield samples[start : start + size]

    def _draw(self, rng: np.random.Generator) -> Sample:
        while True:
            sample = self._source.draw(rng)
            if fits(sample, self._alphabet):
                return sample


def fit(run: Path, data: Path, plan: Plan, minutes: float = math.inf, start: Path | None = None) -> Path:
    """Train as `plan` says on words drawn from what lies in `data`; else as `learn`, and may raise NoData."""
    return learn(run, Drawn(data, plan.settings["height"]), plan, minutes, start)


def learn(
    run: Path, lesson: Lesson, plan: Plan, minutes: float = math.inf, start: Path | None = None
) -> Path:
    """Train as `plan` says into the folder `run`, at most `minutes` from now.

    A run that was stopped goes on from its last checkpoint; a new one begins with the weights file `start`,
    and with its network. Returns the weights file written last. Raises TrainingError when the loss is not
    finite or the folder holds a run of another network, WeightsError for unusable `start`.
    """
    run.mkdir(parents=True, exist_ok=True)
    plan = plan.following(start)
    state = _restored(run / "state.pt", plan) or _begin(plan, start)
    held_out = lesson.held_out(state.alphabet)
    return _learn(run, state, lesson.source(state.alphabet, state.seen), held_out, plan, minutes)


def tune(run: Path, start: Path, source: Source, held_out: list[Sample], plan: Plan) -> Path:
    """Go on from the weights `start` with what `source` draws; returns the best weights on `held_out`.

    A little at a high rate and then ever less: `plan` says how much. The folder `run` must be new. Raises
    as `fit`.
    """
    run.mkdir(parents=True, exist_ok=True)
    plan = plan.following(start)
    _learn(run, _begin(plan, start), source, held_out, plan, math.inf)
    return run / "best.safetensors"


def _learn(
    run: Path, state: State, source: Source, held_out: list[Sample], plan: Plan, minutes: float
) -> Path:
    if words := source.words:
        state.language = (state.language or Language({})).knowing(words)
    begun, measured, losses = time.monotonic(), state.seen, []
    base = state.seconds
    with _progress(state, plan) as bar:
        for samples in _batches(source, state, plan):
            if state.seen >= plan.words or time.monotonic() - begun >= minutes * 60:
                break
            losses.append(_step(state, samples, plan))
            bar.update(len(samples))
            bar.set_postfix(loss=f"{losses[-1]:.2f}", refresh=False)
            state.seconds = base + time.monotonic() - begun
            if state.seen - measured >= plan.every:
                measured = state.seen
                _checkpoint(run, state, plan, held_out, float(np.mean(losses)))
                losses = []
                if plan.patience and state.idle >= plan.patience:
                    break
    if losses:
        _checkpoint(run, state, plan, held_out, float(np.mean(losses)))
    return run / "last.safetensors"


def _progress(state: State, plan: Plan) -> tqdm[Any]:
    """One line that changes, on a terminal; the checkpoints' lines stand above it."""
    return tqdm(total=plan.words, initial=state.seen, unit=" words", disable=None, leave=False, delay=1)


def _batches(source: Source, state: State, plan: Plan) -> Iterator[list[Sample]]:
    """Batches without end. Raises DatasetError."""
    loader = DataLoader(
        Batches(source, state.alphabet, plan, state.seen),
        batch_size=None,
        num_workers=plan.workers,
        prefetch_factor=32 if plan.workers else None,
    )
    for samples in loader:
        if isinstance(samples, DatasetError):
            raise samples
        yield samples


def _begin(plan: Plan, start: Path | None) -> State:
    torch.manual_seed(plan.seed)
    if start is None:
        return _state_of(DEFAULT, build(plan.architecture, DEFAULT.size, plan.settings), plan)
    reader = TorchRecognizer.load(str(start))
    network = build(plan.architecture, reader.alphabet.size, plan.settings)
    try:
        network = grown(network, reader.network.state_dict())
    except (RuntimeError, ValueError) as fault:
        message = (
            f"the network {plan.architecture} cannot begin with what {start} holds; leave out one of both"
        )
        raise weights.WeightsError(message) from fault
    state = _state_of(reader.alphabet, network, plan)
    state.parent, state.language = weights.sha256_of(start), reader.language
    return state


def _state_of(alphabet: Alphabet, network: Crnn, plan: Plan) -> State:
    network = channels_last(network)
    average = channels_last(build(plan.architecture, alphabet.size, plan.settings))
    average.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.01, fused=True)
    return State(alphabet, network, average, optimizer)


def _step(state: State, samples: list[Sample], plan: Plan) -> float:
    for group in state.optimizer.param_groups:
        group["lr"] = plan.rate_at(state.seen)
    texts = [state.alphabet.encode(s.text) for s in samples]
    widths = [s.strip.shape[1] for s in samples]
    state.network.train()
    with torch.autocast("cpu", torch.bfloat16):
        features = state.network.look(pad([s.strip for s in samples]))
        loss = state.network.loss(features, texts, widths)
        short = state.network.shortcut(features).permute(2, 0, 1)
        total = loss + plan.shortcut * ctc(short, texts, widths)
    if not math.isfinite(total.item()):
        raise TrainingError(f"the loss is {total.item()} after {state.seen} words; lower the rate and resume")
    state.optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(total)
    nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    state.optimizer.step()
    state.seen += len(samples)
    _follow(state)
    return loss.item()


def _follow(state: State) -> None:
    """Move the averaged weights towards the current ones; they are what is measured and shipped."""
    share = max(0.001, 1 / (1 + state.seen / 320))
    with torch.no_grad():
        for mean, now in zip(
            state.average.state_dict().values(), state.network.state_dict().values(), strict=True
        ):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, share)
            else:
                mean.copy_(now)


def _checkpoint(run: Path, state: State, plan: Plan, held_out: list[Sample], loss: float) -> None:
    rates, temperature = measured(state.average, state.alphabet, held_out)
    row = {
        "words": state.seen,
        "seconds": round(state.seconds),
        "rate": plan.rate_at(state.seen),
        "loss": loss,
        **rates,
    }
    _append(run / "metrics.csv", row)
    (run / "metrics.svg").write_text(curve(run / "metrics.csv"), "utf-8")
    tqdm.write("  ".join(f"{k} {_short(v)}" for k, v in row.items()))
    sys.stdout.flush()
    scores = {f"validation {k}": round(v, 4) for k, v in rates.items()}
    card = weights.Card(
        kind="recognizer",
        architecture=plan.architecture,
        settings=dict(plan.settings),
        alphabet=state.alphabet.characters,
        height=plan.settings["height"],
        temperature=temperature,
        parent=state.parent,
        data=plan.data,
        scores={**scores, "words": state.seen},
    )
    tensors = tensors_of(state.average)
    if state.language:
        tensors[LANGUAGE] = state.language.packed()
    weights.save(run / "last.safetensors", tensors, card)
    state.idle += 1
    if rates["cer"] < state.best + plan.slack:
        state.best, state.idle = min(rates["cer"], state.best), 0
        weights.save(run / "best.safetensors", tensors, card)
    _store(run / "state.pt", state, plan)


def measured(network: Crnn, alphabet: Alphabet, samples: list[Sample]) -> tuple[dict[str, float], float]:
    """Character error rate and share of words read exactly, by best path; and the temperature that fits."""
    reader = TorchRecognizer(network, alphabet, samples[0].strip.shape[0], 1.0, "being trained")
    lattices = reader.lattices([s.strip for s in samples])
    read = [best_path(lattice, alphabet).text for lattice in lattices]
    truth = [s.text for s in samples]
    rates = {"cer": score.character_error_rate(truth, read), "exact": score.exact(truth, read)}
    return rates, fitted_temperature(lattices, truth, alphabet)


def _short(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _append(path: Path, row: dict[str, Any]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as out:
        table = csv.DictWriter(out, row.keys())
        if new:
            table.writeheader()
        table.writerow(row)


def _store(path: Path, state: State, plan: Plan) -> None:
    content = {
        "alphabet": state.alphabet.characters,
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "words": dict(state.language.words) if state.language else None,
        "parent": state.parent,
        "seen": state.seen,
        "seconds": state.seconds,
        "best": state.best,
        "plan": asdict(plan),
    }
    torch.save(content, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def _restored(path: Path, plan: Plan) -> State | None:
    """The state of the run that left `path`; None if there is none. TrainingError if it is none of `plan`."""
    if not path.exists():
        return None
    content = torch.load(path, weights_only=True)
    begun = Plan(**content["plan"])
    if (begun.architecture, begun.settings) != (plan.architecture, plan.settings):
        raise TrainingError(
            f"{path.parent} holds a run of the network {begun.architecture}, not {plan.architecture}; "
            "name another folder, or that network"
        )
    alphabet = Alphabet(content["alphabet"])
    network = build(plan.architecture, alphabet.size, plan.settings)
    state = _state_of(alphabet, network, plan)
    state.parent, words = content["parent"], content["words"]
    state.language = None if words is None else Language(words)
    state.network.load_state_dict(content["network"])
    state.average.load_state_dict(content["average"])
    state.optimizer.load_state_dict(content["optimizer"])
    _lay_out(state.optimizer)
    state.seen, state.seconds, state.best = content["seen"], content["seconds"], content["best"]
    return state


def _lay_out(optimizer: torch.optim.Optimizer) -> None:
    """Let what `optimizer` keeps of each weight lie as the weight does, else its fused step mixes them up.

    Runs begun before channels came last kept it otherwise.
    """
    for weight, kept in optimizer.state.items():
        for name, value in kept.items():
            if value.shape == weight.shape:
                kept[name] = torch.empty_like(weight).copy_(value)
