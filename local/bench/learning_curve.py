"""How often the interval of "would more data help" holds the true gain: simulated curves whose gain is known.

Each curve has sizes that are trained once, with an error of their own, and one test set of groups of two records that
all sizes answer. `python -m local.bench.learning_curve` repeats what docs/metrics.md says of it, in a minute or two.
"""

import sys
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from lambdas.domain.evaluation.doubling import Gain
from lambdas.domain.evaluation.learning_curve import Curve, find_doublings
from local.terminal import Console

CURVES = 1_000
LEAST_COVERAGE, MOST_COVERAGE = 0.93, 0.97
# As parts of all records: halved, and in equal steps.
LADDERS = (
    (1 / 4, 1 / 2, 1),
    (1 / 8, 1 / 4, 1 / 2, 1),
    (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1),
    (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1),
    (1 / 5, 2 / 5, 3 / 5, 4 / 5, 1),
)
GROUPS = (30, 60, 120, 250, 500, 1_000)
# The standard deviation of training the same size again, in points.
TRAINING_ERRORS = (0.0, 0.3, 0.7, 1.5)
_RECORDS_OF_A_GROUP, _RECORDS = 2, 2_000

Values = NDArray[np.float64]
# The true metric over the size as a part of all records.
Truth = Callable[[Values], Values]


class CurveShape(NamedTuple):
    """Curves of one kind; each draw is another."""

    name: str
    draw: Callable[[np.random.Generator], Truth]


class CurveCoverage(NamedTuple):
    """Of the told intervals, the share that holds the true gain and the share above and below it; their widths."""

    told: float
    covered: float
    too_low: float
    too_high: float
    sure: float
    width: float


class CurveTrial(NamedTuple):
    """A curve's true gain, and the interval; None where it is withheld."""

    gain: float
    interval: tuple[float, float] | None


def _power(draws: np.random.Generator) -> Truth:
    exponent, floor, scale = draws.uniform(0.1, 1), draws.uniform(0, 30), draws.uniform(3, 25)
    return lambda part: 100 - floor - scale * part**-exponent


def _no_floor(draws: np.random.Generator) -> Truth:
    exponent, scale = draws.uniform(0.07, 0.35), draws.uniform(10, 40)
    return lambda part: 100 - scale * part**-exponent


def _logarithm(draws: np.random.Generator) -> Truth:
    present, slope = draws.uniform(40, 75), draws.uniform(2, 6)
    return lambda part: present + slope * np.log2(part)


def _flat(draws: np.random.Generator) -> Truth:
    present = draws.uniform(50, 95)
    return lambda part: np.full_like(part, present)


def _exponential(draws: np.random.Generator) -> Truth:
    top, rise, rate = draws.uniform(60, 90), draws.uniform(10, 40), draws.uniform(1, 5)
    return lambda part: top - rise * np.exp(-rate * part)


def _s_shaped(draws: np.random.Generator) -> Truth:
    low, top, turn, width = draws.uniform(20, 50), draws.uniform(60, 95), draws.uniform(-3, -0.5), draws.uniform(0.5, 1)
    return lambda part: low + (top - low) / (1 + np.exp((turn - np.log2(part)) / width))


def _broken(draws: np.random.Generator) -> Truth:
    """A power law whose exponent changes (Caballero et al., "Broken Neural Scaling Laws", 2023)."""
    first, then = draws.permutation([draws.uniform(0.05, 0.3), draws.uniform(0.3, 0.8)])
    at, scale = 2 ** draws.uniform(-3, -0.5), draws.uniform(10, 30)
    return lambda part: 100 - scale * (part / at) ** -first * ((1 + (part / at) ** 4) / 2) ** ((first - then) / 4)


def _dip(draws: np.random.Generator) -> Truth:
    """A power law with a dip, as where the values of a middle size do not suit it."""
    whole, at, depth = _power(draws), draws.uniform(-2.2, -1), draws.uniform(2, 6)
    return lambda part: whole(part) - depth * np.exp(-(((np.log2(part) - at) / 0.4) ** 2))


def _accelerating(draws: np.random.Generator) -> Truth:
    """Each doubling adds more than the one before: nothing in the points says when it ends."""
    start, rise = draws.uniform(40, 70), draws.uniform(3, 12)
    return lambda part: start + rise * np.sqrt(part)


