"""What a test set can ever show, told before training: with few groups no gain, or only a very large one, promotes."""

import pytest

from lambdas.domain.core.finding import Finding
from lambdas.domain.evaluation.gate import Evidence, GateSettings, decide
from lambdas.domain.evaluation.promotable import groups_for, smallest_promotable_gain
from lambdas.domain.evaluation.significance import compare
from lambdas.domain.preflight.settings import settings_checks
from lambdas.domain.preflight.verdict_reach import TEST_GROUPS
from lambdas.domain.preflight.verdict_reach import test_group_findings as findings


def verdict(groups: list[int], gain: float, wanted: float) -> str:
    """The gate's own, where every record gains as much."""
    found = compare([gain] * len(groups), [0.0] * len(groups), groups)
    return decide(GateSettings(smallest_gain=wanted), [Evidence("base", "f1", found, None, None)]).verdict


@pytest.mark.parametrize(
    ("groups", "wanted"),
    [(list(range(10)), 0.0), (list(range(25)), 5.0), ([0] * 12 + list(range(1, 20)), 0.0)],
)
def test_the_smallest_promotable_gain_is_the_one_that_the_gate_promotes(groups: list[int], wanted: float) -> None:
    """Just below it even the best case is not promoted."""
    least = smallest_promotable_gain(groups, wanted)
    assert least is not None
    assert verdict(groups, least, wanted) == "promote"
    assert verdict(groups, least - 0.2, wanted) == "inconclusive"


def test_a_test_set_that_can_promote_nothing_is_told_with_how_many_groups_it_needs() -> None:
    """A hundred records of six tables are six observations."""
    [finding] = findings([number % 6 for number in range(100)], 0.0, split_groups=65)
    assert finding == Finding(
        check="test-groups",
        severity="warning",
        message="The 100 test records are of 6 groups that share no context: no result could promote the tuned model, "
        "not even 100 points above its base in each of them.",
        remedy="Test on at least 25 groups. Raise split.test in run.json to about 0.39, or "
        "upload a test.jsonl with other contexts.",
    )
    assert verdict([number % 6 for number in range(100)], 100.0, 0.0) == "inconclusive"


def test_a_test_set_that_only_a_very_large_gain_promotes_is_told_with_that_gain() -> None:
    """The user's own test file is not made larger by a share of another."""
    [finding] = findings(list(range(10)), 0.0, split_groups=None)
    assert "only a gain of at least 57 points in each of them could promote" in finding.message
    assert finding.remedy == "Test on at least 25 groups. Add records with other contexts to the test file."


def test_the_number_of_groups_that_is_named_is_enough() -> None:
    """With it the warning goes."""
    assert groups_for(20.0, 0.0, 10) == 25
    assert findings(list(range(24)), 0.0, split_groups=None)
    assert findings(list(range(25)), 0.0, split_groups=None) == []


def test_a_data_set_with_too_few_groups_in_all_is_told_so() -> None:
    """No share of it would do: half of its groups are for training."""
    [finding] = findings(list(range(6)), 0.0, split_groups=49)
    assert "The data set has 49 in all: add records with other contexts" in finding.remedy
    [finding] = findings(list(range(6)), 0.0, split_groups=50)
    assert "to about 0.5, or" in finding.remedy


def test_the_share_that_is_advised_is_above_the_present_one() -> None:
    """A split by label takes large groups first: 0.07 was advised where 0.15 had given too few groups."""
    groups = list(range(10))
    [finding] = findings(groups, 0.0, split_groups=400, share=0.15)
    assert "Raise split.test in run.json to about 0.38, or" in finding.remedy
    [finding] = findings(groups, 0.0, split_groups=400, share=0.3)
    assert "add records with other contexts" in finding.remedy
    assert "split.test" not in finding.remedy


def test_what_the_gate_asks_for_is_on_top() -> None:
    """The interval's lower end must reach it: 25 groups show a gain of 20 points, but none that is surely 20."""
    assert findings(list(range(25)), 0.0, split_groups=None) == []
    [finding] = findings(list(range(25)), 20.0, split_groups=None)
    assert "only a gain of at least 44 points" in finding.message


def test_large_test_sets_have_no_finding() -> None:
    """Their verdict is the bootstrap's."""
    assert findings(list(range(60)), 0.0, split_groups=65) == []


def test_the_preflight_tells_it_as_a_warning_of_its_own() -> None:
    """It refuses no run: the model may be wanted all the same."""
    found = findings(list(range(6)), 0.0, split_groups=65)
    statuses = {each.check: each.status for each in settings_checks(found)}
    assert statuses[TEST_GROUPS] == "warning"
    assert {status for check, status in statuses.items() if check != TEST_GROUPS} == {"passed"}
