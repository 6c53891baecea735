"""Fit a recognizer: drawn words in, weights and a metrics table out. Resumable at any moment."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from detector import weights
from recognizer import score
from recognizer.alphabet import DEFAULT, Alphabet
from recognizer.calibration import fitted_temperature
from recognizer.decode import best_path
from recognizer.model import Crnn, TorchRecognizer, build, frames, pad, prepared, tensors_of
from recognizer.practice import Source
from recognizer.synthesis import Sample, Synthesis

TERMS = [
    {
        "name": "UNIPEN train-r01-v07, strokes of 79,907 words and 15,172 phrases, less the test writers",
        "terms": "CC BY 4.0",
    },
    {"name": "Copiste d'un jour (BAnQ), 6,992 word crops", "terms": "CC BY 4.0"},
    {"name": "40 handwriting fonts", "terms": "OFL 1.1 or Apache-2.0"},
]


class TrainingError(Exception):
    """Training cannot go on; the message says what to change."""

    exit_code = 2


@dataclass(frozen=True)
class Plan:
    """How to train: sizes, rates, seeds. Rates are those of AdamW."""

    architecture: str = "crnn"
    settings: dict[str, int] = field(default_factory=lambda: {"height": 32, "hidden": 128})
    words: int = 2_000_000
    batch: int = 32
    rate: float = 1.5e-3
    warm: int = 30_000
    decay: float = 0.25
    shortcut: float = 0.3
    seed: int = 1
    workers: int = 1
    every: int = 50_000
    """Words between two checkpoints, each measured on words not trained on."""
    patience: int = 0
    """Stop after so many checkpoints that are no better than the best; 0 goes on to the end."""
    data: list[dict[str, str]] = field(default_factory=lambda: list(TERMS))
    """What is learned from: name and terms of each, for the card."""

    def rate_at(self, seen: int) -> float:
        """Warm up, stay, and fall to nothing over the last share `decay` of the words (1 - sqrt)."""
        start = self.words * (1 - self.decay)
        fall = max(0.0, (seen - start) / max(1.0, self.words - start))
        return self.rate * min(1.0, (seen + 1) / self.warm) * (1 - math.sqrt(min(1.0, fall)))


@dataclass(frozen=True)
class Tuning:
    """How to learn from a person's labels without forgetting other hands."""

    share: float = 0.5
    """Share of the samples that are labelled ones."""
    rate: float = 5e-4
    turns: int = 24
    """How often each label is shown, about."""
    least: int = 3000
    """Samples in all, at least."""

    def plan(self, labels: int, data: list[dict[str, str]] | None = None) -> Plan:
        """For so many labels."""
        words = max(self.least, round(labels * self.turns / self.share))
        return Plan(
            words=words,
            rate=self.rate,
            warm=300,
            decay=0.6,
            every=max(500, words // 8),
            patience=4,
            data=TERMS if data is None else data,
        )


TUNING = Tuning()


@dataclass
class State:
    """Everything that a resumed run needs."""

    alphabet: Alphabet
    network: Crnn
    average: Crnn
    """Running mean of the weights: what is measured and shipped."""
    optimizer: torch.optim.Optimizer
    parent: str | None = None
    """sha256 of the weights that the run began with, None if it began from nothing."""
    seen: int = 0
    seconds: float = 0.0
    best: float = math.inf
    idle: int = 0
    """Checkpoints since the best one."""


class Batches(IterableDataset[list[Sample]]):
    """Drawn batches without end; words of like width together, so that little padding is computed."""

    CHUNK = 16

    def __init__(self, source: Source, alphabet: Alphabet, plan: Plan, seen: int) -> None:
        self._source, self._alphabet, self._plan, self._seen = source, alphabet, plan, seen

    def __iter__(self) -> Iterator[list[Sample]]:
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


def fits(sample: Sample, alphabet: Alphabet) -> bool:
    """Whether CTC can spell the text in its frames: one each, and a blank between equal neighbours."""
    if not alphabet.can_encode(sample.text):
        return False
    labels = alphabet.encode(sample.text)
    twins = sum(a == b for a, b in pairwise(labels))
    return bool(frames(sample.strip.shape[1]) >= len(labels) + twins)


def fit(run: Path, data: Path, plan: Plan, minutes: float = math.inf, start: Path | None = None) -> Path:
    """Train as `plan` says on what lies in `data`, into the folder `run`, at most `minutes` from now.

    A run that was stopped goes on from its last checkpoint; a new one begins with the weights file `start`.
    Returns the weights file written last. Raises TrainingError when the loss is not finite, NoData when
    `data` lacks something, WeightsError for unusable `start`.
    """
    run.mkdir(parents=True, exist_ok=True)
    state = _restored(run / "state.pt") or _begin(plan, start)
    held_out = validation_set(data, state.alphabet)
    return _learn(run, state, Synthesis(data, "train", plan.settings["height"]), held_out, plan, minutes)


def tune(run: Path, start: Path, source: Source, held_out: list[Sample], plan: Plan) -> Path:
    """Go on from the weights `start` with what `source` draws; returns the best weights on `held_out`.

    A little at a high rate and then ever less: `plan` says how much. The folder `run` must be new. Raises
    as `fit`.
    """
    run.mkdir(parents=True, exist_ok=True)
    _learn(run, _begin(plan, start), source, held_out, plan, math.inf)
    return run / "best.safetensors"


def _learn(
    run: Path, state: State, source: Source, held_out: list[Sample], plan: Plan, minutes: float
) -> Path:
    batches = iter(
        DataLoader(
            Batches(source, state.alphabet, plan, state.seen),
            batch_size=None,
            num_workers=plan.workers,
            prefetch_factor=32 if plan.workers else None,
        )
    )
    begun, measured, losses = time.monotonic(), state.seen, []
    base = state.seconds
    while state.seen < plan.words and time.monotonic() - begun < minutes * 60:
        losses.append(_step(state, next(batches), plan))
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


def validation_set(
    data: Path, alphabet: Alphabet, count: int = 600, split: str = "validation"
) -> list[Sample]:
    """Words of writers not trained on, drawn as photos by a fixed seed."""
    source = Synthesis(data, split)
    rng = np.random.default_rng(20)
    drawn: list[Sample] = []
    while len(drawn) < count:
        sample = source.draw_word(int(rng.integers(len(source))), rng)
        if sample and fits(sample, alphabet):
            drawn.append(sample)
    return drawn


def ctc(logits: Tensor, texts: list[list[int]], widths: list[int]) -> Tensor:
    """Mean over the batch of -ln P(text | strip) per character (Graves et al. 2006); logits T x B x C."""
    return nn.functional.ctc_loss(
        logits.float().log_softmax(-1),
        torch.tensor([label for text in texts for label in text], dtype=torch.long),
        torch.tensor([frames(w) for w in widths]),
        torch.tensor([len(text) for text in texts]),
    )


def _begin(plan: Plan, start: Path | None) -> State:
    torch.manual_seed(plan.seed)
    if start is None:
        return _state_of(DEFAULT, build(plan.architecture, DEFAULT.size, plan.settings), plan)
    reader = TorchRecognizer.load(str(start))
    return _state_of(reader.alphabet, reader.network, plan, weights.sha256_of(start))


def _state_of(alphabet: Alphabet, network: Crnn, plan: Plan, parent: str | None = None) -> State:
    average = build(plan.architecture, alphabet.size, plan.settings)
    average.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.01, fused=True)
    return State(alphabet, network, average, optimizer, parent)


