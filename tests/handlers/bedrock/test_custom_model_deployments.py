"""PurchaseThroughputOrDeploy, CheckServing and DeleteThroughputOrDeployment for a model that is served on demand."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import ThroughputFailed, ThroughputNotDeleted
from lambdas.handlers import check_serving, delete_throughput_or_deployment, purchase_throughput_or_deploy
from tests.handlers.bedrock.conftest import Describe, Script

CREATE, GET, DELETE = "CreateCustomModelDeployment", "GetCustomModelDeployment", "DeleteCustomModelDeployment"
GET_THROUGHPUT, DELETE_THROUGHPUT = "GetProvisionedModelThroughput", "DeleteProvisionedModelThroughput"


@pytest.fixture
def plan(plan: dict[str, Any]) -> dict[str, Any]:
    return {**plan, "serving": "on_demand"}


@pytest.fixture
def event(
    run: dict[str, Any],
    plan: dict[str, Any],
    model: dict[str, Any],
    hold: Callable[..., dict[str, Any]],
) -> dict[str, Any]:
    return {"run": run, "plan": plan, "model": model, "slot": hold()}


def gone(bedrock: Script, operation: str = GET) -> None:
    bedrock.refuse(operation, "ResourceNotFoundException", status=404)


def test_the_model_is_deployed_and_no_throughput_is_bought(
    bedrock: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """On demand bills tokens; a throughput beside it would bill by the hour for nothing."""
    bedrock.answer(CREATE, {"customModelDeploymentArn": expect["deployment_arn"]})
    first = purchase_throughput_or_deploy.handler(event, lambda_context)
    purchase_throughput_or_deploy.handler(event, lambda_context)
    request = {
        "modelDeploymentName": expect["name"],
        "clientRequestToken": f"{event['run']['id']}-throughput",
        "modelArn": expect["model_arn"],
        "tags": [
            {"key": "team", "value": "sales"},
            {"key": "run-id", "value": event["run"]["id"]},
            {"key": "lease-ends-at", "value": "2126-01-22T06:00:00.000Z"},
        ],
    }
    # Nothing else was called, and a repeated call is the same request.
    assert bedrock.calls == [(CREATE, request), (CREATE, request)]
    assert (first["kind"], first["arn"], first["status"]) == ("on_demand", expect["deployment_arn"], "Creating")
    # It is ready within minutes: nobody waits for it as for a throughput.
    assert first["wait_seconds"] == 20


def test_one_whose_answer_was_lost_is_adopted(
    bedrock: Script,
    event: dict[str, Any],
    deployment_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """Otherwise the run would fail over its own deployment."""
    bedrock.refuse(CREATE, "ValidationException", "name in use")
    bedrock.answer(GET, deployment_description())
    adopted = purchase_throughput_or_deploy.handler(event, lambda_context)
    assert (adopted["arn"], adopted["requested_at"]) == (expect["deployment_arn"], "2026-01-21T22:00:00.000Z")


def test_one_of_another_model_is_not_adopted(
    bedrock: Script,
    event: dict[str, Any],
    deployment_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Its answers would be another model's."""
    bedrock.refuse(CREATE, "ValidationException", "name in use")
    bedrock.answer(GET, deployment_description(modelArn="arn:aws:bedrock:us-west-2:123456789012:custom-model/other"))
    with pytest.raises(ThroughputFailed, match=r"Another custom model deployment.*custom-model/other"):
        purchase_throughput_or_deploy.handler(event, lambda_context)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ServiceQuotaExceededException", "list-custom-model-deployments"),
        ("ValidationException", '"serving": "provisioned_throughput" in run.json'),
    ],
)
def test_a_refusal_says_what_to_do(
    bedrock: Script, event: dict[str, Any], lambda_context: LambdaContext, code: str, advice: str
) -> None:
    """Advice on model units would send a person to the wrong quota."""
    bedrock.refuse(CREATE, code, "No.")
    gone(bedrock)
    with pytest.raises(ThroughputFailed) as raised:
        purchase_throughput_or_deploy.handler(event, lambda_context)
    assert advice in str(raised.value)
    assert "L-BE77399C" not in str(raised.value)


