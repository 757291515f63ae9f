"""Would more data help? What doubling the training set would add to the metric, with a 95 % interval, or why not.

Each size's model has two errors: the test set's, which all sizes share (its covariance is that over groups), and the
training's, another for each size: what data order and the choice of records come to. The latter is not measured, since
each size is trained once; its standard deviation has a half-normal prior of one point, and the scatter of the points
around a curve updates it. For each shape and each such deviation the present value and the rise are found by
generalised least squares; the gain is their mixture, weighed by how well they explain the points (a Bayesian average on
a grid; flat priors for the value and the rise). So the interval has all three: test set, training, and extrapolation.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lambdas.domain.evaluation.curve_needs import find_lacking_groups, find_lacking_sizes
from lambdas.domain.evaluation.curve_shapes import Array, shapes
from lambdas.domain.evaluation.doubling import Doubling, Gain, Withheld
from lambdas.domain.evaluation.power import t_quantile

# An interval that holds both no gain and so many points answers nothing.
WORTH_POINTS = 5.0
# A fall beyond so many standard errors is none of noise.
_FALL_ERRORS = 3.0
_TRAINING_ERROR = 1.0
_TRAINING_ERRORS = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.4, 2.0, 2.8, 4.0, 6.0])
# In groups of average size: so much of each arm's score may be unseen.
_IMAGINED = 0.5
_LARGEST = 100.0
_HALVINGS = 30


class Curve(NamedTuple):
    """A size's model each, smallest first: records, values, and their covariance over `groups` of the test set."""

    records: Sequence[int]
    values: Array
    covariance: Array
    groups: int


class _Posterior(NamedTuple):
    """Of each curve: median and interval of the gain, and the training's standard error."""

    gain: Array
    low: Array
    high: Array
    training_error: Array


def find_doubling(curve: Curve) -> Doubling:
    """What doubling the largest size would add."""
    return find_doublings([curve])[0]


def find_doublings(curves: Sequence[Curve]) -> list[Doubling]:
    """The same of several curves over the same records, at once."""
    lacking = find_lacking_sizes(curves[0].records)
    if lacking:
        return [Withheld(withheld=lacking)] * len(curves)
    covariances = np.array([_widened(curve) for curve in curves])
    values = np.array([curve.values for curve in curves])
    found = _posterior(np.array(curves[0].records, float), values, covariances)
    return [
        _state(curve, covariance, *map(float, row))
        for curve, covariance, *row in zip(curves, covariances, *found, strict=True)
    ]


def _widened(curve: Curve) -> Array:
    """The covariance with what few groups do not show: their own uncertainty, and losses that are in none of them."""
    reach = t_quantile(0.975, max(2, curve.groups - 1)) / t_quantile(0.975, 10**6)
    unseen = (_LARGEST * _IMAGINED / curve.groups) ** 2
    return curve.covariance * reach**2 + np.eye(len(curve.values)) * unseen


def _posterior(records: Array, values: Array, covariances: Array) -> _Posterior:
    """`values` has a row for each curve. The axes are: curve, training error, shape."""
    known = shapes(records)
    design = np.stack([np.ones_like(known.errors), -known.errors], -1)
    noise = covariances[:, None] + np.eye(len(records)) * (_TRAINING_ERRORS**2)[None, :, None, None]
    inverse = np.linalg.inv(noise)
    weighed = np.einsum("ski,ctkl->ctsil", design, inverse)
    precision = weighed @ design[None, None]
    spread = np.linalg.inv(precision)
    fitted = np.einsum("ctsij,ctsjl,cl->ctsi", spread, weighed, values, optimize=True)
    residual = np.einsum("ck,ctkl,cl->ct", values, inverse, values, optimize=True)[:, :, None] - np.einsum(
        "ctsi,ctsij,ctsj->cts", fitted, precision, fitted, optimize=True
    )
    prior = np.exp(-((_TRAINING_ERRORS / _TRAINING_ERROR) ** 2) / 2) * np.gradient(_TRAINING_ERRORS)
    log_weight = (
        np.log(prior)[None, :, None]
        + np.log(known.weights)
        - (np.linalg.slogdet(noise)[1][:, :, None] + np.linalg.slogdet(precision)[1] + residual) / 2
    )
    weight = np.exp(log_weight - log_weight.max((1, 2), keepdims=True))
    weight /= weight.sum((1, 2), keepdims=True)
    training_error = (weight.sum(2) * _TRAINING_ERRORS).sum(1)
    flat = (len(values), -1)
    mean = (fitted[..., 1] * known.doubled).reshape(flat)
    error = (np.sqrt(spread[..., 1, 1]) * np.abs(known.doubled)).reshape(flat)
    weight = weight.reshape(flat)
    low, gain, high = (_quantile(at, weight, mean, error) for at in (0.025, 0.5, 0.975))
    return _Posterior(gain, low, high, training_error)


