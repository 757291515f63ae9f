"""DeleteThroughputOrDeployment: the promise that nothing keeps billing."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.errors import ThroughputNotDeleted
from lambdas.domain.core.outside_text import json_bytes
from lambdas.domain.core.state_budget import FACT_BYTES
from lambdas.domain.serving.polling import DELETE_AGAIN_EVERY_ATTEMPTS, DELETION_ATTEMPTS_IF_REFUSED
from lambdas.domain.serving.serving import Serving
from lambdas.handlers.delete_throughput_or_deployment import handler
from tests.handlers.bedrock.conftest import Describe, Script

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# The step, as the fixture makes it.
Step = Callable[..., Serving]
GET, DELETE = "GetProvisionedModelThroughput", "DeleteProvisionedModelThroughput"


def gone(bedrock: Script) -> None:
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)


def test_a_deletion_counts_once_bedrock_no_longer_finds_it(
    bedrock: Script,
    run: dict[str, Any],
    serving: Serving,
    throughput_description: Describe,
    expect: dict[str, str],
    delete: Step,
) -> None:
    """The acceptance of a deletion proves nothing."""
    serving = serving.model_copy(update={"in_service_at": "2026-01-21T22:20:00.000Z"})
    bedrock.answer(GET, throughput_description(status="InService"))
    gone(bedrock)
    bedrock.answer(DELETE)
    bedrock.refuse(DELETE, "ResourceNotFoundException", status=404)
    accepted = delete(run=run, serving=serving)
    assert (accepted.deleted, accepted.deleted_at is None) == (False, False)
    deleted = delete(run=run, serving=accepted)
    assert deleted.deleted is True
    assert deleted.deleted_at == accepted.deleted_at
    assert deleted.in_service_at == "2026-01-21T22:20:00.000Z" < str(deleted.deleted_at)
    assert bedrock.requests(DELETE) == [{"provisionedModelId": expect["throughput_arn"]}]


def test_an_accepted_deletion_is_asked_for_again_now_and_then(
    bedrock: Script, run: dict[str, Any], serving: Serving, throughput_description: Describe, delete: Step
) -> None:
    """One that was accepted and lost would bill on."""
    bedrock.answer(GET, throughput_description(status="InService"))
    bedrock.answer(DELETE)
    for _ in range(DELETE_AGAIN_EVERY_ATTEMPTS + 1):
        serving = delete(run=run, serving=serving)
    assert len(bedrock.requests(DELETE)) == 2


def test_a_purchase_that_was_never_recorded_is_deleted_by_its_name(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    throughput_description: Describe,
    expect: dict[str, str],
    delete: Step,
) -> None:
    """A Lambda killed right after the purchase leaves nothing in the state but the slot."""
    bedrock.answer(GET, throughput_description())
    gone(bedrock)
    bedrock.answer(DELETE)
    deleted = delete(run=run, plan=plan, slot={"acquired": True})
    assert bedrock.requests(GET)[0] == {"provisionedModelId": expect["name"]}
    assert (deleted.deleted, deleted.arn) == (True, expect["throughput_arn"])


def test_an_unknown_purchase_is_looked_for_twice(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], delete: Step
) -> None:
    """A request that was cut off may take effect just after the first look."""
    gone(bedrock)
    first = delete(run=run, plan=plan, slot={"acquired": True})
    second = delete(run=run, plan=plan, slot={"acquired": True}, serving=first)
    assert (first.deleted, first.wait_seconds > 0) == (False, True)
    assert (second.deleted, second.deleted_at) == (True, None)


def test_a_lease_that_was_cut_off_may_still_get_what_it_requested(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], delete: Step
) -> None:
    """Nobody knows how far it was: the first answer that there is nothing does not count."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    first = delete(run=run, plan=plan, cut_off=True)
    assert not first.deleted
    assert delete(run=run, plan=plan, cut_off=True, serving=first).deleted


