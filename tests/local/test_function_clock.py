"""Lambda functions on a scaled clock: what they wait for counts on it, and what they compute does not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.embedded_aws import EmbeddedAws
from local.invocations import InvocationLog
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

# A function may take 20 s (`Sandbox.function`).
SLEEPS = """
import threading, time
def handler(event, context):
    sleepers = [threading.Thread(target=time.sleep, args=(12,)) for _ in range(3)]
    for sleeper in sleepers: sleeper.start()
    for sleeper in sleepers: sleeper.join()
    return context.get_remaining_time_in_millis()
"""
SLEEPS_TOO_LONG = "import time\ndef handler(event, context):\n    for _ in range(4): time.sleep(6)"
COMPUTES = """
import time
def handler(event, context):
    began = time.process_time()
    while time.process_time() < began + 0.3: pass
    return context.get_remaining_time_in_millis()
"""


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with EmbeddedAws(
        tmp_path_factory.mktemp("scaled"), time_scale=0.002, scaled_functions=True, enforces_permissions=False
    ) as aws:
        yield Sandbox(aws)


def test_sleeps_count_on_the_scaled_clock_and_those_at_the_same_time_count_once(scaled: Sandbox) -> None:
    """A handler that looks at the time that is left must see what its back-off has taken."""
    end = scaled.run({"States": {"Try": {"Type": "Task", "Resource": scaled.function(SLEEPS), "End": True}}})
    assert 0 < int(end["output"]) <= 8_000


def test_a_function_that_waits_too_long_times_out(scaled: Sandbox) -> None:
    """It ends as on AWS, with the function's own timeout in its words, and not as a crash."""
    end = scaled.run({"States": {"Try": {"Type": "Task", "Resource": scaled.function(SLEEPS_TOO_LONG), "End": True}}})
    assert (end["error"], "timed out after 20.00 seconds" in end["cause"]) == ("Sandbox.Timedout", True)


def test_what_a_function_computes_does_not_count_on_the_scaled_clock(scaled: Sandbox) -> None:
    """0.3 s of a processor are 150 s of the clock: on a busy machine every function would run into its timeout."""
    end = scaled.run({"States": {"Try": {"Type": "Task", "Resource": scaled.function(COMPUTES), "End": True}}})
    assert 0 < int(end["output"]) <= 19_700


def test_each_invocation_is_logged_with_its_end(scaled: Sandbox) -> None:
    """Whoever waits for a function's turn must be able to tell one that failed."""
    log = InvocationLog(scaled.aws.invocations)
    log.new()
    good, bad = (
        scaled.function(f"def handler(event, context): {what}") for what in ("return 1", "raise ValueError('no')")
    )
    event = {"source": "aws.states", "detail": {"executionArn": "arn"}}
    for function in (good, bad):
        scaled.run({"States": {"Try": {"Type": "Task", "Resource": function, "End": True}}}, event)
    logged = log.new()
    assert [(one.source, one.execution, one.succeeded) for one in logged] == [
        ("aws.states", "arn", True),
        ("aws.states", "arn", False),
    ]
    assert all(one.began <= one.ended for one in logged)
    assert log.new() == []


INITIALIZES = """
import time
with open({path!r}, "a") as starts: starts.write("x")
time.sleep({seconds})
def handler(event, context):
    with open({path!r}) as starts: return [starts.read(), context.get_remaining_time_in_millis()]
"""


def test_an_initialization_of_more_than_ten_seconds_begins_again_within_the_functions_time(
    scaled: Sandbox, tmp_path: Path
) -> None:
    """The second one takes 12 of its 20 s; the next call has all of them."""
    function = scaled.function(INITIALIZES.format(path=str(tmp_path / "starts"), seconds=12))
    call = {"States": {"Try": {"Type": "Task", "Resource": function, "End": True}}}
    (first, left), (second, then) = (json.loads(scaled.run(call)["output"]) for _ in range(2))
    assert (first, second) == ("xx", "xx")
    assert 0 < left <= 8_000 < then


def test_an_initialization_that_takes_all_of_the_functions_time_times_out(scaled: Sandbox, tmp_path: Path) -> None:
    """Each call tries again, and fails again."""
    function = scaled.function(INITIALIZES.format(path=str(tmp_path / "starts"), seconds=25))
    end = scaled.run({"States": {"Try": {"Type": "Task", "Resource": function, "End": True}}})
    assert (end["error"], "Task timed out after 20.00 seconds" in end["cause"]) == ("Sandbox.Timedout", True)
    assert (tmp_path / "starts").read_text() == "xx"


def test_a_short_initialization_happens_once(scaled: Sandbox, tmp_path: Path) -> None:
    """Nine seconds are none too many."""
    function = scaled.function(INITIALIZES.format(path=str(tmp_path / "starts"), seconds=9))
    end = scaled.run({"States": {"Try": {"Type": "Task", "Resource": function, "End": True}}})
    assert json.loads(end["output"])[0] == "x"


KEEPS_SLEEP = """
from time import sleep
def handler(event, context):
    sleep(12)
    return context.get_remaining_time_in_millis()
"""


def test_what_a_function_sleeps_after_its_initialization_is_no_part_of_it(scaled: Sandbox) -> None:
    """Also by a `sleep` that it took while it was initialized; a worker that counted on would end in a call."""
    function = scaled.function(KEEPS_SLEEP)
    for _ in range(2):
        end = scaled.run({"States": {"Try": {"Type": "Task", "Resource": function, "End": True}}})
        assert 0 < int(end["output"]) <= 8_000
