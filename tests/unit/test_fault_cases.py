"""Which cases of `make faults` are run, and under which code of the refusals that no document tells."""

import pytest

from local.bedrock.settings import UndocumentedRefusals
from local.faults.cases import REFUSALS, all_cases, chosen
from local.faults.denied_cases import denied_cases


@pytest.mark.parametrize("refusals", REFUSALS)
def test_with_a_code_every_case_is_run_once_under_it(refusals: UndocumentedRefusals) -> None:
    """The two commands together run every case under both codes."""
    cases = chosen(None, refusals)
    names = [case.name for case in cases]
    assert {case.refusals for case in cases} == {refusals}
    assert len(set(names)) == len(names) > 300
    assert set(names) == {case.name.removesuffix("+validation") for case in all_cases()}


def test_without_a_code_each_case_has_its_own() -> None:
    """A plain `make faults` runs all cases as they are built."""
    assert chosen(None) == all_cases()


def test_a_pattern_and_a_code_choose_together() -> None:
    """A case that was seen to fail is run again by its name, under either code."""
    name = "DeleteProvisionedModelThroughput/dropped-after-the-effect"
    assert [(case.name, case.refusals) for case in chosen(name, "validation")] == [(name, "validation")]
    assert chosen(f"{name}+validation", "validation") == []


def test_a_denial_in_the_middle_that_never_hits_is_a_problem() -> None:
    """A run that makes no second call would pass without its fault."""
    middle = [case for case in denied_cases() if case.name.startswith("denied-in-the-middle/")]
    assert middle
    assert all(case.injects for case in middle)
