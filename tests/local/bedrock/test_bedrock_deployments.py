"""Custom model deployments through boto3: what serves a model on demand, until when, and what refuses it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bedrock.clock import ManualClock
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import HAIKU, HOUR, Simulation, rows

LLAMA_3_1 = "meta.llama3-1-8b-instruct-v1:0:128k"
LLAMA_3_3 = "meta.llama3-3-70b-instruct-v1:0:128k"
QUESTION = [{"role": "user", "content": [{"text": rows(1)[0]["messages"][0]["content"]}]}]


@pytest.fixture
def model_arn(simulation: Simulation) -> str:
    arn: str = simulation.complete_job_for(LLAMA_3_3)["outputModelArn"]
    return arn


def deploy(simulation: Simulation, model_arn: str, **changes: Any) -> str:
    params = {"modelDeploymentName": "deployment-1", "modelArn": model_arn} | changes
    arn: str = simulation.bedrock.create_custom_model_deployment(**params)["customModelDeploymentArn"]
    return arn


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def listed(simulation: Simulation, **filters: Any) -> list[str]:
    found = simulation.bedrock.list_custom_model_deployments(**filters)["modelDeploymentSummaries"]
    return [summary["customModelDeploymentName"] for summary in found]


@pytest.mark.assumption(
    "deployment-statuses",
    "deployment-creation-takes-8-minutes",
    "deployment-has-no-deleting-status",
    "deployment-by-name-or-arn",
    "deployment-unknown-is-not-found",
)
def test_a_deployment_is_created_gets_active_and_is_not_found_some_time_after_deletion(
    simulation: Simulation, model_arn: str
) -> None:
    """There is no Deleting status: only ResourceNotFound proves that it is gone."""
    arn = deploy(simulation, model_arn, description="for one run")
    get = simulation.bedrock.get_custom_model_deployment
    simulation.clock.advance(479)
    deployment = get(customModelDeploymentIdentifier=arn)
    assert (deployment["status"], deployment["modelArn"]) == ("Creating", model_arn)
    assert (deployment["modelDeploymentName"], deployment["description"]) == ("deployment-1", "for one run")
    simulation.clock.advance(1)
    assert get(customModelDeploymentIdentifier="deployment-1")["status"] == "Active"
    simulation.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert get(customModelDeploymentIdentifier=arn)["status"] == "Active"
    simulation.clock.advance(60)
    for call in (get, simulation.bedrock.delete_custom_model_deployment):
        with pytest.raises(ClientError) as error:
            call(customModelDeploymentIdentifier=arn)
        assert code_of(error) == "ResourceNotFoundException"
    assert listed(simulation) == []


@pytest.mark.assumption(
    "deployment-answers-by-its-arn",
    "deployment-statuses",
    "converse-not-ready-while-creating",
    "converse-gone-is-not-found",
)
def test_an_active_deployment_answers_as_the_tuned_model(simulation: Simulation, model_arn: str) -> None:
    """Inference goes by the deployment's ARN: not before it is active, not after it is gone, not by the model's."""
    arn = deploy(simulation, model_arn)
    with pytest.raises(ClientError) as error:
        simulation.runtime.converse(modelId=arn, messages=QUESTION)
    assert code_of(error) == "ModelNotReadyException"
    simulation.clock.advance(HOUR)
    output = simulation.runtime.converse(modelId=arn, messages=QUESTION)["output"]
    assert output["message"]["content"][0]["text"] == "100 million"
    assert simulation.calls()[-1]["resource"] == arn
    simulation.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    simulation.clock.advance(60)
    with pytest.raises(ClientError) as error:
        simulation.runtime.converse(modelId=arn, messages=QUESTION)
    assert code_of(error) == "ResourceNotFoundException"


@pytest.mark.assumption("deployment-deletion-while-creating-is-invalid")
def test_deletion_while_creating_is_a_validation_error(simulation: Simulation, model_arn: str) -> None:
    """AWS has no ConflictException here: clean-up that waits for one would give up."""
    arn = deploy(simulation, model_arn)
    with pytest.raises(ClientError, match="Custom model deployment is in a mutating state") as error:
        simulation.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert code_of(error) == "ValidationException"


@pytest.mark.assumption("deployment-token-makes-create-idempotent", "deployment-name-taken-while-it-exists")
def test_same_token_deploys_once(simulation: Simulation, model_arn: str) -> None:
    """A request that is retried after a lost answer must not leave a second deployment."""
    arn = deploy(simulation, model_arn, clientRequestToken="run-1")
    assert deploy(simulation, model_arn, clientRequestToken="run-1") == arn
    with pytest.raises(ClientError) as error:
        deploy(simulation, model_arn, clientRequestToken="run-1", modelDeploymentName="other")
    assert code_of(error) == "ValidationException"
    with pytest.raises(ClientError, match="currently in use") as error:
        deploy(simulation, model_arn)
    assert code_of(error) == "ValidationException"
    assert listed(simulation) == ["deployment-1"]


@pytest.mark.assumption("deployment-only-for-on-demand-models")
@pytest.mark.parametrize("base_model", [HAIKU, LLAMA_3_1])
def test_models_that_are_served_by_throughput_only_are_refused(simulation: Simulation, base_model: str) -> None:
    """Claude and Llama 3.1 cannot be deployed: a pipeline that tries must learn it."""
    arn = simulation.complete_job_for(base_model)["outputModelArn"]
    with pytest.raises(ClientError, match="On-demand inference is not supported") as error:
        deploy(simulation, arn)
    assert code_of(error) == "ValidationException"


@pytest.mark.assumption("throughput-llama-3-3-is-not-sold")
def test_llama_3_3_is_served_on_demand_only(simulation: Simulation, model_arn: str) -> None:
    """It is the one model without Provisioned Throughput."""
    with pytest.raises(ClientError, match="Provisioned Throughput is not supported") as error:
        simulation.bedrock.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="throughput-1", modelId=model_arn
        )
    assert code_of(error) == "ValidationException"
    deploy(simulation, model_arn)


@pytest.mark.assumption("deployment-of-an-unknown-model-is-not-found")
def test_an_unknown_model_is_not_found(simulation: Simulation, model_arn: str) -> None:
    """Deleted between training and serving."""
    with pytest.raises(ClientError) as error:
        deploy(simulation, model_arn[:-12] + "a" * 12)
    assert code_of(error) == "ResourceNotFoundException"


@pytest.mark.assumption("deployment-only-of-models-since-july-2025")
class TestBeforeTheFirstDay:
    """Models of an earlier time."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock(datetime(2025, 7, 15, tzinfo=UTC).timestamp())

    def test_models_customized_before_16_july_2025_are_refused(self, simulation: Simulation, model_arn: str) -> None:
        """Whoever serves an old model again must be told why it does not work."""
        with pytest.raises(ClientError, match="before 2025-07-16") as error:
            deploy(simulation, model_arn)
        assert code_of(error) == "ValidationException"


