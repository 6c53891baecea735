"""What networks of both rooms are made of."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import reduce
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

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


class MaxPool(nn.MaxPool2d):
    """The same, but faster where nothing is learned: torch's own took a quarter of the time of reading."""

    def forward(self, seen: Tensor) -> Tensor:
        """Maps B x C x h x w with the largest of each two rows and, if the kernel says so, two columns."""
        if torch.is_grad_enabled():
            pooled: Tensor = super().forward(seen)
            return pooled
        down, along = self.kernel_size if isinstance(self.kernel_size, tuple) else (self.kernel_size,) * 2
        rows, columns = seen.shape[2] // down * down, seen.shape[3] // along * along
        tall = [seen[:, :, start:rows:down, :columns] for start in range(down)]
        wide = reduce(torch.maximum, tall)
        return reduce(torch.maximum, [wide[..., start::along] for start in range(along)])


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


def ready(network: Network) -> Network:
    """A copy of `network` that reads and never learns, 1.3 times as fast.

    What normalises a convolution's output is a part of the convolution there.
    """
    found = deepcopy(network).eval()
    for part in found.modules():
        if isinstance(part, nn.Sequential):
            for (name, layer), (after, norm) in pairwise(list(part.named_children())):
                if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    setattr(part, name, fuse_conv_bn_eval(layer, norm))
                    setattr(part, after, nn.Identity())
    return channels_last(found)


def channels_last(network: Network) -> Network:
    """`network` with weights that lie as the processor takes them, and so do the maps that it makes.

    Pictures of a single channel do not tell torch that channels come last.
    """
    for weight in network.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return network


def fast_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 itself; where it does not, that is many times slower."""
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # torch has no public name for it yet
    return bool(known and known())
