"""The checks name the assumptions that they test, and only such as the register has."""

from fnmatch import fnmatchcase

from local.bedrock.assumptions import by_id, read_register
from local.conformance.assumed import patterns
from local.conformance.lifecycle import Lifecycle
from local.conformance.place import Place
from local.conformance.suite import single_checks


def test_each_check_names_assumptions_of_the_register(place: Place, life: Lifecycle) -> None:
    """A difference must lead to what is assumed, and to what the pipeline does otherwise."""
    life.run(lambda: None)
    checks = [*single_checks(place), *(outcome.check for outcome in life.outcomes)]
    known = by_id(read_register())
    assert [check.id for check in checks if not check.rests_on] == []
    assert sorted({name for check in checks for name in check.rests_on} - known.keys()) == []
    unused = [pattern for pattern in patterns() if not any(fnmatchcase(check.id, pattern) for check in checks)]
    assert unused == []
