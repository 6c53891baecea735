"""What networks of both rooms are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Network = TypeVar("Network", bound=nn.Module)


class Addition(nn.Module):
    """A part of a network that begins by adding nothing, so that weights without it can be begun with."""


def grown(network: Network, state: Mapping[str, Tensor]) -> Network:
    """`network`, beginning with the `state` of one that may have fewer additions.

    Raises RuntimeError if sizes differ, ValueError if the state lacks or has anything else.
    """
    found = network.load_state_dict(state, strict=False)
    added = {
        f"{name}.{key}"
        for name, module in network.named_modules()
        if isinstance(module, Addition)
        for key in module.state_dict()
    }
    if found.unexpected_keys or not added.issuperset(found.missing_keys):
        raise ValueError("the state of another network than the same with fewer additions")
    return network


class Residual(Addition):
    """Adds what two more convolutions see (He et al. 2016, arXiv 1512.03385); begins by adding nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(channels)
        nn.init.zeros_(last.weight)
        self.more = nn.Sequential(
            nn.Sequential(_conv(channels), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)),
            _conv(channels),
            last,
        )

    def forward(self, seen: Tensor) -> Tensor:
        """Maps of the same shape; `seen` is not negative."""
        return functional.relu(seen + self.more(seen))


def _conv(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, padding=1, bias=False)


def fast_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 itself; where it does not, that is many times slower."""
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # torch has no public name for it yet
    return bool(known and known())
