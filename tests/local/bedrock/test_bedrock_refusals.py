"""Refusals whose code no document tells: as the operation's own code, or as a ValidationException."""

import pytest
from botocore.exceptions import ClientError

from local.bedrock.settings import SimulationSettings, UndocumentedRefusals
from tests.local.bedrock.conftest import HAIKU, Simulation

UNKNOWN = "arn:aws:bedrock:us-west-2:000000000000:provisioned-model/abcdefghijkl"
LLAMA_3_3 = "meta.llama3-3-70b-instruct-v1:0:128k"


@pytest.fixture(params=["specific", "validation"])
def refusals(request: pytest.FixtureRequest) -> UndocumentedRefusals:
    chosen: UndocumentedRefusals = request.param
    return chosen


@pytest.fixture
def settings(refusals: UndocumentedRefusals) -> SimulationSettings:
    return SimulationSettings(undocumented_refusals=refusals)


def code_of(simulation: Simulation, operation: str, **parameters: object) -> str:
    with pytest.raises(ClientError) as caught:
        getattr(simulation.bedrock, operation)(**parameters)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.assumption("unknown-names-refused-by-either-code")
def test_an_unknown_name_is_not_found_or_invalid(simulation: Simulation, refusals: UndocumentedRefusals) -> None:
    expected = {"specific": "ResourceNotFoundException", "validation": "ValidationException"}[refusals]
    for operation, parameters in {
        "get_provisioned_model_throughput": {"provisionedModelId": "none"},
        "delete_provisioned_model_throughput": {"provisionedModelId": "none"},
        "get_custom_model_deployment": {"customModelDeploymentIdentifier": "none"},
        "delete_custom_model_deployment": {"customModelDeploymentIdentifier": "none"},
        "get_custom_model": {"modelIdentifier": "none"},
        "delete_custom_model": {"modelIdentifier": "none"},
        "get_model_customization_job": {"jobIdentifier": "none"},
        "stop_model_customization_job": {"jobIdentifier": "none"},
        "list_tags_for_resource": {"resourceARN": UNKNOWN},
    }.items():
        assert code_of(simulation, operation, **parameters) == expected, operation


@pytest.mark.assumption("states-refused-by-either-code")
def test_a_state_that_forbids_the_call_is_a_conflict_or_invalid(
    simulation: Simulation, refusals: UndocumentedRefusals
) -> None:
    expected = {"specific": "ConflictException", "validation": "ValidationException"}[refusals]
    job = simulation.complete_job()
    assert code_of(simulation, "stop_model_customization_job", jobIdentifier=job["jobArn"]) == expected
    throughput = simulation.bedrock.create_provisioned_model_throughput(
        provisionedModelName="sales", modelId=HAIKU, modelUnits=1
    )["provisionedModelArn"]
    assert code_of(simulation, "delete_provisioned_model_throughput", provisionedModelId=throughput) == expected
    simulation.clock.advance(3600)
    simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=throughput)
    assert code_of(simulation, "delete_provisioned_model_throughput", provisionedModelId=throughput) == expected


def test_the_deletion_of_a_deployment_in_creation_has_the_code_that_was_seen(simulation: Simulation) -> None:
    """Where it is known, the setting changes nothing."""
    model = simulation.complete_job_for(LLAMA_3_3)["outputModelArn"]
    simulation.bedrock.create_custom_model_deployment(modelDeploymentName="sales", modelArn=model)
    identifier = {"customModelDeploymentIdentifier": "sales"}
    assert code_of(simulation, "delete_custom_model_deployment", **identifier) == "ValidationException"


def test_a_rule_chooses_for_calls_about_one_name_also_when_it_is_gone(
    simulation: Simulation, refusals: UndocumentedRefusals
) -> None:
    """An ARN whose resource is gone still leads to its name: `make faults` tells runs apart by names."""
    simulation.control("POST", "faults", [{"operation": "*", "kind": "validation_refusals", "match": "sales"}])
    arn = simulation.bedrock.create_provisioned_model_throughput(
        provisionedModelName="sales", modelId=HAIKU, modelUnits=1
    )["provisionedModelArn"]
    simulation.clock.advance(3600)
    simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    simulation.clock.advance(60)
    code = code_of(simulation, "get_provisioned_model_throughput", provisionedModelId=arn)
    assert code == "ValidationException"
