"""The checks that cost dollars: they pass on the simulation, and leave nothing, wherever they are interrupted."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdas.domain.core.run import RUN_TAGS
from local.bedrock.clock import ManualClock
from local.bedrock.errors import BedrockError
from local.conformance.belongings import ENVIRONMENT
from local.conformance.calls import NO_ANSWER, AwsRefusal, AwsRequest, AwsResponse
from local.conformance.check import judge
from local.conformance.cleanup import Cleaner
from local.conformance.lifecycle import Lifecycle
from local.conformance.place import Place
from stacks.settings import Settings
from tests.local.conformance.conftest import BRIEFLY, REGION, SimulatedAccount, left
from tests.local.conformance.distortion import distortions


@pytest.mark.parametrize("settings", [{}])
def test_the_simulated_bedrock_is_as_assumed_and_nothing_is_left(life: Lifecycle, account: SimulatedAccount) -> None:
    life.run(lambda: None)
    assert life.stopped is None
    assert life.left == []
    assert left(account) == []
    assert [(one.check.id, one.status, one.text) for one in life.outcomes if one.status != "as assumed"] == []
    assert {state: life.times[state] for state in life.times if not state.startswith("until ")} == {
        # The waiting in the queue, the two phases before the training, and the training; looked at each 30 s.
        "job InProgress": 2430,
        "deployment Creating": 480,
        "deployment Updating": 480,
        "deployment until it is gone": 60,
        "model until it is gone": 0,
    }


def test_each_check_reports_each_difference(life: Lifecycle) -> None:
    life.run(lambda: None)
    unseen = []
    for outcome in life.outcomes:
        assert outcome.seen is not None
        for name, change in distortions(outcome.check.expects):
            if judge(outcome.check, _changed(outcome.seen, change)).status != "different":
                unseen.append(f"{outcome.check.id}: {name}")
    assert unseen == []


def _changed(seen: AwsResponse, change: Callable[[Any], Any]) -> AwsResponse:
    try:
        return AwsResponse(seen.request, change(seen.answer or {}), None)
    except BedrockError as error:
        return AwsResponse(seen.request, None, AwsRefusal(error.code, error.message))


class Interrupted:
    """Presses Ctrl-C at the n-th request of the checks, before it is sent or after it has had its effect."""

    def __init__(self, life: Lifecycle, number: int, *, after: bool) -> None:
        self._send = life._caller.send
        self._number = number
        self._after = after
        self.count = 0

    def send(self, request: AwsRequest) -> AwsResponse:
        self.count += 1
        if self.count == self._number and not self._after:
            raise KeyboardInterrupt
        seen = self._send(request)
        if self.count == self._number:
            raise KeyboardInterrupt
        return seen


# The job's start, a look at it, the metrics, the deployment's start, a deletion.
@pytest.mark.parametrize("number", [1, 3, 10, 14, 24, 30])
@pytest.mark.parametrize("after", [False, True])
def test_ctrl_c_leaves_nothing(
    life: Lifecycle, account: SimulatedAccount, monkeypatch: pytest.MonkeyPatch, number: int, after: bool
) -> None:
    interrupted = Interrupted(life, number, after=after)
    monkeypatch.setattr(life._caller, "send", interrupted.send)
    with pytest.raises(KeyboardInterrupt):
        life.run(lambda: None)
    assert interrupted.count == number
    assert life.left == []
    assert left(account) == []


def test_ctrl_c_before_the_clean_up_does_not_skip_it(
    life: Lifecycle, account: SimulatedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "_check_all", lambda _: None)

    def press() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        life.run(press)
    assert life.left == []
    assert left(account) == []


def test_a_clean_up_that_is_cut_short_is_told(life: Lifecycle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "_check_all", lambda _: None)
    monkeypatch.setattr(Cleaner, "clean_rest", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        life.run(lambda: None)
    assert life.own.bucket in life.left[0]


# Of the requests that create: the repeated and the refused ones, of the job and of the deployment.
@pytest.mark.parametrize("number", [1, 2, 4, 5, 7, 8])
def test_a_request_that_could_create_is_waited_for_after_ctrl_c(
    life: Lifecycle, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    send, settle, created, settled = life._caller.send, Cleaner.settle_interrupted, [], []

    def interrupt(request: AwsRequest) -> AwsResponse:
        seen = send(request)
        if request.operation.startswith("Create"):
            created.append(request)
            if len(created) == number:
                raise KeyboardInterrupt
        return seen

    def note(cleaner: Cleaner) -> list[str]:
        settled.append(cleaner)
        return settle(cleaner)

    monkeypatch.setattr(life._caller, "send", interrupt)
    monkeypatch.setattr(Cleaner, "settle_interrupted", note)
    with pytest.raises(KeyboardInterrupt):
        life.run(lambda: None)
    assert len(settled) == 1
    assert life.left == []


def test_what_a_request_without_answer_creates_late_is_waited_for(
    life: Lifecycle, account: SimulatedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = "CreateModelCustomizationJob"
    send, settle = life._caller.send, Cleaner.settle_interrupted
    late: list[AwsRequest] = []
    created: list[object] = []

    def lose(request: AwsRequest) -> AwsResponse:
        if request.operation != operation:
            return send(request)
        late.append(request)
        return AwsResponse(request, None, AwsRefusal(NO_ANSWER, "The connection was closed."))

    def take_effect(cleaner: Cleaner) -> list[str]:
        created.append(send(late[-1]).answer)
        return settle(cleaner)

    monkeypatch.setattr(life._caller, "send", lose)
    monkeypatch.setattr(Cleaner, "settle_interrupted", take_effect)
    life.run(lambda: None)
    assert len(created) == 1
    assert created[0] is not None
    assert life.stopped == f"{operation} was refused: what needs it was not checked."
    assert life.left == []
    assert left(account) == []


LAGGING = BRIEFLY | {"list_lag_seconds": 45, "tag_lag_seconds": 45}


@pytest.mark.parametrize("settings", [LAGGING])
def test_lists_and_tags_that_lag_are_waited_for_and_measured(
    life: Lifecycle, account: SimulatedAccount, clock: ManualClock
) -> None:
    life.run(lambda: None)
    assert [(one.check.id, one.text) for one in life.outcomes if one.status != "as assumed"] == []
    assert life.times["until job-listed"] == 60
    clock.advance(LAGGING["list_lag_seconds"])
    assert left(account) == []


@pytest.mark.parametrize("settings", [LAGGING])
@pytest.mark.parametrize("operation", ["CreateModelCustomizationJob", "CreateCustomModelDeployment"])
def test_what_is_in_no_list_yet_is_deleted_too(
    life: Lifecycle, account: SimulatedAccount, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    send = life._caller.send

    def interrupt(request: AwsRequest) -> AwsResponse:
        seen = send(request)
        if request.operation == operation and seen.answer is not None:
            raise KeyboardInterrupt
        return seen

    monkeypatch.setattr(life._caller, "send", interrupt)
    with pytest.raises(KeyboardInterrupt):
        life.run(lambda: None)
    assert life.left == []
    clock.advance(LAGGING["list_lag_seconds"])
    assert left(account) == []


def test_what_an_earlier_start_has_left_is_deleted(
    place: Place, account: SimulatedAccount, life: Lifecycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = Lifecycle(place, REGION, life.entry, account, time=life.time)
    monkeypatch.setattr(killed, "_clean", lambda: None)
    monkeypatch.setattr(killed, "_check_deletions", lambda *_: None)
    killed.run(lambda: None)
    assert len(left(account)) == 4, "a model, its deployment, a bucket and a role"
    s3, iam = life.adapters.clients.s3, life.adapters.clients.iam
    tags = {tag["Key"] for tag in s3.get_bucket_tagging(Bucket=killed.own.bucket)["TagSet"]}
    assert tags == {tag["Key"] for tag in iam.list_role_tags(RoleName=killed.own.bucket)["Tags"]}
    assert tags == set(killed.own.tags())
    life.run(lambda: None)
    assert left(account) == []


def test_no_environment_of_the_pipeline_can_have_the_name() -> None:
    with pytest.raises(ValueError, match="deployment"):
        Settings.model_validate({"deployment": ENVIRONMENT})


def test_the_tags_are_those_of_a_run_without_execution(life: Lifecycle) -> None:
    assert set(life.own.tags()) == set(RUN_TAGS) - {"execution-arn"}
