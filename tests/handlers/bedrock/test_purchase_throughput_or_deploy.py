"""PurchaseThroughputOrDeploy."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdas.domain.core.errors import ThroughputFailed
from lambdas.domain.serving.polling import MOST_QUOTA_REFUSALS
from lambdas.domain.serving.serving import Serving
from tests.handlers.bedrock.conftest import RUN_ID, Describe, Script, messages

# The step, as the fixture makes it.
Step = Callable[..., Serving]
CREATE, GET = "CreateProvisionedModelThroughput", "GetProvisionedModelThroughput"


def test_the_purchase_has_no_commitment(bedrock: Script, expect: dict[str, str], purchase: Step) -> None:
    """A commitment bills for months; in this API it is the presence of the parameter that commits."""
    bedrock.answer(CREATE, {"provisionedModelArn": expect["throughput_arn"]})
    bought = purchase()
    assert bedrock.requests(CREATE) == [
        {
            "provisionedModelName": expect["name"],
            "clientRequestToken": f"{RUN_ID}-throughput-c1-20260121215900000",
            "modelId": expect["model_arn"],
            "modelUnits": 1,
            "tags": [
                {"key": "team", "value": "sales"},
                {"key": "run-id", "value": RUN_ID},
                {"key": "lease-ends-at", "value": "2126-01-22T06:00:00.000Z"},
            ],
        }
    ]
    assert (bought.arn, bought.status) == (expect["throughput_arn"], "Creating")
    assert bought.deleted is False


def test_the_same_run_buys_with_the_same_token(bedrock: Script, expect: dict[str, str], purchase: Step) -> None:
    """A retry after a lost answer must not buy a second bought."""
    bedrock.answer(CREATE, {"provisionedModelArn": expect["throughput_arn"]})
    purchase()
    purchase()
    first, second = bedrock.requests(CREATE)
    assert first == second


def test_another_slot_is_another_request(
    bedrock: Script, expect: dict[str, str], purchase: Step, hold: Callable[..., dict[str, Any]]
) -> None:
    """Its lease ends at another time: Bedrock refuses one token with two requests. The name excludes a second one."""
    bedrock.answer(CREATE, {"provisionedModelArn": expect["throughput_arn"]})
    purchase()
    hold(acquired_at="2026-01-22T09:00:00.000Z", lease_ends_at="2126-01-22T17:00:00.000Z")
    purchase()
    first, second = bedrock.requests(CREATE)
    assert first["tags"] != second["tags"]
    assert first["clientRequestToken"] != second["clientRequestToken"]
    assert first["provisionedModelName"] == second["provisionedModelName"]


def test_a_purchase_whose_answer_was_lost_is_adopted(
    bedrock: Script, throughput_description: Describe, expect: dict[str, str], purchase: Step
) -> None:
    """Otherwise it would bill while the run says that it failed."""
    bedrock.refuse(CREATE, "ValidationException", "name in use")
    bedrock.answer(GET, throughput_description())
    bought = purchase()
    assert bought.arn == expect["throughput_arn"]
    assert bought.requested_at == "2026-01-21T22:00:00.000Z"


def test_a_throughput_of_another_model_is_not_adopted(
    bedrock: Script, throughput_description: Describe, purchase: Step
) -> None:
    """Its answers would be another model's."""
    bedrock.refuse(CREATE, "ValidationException", "name in use")
    bedrock.answer(GET, throughput_description(modelArn="arn:aws:bedrock:us-west-2:123456789012:custom-model/other"))
    with pytest.raises(ThroughputFailed, match="custom-model/other"):
        purchase()


def full(bedrock: Script, in_use: int) -> None:
    """A quota that refuses the purchase, with so many throughputs of others in the account."""
    bedrock.refuse(CREATE, "ServiceQuotaExceededException", "Too many units.")
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    other = {
        "provisionedModelName": "other",
        "provisionedModelArn": "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/other",
        "modelArn": "arn:aws:bedrock:us-west-2:123456789012:custom-model/other/model",
        "desiredModelArn": "arn:aws:bedrock:us-west-2:123456789012:custom-model/other/model",
        "foundationModelArn": "arn:aws:bedrock:us-west-2::foundation-model/other",
        "modelUnits": 1,
        "desiredModelUnits": 1,
        "status": "InService",
        "creationTime": "2026-01-21T22:00:00Z",
        "lastModifiedTime": "2026-01-21T22:00:00Z",
    }
    bedrock.answer("ListProvisionedModelThroughputs", {"provisionedModelSummaries": [other] * in_use})


@pytest.mark.parametrize("refusals", [0, MOST_QUOTA_REFUSALS, 1000])
def test_a_quota_that_is_in_use_is_waited_for_without_the_slot(
    bedrock: Script, purchase: Step, held_slots: Callable[[], list[str]], refusals: int
) -> None:
    """The training is paid for: what others use they give back, and the lease must not run out meanwhile."""
    full(bedrock, in_use=1)
    waiting = purchase(refusals=refusals)
    assert (waiting.status, waiting.arn) == ("NotBought", None)
    assert "quota of the account is in use: Too many units." in str(waiting.message)
    assert held_slots() == []


