"""Parts of networks: they compute the same in another way."""

from __future__ import annotations

from typing import TypeVar

import pytest
import torch
from torch import Tensor, nn

from detector.layers import MaxPool, ready
from detector.model import WordMaps, mixed
from recognizer.model import NETWORKS, build

Network = TypeVar("Network", bound=nn.Module)


def stirred(network: Network) -> Network:
    """`network` with normalisations as training leaves them."""
    for name, value in network.state_dict().items():
        if "running" in name or "bias" in name:
            value.uniform_(0.2, 0.9)
    return network.eval()


@pytest.mark.parametrize("kernel", [2, (2, 1), (1, 2)])
def test_pooling_without_learning_gives_the_same(kernel: int | tuple[int, int]) -> None:
    maps = torch.randn(2, 3, 7, 9)
    with torch.no_grad():
        quick = MaxPool(kernel)(maps)
    assert torch.equal(quick, nn.MaxPool2d(kernel)(maps))
    assert torch.equal(MaxPool(kernel)(maps), quick)


@pytest.mark.parametrize("name", [*NETWORKS, "words"])
def test_a_network_made_ready_answers_the_same_and_leaves_the_other_as_it_was(name: str) -> None:
    torch.manual_seed(1)
    network = stirred(WordMaps(8, 1) if name == "words" else build(name, 5, {"height": 32, "hidden": 8}))
    seen = torch.rand(2, 3 if name == "words" else 1, 32, 64)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with torch.inference_mode():
        quick: Tensor = ready(network)(seen)
        assert torch.allclose(quick, network(seen), atol=1e-4)
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    left = [part for part in ready(network).modules() if isinstance(part, nn.BatchNorm2d)]
    assert not left, "all normalisation is a part of convolutions"


def test_maps_are_mixed_as_if_the_coarse_ones_had_been_enlarged() -> None:
    torch.manual_seed(3)
    layers = stirred(nn.Sequential(nn.Conv2d(7, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU()))
    coarse, fine = torch.randn(2, 4, 6, 9), torch.randn(2, 3, 12, 18)
    enlarged = nn.functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
    with torch.inference_mode():
        torch.testing.assert_close(mixed(layers, coarse, fine), layers(torch.cat([enlarged, fine], dim=1)))
