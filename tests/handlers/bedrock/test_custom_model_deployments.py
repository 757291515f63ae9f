"""PurchaseThroughputOrDeploy, CheckServing and DeleteThroughputOrDeployment for a model that is served on demand."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Conflict, NotFound, Refused
from lambdas.domain.core.errors import ServiceBusy, ThroughputFailed, ThroughputNotDeleted
from lambdas.domain.serving.kinds import ModelUpdate
from lambdas.domain.serving.serving import Serving
from lambdas.steps.check_serving import check_serving
from tests.handlers.bedrock.conftest import RUN_ID, Describe, Script

# A step, as the fixtures make it.
Step = Callable[..., Serving]
CREATE, GET, DELETE = "CreateCustomModelDeployment", "GetCustomModelDeployment", "DeleteCustomModelDeployment"
GET_THROUGHPUT, DELETE_THROUGHPUT = "GetProvisionedModelThroughput", "DeleteProvisionedModelThroughput"


@pytest.fixture
def plan(plan: dict[str, Any]) -> dict[str, Any]:
    return {**plan, "serving": "on_demand"}


def gone(bedrock: Script, operation: str = GET) -> None:
    bedrock.refuse(operation, "ResourceNotFoundException", status=404)


def test_the_model_is_deployed_and_no_throughput_is_bought(
    bedrock: Script, expect: dict[str, str], purchase: Step
) -> None:
    """On demand bills tokens; a throughput beside it would bill by the hour for nothing."""
    bedrock.answer(CREATE, {"customModelDeploymentArn": expect["deployment_arn"]})
    first = purchase()
    purchase()
    request = {
        "modelDeploymentName": expect["name"],
        "clientRequestToken": f"{RUN_ID}-throughput-c1-20260121215900000",
        "modelArn": expect["model_arn"],
        "tags": [
            {"key": "team", "value": "sales"},
            {"key": "run-id", "value": RUN_ID},
            {"key": "lease-ends-at", "value": "2126-01-22T06:00:00.000Z"},
        ],
    }
    # Nothing else was called, and a repeated call is the same request.
    assert bedrock.calls == [(CREATE, request), (CREATE, request)]
    assert (first.kind, first.arn, first.status) == ("on_demand", expect["deployment_arn"], "Creating")
    # It is ready within minutes: nobody waits for it as for a throughput.
    assert first.wait_seconds == 20


def test_one_whose_answer_was_lost_is_adopted(
    bedrock: Script, deployment_description: Describe, expect: dict[str, str], purchase: Step
) -> None:
    """Otherwise the run would fail over its own deployment."""
    bedrock.refuse(CREATE, "ValidationException", "name in use")
    bedrock.answer(GET, deployment_description())
    adopted = purchase()
    assert (adopted.arn, adopted.requested_at) == (expect["deployment_arn"], "2026-01-21T22:00:00.000Z")


def test_one_of_another_model_is_not_adopted(bedrock: Script, deployment_description: Describe, purchase: Step) -> None:
    """Its answers would be another model's."""
    bedrock.refuse(CREATE, "ValidationException", "name in use")
    bedrock.answer(GET, deployment_description(modelArn="arn:aws:bedrock:us-west-2:123456789012:custom-model/other"))
    with pytest.raises(ThroughputFailed, match=r"Another custom model deployment.*custom-model/other"):
        purchase()


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "may deploy this custom model"),
        ("ValidationException", '"serving": "provisioned_throughput" in run.json'),
    ],
)
def test_a_refusal_says_what_to_do(bedrock: Script, purchase: Step, code: str, advice: str) -> None:
    """Advice on model units would send a person to the wrong quota."""
    bedrock.refuse(CREATE, code, "No.")
    gone(bedrock)
    with pytest.raises(ThroughputFailed) as raised:
        purchase()
    assert advice in str(raised.value)
    assert "L-BE77399C" not in str(raised.value)


def test_deployments_that_others_are_creating_are_waited_for(
    bedrock: Script, purchase: Step, held_slots: Callable[[], list[str]]
) -> None:
    """At most two may be in creation at a time, for eight minutes each: no reason to lose a training."""
    bedrock.refuse(CREATE, "ServiceQuotaExceededException", "2 custom model deployments in creation.")
    gone(bedrock)
    waiting = purchase()
    assert (waiting.status, waiting.kind, waiting.arn) == ("NotBought", "on_demand", None)
    assert "2 custom model deployments in creation" in str(waiting.message)
    assert held_slots() == []


