"""Provisioned throughput through boto3: what would bill, until when, and what refuses it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import HAIKU, HOUR, Simulation


def buy(simulation: Simulation, model_id: str, **changes: Any) -> str:
    params = {"modelUnits": 1, "provisionedModelName": "throughput-1", "modelId": model_id} | changes
    arn: str = simulation.bedrock.create_provisioned_model_throughput(**params)["provisionedModelArn"]
    return arn


@pytest.fixture
def model_arn(simulation: Simulation) -> str:
    arn: str = simulation.complete_job()["outputModelArn"]
    return arn


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


@pytest.mark.assumption(
    "throughput-statuses",
    "throughput-creation-takes-20-minutes",
    "throughput-has-no-deleting-status",
    "throughput-by-name-id-or-arn",
    "throughput-unknown-is-not-found",
)
def test_throughput_is_created_gets_in_service_and_is_not_found_some_time_after_deletion(
    simulation: Simulation, model_arn: str
) -> None:
    """There is no Deleting status: only ResourceNotFound proves that nothing bills any more."""
    arn = buy(simulation, model_arn)
    get = simulation.bedrock.get_provisioned_model_throughput
    assert get(provisionedModelId=arn)["status"] == "Creating"
    simulation.clock.advance(1199)
    assert get(provisionedModelId="throughput-1")["status"] == "Creating"
    simulation.clock.advance(1)
    assert get(provisionedModelId=arn.rpartition("/")[2])["status"] == "InService"
    simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert get(provisionedModelId=arn)["status"] == "InService"
    simulation.clock.advance(60)
    with pytest.raises(ClientError) as error:
        get(provisionedModelId=arn)
    assert code_of(error) == "ResourceNotFoundException"
    with pytest.raises(ClientError) as error:
        simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert code_of(error) == "ResourceNotFoundException"
    assert simulation.bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"] == []


def test_a_job_of_the_same_name_is_not_logged_as_the_throughput(simulation: Simulation, model_arn: str) -> None:
    """The log is the proof of a deletion: a line must not point at something else."""
    with pytest.raises(ClientError):
        simulation.bedrock.get_provisioned_model_throughput(provisionedModelId="job-1")
    assert simulation.calls()[-1]["resource"] == "job-1"


@pytest.mark.assumption("throughput-deletion-while-creating-conflicts")
def test_deletion_while_creating_conflicts(simulation: Simulation, model_arn: str) -> None:
    """Clean-up must be prepared to try again."""
    arn = buy(simulation, model_arn)
    with pytest.raises(ClientError) as error:
        simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert code_of(error) == "ConflictException"


@pytest.mark.assumption(
    "throughput-token-makes-purchase-idempotent", "throughput-token-with-another-request-is-refused"
)
def test_same_token_buys_once(simulation: Simulation, model_arn: str) -> None:
    """A purchase that is retried after a lost answer must not be billed twice."""
    arn = buy(simulation, model_arn, clientRequestToken="run-1")
    assert buy(simulation, model_arn, clientRequestToken="run-1") == arn
    with pytest.raises(ClientError) as error:
        buy(simulation, model_arn, clientRequestToken="run-1", modelUnits=2)
    assert code_of(error) == "ValidationException"
    assert len(simulation.bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"]) == 1


@pytest.mark.assumption("throughput-name-taken-while-it-exists")
def test_taken_name_is_refused(simulation: Simulation, model_arn: str) -> None:
    """Two purchases under one name would leave one that nobody knows."""
    buy(simulation, model_arn)
    with pytest.raises(ClientError, match="currently in use"):
        buy(simulation, model_arn)


@pytest.mark.assumption("quota-units-across-custom-models", "quota-units-count-until-the-throughput-is-gone")
def test_quota_counts_what_exists_and_names_its_code(simulation: Simulation, model_arn: str) -> None:
    """The message must say what to ask AWS for."""
    buy(simulation, model_arn, modelUnits=2)
    with pytest.raises(ClientError, match="L-BE77399C") as error:
        buy(simulation, model_arn, provisionedModelName="throughput-2")
    assert code_of(error) == "ServiceQuotaExceededException"
    simulation.clock.advance(HOUR)
    simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId="throughput-1")
    simulation.clock.advance(60)
    buy(simulation, model_arn, provisionedModelName="throughput-2")


@pytest.mark.assumption(
    "throughput-no-commitment-by-leaving-it-out",
    "throughput-commitment-cannot-be-deleted",
    "quota-units-with-commitment-do-not-count",
)
def test_commitment_is_kept_and_not_counted(simulation: Simulation, model_arn: str) -> None:
    """A commitment cannot be deleted: a request that carries one by mistake would be expensive."""
    arn = buy(simulation, model_arn, modelUnits=5, commitmentDuration="OneMonth")
    simulation.clock.advance(HOUR)
    throughput = simulation.bedrock.get_provisioned_model_throughput(provisionedModelId=arn)
    assert throughput["commitmentDuration"] == "OneMonth"
    with pytest.raises(ClientError, match="commitment") as error:
        simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert code_of(error) == "ConflictException"


@pytest.mark.assumption("throughput-of-an-unknown-model-is-refused", "throughput-only-for-provisionable-models")
@pytest.mark.parametrize(
    ("model_id", "code"),
    [
        ("arn:aws:bedrock:us-west-2:000000000000:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/aaaaaaaaaaaa",
         "ResourceNotFoundException"),
        ("anthropic.claude-9-v1:0", "ValidationException"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "ValidationException"),
    ],
)  # fmt: skip
def test_only_models_that_can_be_served_are(simulation: Simulation, model_id: str, code: str) -> None:
    """An unknown model, and one without provisioned inference."""
    with pytest.raises(ClientError) as error:
        buy(simulation, model_id)
    assert code_of(error) == code


@pytest.mark.assumption("throughput-keeps-its-model-from-deletion", "custom-model-deletion-is-immediate")
def test_model_in_use_cannot_be_deleted(simulation: Simulation, model_arn: str) -> None:
    """Deleting must go in the right order: throughput first."""
    buy(simulation, model_arn)
    with pytest.raises(ClientError) as error:
        simulation.bedrock.delete_custom_model(modelIdentifier="model-1")
    assert code_of(error) == "ConflictException"
    simulation.clock.advance(HOUR)
    simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId="throughput-1")
    simulation.clock.advance(60)
    simulation.bedrock.delete_custom_model(modelIdentifier="model-1")
    assert simulation.bedrock.list_custom_models()["modelSummaries"] == []


@pytest.mark.assumption("throughput-update-renames", "throughput-tags-from-its-purchase")
def test_update_renames(simulation: Simulation, model_arn: str) -> None:
    """The ARN stays, the name changes."""
    arn = buy(simulation, model_arn, tags=[{"key": "run", "value": "r"}])
    simulation.bedrock.update_provisioned_model_throughput(
        provisionedModelId=arn, desiredProvisionedModelName="renamed"
    )
    found = simulation.bedrock.list_provisioned_model_throughputs(nameContains="ren", modelArnEquals=model_arn)
    assert [summary["provisionedModelArn"] for summary in found["provisionedModelSummaries"]] == [arn]
    assert simulation.bedrock.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "run", "value": "r"}]


@pytest.mark.assumption("quota-new-account-has-no-units")
class TestWithoutUnits:
    """A new AWS account."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(no_commitment_model_units=0)

    def test_a_new_account_has_no_units_and_is_told_so_as_on_aws(self, simulation: Simulation, model_arn: str) -> None:
        """The message names neither quota: a pipeline has to know both."""
        with pytest.raises(
            ClientError, match="does not currently have any no commitment model units reserved"
        ) as error:
            buy(simulation, model_arn)
        assert code_of(error) == "ServiceQuotaExceededException"


