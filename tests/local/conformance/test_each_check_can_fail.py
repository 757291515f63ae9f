"""Each check reports a difference when Bedrock answers otherwise, in whatever way."""

import pytest

from local.conformance.calls import AwsCaller
from local.conformance.check import ConformanceCheck, run_check
from local.conformance.place import Place, regions_of
from local.conformance.suite import single_checks
from tests.local.conformance.conftest import ACCOUNT, InProcessAccount
from tests.local.conformance.distortion import distortions

CHECKS = single_checks(Place(ACCOUNT, regions_of(None)))


@pytest.fixture(scope="module")
def changing(place: Place) -> InProcessAccount:
    """Answers as they are to be."""
    return InProcessAccount(place)


@pytest.fixture(scope="module")
def changing_caller(changing: InProcessAccount) -> AwsCaller:
    """Who sends the checks' requests there."""
    return AwsCaller(changing)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.id))
def test_each_check_reports_each_difference(
    check: ConformanceCheck, changing: InProcessAccount, changing_caller: AwsCaller
) -> None:
    changing.change = None
    assert run_check(check, changing_caller).status == "as assumed"
    unseen = []
    for name, change in distortions(check.expects):
        changing.change = change
        if run_check(check, changing_caller).status != "different":
            unseen.append(name)
    assert unseen == []