def test_an_active_one_is_in_service(
    bedrock: Script, deployed: Serving, deployment_description: Describe, adapters: Adapters
) -> None:
    """The state machine knows one word for both kinds."""
    changed = {"status": "Active", "lastUpdatedAt": "2026-01-21T22:04:00Z"}
    bedrock.answer(GET, deployment_description(**changed))
    checked = check_serving(deployed, adapters=adapters)
    assert (checked.status, checked.in_service_at) == ("InService", "2026-01-21T22:04:00.000Z")


def test_one_without_a_time_of_change_is_in_service_from_when_it_was_seen(
    bedrock: Script, deployed: Serving, deployment_description: Describe, adapters: Adapters
) -> None:
    """Bedrock's model has `lastUpdatedAt` as optional."""
    bedrock.answer(GET, deployment_description(status="Active"))
    checked = check_serving(deployed, adapters=adapters)
    assert str(checked.in_service_at) > "2026-01-21T22:00:00.000Z"


def test_one_being_created_is_waited_for_but_an_hour_at_most(
    bedrock: Script, deployed: Serving, deployment_description: Describe, adapters: Adapters
) -> None:
    """A deployment that hangs must end in the clean-up lane, and sooner than a throughput."""
    bedrock.answer(GET, deployment_description())
    with pytest.raises(ThroughputFailed, match=r"deployment .* is still Creating after 1\.0 hours"):
        for _ in range(300):
            deployed = check_serving(deployed, adapters=adapters)
            assert deployed.wait_seconds == 20
    assert deployed.waited_seconds == 3600 - 20


def test_one_that_failed_ends_the_run_with_bedrocks_words(
    bedrock: Script, deployed: Serving, deployment_description: Describe, adapters: Adapters
) -> None:
    """Bedrock knows why."""
    bedrock.answer(GET, deployment_description(status="Failed", failureMessage="No capacity"))
    with pytest.raises(ThroughputFailed, match=r"Custom model deployment .* failed\. .*No capacity"):
        check_serving(deployed, adapters=adapters)


def test_one_that_vanished_ends_the_run(bedrock: Script, deployed: Serving, adapters: Adapters) -> None:
    """Waiting for it would never end."""
    gone(bedrock)
    with pytest.raises(ThroughputFailed, match="no longer knows the custom model deployment"):
        check_serving(deployed, adapters=adapters)


def test_a_deletion_counts_once_bedrock_no_longer_finds_it(
    bedrock: Script,
    run: dict[str, Any],
    deployed: Serving,
    deployment_description: Describe,
    expect: dict[str, str],
    delete: Step,
) -> None:
    """As for a throughput; and what the run never had is not asked for."""
    bedrock.answer(GET, deployment_description(status="Active"))
    gone(bedrock)
    bedrock.answer(DELETE)
    accepted = delete(run=run, serving=deployed)
    deleted = delete(run=run, serving=accepted)
    assert (accepted.deleted, deleted.deleted) == (False, True)
    assert deleted.deleted_at == accepted.deleted_at
    assert bedrock.requests(DELETE) == [{"customModelDeploymentIdentifier": expect["deployment_arn"]}]
    assert {operation for operation, _ in bedrock.calls} == {GET, DELETE}


def test_one_that_was_never_recorded_is_deleted_by_its_name(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    deployment_description: Describe,
    expect: dict[str, str],
    delete: Step,
) -> None:
    """A Lambda killed right after the call leaves nothing in the state but the slot."""
    bedrock.answer(GET, deployment_description())
    gone(bedrock)
    bedrock.answer(DELETE)
    deleted = delete(run=run, plan=plan, slot={"acquired": True})
    assert bedrock.requests(GET)[0] == {"customModelDeploymentIdentifier": expect["name"]}
    assert (deleted.deleted, deleted.arn) == (True, expect["deployment_arn"])


def test_one_that_stays_is_told_with_its_own_command_and_no_price_by_the_hour(
    bedrock: Script,
    run: dict[str, Any],
    deployed: Serving,
    deployment_description: Describe,
    expect: dict[str, str],
    delete: Step,
) -> None:
    """The throughput's command would find nothing."""
    bedrock.answer(GET, deployment_description())
    bedrock.refuse(DELETE, "ValidationException", "Custom model deployment is in a mutating state")
    waited_seconds = 0
    with pytest.raises(ThroughputNotDeleted) as raised:
        for _ in range(1_000):
            deployed = delete(run=run, serving=deployed)
            assert deployed.deleted is False
            waited_seconds += deployed.wait_seconds
    # Time heals it: it is not given up within minutes, as a missing permission is.
    assert waited_seconds > 3600
    command = f"delete-custom-model-deployment --custom-model-deployment-identifier {expect['deployment_arn']}"
    assert command in str(raised.value)
    assert "BILLS BY THE HOUR" not in str(raised.value)


