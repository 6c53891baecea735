"""Quantiles of a few numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.quantiles import quantiles


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=50), st.lists(st.floats(0, 1), min_size=1, max_size=4)
)
def test_they_are_those_of_numpy(values: list[float], shares: list[float]) -> None:
    assert quantiles(np.array(values), *shares) == pytest.approx(
        np.quantile(values, shares).tolist(), abs=1e-9
    )


def test_of_a_picture() -> None:
    picture = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert quantiles(picture, 0.0, 0.25, 1.0) == [0.0, 2.75, 11.0]