def test_the_leases_of_all_candidates_stay_within_the_state(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """The longest failure of each of twelve stands in one state."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    failure = {"Error": "E" * 300, "Cause": json.dumps({"errorMessage": "x" * 20_000, "stackTrace": ["y"] * 5_000})}
    lease = {"number": 1, "slot": {"acquired": False, "message": "m" * 1_000}, "failure": failure}
    ended = handler({"run": run, "plan": plan, "lease": lease}, lambda_context)
    assert ended["failure"]["cause"].startswith("xxx")
    assert 12 * json_bytes(ended) <= FACT_BYTES["servings"]


def test_nothing_bought_is_nothing_to_delete(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], delete: Step
) -> None:
    """Runs that fail before the purchase pass through here as well."""
    gone(bedrock)
    deleted = delete(run=run, plan=plan)
    assert (deleted.deleted, deleted.deleted_at) == (True, None)


def test_one_that_is_already_deleted_stays_deleted(
    bedrock: Script, run: dict[str, Any], serving: Serving, delete: Step
) -> None:
    """A failed report leads here a second time: the first deletion's time is the true one."""
    gone(bedrock)
    bedrock.refuse(DELETE, "ResourceNotFoundException", status=404)
    serving = serving.model_copy(update={"deleted": True, "deleted_at": "2026-01-21T22:30:00.000Z"})
    assert delete(run=run, serving=serving).deleted_at == "2026-01-21T22:30:00.000Z"


@pytest.mark.parametrize("code", ["ConflictException", None])
def test_one_that_stays_is_asked_for_again_until_a_person_must_come(
    bedrock: Script,
    run: dict[str, Any],
    serving: Serving,
    throughput_description: Describe,
    expect: dict[str, str],
    delete: Step,
    code: str | None,
) -> None:
    """It insists for over an hour; then a person gets the ARN, the age and the command."""
    bedrock.answer(GET, throughput_description())
    bedrock.refuse(DELETE, code, "still Creating", status=409) if code else bedrock.answer(DELETE)
    waited_seconds = 0
    with pytest.raises(ThroughputNotDeleted) as raised:
        for _ in range(1_000):
            serving = delete(run=run, serving=serving)
            assert serving.deleted is False
            waited_seconds += serving.wait_seconds
    assert waited_seconds > 3_600
    for part in (expect["throughput_arn"], "hours old", "BILLS BY THE HOUR", "aws bedrock delete-provisioned"):
        assert part in str(raised.value)


def test_the_price_file_prices_what_could_not_be_deleted(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    serving: Serving,
    throughput_description: Describe,
    delete: Step,
) -> None:
    """The preflight has read it; a person who is called at night must see how dear each hour is."""
    bedrock.answer(GET, throughput_description())
    bedrock.refuse(DELETE, "AccessDeniedException", "not authorized")
    plan["model_units"] = 2
    preflight = {"estimate": {"model_unit_price_per_hour": 24.0}}
    with pytest.raises(ThroughputNotDeleted, match=r"2 model units at 24\.00 USD = 48\.00 USD an hour"):
        for _ in range(1_000):
            serving = delete(run=run, plan=plan, preflight=preflight, serving=serving)


def test_a_missing_permission_is_told_within_minutes(
    bedrock: Script, run: dict[str, Any], serving: Serving, throughput_description: Describe, delete: Step
) -> None:
    """Trying for an hour what a person must allow would only bill; a change that still spreads gets its time."""
    bedrock.answer(GET, throughput_description())
    bedrock.refuse(DELETE, "AccessDeniedException", "not authorized")
    waited_seconds = 0
    with pytest.raises(ThroughputNotDeleted, match="AccessDeniedException: not authorized"):
        for _ in range(1_000):
            serving = delete(run=run, serving=serving)
            waited_seconds += serving.wait_seconds
    assert 60 < waited_seconds <= 600


def test_a_busy_service_is_asked_again_and_what_is_known_is_kept(
    bedrock: Script, run: dict[str, Any], serving: Serving, delete: Step
) -> None:
    """The state machine's Retry would forget that the deletion was accepted, and when."""
    bedrock.answer(DELETE)
    bedrock.refuse(GET, "InternalServerException", status=500)
    first = delete(run=run, serving=serving)
    assert (first.deleted, first.delete_attempts, first.deleted_at is None) == (False, 1, False)


def test_nothing_comes_before_the_deletion(
    bedrock: Script, run: dict[str, Any], serving: Serving, delete: Step
) -> None:
    """A throttled question must not delay what ends the billing."""
    bedrock.refuse(GET, "ThrottlingException", status=429)
    bedrock.answer(DELETE)
    delete(run=run, serving=serving)
    assert bedrock.calls[0][0] == DELETE


def test_an_unrecorded_throughput_is_deleted_although_nothing_can_be_asked(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], expect: dict[str, str], delete: Step
) -> None:
    """Its name is enough."""
    bedrock.refuse(GET, "ThrottlingException", status=429)
    bedrock.answer(DELETE)
    delete(run=run, plan=plan, slot={"acquired": True})
    assert bedrock.requests(DELETE) == [{"provisionedModelId": expect["name"]}]


