"""The checks that create nothing: they pass on the simulation, and are harmless whatever AWS makes of them."""

from collections import Counter

from local.conformance.calls import Caller
from local.conformance.check import Tier
from local.conformance.place import Place
from local.conformance.suite import run_single_checks, single_checks


def test_the_simulated_bedrock_is_as_assumed(place: Place, caller: Caller) -> None:
    outcomes = list(run_single_checks(single_checks(place), tuple(Tier), caller))
    assert [(one.check.id, one.status, one.text) for one in outcomes if one.status != "as assumed"] == []


def test_each_check_has_an_id_of_its_own(place: Place) -> None:
    ids = Counter(check.id for check in single_checks(place))
    assert [name for name, count in ids.items() if count > 1] == []
