"""How to train: sizes, rates, seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

from detector import weights

TERMS = [
    {
        "name": "UNIPEN train-r01-v07, strokes of 79,907 words and 15,172 phrases, less the test writers",
        "terms": "CC BY 4.0",
    },
    {"name": "Copiste d'un jour (BAnQ), 6,992 word crops", "terms": "CC BY 4.0"},
    {"name": "40 handwriting fonts", "terms": "OFL 1.1 or Apache-2.0"},
]

NETWORK = "deep"
"""What reads best in a time that nobody minds."""

SLACK = 0.02
"""About the standard error of the rate on forty words, a fifth of 200 labels."""

RATE, TUNING_RATE = 1.5e-3, 5e-4
"""Rates that serve from nothing, and from weights that read already."""


@dataclass(frozen=True)
class Plan:
    """How to train. Rates are those of AdamW."""

    architecture: str = ""
    """Name of the network; without one that of the weights to begin with, or NETWORK."""
    settings: dict[str, int] = field(default_factory=lambda: {"height": 32, "hidden": 128})
    words: int = 2_000_000
    batch: int = 32
    rate: float = RATE
    warm: int = 30_000
    decay: float = 0.25
    shortcut: float = 0.3
    seed: int = 1
    workers: int = 1
    every: int = 50_000
    """Words between two checkpoints, each measured on words not trained on."""
    patience: int = 0
    """Stop after so many checkpoints in turn that are worse than the best; 0 goes on to the end."""
    slack: float = 0.0
    """Character error rate by which one may be above the best and count as good: later weights have learned
    more, and few words tell little."""
    data: list[dict[str, str]] = field(default_factory=lambda: list(TERMS))
    """What is learned from: name and terms of each, for the card."""

    def sized(self) -> Plan:
        """This plan with warming up and checkpoints that suit so many words, if these are few."""
        return replace(
            self,
            warm=min(self.warm, max(1, self.words // 20)),
            every=min(self.every, max(1, self.words // 10)),
        )

    def with_data(self, more: list[dict[str, str]]) -> Plan:
        """This plan, learning from `more` too."""
        return replace(self, data=[*self.data, *more])

    def following(self, start: Path | None) -> Plan:
        """This plan with its network named, and sized as that in the file `start`. Raises WeightsError."""
        if start is None:
            return replace(self, architecture=self.architecture or NETWORK)
        card = weights.read_card(start)
        name = self.architecture or card.architecture
        return replace(self, architecture=name, settings=dict(card.settings))

    def rate_at(self, seen: int) -> float:
        """Warm up, stay, and fall to nothing over the last share `decay` of the words (1 - sqrt)."""
        start = self.words * (1 - self.decay)
        fall = max(0.0, (seen - start) / max(1.0, self.words - start))
        return self.rate * min(1.0, (seen + 1) / self.warm) * (1 - math.sqrt(min(1.0, fall)))


@dataclass(frozen=True)
class Tuning:
    """How to learn from a person's labels without forgetting other hands."""

    share: float = 0.7
    """Share of the samples that are labelled ones."""
    rate: float = TUNING_RATE
    turns: int = 80
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
            slack=SLACK,
            data=TERMS if data is None else data,
        )


TUNING = Tuning()
