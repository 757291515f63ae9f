"""Where no document tells Bedrock's code, a ValidationException means what ResourceNotFound or Conflict would mean."""

from collections.abc import Callable

import pytest

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Conflict, NotFound, Refused
from tests.handlers.bedrock.conftest import DEPLOYMENT_ARN, JOB_ARN, MODEL_ARN, NAME, THROUGHPUT_ARN, Describe, Script

VALIDATION = "ValidationException"
INVALID = "The provided model identifier is invalid."
UNSEEN = "Input validation failed. Check your request parameters and retry the request."


@pytest.mark.parametrize("message", [INVALID, "Could not find the resource.", "The model does not exist."])
def test_what_bedrock_calls_invalid_is_not_found(bedrock: Script, adapters: Adapters, message: str) -> None:
    """Else a run whose throughput is gone would call for a person to delete it."""
    finds: dict[str, Callable[[], object]] = {
        "GetProvisionedModelThroughput": lambda: adapters.throughputs.find(NAME),
        "GetCustomModelDeployment": lambda: adapters.deployments.find(NAME),
        "GetModelCustomizationJob": lambda: adapters.bedrock.find_customization_job(NAME),
        "GetCustomModel": lambda: adapters.bedrock.find_custom_model(NAME),
    }
    for operation, find in finds.items():
        bedrock.refuse(operation, VALIDATION, message)
        assert find() is None, operation


def test_another_validation_error_never_means_that_nothing_is_there(bedrock: Script, adapters: Adapters) -> None:
    """What could not be asked may bill."""
    bedrock.refuse("GetProvisionedModelThroughput", VALIDATION, UNSEEN)
    with pytest.raises(Refused) as caught:
        adapters.throughputs.find(NAME)
    assert not isinstance(caught.value, NotFound)


def test_a_deletion_of_what_is_gone_is_done(bedrock: Script, adapters: Adapters) -> None:
    bedrock.refuse("DeleteProvisionedModelThroughput", VALIDATION, INVALID)
    bedrock.refuse("DeleteCustomModelDeployment", VALIDATION, INVALID)
    bedrock.refuse("DeleteCustomModel", VALIDATION, INVALID)
    assert not adapters.throughputs.delete(THROUGHPUT_ARN)
    assert not adapters.deployments.delete(DEPLOYMENT_ARN)
    adapters.bedrock.delete_custom_model(MODEL_ARN)


def test_a_denied_deletion_of_what_is_gone_is_done(bedrock: Script, adapters: Adapters) -> None:
    """Two calls delete the same: for the second one it has no tags any more, by which its deletion is allowed."""
    kinds: dict[str, Callable[[], bool]] = {
        "ProvisionedModelThroughput": lambda: adapters.throughputs.delete(THROUGHPUT_ARN),
        "CustomModelDeployment": lambda: adapters.deployments.delete(DEPLOYMENT_ARN),
        "CustomModel": lambda: adapters.bedrock.delete_custom_model(MODEL_ARN),
    }
    for kind, delete in kinds.items():
        bedrock.refuse(f"Delete{kind}", "AccessDeniedException")
        bedrock.refuse(f"Get{kind}", "ResourceNotFoundException")
        assert not delete(), kind


def test_a_denied_deletion_of_what_is_there_stays_denied(
    bedrock: Script, adapters: Adapters, throughput_description: Describe
) -> None:
    """A person must be told: it bills on."""
    bedrock.refuse("DeleteProvisionedModelThroughput", "AccessDeniedException")
    bedrock.answer("GetProvisionedModelThroughput", throughput_description(status="InService"))
    with pytest.raises(Refused, match="AccessDenied"):
        adapters.throughputs.delete(THROUGHPUT_ARN)


@pytest.mark.parametrize("message", ["The resource is in a mutating state", "It is being deleted already."])
def test_a_state_that_forbids_the_deletion_is_a_conflict(bedrock: Script, adapters: Adapters, message: str) -> None:
    """Time heals it: it must not use up the few attempts of a refusal that lasts."""
    bedrock.refuse("DeleteProvisionedModelThroughput", VALIDATION, message)
    bedrock.refuse("DeleteCustomModelDeployment", VALIDATION, message)
    bedrock.refuse("DeleteCustomModel", VALIDATION, message)
    with pytest.raises(Conflict):
        adapters.throughputs.delete(THROUGHPUT_ARN)
    with pytest.raises(Conflict):
        adapters.deployments.delete(DEPLOYMENT_ARN)
    with pytest.raises(Conflict):
        adapters.bedrock.delete_custom_model(MODEL_ARN)


def test_in_words_that_nobody_has_seen_the_state_decides(
    bedrock: Script, adapters: Adapters, throughput_description: Describe
) -> None:
    """Bedrock's words for a throughput that is still Creating are not known."""
    bedrock.refuse("DeleteProvisionedModelThroughput", VALIDATION, UNSEEN)
    bedrock.answer("GetProvisionedModelThroughput", throughput_description(status="Creating"))
    bedrock.answer("GetProvisionedModelThroughput", throughput_description(status="InService"))
    bedrock.refuse("GetProvisionedModelThroughput", "ResourceNotFoundException")
    with pytest.raises(Conflict):
        adapters.throughputs.delete(THROUGHPUT_ARN)
    with pytest.raises(Refused) as caught:
        adapters.throughputs.delete(THROUGHPUT_ARN)
    assert not isinstance(caught.value, Conflict)
    assert not adapters.throughputs.delete(THROUGHPUT_ARN)


def test_a_job_that_has_ended_cannot_be_stopped_in_any_words(
    bedrock: Script, adapters: Adapters, job_description: Describe
) -> None:
    bedrock.refuse("StopModelCustomizationJob", VALIDATION, UNSEEN)
    bedrock.answer("GetModelCustomizationJob", job_description(status="Completed"))
    bedrock.answer("GetModelCustomizationJob", job_description(status="InProgress"))
    with pytest.raises(Conflict):
        adapters.bedrock.stop_customization_job(JOB_ARN)
    with pytest.raises(Refused) as caught:
        adapters.bedrock.stop_customization_job(JOB_ARN)
    assert not isinstance(caught.value, Conflict)
    assert caught.value.operation == "StopModelCustomizationJob"


def test_tags_of_what_is_gone_are_not_found(bedrock: Script, adapters: Adapters) -> None:
    bedrock.refuse("ListTagsForResource", VALIDATION, "The provided resource ARN is invalid.")
    with pytest.raises(NotFound):
        adapters.bedrock.tags_of(THROUGHPUT_ARN)
