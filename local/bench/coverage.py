"""How often the interval of a difference holds the true one: simulated test sets of populations whose mean is known.

Tuning often makes nearly all answers a little better and a few much worse. A test set of few groups may have none of
the latter. `python -m local.bench.coverage` repeats what docs/metrics.md says of it; it takes minutes.
"""

import random
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import NamedTuple

from rich.table import Table

from lambdas.domain.evaluation.significance import compare
from local.bench.label_coverage import (
    LABEL_EXPERIMENTS,
    LABEL_GROUPS,
    LABEL_POPULATIONS,
    LabelPopulation,
    label_interval,
)
from local.terminal import Console

EXPERIMENTS = 2_000
GROUPS = (10, 15, 20, 30, 45, 60, 100)
# Fewer than a report's, for time: the ends of the intervals are hardly less sure.
RESAMPLES = 399
LEAST_COVERAGE, MOST_FALSE_GAINS = 0.93, 0.04

# The records' differences in one group: one draw.
Draw = Callable[[random.Random], list[float]]


class Population(NamedTuple):
    """Groups of records whose mean difference is zero, so that an interval above zero is a false gain."""

    name: str
    draw: Draw


class Coverage(NamedTuple):
    """The shares of experiments whose interval holds the true difference, or lies above it."""

    covered: float
    false_gains: float

    @property
    def holds(self) -> bool:
        """Whether it is as good as promised."""
        return self.covered >= LEAST_COVERAGE and self.false_gains <= MOST_FALSE_GAINS


def blunders(share: float, sizes: Draw | None = None) -> Draw:
    """Nearly all groups gain `share` of 100, and that share of them loses the rest: 5 % lose 95 and 95 % gain 5."""

    def draw(generator: random.Random) -> list[float]:
        records = len(sizes(generator)) if sizes else 1
        return [100 * (share - (generator.random() < share))] * records

    return draw


def _small_gains(generator: random.Random) -> list[float]:
    """93 % gain 2 to 8, 7 % lose as much in all."""
    return [generator.uniform(2, 8) if generator.random() < 0.93 else -5 * 0.93 / 0.07]


def _rare_gains(generator: random.Random) -> list[float]:
    return [-difference for difference in blunders(0.05)(generator)]


def _few_differ(generator: random.Random) -> list[float]:
    return [generator.choices((100.0, 0.0, -100.0), (3, 94, 3))[0]]


def _half_differ(generator: random.Random) -> list[float]:
    return [generator.choices((100.0, 0.0, -100.0), (25, 50, 25))[0]]


def _uneven(generator: random.Random) -> list[float]:
    """1 to 25 records, few groups of them large."""
    extra = (generator.random() < 0.1) * generator.randrange(4, 15)
    return [0.0] * min(25, 1 + int(generator.expovariate(0.4)) + extra)


POPULATIONS = (
    Population("93 % gain 2 to 8, 7 % lose 66", _small_gains),
    Population("95 % gain 5, 5 % lose 95", blunders(0.05)),
    Population("98 % gain 2, 2 % lose 98", blunders(0.02)),
    Population("90 % gain 10, 10 % lose 90", blunders(0.10)),
    Population("95 % gain 5, 5 % lose 95, 1 to 25 records a group", blunders(0.05, _uneven)),
    Population("95 % lose 5, 5 % gain 95", _rare_gains),
    Population("3 % gain 100, 3 % lose 100", _few_differ),
    Population("25 % gain 100, 25 % lose 100", _half_differ),
)


def measure_coverage(
    population: Population, groups: int, experiments: int = EXPERIMENTS, resamples: int = RESAMPLES
) -> Coverage:
    """What the intervals of so many test sets hold; the same arguments give the same result."""
    generator = random.Random(f"{population.name} {groups}")  # noqa: S311 - no secret
    intervals = [_interval(population.draw, groups, generator, seed, resamples) for seed in range(experiments)]
    false_gains = sum(low > 0 for low, _ in intervals)
    covered = sum(low <= 0 <= high for low, high in intervals)
    return Coverage(covered / experiments, false_gains / experiments)