def _step(state: State, samples: list[Sample], plan: Plan) -> float:
    for group in state.optimizer.param_groups:
        group["lr"] = plan.rate_at(state.seen)
    texts = [state.alphabet.encode(s.text) for s in samples]
    widths = [s.strip.shape[1] for s in samples]
    state.network.train()
    with torch.autocast("cpu", torch.bfloat16):
        features = state.network.look(pad([s.strip for s in samples]))
        logits = state.network.read(features)
        short = state.network.shortcut(features).permute(2, 0, 1)
    loss = ctc(logits, texts, widths)
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
    print("  ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
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
    weights.save(run / "last.safetensors", tensors_of(state.average), card)
    state.idle += 1
    if rates["cer"] < state.best:
        state.best, state.idle = rates["cer"], 0
        weights.save(run / "best.safetensors", tensors_of(state.average), card)
    _store(run / "state.pt", state, plan)


def measured(network: Crnn, alphabet: Alphabet, samples: list[Sample]) -> tuple[dict[str, float], float]:
    """Character error rate and share of words read exactly, by best path; and the temperature that fits."""
    reader = TorchRecognizer(prepared(network), alphabet, samples[0].strip.shape[0], 1.0, "being trained")
    lattices = reader.lattices([s.strip for s in samples])
    read = [best_path(lattice, alphabet).text for lattice in lattices]
    truth = [s.text for s in samples]
    rates = {"cer": score.character_error_rate(truth, read), "exact": score.exact(truth, read)}
    return rates, fitted_temperature(lattices, truth, alphabet)


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
        "parent": state.parent,
        "seen": state.seen,
        "seconds": state.seconds,
        "best": state.best,
        "plan": asdict(plan),
    }
    torch.save(content, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def _restored(path: Path) -> State | None:
    """The state of the run that left `path`, with the network that it was about; None if there is none."""
    if not path.exists():
        return None
    content = torch.load(path, weights_only=True)
    alphabet, plan = Alphabet(content["alphabet"]), Plan(**content["plan"])
    state = _state_of(
        alphabet, build(plan.architecture, alphabet.size, plan.settings), plan, content["parent"]
    )
    state.network.load_state_dict(content["network"])
    state.average.load_state_dict(content["average"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.seen, state.seconds, state.best = content["seen"], content["seconds"], content["best"]
    return state