def test_a_quota_that_is_waited_for_is_told_once(
    bedrock: Script, purchase: Step, topic: str, hold: Callable[..., dict[str, Any]]
) -> None:
    """A run may wait for days: people learn for what, that nothing bills, and how to end it."""
    full(bedrock, in_use=1)
    for refusals in range(30):
        assert purchase(refusals=refusals, topic_arn=topic).status == "NotBought"
        assert len(messages(topic)) == (refusals >= 7)
        hold()
    [(subject, message)] = messages(topic)
    assert "waits for a quota" in subject
    assert "Too many units." in message
    assert "nothing of it bills" in message
    assert "stop its execution" in message


def test_a_quota_is_told_for_the_chosen_candidate_alone(
    bedrock: Script, purchase: Step, topic: str, hold: Callable[..., dict[str, Any]]
) -> None:
    """Up to twelve candidates may wait for the same quota."""
    full(bedrock, in_use=1)
    for refusals in range(30):
        assert purchase(refusals=refusals, topic_arn=topic, is_chosen=False).status == "NotBought"
        hold()
    assert messages(topic) == []


def test_a_quota_that_is_waited_for_and_cannot_be_told_ends_no_run(bedrock: Script, purchase: Step) -> None:
    """The topic may be gone."""
    full(bedrock, in_use=1)
    assert purchase(refusals=7, topic_arn="arn:aws:sns:us-west-2:123456789012:gone").status == "NotBought"


def test_a_quota_that_nothing_uses_any_more_is_waited_for_an_hour(bedrock: Script, purchase: Step) -> None:
    """What has just been deleted may count for a while."""
    full(bedrock, in_use=0)
    assert purchase(refusals=MOST_QUOTA_REFUSALS - 1).status == "NotBought"


def test_a_quota_that_is_too_small_is_named(bedrock: Script, purchase: Step) -> None:
    """New accounts have none: the person must know what to ask for, and how much of it."""
    full(bedrock, in_use=0)
    with pytest.raises(ThroughputFailed, match=r"Too many units\. .*at least 2 of L-BE77399C .*for this base model"):
        purchase(model_units=2, refusals=MOST_QUOTA_REFUSALS)


def test_a_quota_that_the_runs_own_purchase_fills_is_no_obstacle(
    bedrock: Script, throughput_description: Describe, expect: dict[str, str], purchase: Step
) -> None:
    """The answer was lost: waiting for the quota would let the throughput bill for nothing."""
    bedrock.refuse(CREATE, "ServiceQuotaExceededException", "Too many units.")
    bedrock.answer(GET, throughput_description())
    assert purchase().arn == expect["throughput_arn"]


def test_a_busy_service_is_waited_for_with_the_slot(
    bedrock: Script, purchase: Step, held_slots: Callable[[], list[str]]
) -> None:
    """Throttling must not end a run that has trained for hours; something may have been bought: its lease goes on."""
    bedrock.refuse(CREATE, "ThrottlingException", status=429)
    waiting = purchase()
    assert (waiting.status, waiting.arn) == ("NotBought", None)
    assert "ThrottlingException" in str(waiting.message)
    assert held_slots() == ["throughput-slots/1.json"]


def test_the_lease_is_the_slots(bedrock: Script, expect: dict[str, str], purchase: Step) -> None:
    """A repeated purchase must be the same request, or its token would be refused."""
    bedrock.answer(CREATE, {"provisionedModelArn": expect["throughput_arn"]})
    bought = purchase()
    assert bought.lease_ends_at == "2126-01-22T06:00:00.000Z"
    assert bought.answer_until == "2126-01-22T05:30:00.000Z"


def test_nothing_is_bought_where_the_lease_is_nearly_over(
    bedrock: Script, purchase: Step, hold: Callable[..., dict[str, Any]]
) -> None:
    """It would be deleted before it could answer."""
    hold(lease_ends_at="2026-01-22T06:00:00.000Z")
    with pytest.raises(ThroughputFailed, match="longest_lease_hours"):
        purchase()
    assert bedrock.calls == []


def test_a_run_without_its_slot_buys_nothing_and_takes_one_again(
    bedrock: Script, purchase: Step, hold: Callable[..., dict[str, Any]], held_slots: Callable[[], list[str]]
) -> None:
    """A function that is killed after it gave the slot back is called again: its training must not be lost."""
    hold(run_id="other-0123456789ab")
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    waiting = purchase()
    assert (waiting.status, waiting.arn) == ("NotBought", None)
    assert "takes a slot again" in str(waiting.message)
    assert bedrock.requests(CREATE) == []
    assert held_slots() == ["throughput-slots/1.json"]


@pytest.mark.parametrize("found", [True, False], ids=["there", "denied"])
def test_what_is_there_without_the_slot_ends_the_run_and_is_deleted(
    bedrock: Script,
    throughput_description: Describe,
    purchase: Step,
    hold: Callable[..., dict[str, Any]],
    found: bool,
) -> None:
    """It bills, and counts in no slot: only the deletion lane ends that."""
    hold(run_id="other-0123456789ab")
    if found:
        bedrock.answer(GET, throughput_description())
    else:
        bedrock.refuse(GET, "AccessDeniedException", status=403)
    with pytest.raises(ThroughputFailed, match="lost its throughput slot"):
        purchase()
    assert bedrock.requests(CREATE) == []
