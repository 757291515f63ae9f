"""PurchaseThroughputOrDeploy."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdas.domain.core.errors import ServiceBusy, ThroughputFailed
from lambdas.domain.serving.serving import Serving
from tests.handlers.bedrock.conftest import RUN_ID, Describe, Script

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
            "clientRequestToken": f"{RUN_ID}-throughput",
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


def test_a_missing_quota_is_named(bedrock: Script, purchase: Step) -> None:
    """New accounts have none: the person must know what to ask for, and how much of it."""
    bedrock.refuse(CREATE, "ServiceQuotaExceededException", "Too many units.")
    with pytest.raises(ThroughputFailed, match=r"Too many units\. .*at least 2 of L-BE77399C .*for this base model"):
        purchase(model_units=2)


def test_a_busy_service_is_left_to_the_state_machines_retry(bedrock: Script, purchase: Step) -> None:
    """Throttling must not end a run that has trained for hours."""
    bedrock.refuse(CREATE, "ThrottlingException", status=429)
    with pytest.raises(ServiceBusy):
        purchase()


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


def test_nothing_is_bought_without_the_slot(
    bedrock: Script, purchase: Step, hold: Callable[..., dict[str, Any]]
) -> None:
    """A run that was stopped and started again may have lost it to another run meanwhile."""
    hold(run_id="other-0123456789ab")
    with pytest.raises(ThroughputFailed, match="lost its throughput slot"):
        purchase()
    assert bedrock.calls == []