@pytest.mark.assumption("quota-deployments")
class TestQuota:
    """An account with room for two deployments."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(custom_model_deployments=2)

    def test_the_quota_counts_what_exists(self, simulation: Simulation, model_arn: str) -> None:
        """Forgotten deployments use it up."""
        for number in range(2):
            deploy(simulation, model_arn, modelDeploymentName=f"deployment-{number}")
        simulation.clock.advance(HOUR)
        with pytest.raises(ClientError, match="2 custom model deployments and its quota is 2") as error:
            deploy(simulation, model_arn, modelDeploymentName="deployment-2")
        assert code_of(error) == "ServiceQuotaExceededException"
        simulation.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier="deployment-0")
        simulation.clock.advance(60)
        deploy(simulation, model_arn, modelDeploymentName="deployment-2")


@pytest.mark.assumption("quota-deployments-in-creation")
def test_only_two_deployments_are_created_at_a_time(simulation: Simulation, model_arn: str) -> None:
    """Runs that come to serving together have to wait for each other."""
    for number in range(2):
        deploy(simulation, model_arn, modelDeploymentName=f"deployment-{number}")
    with pytest.raises(ClientError, match="in creation and its quota is 2") as error:
        deploy(simulation, model_arn, modelDeploymentName="deployment-2")
    assert code_of(error) == "ServiceQuotaExceededException"
    simulation.clock.advance(480)
    deploy(simulation, model_arn, modelDeploymentName="deployment-2")


@pytest.mark.assumption("deployment-keeps-its-model-from-deletion")
def test_a_deployed_model_cannot_be_deleted(simulation: Simulation, model_arn: str) -> None:
    """Deleting must go in the right order: deployment first."""
    arn = deploy(simulation, model_arn)
    with pytest.raises(ClientError, match="a custom model deployment") as error:
        simulation.bedrock.delete_custom_model(modelIdentifier=model_arn)
    assert code_of(error) == "ConflictException"
    simulation.clock.advance(HOUR)
    simulation.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    simulation.clock.advance(60)
    simulation.bedrock.delete_custom_model(modelIdentifier=model_arn)


@pytest.mark.assumption("deployments-list-in-pages")
def test_deployments_are_listed_filtered_and_in_pages(simulation: Simulation, model_arn: str) -> None:
    """The reconciler reads all of them, whatever the page size."""
    for number in range(5):
        deploy(simulation, model_arn, modelDeploymentName=f"deployment-{number}")
        simulation.clock.advance(300)
    pages = simulation.bedrock.get_paginator("list_custom_model_deployments").paginate(
        PaginationConfig={"PageSize": 2}, sortBy="CreationTime", sortOrder="Ascending"
    )
    names = [item["customModelDeploymentName"] for page in pages for item in page["modelDeploymentSummaries"]]
    assert names == [f"deployment-{number}" for number in range(5)]
    assert listed(simulation, statusEquals="Active") == [
        "deployment-3",
        "deployment-2",
        "deployment-1",
        "deployment-0",
    ]
    assert listed(simulation, nameContains="3", modelArnEquals=model_arn) == ["deployment-3"]
    after = datetime.fromtimestamp(simulation.clock.now() - 750, UTC)
    assert listed(simulation, createdAfter=after) == ["deployment-4", "deployment-3"]
    assert listed(simulation, createdBefore=after) == ["deployment-2", "deployment-1", "deployment-0"]


@pytest.mark.assumption("deployment-tags-from-its-creation", "tags-of-every-resource")
def test_a_deployment_carries_its_tags_and_is_in_the_state(simulation: Simulation, model_arn: str) -> None:
    """The end of its lease is in its tags; harnesses look for leaks in the state."""
    arn = deploy(simulation, model_arn, tags=[{"key": "run", "value": "r"}])
    assert simulation.bedrock.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "run", "value": "r"}]
    [found] = simulation.control("GET", "state")["custom_model_deployments"]
    assert (found["customModelDeploymentArn"], found["status"]) == (arn, "Creating")


def test_faults_find_a_deployment_by_its_name(simulation: Simulation, model_arn: str) -> None:
    """Many runs share one simulation: a rule must hit the one it is for, however the call names the deployment."""
    arns = [deploy(simulation, model_arn, modelDeploymentName=f"of-{run}") for run in ("one", "two")]
    simulation.clock.advance(HOUR)
    stuck = {"operation": "GetCustomModelDeployment", "kind": "stuck", "match": "of-two"}
    simulation.control("POST", "faults/x", [stuck])
    get = simulation.bedrock.get_custom_model_deployment
    assert [get(customModelDeploymentIdentifier=arn)["status"] for arn in arns] == ["Active", "Creating"]
    assert simulation.control("GET", "faults/x") == {"hits": [1]}


def test_the_log_names_the_deployment_by_its_arn(simulation: Simulation, model_arn: str) -> None:
    """The log is the proof that it was made once and deleted."""
    arn = deploy(simulation, model_arn)
    simulation.clock.advance(HOUR)
    simulation.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier="deployment-1")
    lines = [(call["operation"], call["resource"]) for call in simulation.calls() if "Deployment" in call["operation"]]
    assert lines == [("CreateCustomModelDeployment", arn), ("DeleteCustomModelDeployment", arn)]


@pytest.mark.assumption("deployment-may-take-few-requests-a-minute")
class TestSlowDeployment:
    """An account whose deployments take four requests a minute."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(deployment_requests_per_minute=4)

    def test_beyond_the_requests_of_a_minute_it_throttles(self, simulation: Simulation, model_arn: str) -> None:
        """The fifth is refused, and asked again a minute later it is answered; refused ones do not count."""
        arn = deploy(simulation, model_arn)
        simulation.clock.advance(480)

        def ask() -> None:
            simulation.runtime.converse(modelId=arn, messages=QUESTION)

        for _ in range(4):
            ask()
        for _ in range(2):
            with pytest.raises(ClientError) as error:
                ask()
            assert code_of(error) == "ThrottlingException"
        simulation.clock.advance(60)
        ask()