SHAPES = (
    CurveShape("power law with a floor", _power),
    CurveShape("power law without a floor", _no_floor),
    CurveShape("logarithm, still steep", _logarithm),
    CurveShape("flat", _flat),
    CurveShape("exponential", _exponential),
    CurveShape("S-shaped", _s_shaped),
    CurveShape("broken power law", _broken),
    CurveShape("power law with a dip", _dip),
    CurveShape("accelerating (square root)", _accelerating),
)


def measure_coverage(trials: list[CurveTrial]) -> CurveCoverage:
    """What the told intervals hold."""
    told = [(one.gain, *one.interval) for one in trials if one.interval is not None]
    gain, low, high = np.array(told).T
    return CurveCoverage(
        told=len(told) / len(trials),
        covered=float(np.mean((low <= gain) & (gain <= high))),
        too_low=float(np.mean(high < gain)),
        too_high=float(np.mean(gain < low)),
        sure=float(np.mean(low > 0)),
        width=float(np.median(high - low)),
    )


def simulate(shape: CurveShape, curves: int, seed: int = 1) -> list[CurveTrial]:
    """So many curves of a shape, as many of each ladder; the same arguments give the same result."""
    draws = np.random.default_rng([seed, SHAPES.index(shape)])
    trials = list[CurveTrial]()
    for place, ladder in enumerate(LADDERS):
        parts = np.array(ladder, float)
        count = curves * (place + 1) // len(LADDERS) - curves * place // len(LADDERS)
        truths = [_within_range(shape, parts, draws) for _ in range(count)]
        found = find_doublings([_observe(truth, parts, draws) for truth in truths])
        gains = [float(np.subtract(*truth(np.array([2.0, 1.0])))) for truth in truths]
        intervals = [each.interval if isinstance(each, Gain) else None for each in found]
        trials += map(CurveTrial, gains, intervals)
    return trials


def _within_range(shape: CurveShape, parts: Values, draws: np.random.Generator) -> Truth:
    """A curve that stays between 2 and 99 points."""
    while True:
        truth = shape.draw(draws)
        values = truth(np.append(parts, 2.0))
        if values.min() > 2 and values.max() < 99:
            return truth


def _observe(truth: Truth, parts: Values, draws: np.random.Generator) -> Curve:
    """Right and wrong answers of each size's model: records differ in difficulty, and those of a group are alike."""
    groups, alike = int(draws.choice(GROUPS)), draws.choice((0.5, 0.8, 0.9))
    shares = np.clip(truth(parts) + draws.normal(0, draws.choice(TRAINING_ERRORS), len(parts)), 1, 99) / 100
    limits = np.array([NormalDist().inv_cdf(share) for share in shares])
    of_group = np.sqrt(alike) * draws.normal(size=(groups, 1, 1)) + np.sqrt((1 - alike) * 0.4) * draws.normal(
        size=(groups, 1, len(parts))
    )
    of_record = np.sqrt((1 - alike) * 0.6) * draws.normal(size=(groups, _RECORDS_OF_A_GROUP, len(parts)))
    scores = 100.0 * (of_group + of_record < limits).mean(1)
    records = [round(_RECORDS * part) for part in parts]
    return Curve(records, scores.mean(0), np.cov(scores.T) / groups, groups)


def measure_all(curves: int = CURVES) -> Iterator[tuple[CurveShape, list[CurveTrial]]]:
    """The trials of each shape."""
    for shape in SHAPES:
        yield shape, simulate(shape, curves)


def main() -> None:
    """Prints the table; fails where the intervals of all shapes together hold the gain too seldom or too often."""
    console = Console()
    table = Table("shape", "told", "covered", "gain above", "gain below", "surely helps", "median width")
    trials = list[CurveTrial]()
    for shape, own in measure_all():
        trials += own
        table.add_row(shape.name, *_words(measure_coverage(own)))
    found = measure_coverage(trials)
    table.add_row("all", *_words(found))
    console.print(f"{len(trials):,} curves, as many of each shape; of told intervals, in % (widths in points)")
    console.print(table)
    promise = f"{LEAST_COVERAGE:.0%} to {MOST_COVERAGE:.0%} of the told intervals hold the true gain"
    if not LEAST_COVERAGE <= found.covered <= MOST_COVERAGE:
        sys.exit(f"NOT met: {promise}.")
    console.print(f"Met: {promise}.")


def _words(found: CurveCoverage) -> list[str]:
    shares = (found.told, found.covered, found.too_low, found.too_high, found.sure)
    return [*(f"{100 * share:.1f}" for share in shares), f"{found.width:.1f}"]


if __name__ == "__main__":
    main()
