"""The shapes that a learning curve may have: which part of the rise that was seen a doubling of the data would add.

The curve is a power law with a floor: the error is `floor + scale * records ** -exponent` (Hestness et al., "Deep
Learning Scaling is Predictable, Empirically", 2017; Mahmood et al., "How Much More Data Do I Need?", 2022). No shape
holds for all learners (Viering and Loog, "The Shape of Learning Curves: a Review", 2022). So curves that saturate
exponentially and S-shaped ones count, too, with the weights below, as Domhan et al. average over families ("Speeding up
Automatic Hyperparameter Optimization", 2015). `python -m local.bench.learning_curve` says what that comes to.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# By exponent, its weight; 0 is the logarithm, and below it curves still grow faster with each doubling.
_POWERS = {
    -0.75: 1.0,
    -0.5: 1.2,
    -0.25: 1.0,
    -0.1: 1.0,
    0.0: 1.0,
    0.1: 1.0,
    0.2: 1.0,
    0.3: 1.0,
    0.4: 1.0,
    0.5: 1.0,
    0.65: 1.0,
    0.8: 1.0,
    1.0: 1.0,
    1.25: 1.0,
    1.5: 0.7,
    2.0: 0.5,
}
# How many times the data has passed the scale on which an exponential curve saturates.
_RATES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
# Where an S-shaped curve turns, in doublings from the present data, and how many doublings it takes to.
_TURNS = (-3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0)
_WIDTHS = (0.4, 0.8, 1.3)
POWER_WEIGHT, EXPONENTIAL_WEIGHT, S_WEIGHT = 0.6, 0.15, 0.25


class Shapes(NamedTuple):
    """Each shape's error at each size, 1 at the smallest and 0 at the largest; `doubled` is its fall by a doubling."""

    errors: Array
    doubled: Array
    weights: Array


def shapes(records: Array) -> Shapes:
    """The shapes over these sizes, smallest first."""
    sizes = np.append(records / records[-1], 2.0)
    rows, weights = list[Array](), list[float]()
    for exponent, weight in _POWERS.items():
        rows.append(np.sign(exponent) * sizes**-exponent if exponent else -np.log(sizes))
        weights.append(POWER_WEIGHT * weight / sum(_POWERS.values()))
    for rate in _RATES:
        rows.append(np.exp(-rate * sizes))
        weights.append(EXPONENTIAL_WEIGHT / len(_RATES))
    for turn in _TURNS:
        for width in _WIDTHS:
            rows.append(1 / (1 + np.exp((np.log2(sizes) - turn) / width)))
            weights.append(S_WEIGHT / len(_TURNS) / len(_WIDTHS))
    errors = np.array(rows)
    present, rise = errors[:, -2], errors[:, 0] - errors[:, -2]
    scaled = (errors[:, :-1] - present[:, None]) / rise[:, None]
    return Shapes(scaled, (present - errors[:, -1]) / rise, np.array(weights))
