"""The checks that create nothing: they pass on the simulation, and are harmless whatever AWS makes of them."""

from collections import Counter

from local.conformance.calls import AwsCaller
from local.conformance.check import Tier
from local.conformance.place import Place
from local.conformance.suite import run_single_checks, single_checks
from tests.local.conformance.conftest import InProcessAccount


def test_the_simulated_bedrock_is_as_assumed(place: Place, caller: AwsCaller) -> None:
    outcomes = list(run_single_checks(single_checks(place), tuple(Tier), caller))
    assert [(one.check.id, one.status, one.text) for one in outcomes if one.status != "as assumed"] == []


def test_each_check_has_an_id_of_its_own(place: Place) -> None:
    ids = Counter(check.id for check in single_checks(place))
    assert [name for name, count in ids.items() if count > 1] == []


def test_a_model_past_its_end_of_life_may_be_refused_as_such(place: Place) -> None:
    """On AWS Claude 3 Haiku has ended: that it has is no difference."""
    account = InProcessAccount(place, {"model_lifecycle": {"anthropic.claude-3-haiku-20240307-v1:0": "EOL"}})
    outcomes = list(run_single_checks(single_checks(place), tuple(Tier), AwsCaller(account)))
    assert [(one.check.id, one.text) for one in outcomes if one.status != "as assumed"] == []