def measure_label_coverage(
    population: LabelPopulation, groups: int, experiments: int = LABEL_EXPERIMENTS
) -> Coverage | None:
    """The same of macro-F1; None where such test sets tell no interval."""
    generator = random.Random(f"{population.name} {groups}")  # noqa: S311 - no secret
    intervals = list[tuple[float, float]]()
    for seed in range(experiments):
        found = label_interval(population, groups, generator, seed)
        if found is None:
            return None
        intervals.append(found)
    false_gains = sum(low > 0 for low, _ in intervals)
    covered = sum(low <= 0 <= high for low, high in intervals)
    return Coverage(covered / experiments, false_gains / experiments)


def _interval(draw: Draw, groups: int, generator: random.Random, seed: int, resamples: int) -> tuple[float, float]:
    rows = [(difference, group) for group in range(groups) for difference in draw(generator)]
    ours = [max(difference, 0.0) for difference, _ in rows]
    theirs = [max(-difference, 0.0) for difference, _ in rows]
    interval = compare(ours, theirs, [group for _, group in rows], seed=seed, resamples=resamples).interval
    if interval is None:
        raise AssertionError("Scores from 0 to 100 always have an interval.")
    return interval


def _measure_cell(cell: tuple[int, int]) -> Coverage:
    place, groups = cell
    return measure_coverage(POPULATIONS[place], groups)


def measure_all() -> Iterator[tuple[Population, dict[int, Coverage]]]:
    """Each population with its coverage by number of groups."""
    cells = list(product(range(len(POPULATIONS)), GROUPS))
    with ProcessPoolExecutor() as pool:
        found = dict(zip(cells, pool.map(_measure_cell, cells), strict=True))
    for place, population in enumerate(POPULATIONS):
        yield population, {groups: found[place, groups] for groups in GROUPS}


def _measure_label_cell(cell: tuple[int, int]) -> Coverage | None:
    place, groups = cell
    return measure_label_coverage(LABEL_POPULATIONS[place], groups)


def measure_all_labels() -> Iterator[tuple[LabelPopulation, dict[int, Coverage | None]]]:
    """Each population of labels with its coverage by number of groups."""
    cells = list(product(range(len(LABEL_POPULATIONS)), LABEL_GROUPS))
    with ProcessPoolExecutor() as pool:
        found = dict(zip(cells, pool.map(_measure_label_cell, cells), strict=True))
    for place, population in enumerate(LABEL_POPULATIONS):
        yield population, {groups: found[place, groups] for groups in LABEL_GROUPS}


def _words(found: Coverage | None) -> str:
    return f"{100 * found.covered:.1f} ({100 * found.false_gains:.1f})" if found else "none"


def main() -> None:
    """Prints the tables; fails where an interval does not hold as often as promised."""
    console = Console()
    title = f"Covered, and in brackets false gains, in % of {EXPERIMENTS:,} experiments, by number of groups"
    table = Table("true difference 0", *map(str, GROUPS), title=title, title_justify="left")
    holds = True
    for population, by_groups in measure_all():
        table.add_row(population.name, *map(_words, by_groups.values()))
        holds &= all(each.holds for each in by_groups.values())
    console.print(table)
    title = f"The same of macro-F1, in {LABEL_EXPERIMENTS:,} experiments; none where test sets tell no interval"
    table = Table("true difference 0", *map(str, LABEL_GROUPS), title=title, title_justify="left")
    for labels, found in measure_all_labels():
        table.add_row(labels.name, *map(_words, found.values()))
        holds &= all(each is None or each.holds for each in found.values())
    console.print(table)
    promise = f"at least {LEAST_COVERAGE:.0%} covered, at most {MOST_FALSE_GAINS:.0%} false gains"
    if not holds:
        sys.exit(f"NOT met: {promise}.")
    console.print(f"Met: {promise}.")


if __name__ == "__main__":
    main()