UPDATE = "UpdateCustomModelDeployment"


class TestUpdate:
    """Another model for the same deployment."""

    def test_an_update_is_told_until_it_is_over(
        self, bedrock: Script, deployment_description: Describe, expect: dict[str, str], adapters: Adapters
    ) -> None:
        bedrock.answer(UPDATE, {"customModelDeploymentArn": expect["deployment_arn"]})
        adapters.deployments.update(expect["deployment_arn"], "arn:aws:bedrock:us-west-2:123456789012:custom-model/b")
        other = expect["model_arn"]
        details = {"modelArn": other, "updateStatus": "Updating"}
        bedrock.answer(GET, deployment_description(status="Active", updateDetails=details))
        found = adapters.deployments.find(expect["deployment_arn"])
        assert found is not None
        assert (found.status, found.update, found.is_mutating) == ("InService", ModelUpdate(other, "Updating"), True)

    @pytest.mark.parametrize(
        ("code", "message", "raised"),
        [
            ("ValidationException", "Custom model deployment is in a mutating state", Conflict),
            ("ConflictException", "No.", Conflict),
            ("ResourceNotFoundException", "No.", NotFound),
            ("ValidationException", "No.", Refused),
            ("ThrottlingException", "No.", ServiceBusy),
        ],
    )
    def test_a_refused_update_says_whether_time_heals_it(
        self, bedrock: Script, adapters: Adapters, code: str, message: str, raised: type[Exception]
    ) -> None:
        """A refusal that lasts leads to a second deployment; one that passes must not."""
        bedrock.refuse(UPDATE, code, message)
        with pytest.raises(raised) as error:
            adapters.deployments.update("fine-tuning-champion", "arn:aws:bedrock:us-west-2:123456789012:custom-model/b")
        assert type(error.value) is raised

    def test_a_deletion_meanwhile_is_a_conflict_in_any_words(
        self, bedrock: Script, deployment_description: Describe, expect: dict[str, str], adapters: Adapters
    ) -> None:
        """Time heals it: it must not count as a refusal that lasts."""
        bedrock.refuse(DELETE, "ValidationException", "Input validation failed.")
        details = {"modelArn": expect["model_arn"], "updateStatus": "Updating"}
        bedrock.answer(GET, deployment_description(status="Active", updateDetails=details))
        with pytest.raises(Conflict):
            adapters.deployments.delete(expect["deployment_arn"])


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
        delete: Step,
        kind: str,
    ) -> None:
        """Nothing of the run's name may stay, whatever the run knows of it; the other kind's NotFound is no error."""
        operations = {"throughput": (GET_THROUGHPUT, DELETE_THROUGHPUT), "deployment": (GET, DELETE)}
        get, end = operations.pop(kind)
        [(other, _)] = operations.values()
        description = throughput_description() if kind == "throughput" else deployment_description()
        gone(bedrock, other)
        bedrock.answer(get, description)
        bedrock.answer(get, description)
        gone(bedrock, get)
        bedrock.answer(end)
        deleted = delete(run=run)
        assert (deleted.deleted, deleted.arn) == (True, expect[f"{kind}_arn"])
        assert len(bedrock.requests(end)) == 1

    def test_neither_is_success(self, bedrock: Script, run: dict[str, Any], delete: Step) -> None:
        """Most such runs have made nothing."""
        gone(bedrock)
        gone(bedrock, GET_THROUGHPUT)
        assert delete(run=run).deleted is True

    def test_one_kind_that_cannot_be_asked_for_does_not_hide_the_other(
        self, bedrock: Script, run: dict[str, Any], deployment_description: Describe, delete: Step
    ) -> None:
        """What may be deleted is deleted now."""
        bedrock.refuse(GET_THROUGHPUT, "ThrottlingException", status=429)
        bedrock.answer(GET, deployment_description())
        bedrock.answer(DELETE)
        assert delete(run=run).kind == "on_demand"
        assert len(bedrock.requests(DELETE)) == 1

    def test_what_could_not_be_asked_is_no_proof(self, bedrock: Script, run: dict[str, Any], delete: Step) -> None:
        """The attempts go on until both kinds are known to be missing."""
        bedrock.refuse(GET_THROUGHPUT, "ThrottlingException", status=429)
        gone(bedrock)
        assert delete(run=run).deleted is False
