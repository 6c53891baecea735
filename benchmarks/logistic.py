"""Logistic regression, for the constants that the program states chances with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 30


def fitted(
    inputs: NDArray[np.float64], right: NDArray[np.bool_] | NDArray[np.float64], held_back: float
) -> NDArray[np.float64]:
    """The weights of the columns of `inputs` that tell best what is `right`, by Newton's method.

    `held_back` times half the sum of their squares is added to the loss, so that they stay finite.
    """
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (right - chance) - held_back * weights
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + held_back * np.eye(len(weights))
        weights += np.linalg.solve(curve, slope)
    return weights
