"""PurchaseThroughputOrDeploy."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import ServiceBusy, ThroughputFailed
from lambdas.handlers.purchase_throughput_or_deploy import handler
from tests.handlers.bedrock.conftest import Describe, Script

CREATE, GET = "CreateProvisionedModelThroughput", "GetProvisionedModelThroughput"


@pytest.fixture
def event(
    run: dict[str, Any],
    plan: dict[str, Any],
    model: dict[str, Any],
    hold: Callable[..., dict[str, Any]],
) -> dict[str, Any]:
    return {"run": run, "plan": plan, "model": model, "slot": hold()}


def test_the_purchase_has_no_commitment(
    bedrock: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """A commitment bills for months; in this API it is the presence of the parameter that commits."""
    bedrock.answer(CREATE, {"provisionedModelArn": expect["throughput_arn"]})
    throughput = handler(event, lambda_context)
    assert bedrock.requests(CREATE) == [
        {
            "provisionedModelName": expect["name"],
            "clientRequestToken": f"{event['run']['id']}-throughput",
            "modelId": expect["model_arn"],
            "modelUnits": 1,
            "tags": [
                {"key": "team", "value": "sales"},
                {"key": "run-id", "value": event["run"]["id"]},
                {"key": "lease-ends-at", "value": "2126-01-22T06:00:00.000Z"},
            ],
        }
    ]
    assert (throughput["arn"], throughput["status"]) == (expect["throughput_arn"], "Creating")
    assert throughput["deleted"] is False


def test_the_same_run_buys_with_the_same_token(
    bedrock: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """A retry after a lost answer must not buy a second throughput."""
    bedrock.answer(CREATE, {"provisionedModelArn": expect["throughput_arn"]})
    handler(event, lambda_context)
    handler(event, lambda_context)
    first, second = bedrock.requests(CREATE)
    assert first == second


def test_a_purchase_whose_answer_was_lost_is_adopted(
    bedrock: Script,
    event: dict[str, Any],
    throughput_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """Otherwise it would bill while the run says that it failed."""
    bedrock.refuse(CREATE, "ValidationException", "name in use")
    bedrock.answer(GET, throughput_description())
    throughput = handler(event, lambda_context)
    assert throughput["arn"] == expect["throughput_arn"]
    assert throughput["requested_at"] == "2026-01-21T22:00:00.000Z"


def test_a_throughput_of_another_model_is_not_adopted(
    bedrock: Script,
    event: dict[str, Any],
    throughput_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Its answers would be another model's."""
    bedrock.refuse(CREATE, "ValidationException", "name in use")
    bedrock.answer(GET, throughput_description(modelArn="arn:aws:bedrock:us-west-2:123456789012:custom-model/other"))
    with pytest.raises(ThroughputFailed, match="custom-model/other"):
        handler(event, lambda_context)


def test_a_missing_quota_is_named(bedrock: Script, event: dict[str, Any], lambda_context: LambdaContext) -> None:
    """New accounts have none: the person must know what to ask for, and how much of it."""
    event["plan"]["model_units"] = 2
    bedrock.refuse(CREATE, "ServiceQuotaExceededException", "Too many units.")
    with pytest.raises(ThroughputFailed, match=r"Too many units\. .*at least 2 of L-BE77399C .*for this base model"):
        handler(event, lambda_context)


def test_a_busy_service_is_left_to_the_state_machines_retry(
    bedrock: Script, event: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """Throttling must not end a run that has trained for hours."""
    bedrock.refuse(CREATE, "ThrottlingException", status=429)
    with pytest.raises(ServiceBusy):
        handler(event, lambda_context)


def test_the_lease_is_the_slots(
    bedrock: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """A repeated purchase must be the same request, or its token would be refused."""
    bedrock.answer(CREATE, {"provisionedModelArn": expect["throughput_arn"]})
    throughput = handler(event, lambda_context)
    assert throughput["lease_ends_at"] == event["slot"]["lease_ends_at"] == "2126-01-22T06:00:00.000Z"
    assert throughput["answer_until"] == "2126-01-22T05:30:00.000Z"


def test_nothing_is_bought_where_the_lease_is_nearly_over(
    bedrock: Script, event: dict[str, Any], hold: Callable[..., dict[str, Any]], lambda_context: LambdaContext
) -> None:
    """It would be deleted before it could answer."""
    hold(lease_ends_at="2026-01-22T06:00:00.000Z")
    with pytest.raises(ThroughputFailed, match="longest_lease_hours"):
        handler(event, lambda_context)
    assert bedrock.calls == []


def test_nothing_is_bought_without_the_slot(
    bedrock: Script, event: dict[str, Any], hold: Callable[..., dict[str, Any]], lambda_context: LambdaContext
) -> None:
    """A run that was stopped and started again may have lost it to another run meanwhile."""
    hold(run_id="other-0123456789ab")
    with pytest.raises(ThroughputFailed, match="lost its throughput slot"):
        handler(event, lambda_context)
    assert bedrock.calls == []