@pytest.mark.assumption("quota-units-of-one-throughput-by-model")
class TestUnitsByModel:
    """An account with units across custom models, but few for one throughput of the base model."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(no_commitment_model_units=5, model_units_by_model={HAIKU: 1})

    def test_units_of_one_throughput_are_limited_by_base_model(self, simulation: Simulation, model_arn: str) -> None:
        """It takes both quotas to buy."""
        with pytest.raises(ClientError, match="quota of 1 model units per provisioned model") as error:
            buy(simulation, model_arn, modelUnits=2)
        assert code_of(error) == "ServiceQuotaExceededException"
        buy(simulation, model_arn)
        buy(simulation, model_arn, provisionedModelName="throughput-2")


@pytest.mark.assumption("base-models-list-with-filters", "base-model-unknown-is-not-found")
def test_foundation_models_are_listed_by_what_they_support(simulation: Simulation) -> None:
    """A deployment picks base models by these filters."""
    found = simulation.bedrock.list_foundation_models(byCustomizationType="FINE_TUNING", byProvider="anthropic")
    assert [model["modelId"] for model in found["modelSummaries"]] == ["anthropic.claude-3-haiku-20240307-v1:0:200k"]
    with pytest.raises(ClientError) as error:
        simulation.bedrock.get_foundation_model(modelIdentifier="anthropic.claude-9-v1:0")
    assert code_of(error) == "ResourceNotFoundException"


@pytest.mark.assumption("throughputs-list-in-pages")
def test_throughputs_are_listed_filtered_and_in_pages(simulation: Simulation, model_arn: str) -> None:
    """The reconciler reads all of them, whatever the page size."""
    buy(simulation, model_arn, provisionedModelName="throughput-0")
    simulation.clock.advance(1200)
    buy(simulation, model_arn, provisionedModelName="throughput-1")
    pages = simulation.bedrock.get_paginator("list_provisioned_model_throughputs").paginate(
        PaginationConfig={"PageSize": 1}, sortBy="CreationTime", sortOrder="Ascending"
    )
    names = [item["provisionedModelName"] for page in pages for item in page["provisionedModelSummaries"]]
    assert names == ["throughput-0", "throughput-1"]
    for filters, name in (({"statusEquals": "InService"}, "throughput-0"), ({"nameContains": "1"}, "throughput-1")):
        found = simulation.bedrock.list_provisioned_model_throughputs(**filters)["provisionedModelSummaries"]
        assert [item["provisionedModelName"] for item in found] == [name]


@pytest.mark.assumption("throughput-token-forgotten-with-it")
def test_a_purchase_after_the_deletion_buys_again(simulation: Simulation, model_arn: str) -> None:
    """The harder case: a step that is repeated late must look for the deletion first."""
    first = buy(simulation, model_arn, clientRequestToken="run-1")
    simulation.clock.advance(HOUR)
    simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=first)
    simulation.clock.advance(60)
    assert buy(simulation, model_arn, clientRequestToken="run-1") != first
