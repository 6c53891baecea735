"""Fit the detector's network to drawn pages. Resumable at any moment."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from detector import weights
from detector.areas import Quad
from detector.layers import grown
from detector.model import WordMaps, targets


class TrainingError(Exception):
    """Training cannot go on; the message says what to change."""

    exit_code = 2


class DrawnPage(Protocol):
    """A picture with the truth about it: ink mask (255 = writing) and the corners of its words."""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """RGB, H x W x 3."""

    @property
    def mask(self) -> NDArray[np.uint8]:
        """H x W."""

    @property
    def words(self) -> tuple[Quad, ...]:
        """Corners of the words, 4 x 2 each."""


Draw = Callable[[Generator], DrawnPage]


@dataclass(frozen=True)
class Plan:
    """How to train."""

    width: int = 32
    blocks: int = 1
    pages: int = 30_000
    batch: int = 4
    rate: float = 2e-3
    warm: int = 400
    decay: float = 0.3
    seed: int = 1
    workers: int = 0
    every: int = 800
    """Pages between two checkpoints."""
    data: tuple[dict[str, str], ...] = ()
    """What the pages are drawn with: name and terms of each, for the card."""

    def rate_at(self, seen: int) -> float:
        """Warm up, stay, and fall to nothing over the last share `decay` of the pages (1 - sqrt)."""
        start = self.pages * (1 - self.decay)
        fall = max(0.0, (seen - start) / max(1.0, self.pages - start))
        return self.rate * min(1.0, (seen + 1) / self.warm) * (1 - math.sqrt(min(1.0, fall)))


class _Drawn(IterableDataset[tuple[NDArray[np.float32], NDArray[np.float32]]]):
    """Batches of pictures B x 3 x H x W in 0..1 and their targets, without end."""

    def __init__(self, draw: Draw, plan: Plan, seen: int) -> None:
        self._draw, self._plan, self._seen = draw, plan, seen

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self._plan.seed, self._seen, worker.id if worker else 0))
        while True:
            pages = [self._draw(rng) for _ in range(self._plan.batch)]
            pictures = np.stack([p.pixels for p in pages]).transpose(0, 3, 1, 2).astype(np.float32)
            yield (pictures / 255).astype(np.float32), np.stack([targets(p.mask, p.words) for p in pages])


@dataclass
class State:
    """Everything that a resumed run needs."""

    network: WordMaps
    optimizer: torch.optim.Optimizer
    parent: str | None = None
    """sha256 of the weights that the run began with, None if it began from nothing."""
    seen: int = 0
    seconds: float = 0.0


def loss_of(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy, and dice (Milletari et al. 2016) so that thin ink and small words count; both a map."""
    entropy = functional.binary_cross_entropy_with_logits(logits, truth)
    seen = logits.sigmoid()
    both = (seen * truth).sum(dim=(0, 2, 3))
    dice = 1 - (2 * both + 1) / (seen.sum(dim=(0, 2, 3)) + truth.sum(dim=(0, 2, 3)) + 1)
    return entropy + 0.5 * dice.mean()


def fit(run: Path, draw: Draw, plan: Plan, minutes: float = math.inf, start: Path | None = None) -> Path:
    """Train as `plan` says on what `draw` draws, into the folder `run`, at most `minutes` from now.

    A stopped run goes on from its last checkpoint; a new one begins with the weights file `start`, whose
    network may have fewer blocks. Returns the weights file. Raises TrainingError when the loss is not finite,
    WeightsError for unusable `start`.
    """
    run.mkdir(parents=True, exist_ok=True)
    state = _restore(run / "state.pt", _begin(plan, start), plan)
    drawn = _Drawn(draw, plan, state.seen)
    ahead = 4 if plan.workers else None
    batches = iter(DataLoader(drawn, batch_size=None, num_workers=plan.workers, prefetch_factor=ahead))
    begun, base, measured = time.monotonic(), state.seconds, state.seen
    losses: list[float] = []
    while state.seen < plan.pages and time.monotonic() - begun < minutes * 60:
        pictures, truth = next(batches)
        losses.append(_step(state, torch.as_tensor(pictures), torch.as_tensor(truth), plan))
        state.seconds = base + time.monotonic() - begun
        if state.seen - measured >= plan.every:
            measured = state.seen
            _checkpoint(run, state, plan, float(np.mean(losses)))
            losses = []
    if losses:
        _checkpoint(run, state, plan, float(np.mean(losses)))
    return run / "last.safetensors"


def _begin(plan: Plan, start: Path | None) -> State:
    torch.manual_seed(plan.seed)
    network = WordMaps(plan.width, plan.blocks)
    if start:
        _take(network, start)
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.01, fused=True)
    return State(network, optimizer, weights.sha256_of(start) if start else None)


def _take(network: WordMaps, start: Path) -> None:
    """Begin with the weights in the file `start`; blocks that it lacks begin by adding nothing."""
    tensors, _ = weights.load(start)
    try:
        grown(network, {key: torch.from_numpy(value) for key, value in tensors.items()})
    except RuntimeError as fault:
        raise weights.WeightsError(f"{start} holds a network of another width; name other weights") from fault
    except ValueError as fault:
        raise weights.WeightsError(f"{start} holds no such network; name other weights") from fault


def _step(state: State, pictures: Tensor, truth: Tensor, plan: Plan) -> float:
    for group in state.optimizer.param_groups:
        group["lr"] = plan.rate_at(state.seen)
    state.network.train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = state.network(pictures.contiguous(memory_format=torch.channels_last))
    loss = loss_of(logits.float(), truth)
    if not math.isfinite(loss.item()):
        raise TrainingError(f"the loss is {loss.item()} after {state.seen} pages; lower the rate and resume")
    state.optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    state.optimizer.step()
    state.seen += len(pictures)
    return loss.item()


def _checkpoint(run: Path, state: State, plan: Plan, loss: float) -> None:
    row: dict[str, Any] = {
        "pages": state.seen,
        "seconds": round(state.seconds),
        "rate": plan.rate_at(state.seen),
        "loss": loss,
    }
    new = not (run / "metrics.csv").exists()
    with (run / "metrics.csv").open("a", newline="") as out:
        table = csv.DictWriter(out, row.keys())
        if new:
            table.writeheader()
        table.writerow(row)
    print("  ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
    content = {
        "network": state.network.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "parent": state.parent,
        "seen": state.seen,
        "seconds": state.seconds,
        "plan": asdict(plan),
    }
    card = weights.Card(
        kind="detector",
        architecture="word maps",
        settings={"width": plan.width, "blocks": plan.blocks},
        normalisation="RGB in 0..1",
        parent=state.parent,
        data=list(plan.data),
        scores={"pages": state.seen, "loss": round(loss, 4)},
    )
    tensors = {name: value.detach().numpy() for name, value in state.network.state_dict().items()}
    weights.save(run / "last.safetensors", tensors, card)
    torch.save(content, run / "state.part")
    (run / "state.part").replace(run / "state.pt")


def _restore(path: Path, state: State, plan: Plan) -> State:
    if not path.exists():
        return state
    content = torch.load(path, weights_only=True)
    begun = content["plan"]
    if (begun["width"], begun.get("blocks", 0)) != (plan.width, plan.blocks):
        raise TrainingError(f"{path.parent} holds a run of another network; name another folder")
    state.network.load_state_dict(content["network"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.parent, state.seen, state.seconds = content["parent"], content["seen"], content["seconds"]
    return state
