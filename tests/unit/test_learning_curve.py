"""Whether more data would help: the gain of doubling it, its interval, and why it is withheld."""

import numpy as np
import pytest

from lambdas.domain.evaluation.doubling import Gain, Withheld
from lambdas.domain.evaluation.learning_curve import Curve, find_doubling, find_doublings
from local.bench.learning_curve import LEAST_COVERAGE, SHAPES, measure_coverage, simulate

HALVED = (250, 500, 1_000, 2_000)


def curve(values: list[float], error: float = 0.2, groups: int = 500, records: tuple[int, ...] = HALVED) -> Curve:
    """Sizes of one test set, each with so large an error of its own."""
    return Curve(records, np.array(values), np.eye(len(values)) * error**2, groups)


def power_law(exponent: float, floor: float, scale: float) -> list[float]:
    """The metric at each size."""
    return [100 - floor - scale * (records / HALVED[-1]) ** -exponent for records in HALVED]


def withheld(found: Gain | Withheld) -> str:
    """The reason; fails where there is a gain."""
    assert isinstance(found, Withheld)
    return found.withheld


@pytest.mark.parametrize("exponent", [0.3, 0.5, 1.0])
def test_the_interval_of_a_power_law_holds_its_gain_and_the_gain_is_near(exponent: float) -> None:
    found = find_doubling(curve(power_law(exponent, floor=10, scale=12)))
    truth = 12 * (1 - 2**-exponent)
    assert isinstance(found, Gain)
    assert found.interval[0] <= truth <= found.interval[1]
    assert found.gain == pytest.approx(truth, abs=2)


def test_a_flat_curve_gains_nothing() -> None:
    found = find_doubling(curve([80.1, 79.9, 80.0, 80.0]))
    assert isinstance(found, Gain)
    assert found.interval[0] < 0 < found.interval[1]
    assert found.gain == pytest.approx(0, abs=0.3)


def test_a_steep_curve_surely_gains() -> None:
    found = find_doubling(curve([50.0, 56.0, 62.0, 68.0]))
    assert isinstance(found, Gain)
    assert found.interval[0] > 0


def test_the_same_noise_of_all_sizes_widens_no_interval() -> None:
    values = power_law(0.5, floor=10, scale=12)
    alone = find_doubling(curve(values))
    shared = find_doubling(Curve(HALVED, np.array(values), np.eye(4) * 0.2**2 + 9.0, 500))
    assert isinstance(alone, Gain)
    assert isinstance(shared, Gain)
    assert shared.interval == pytest.approx(alone.interval, abs=0.1)


def test_more_noise_of_the_test_set_makes_a_wider_interval() -> None:
    values = [50.0, 56.0, 62.0, 68.0]
    sure, unsure = (find_doubling(curve(values, error)) for error in (0.2, 1.5))
    assert isinstance(sure, Gain)
    assert isinstance(unsure, Gain)
    assert np.ptp(unsure.interval) > np.ptp(sure.interval)


def test_no_gain_goes_beyond_a_perfect_score() -> None:
    found = find_doubling(curve([80.0, 88.0, 94.0, 98.0]))
    assert isinstance(found, Gain)
    assert found.interval[1] <= 2


def test_two_sizes_are_too_few() -> None:
    assert "sizes tested: 2" in withheld(find_doubling(curve([70.0, 75.0], records=(500, 1_000))))


def test_few_groups_are_too_few() -> None:
    assert "the test set has 29 groups" in withheld(find_doubling(curve(power_law(0.5, 10, 12), groups=29)))


def test_a_fall_beyond_noise_withholds_the_gain_and_is_named() -> None:
    reason = withheld(find_doubling(curve([60.0, 78.0, 66.0, 70.0])))
    assert "falls from 78.0 with 500 records to 66.0 with 1,000" in reason


def test_a_small_fall_is_noise() -> None:
    assert isinstance(find_doubling(curve([70.0, 74.0, 73.2, 76.0])), Gain)


def test_an_interval_from_nothing_to_much_is_withheld_for_the_test_set_that_causes_it() -> None:
    reason = withheld(find_doubling(curve([70.0, 73.0, 75.0, 77.0], error=3.5, groups=60)))
    assert "the test set of 60 groups" in reason
    assert "a larger test set" in reason


def test_sizes_that_are_near_each_other_tell_nothing_of_twice_the_data() -> None:
    found = find_doubling(curve([74.0, 75.0, 76.0, 77.0], records=(1_700, 1_800, 1_900, 2_000)))
    assert "the sizes are too near each other, 1,700 to 2,000 records" in withheld(found)


def test_few_sizes_of_a_large_test_set_are_withheld_for_the_sizes() -> None:
    found = find_doubling(curve([58.5, 57.5, 63.4], error=0.1, groups=5_000, records=(500, 1_000, 2_000)))
    assert "3 sizes do not tell the curve's shape" in withheld(found)


def test_several_curves_at_once_are_found_as_one_by_one() -> None:
    curves = [curve(power_law(0.5, 10, 12)), curve([80.0, 80.0, 80.0, 80.0])]
    assert find_doublings(curves) == [find_doubling(each) for each in curves]


def test_simulated_curves_are_covered() -> None:
    well_behaved = [trial for shape in SHAPES[:-1] for trial in simulate(shape, 50)]
    found = measure_coverage(well_behaved)
    assert found.covered >= LEAST_COVERAGE
    assert found.told >= 0.8