def _quantile(probability: float, weight: Array, mean: Array, error: Array) -> Array:
    """Of each row's mixture of normal curves, by bisection."""
    low, high = np.full(len(weight), -2 * _LARGEST), np.full(len(weight), 2 * _LARGEST)
    for _ in range(_HALVINGS):
        middle: Array = (low + high) / 2
        below = (weight * _normal_cdf((middle[:, None] - mean) / np.maximum(error, 1e-9))).sum(1) < probability
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return middle


def _normal_cdf(z: Array) -> Array:
    """Abramowitz and Stegun, 7.1.26, to within 2e-7: numpy has none."""
    t = 1 / (1 + 0.3275911 * np.abs(z) / np.sqrt(2))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    upper: Array = 0.5 * (1 + np.sign(z) * (1 - series * np.exp(-(z**2) / 2)))
    return upper


def _state(curve: Curve, covariance: Array, gain: float, low: float, high: float, training_error: float) -> Doubling:
    lacking = find_lacking_groups(curve.groups) or _find_fall(curve, covariance)
    if lacking:
        return Withheld(withheld=lacking)
    room = _LARGEST - float(curve.values[-1])
    low, gain, high = (round(min(max(each, -_LARGEST), room), 2) for each in (low, gain, high))
    if low <= 0 and high >= WORTH_POINTS:
        why = _explain_width(curve, covariance, training_error)
        return Withheld(withheld=f"no gain and a gain of {high:.1f} points are both possible: {why}")
    return Gain(gain=gain, interval=(low, high))


def _find_fall(curve: Curve, covariance: Array) -> str | None:
    """The largest fall from a size to a larger one that noise does not explain."""
    variance = np.diag(covariance)
    errors = np.sqrt(variance[:, None] + variance - 2 * covariance + 2 * _TRAINING_ERROR**2)
    falls = np.triu(curve.values[:, None] - curve.values - _FALL_ERRORS * errors)
    start, end = map(int, np.unravel_index(int(falls.argmax()), falls.shape))
    if falls[start, end] <= 0:
        return None
    return (
        f"the metric falls from {curve.values[start]:.1f} with {curve.records[start]:,} records to "
        f"{curve.values[end]:.1f} with {curve.records[end]:,}, by more than noise explains"
    )


def _explain_width(curve: Curve, covariance: Array, training_error: float) -> str:
    """Which of its three reasons an interval is wide for, and what would narrow it."""
    ends = covariance[0, 0] + covariance[-1, -1] - 2 * covariance[0, -1]
    test_error, scatter = float(np.sqrt(ends)), float(np.sqrt(2)) * training_error
    if training_error > 2 * _TRAINING_ERROR:
        return f"the sizes scatter by about {training_error:.1f} points around any curve"
    if test_error > scatter:
        return (
            f"the test set of {curve.groups:,} groups leaves the rise from the smallest to the largest size open by "
            f"{2 * test_error:.1f} points; a larger test set tells more"
        )
    return f"{len(curve.records)} sizes do not tell the curve's shape; more sizes, or smaller ones, tell more"