def test_the_slot_is_given_back_once_the_throughput_is_gone_and_not_before(
    bedrock: Script,
    run: dict[str, Any],
    serving: Serving,
    throughput_description: Describe,
    delete: Step,
    hold: Callable[..., dict[str, Any]],
    held_slots: Callable[[], list[str]],
) -> None:
    """The next run buys as soon as it is free."""
    slot = hold()
    bedrock.answer(GET, throughput_description())
    gone(bedrock)
    bedrock.answer(DELETE)
    pending = delete(run=run, serving=serving)
    assert held_slots() == [slot["key"]]
    assert delete(run=run, serving=pending).deleted is True
    assert held_slots() == []


def test_the_slot_says_that_its_candidate_could_not_be_deleted(
    bedrock: Script,
    run: dict[str, Any],
    serving: Serving,
    throughput_description: Describe,
    delete: Step,
    hold: Callable[..., dict[str, Any]],
    adapters: Adapters,
) -> None:
    """It is never given back: the run's other candidates must not wait for it."""
    hold()
    bedrock.answer(GET, throughput_description())
    bedrock.refuse(DELETE, "AccessDeniedException", "not authorized")
    marks = []
    with pytest.raises(ThroughputNotDeleted):
        for _ in range(1_000):
            serving = delete(run=run, serving=serving)
            marks += [held.holder.is_stuck for held in adapters.slots.held("output-bucket")]
    assert set(marks) == {False}
    assert [held.holder.is_stuck for held in adapters.slots.held("output-bucket")] == [True]


@pytest.mark.parametrize(
    ("served", "failure", "gives_up"),
    [
        ({"chosen": True}, {"Error": "ThroughputFailed", "Cause": "refused"}, True),
        ({"chosen": False}, {"Error": "ThroughputFailed", "Cause": "refused"}, False),
        ({"chosen": True}, None, False),
        # The deletion goes on, whatever it is given.
        ({"chosen": "x"}, {"Error": "ThroughputFailed", "Cause": "refused"}, False),
    ],
)
def test_a_run_whose_chosen_candidate_could_not_be_served_gives_up_with_its_first_attempt(
    bedrock: Script,
    s3: "S3Client",
    run: dict[str, Any],
    serving: Serving,
    throughput_description: Describe,
    delete: Step,
    adapters: Adapters,
    served: dict[str, Any],
    failure: dict[str, Any] | None,
    gives_up: bool,
) -> None:
    """The verdict is about that one: nothing more is bought for the others, whose turn may come at any time."""
    bedrock.answer(GET, throughput_description(status="InService"))
    bedrock.answer(DELETE)
    assert not delete(run=run, serving=serving, served=served, failure=failure).deleted
    assert adapters.slots.has_given_up("output-bucket", run["id"]) is gives_up


def test_another_runs_slot_stays(
    bedrock: Script,
    run: dict[str, Any],
    serving: Serving,
    delete: Step,
    hold: Callable[..., dict[str, Any]],
    held_slots: Callable[[], list[str]],
) -> None:
    """Two runs would buy at once."""
    slot = hold(run_id="other-0123456789ab")
    gone(bedrock)
    bedrock.refuse(DELETE, "ResourceNotFoundException", status=404)
    assert delete(run=run, serving=serving).deleted is True
    assert held_slots() == [slot["key"]]


def test_an_object_that_is_no_slot_does_not_keep_the_runs_own(
    bedrock: Script,
    run: dict[str, Any],
    serving: Serving,
    delete: Step,
    hold: Callable[..., dict[str, Any]],
    held_slots: Callable[[], list[str]],
    s3: "S3Client",
) -> None:
    """Nor does it make a verified deletion look like a failed one."""
    hold()
    s3.put_object(Bucket="output-bucket", Key="throughput-slots/2.json", Body=b"{}")
    gone(bedrock)
    bedrock.refuse(DELETE, "ResourceNotFoundException", status=404)
    assert delete(run=run, serving=serving).deleted is True
    assert held_slots() == ["throughput-slots/2.json"]


def test_a_slot_that_cannot_be_given_back_does_not_undo_the_deletion(
    bedrock: Script, run: dict[str, Any], serving: Serving, delete: Step
) -> None:
    """There is no bucket here: the reconciler frees the slot when the run has ended."""
    gone(bedrock)
    bedrock.refuse(DELETE, "ResourceNotFoundException", status=404)
    assert delete(run=run, serving=serving).deleted is True