def test_an_active_one_is_in_service(
    bedrock: Script,
    run: dict[str, Any],
    deployment: dict[str, Any],
    deployment_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """The state machine knows one word for both kinds."""
    changed = {"status": "Active", "lastUpdatedAt": "2026-01-21T22:04:00Z"}
    bedrock.answer(GET, deployment_description(**changed))
    checked = check_serving.handler({"run": run, "serving": deployment}, lambda_context)
    assert (checked["status"], checked["in_service_at"]) == ("InService", "2026-01-21T22:04:00.000Z")


def test_one_without_a_time_of_change_is_in_service_from_when_it_was_seen(
    bedrock: Script,
    run: dict[str, Any],
    deployment: dict[str, Any],
    deployment_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Bedrock's model has `lastUpdatedAt` as optional."""
    bedrock.answer(GET, deployment_description(status="Active"))
    checked = check_serving.handler({"run": run, "serving": deployment}, lambda_context)
    assert checked["in_service_at"] > "2026-01-21T22:00:00.000Z"


def test_one_being_created_is_waited_for_but_an_hour_at_most(
    bedrock: Script,
    run: dict[str, Any],
    deployment: dict[str, Any],
    deployment_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """A deployment that hangs must end in the clean-up lane, and sooner than a throughput."""
    bedrock.answer(GET, deployment_description())
    with pytest.raises(ThroughputFailed, match=r"deployment .* is still Creating after 1\.0 hours"):
        for _ in range(300):
            deployment = check_serving.handler({"run": run, "serving": deployment}, lambda_context)
            assert deployment["wait_seconds"] == 20
    assert deployment["waited_seconds"] == 3600 - 20


def test_one_that_failed_ends_the_run_with_bedrocks_words(
    bedrock: Script,
    run: dict[str, Any],
    deployment: dict[str, Any],
    deployment_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Bedrock knows why."""
    bedrock.answer(GET, deployment_description(status="Failed", failureMessage="No capacity"))
    with pytest.raises(ThroughputFailed, match=r"Custom model deployment .* failed\. .*No capacity"):
        check_serving.handler({"run": run, "serving": deployment}, lambda_context)


def test_one_that_vanished_ends_the_run(
    bedrock: Script, run: dict[str, Any], deployment: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """Waiting for it would never end."""
    gone(bedrock)
    with pytest.raises(ThroughputFailed, match="no longer knows the custom model deployment"):
        check_serving.handler({"run": run, "serving": deployment}, lambda_context)


def test_a_deletion_counts_once_bedrock_no_longer_finds_it(
    bedrock: Script,
    run: dict[str, Any],
    deployment: dict[str, Any],
    deployment_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """As for a throughput; and what the run never had is not asked for."""
    bedrock.answer(GET, deployment_description(status="Active"))
    gone(bedrock)
    bedrock.answer(DELETE)
    accepted = delete_throughput_or_deployment.handler({"run": run, "serving": deployment}, lambda_context)
    deleted = delete_throughput_or_deployment.handler({"run": run, "serving": accepted}, lambda_context)
    assert (accepted["deleted"], deleted["deleted"]) == (False, True)
    assert deleted["deleted_at"] == accepted["deleted_at"]
    assert bedrock.requests(DELETE) == [{"customModelDeploymentIdentifier": expect["deployment_arn"]}]
    assert {operation for operation, _ in bedrock.calls} == {GET, DELETE}


def test_one_that_was_never_recorded_is_deleted_by_its_name(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    deployment_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """A Lambda killed right after the call leaves nothing in the state but the slot."""
    bedrock.answer(GET, deployment_description())
    gone(bedrock)
    bedrock.answer(DELETE)
    state = {"run": run, "plan": plan, "slot": {"acquired": True}}
    deleted = delete_throughput_or_deployment.handler(state, lambda_context)
    assert bedrock.requests(GET)[0] == {"customModelDeploymentIdentifier": expect["name"]}
    assert (deleted["deleted"], deleted["arn"]) == (True, expect["deployment_arn"])


def test_one_that_stays_is_told_with_its_own_command_and_no_price_by_the_hour(
    bedrock: Script,
    run: dict[str, Any],
    deployment: dict[str, Any],
    deployment_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """The throughput's command would find nothing."""
    bedrock.answer(GET, deployment_description())
    bedrock.refuse(DELETE, "ValidationException", "Custom model deployment is in a mutating state")
    waited_seconds = 0
    with pytest.raises(ThroughputNotDeleted) as raised:
        for _ in range(1_000):
            deployment = delete_throughput_or_deployment.handler({"run": run, "serving": deployment}, lambda_context)
            assert deployment["deleted"] is False
            waited_seconds += deployment["wait_seconds"]
    # Time heals it: it is not given up within minutes, as a missing permission is.
    assert waited_seconds > 3600
    command = f"delete-custom-model-deployment --custom-model-deployment-identifier {expect['deployment_arn']}"
    assert command in str(raised.value)
    assert "BILLS BY THE HOUR" not in str(raised.value)


class TestWithoutPlan:
    """The run failed before its plan said how the model would be served."""

    @pytest.mark.parametrize("kind", ["throughput", "deployment"])
    def test_either_kind_is_found_by_name_and_deleted(
        self,
        bedrock: Script,
        run: dict[str, Any],
        throughput_description: Describe,
        deployment_description: Describe,
        expect: dict[str, str],
        lambda_context: LambdaContext,
        kind: str,
    ) -> None:
        """Nothing of the run's name may stay, whatever the run knows of it; the other kind's NotFound is no error."""
        operations = {"throughput": (GET_THROUGHPUT, DELETE_THROUGHPUT), "deployment": (GET, DELETE)}
        get, delete = operations.pop(kind)
        [(other, _)] = operations.values()
        description = throughput_description() if kind == "throughput" else deployment_description()
        gone(bedrock, other)
        bedrock.answer(get, description)
        bedrock.answer(get, description)
        gone(bedrock, get)
        bedrock.answer(delete)
        deleted = delete_throughput_or_deployment.handler({"run": run}, lambda_context)
        assert (deleted["deleted"], deleted["arn"]) == (True, expect[f"{kind}_arn"])
        assert len(bedrock.requests(delete)) == 1

    def test_neither_is_success(self, bedrock: Script, run: dict[str, Any], lambda_context: LambdaContext) -> None:
        """Most such runs have made nothing."""
        gone(bedrock)
        gone(bedrock, GET_THROUGHPUT)
        assert delete_throughput_or_deployment.handler({"run": run}, lambda_context)["deleted"] is True

    def test_one_kind_that_cannot_be_asked_for_does_not_hide_the_other(
        self,
        bedrock: Script,
        run: dict[str, Any],
        deployment_description: Describe,
        lambda_context: LambdaContext,
    ) -> None:
        """What may be deleted is deleted now."""
        bedrock.refuse(GET_THROUGHPUT, "ThrottlingException", status=429)
        bedrock.answer(GET, deployment_description())
        bedrock.answer(DELETE)
        assert delete_throughput_or_deployment.handler({"run": run}, lambda_context)["kind"] == "on_demand"
        assert len(bedrock.requests(DELETE)) == 1

    def test_what_could_not_be_asked_is_no_proof(
        self, bedrock: Script, run: dict[str, Any], lambda_context: LambdaContext
    ) -> None:
        """The attempts go on until both kinds are known to be missing."""
        bedrock.refuse(GET_THROUGHPUT, "ThrottlingException", status=429)
        gone(bedrock)
        assert delete_throughput_or_deployment.handler({"run": run}, lambda_context)["deleted"] is False
