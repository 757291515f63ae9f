"""The entries of the states that serve the model: JSON in, JSON out, and a wrong state by its name."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import InvalidState
from lambdas.handlers import (
    acquire_slot,
    check_serving,
    delete_throughput_or_deployment,
    purchase_throughput_or_deploy,
)
from tests.handlers.bedrock.conftest import Describe, Script

GET, DELETE = "GetProvisionedModelThroughput", "DeleteProvisionedModelThroughput"


def test_the_state_goes_from_one_entry_to_the_next(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    served: dict[str, Any],
    throughput_description: Describe,
    held_slots: Callable[[], list[str]],
    lambda_context: LambdaContext,
) -> None:
    """What one state returns, the next ones parse: slot, serving, and serving again."""
    bedrock.answer("CreateProvisionedModelThroughput", {"provisionedModelArn": throughput_description()["modelArn"]})
    bedrock.answer(GET, throughput_description(status="InService"))
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    bedrock.answer(DELETE)
    lease: dict[str, Any] = {"number": 1, "failure": None}
    state: dict[str, Any] = {"run": run, "plan": plan, "served": served, "cut_off": False, "lease": lease}
    lease["slot"] = acquire_slot.handler(state, lambda_context)
    bought = purchase_throughput_or_deploy.handler(
        {**state, "slot": lease["slot"], "topic_arn": "arn:topic"}, lambda_context
    )
    lease["serving"] = check_serving.handler({"run": run, "serving": bought}, lambda_context)
    assert (held_slots(), lease["serving"]["status"]) == ([lease["slot"]["key"]], "InService")
    ended = delete_throughput_or_deployment.handler(state, lambda_context)
    assert (held_slots(), ended["serving"]["deleted"], ended["failure"]) == ([], True, None)


def test_a_wrong_fact_is_named_with_its_key(
    run: dict[str, Any], throughput: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """A person must find what is wrong in the state."""
    with pytest.raises(InvalidState, match=r"serving \(Serving\) .*wait_seconds"):
        check_serving.handler({"run": run, "serving": {**throughput, "wait_seconds": "soon"}}, lambda_context)


def test_what_is_wrong_elsewhere_in_the_state_does_not_stop_the_deletion(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    throughput: dict[str, Any],
    lambda_context: LambdaContext,
) -> None:
    """It would bill on for a fact that no deletion needs."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    bedrock.answer(DELETE)
    lease = {"number": 1, "serving": throughput, "slot": "none", "failure": "none"}
    state = {"run": run, "plan": {**plan, "candidates": "none"}, "lease": lease, "served": "none", "cut_off": "none"}
    ended = delete_throughput_or_deployment.handler(state, lambda_context)
    assert ended["serving"]["deleted"] is True
    # What ended the lease cannot be read; that something did must not be forgotten.
    assert ended["failure"]["error"] == "Unknown"