def test_a_deletion_by_somebody_else_is_success(
    bedrock: Script, run: dict[str, Any], serving: Serving, delete: Step
) -> None:
    """A person or the reconciler may be faster."""
    gone(bedrock)
    bedrock.refuse(DELETE, "ResourceNotFoundException", status=404)
    assert delete(run=run, serving=serving).deleted is True


def told(capsys: pytest.CaptureFixture[str]) -> bool:
    """Whether the metric behind the alarm was counted since this was last asked."""
    return any(
        '"DeletionFailures":[1.0]' in json.dumps(json.loads(line), separators=(",", ":"))
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("{")
    )


@pytest.mark.parametrize(
    ("code", "status", "alarmed"),
    [
        ("AccessDeniedException", "InService", True),
        ("ThrottlingException", "InService", True),
        ("ConflictException", "InService", True),
        ("ConflictException", "Creating", False),
    ],
)
def test_the_alarm_tells_of_a_deletion_that_fails_from_the_sixth_attempt_on(
    bedrock: Script,
    run: dict[str, Any],
    throughput: dict[str, Any],
    throughput_description: Describe,
    lambda_context: LambdaContext,
    capsys: pytest.CaptureFixture[str],
    code: str,
    status: str,
    alarmed: bool,
) -> None:
    """An hour and a half of attempts is too long to bill unheard; half an hour of creating is nobody's fault."""
    bedrock.answer(GET, throughput_description(status=status))
    bedrock.refuse(DELETE, code, status=400)
    tellings, lease = [], {"number": 1, "serving": throughput}
    for _ in range(8):
        lease = handler({"run": run, "lease": lease}, lambda_context)
        tellings.append(told(capsys))
    assert tellings == [False] * 5 + [alarmed] * 3


def test_a_deletion_under_way_is_no_failure(
    bedrock: Script,
    run: dict[str, Any],
    throughput: dict[str, Any],
    throughput_description: Describe,
    lambda_context: LambdaContext,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It was accepted, and is asked for again only in case that was lost."""
    bedrock.answer(GET, throughput_description(status="InService"))
    bedrock.answer(DELETE)
    bedrock.refuse(DELETE, "ConflictException", "being deleted", status=409)
    lease = {"number": 1, "serving": throughput}
    for _ in range(8):
        lease = handler({"run": run, "lease": lease}, lambda_context)
    assert len(bedrock.requests(DELETE)) > 1
    assert not told(capsys)


def test_a_refusal_after_many_conflicts_gets_its_own_time(
    bedrock: Script, run: dict[str, Any], serving: Serving, throughput_description: Describe, delete: Step
) -> None:
    """Half an hour of creating must not use up what an IAM change that still spreads needs."""
    bedrock.answer(GET, throughput_description())
    for _ in range(50):
        bedrock.refuse(DELETE, "ConflictException", "still Creating", status=409)
    bedrock.refuse(DELETE, "AccessDeniedException", "not authorized")
    for _ in range(50 + DELETION_ATTEMPTS_IF_REFUSED - 1):
        serving = delete(run=run, serving=serving)
    assert serving.refusals == DELETION_ATTEMPTS_IF_REFUSED - 1
    with pytest.raises(ThroughputNotDeleted, match="AccessDeniedException"):
        delete(run=run, serving=serving)


@pytest.mark.parametrize("fact", ["plan", "preflight", "slot", "serving"])
def test_a_fact_that_cannot_be_read_keeps_nothing_from_being_deleted(
    bedrock: Script,
    run: dict[str, Any],
    throughput_description: Describe,
    lambda_context: LambdaContext,
    s3: "S3Client",
    fact: str,
) -> None:
    """What serves the model is found by its name, whatever the rest of the state holds."""
    bedrock.answer(GET, throughput_description(status="InService"))
    bedrock.refuse("GetCustomModelDeployment", "ResourceNotFoundException", status=404)
    bedrock.answer(DELETE)
    lease = {"number": 1, "failure": {"Error": "States.Runtime", "Cause": ""}}
    holding = lease if fact in ("slot", "serving") else {}
    holding[fact] = {"x": 1}
    handler({"run": run, **holding, "lease": lease}, lambda_context)
    assert len(bedrock.requests(DELETE)) == 1