class TestUpdate:
    """A deployment of one model, and another model of the same base model."""

    @pytest.fixture
    def other_arn(self, simulation: Simulation, model_arn: str) -> str:
        arn: str = simulation.complete_job_for(LLAMA_3_3, "second")["outputModelArn"]
        assert arn != model_arn
        return arn

    @pytest.fixture
    def arn(self, simulation: Simulation, model_arn: str) -> str:
        arn = deploy(simulation, model_arn)
        simulation.clock.advance(480)
        return arn

    @staticmethod
    def update(simulation: Simulation, model_arn: str) -> str:
        response = simulation.bedrock.update_custom_model_deployment(
            customModelDeploymentIdentifier="deployment-1", modelArn=model_arn
        )
        arn: str = response["customModelDeploymentArn"]
        return arn

    @staticmethod
    def told(simulation: Simulation) -> tuple[str, str, str, str]:
        """Status, model, the update's model and the update's status."""
        told = simulation.bedrock.get_custom_model_deployment(customModelDeploymentIdentifier="deployment-1")
        details = told["updateDetails"]
        return told["status"], told["modelArn"], details["modelArn"], details["updateStatus"]

    @pytest.mark.assumption("deployment-update-keeps-arn-and-service", "deployment-update-tells-its-status")
    def test_the_old_model_answers_until_the_new_one_does(
        self, simulation: Simulation, arn: str, model_arn: str, other_arn: str
    ) -> None:
        """An application that asks all the time must never be refused."""
        assert self.update(simulation, other_arn) == arn
        simulation.clock.advance(479)
        assert self.told(simulation) == ("Active", model_arn, other_arn, "Updating")
        simulation.runtime.converse(modelId=arn, messages=QUESTION)
        assert listed(simulation, modelArnEquals=model_arn) == ["deployment-1"]
        simulation.clock.advance(1)
        assert self.told(simulation) == ("Active", other_arn, other_arn, "UpdateCompleted")
        simulation.runtime.converse(modelId=arn, messages=QUESTION)
        assert listed(simulation, modelArnEquals=other_arn) == ["deployment-1"]
        simulation.bedrock.delete_custom_model(modelIdentifier=model_arn)

    @pytest.mark.assumption("deployment-failed-update-leaves-the-old-model")
    def test_a_failed_update_leaves_the_old_model_in_service(
        self, simulation: Simulation, arn: str, model_arn: str, other_arn: str
    ) -> None:
        """What was served goes on, and a later update may succeed."""
        broken = {"operation": "UpdateCustomModelDeployment", "kind": "broken"}
        simulation.control("POST", "faults/x", [broken])
        self.update(simulation, other_arn)
        simulation.clock.advance(480)
        assert self.told(simulation) == ("Active", model_arn, other_arn, "UpdateFailed")
        simulation.runtime.converse(modelId=arn, messages=QUESTION)
        simulation.control("DELETE", "faults/x")
        self.update(simulation, other_arn)
        simulation.clock.advance(480)
        assert self.told(simulation) == ("Active", other_arn, other_arn, "UpdateCompleted")

    @pytest.mark.assumption("deployment-update-while-mutating-is-invalid")
    def test_one_that_is_mutating_is_neither_updated_nor_deleted(
        self, simulation: Simulation, arn: str, model_arn: str, other_arn: str
    ) -> None:
        """Whoever swaps twice in a row must wait for the first."""
        endless = {"operation": "UpdateCustomModelDeployment", "kind": "endless"}
        simulation.control("POST", "faults/x", [endless])
        self.update(simulation, other_arn)
        simulation.clock.advance(24 * HOUR)
        with pytest.raises(ClientError, match="mutating state") as error:
            self.update(simulation, model_arn)
        assert code_of(error) == "ValidationException"
        with pytest.raises(ClientError, match="mutating state") as error:
            simulation.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
        assert code_of(error) == "ValidationException"
        # Both models are in use meanwhile.
        for model in (model_arn, other_arn):
            with pytest.raises(ClientError, match="a custom model deployment"):
                simulation.bedrock.delete_custom_model(modelIdentifier=model)
        with pytest.raises(ClientError, match="mutating state"):
            simulation.bedrock.update_custom_model_deployment(
                customModelDeploymentIdentifier=deploy(simulation, model_arn, modelDeploymentName="new"),
                modelArn=other_arn,
            )

    @pytest.mark.assumption("deployment-only-for-on-demand-models")
    def test_a_model_that_is_served_by_throughput_only_is_refused(
        self, simulation: Simulation, arn: str, model_arn: str
    ) -> None:
        """The old one goes on answering."""
        other = simulation.complete_job_for(HAIKU)["outputModelArn"]
        with pytest.raises(ClientError, match="On-demand inference is not") as error:
            self.update(simulation, other)
        assert code_of(error) == "ValidationException"
        told = simulation.bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
        assert (told["modelArn"], "updateDetails" in told) == (model_arn, False)

    @pytest.mark.assumption("deployment-unknown-is-not-found", "deployment-of-an-unknown-model-is-not-found")
    def test_what_does_not_exist_is_not_found(self, simulation: Simulation, arn: str, model_arn: str) -> None:
        """Deleted by hand between two looks."""
        for deployment, model in ((arn, model_arn[:-12] + "a" * 12), ("absent", model_arn)):
            with pytest.raises(ClientError) as error:
                simulation.bedrock.update_custom_model_deployment(
                    customModelDeploymentIdentifier=deployment, modelArn=model
                )
            assert code_of(error) == "ResourceNotFoundException"


@pytest.mark.assumption("deployment-update-within-one-base-model")
class TestUpdateAcrossBaseModels:
    """The Region that tunes more than one model that is served on demand."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(region="us-east-1")

    def test_another_base_model_is_refused(self, simulation: Simulation) -> None:
        """The new champion may be of another base model: then a second deployment is needed."""
        first, other = (
            simulation.complete_job_for(f"amazon.nova-{size}")["outputModelArn"]
            for size in ("lite-v1:0:300k", "micro-v1:0:128k")
        )
        arn = deploy(simulation, first)
        simulation.clock.advance(480)
        with pytest.raises(ClientError, match="must have the same base model") as error:
            simulation.bedrock.update_custom_model_deployment(customModelDeploymentIdentifier=arn, modelArn=other)
        assert code_of(error) == "ValidationException"
        told = simulation.bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
        assert (told["modelArn"], "updateDetails" in told) == (first, False)
