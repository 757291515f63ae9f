"""Bedrock's control plane: customization jobs, custom models and tags.

Names and tokens come checked from `domain/core/run.py`: botocore checks no pattern. Every method raises ServiceBusy,
NotFound, Conflict or Refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.adapters.aws.deletions import explain_refused_deletion
from lambdas.adapters.aws.service_errors import (
    VALIDATION,
    Conflict,
    NotFound,
    Refused,
    errors_about_one,
    failure_words,
    named_errors,
)
from lambdas.domain.core.timestamps import timestamp
from lambdas.domain.training.customization import IN_PROGRESS, JobDescription, phase_of
from lambdas.domain.training.given_model import ACTIVE, GivenModel
from lambdas.domain.training.network import JobNetwork

if TYPE_CHECKING:
    from types_boto3_bedrock import BedrockClient
    from types_boto3_bedrock.type_defs import (
        CreateModelCustomizationJobRequestTypeDef,
        ResponseMetadataTypeDef,
        StatusDetailsTypeDef,
        TagTypeDef,
    )

# A simulated Bedrock says so itself with each response; Amazon Bedrock sends no such header.
_SIMULATED_HEADER = "x-simulated-service"


@dataclass(frozen=True)
class JobRequest:
    """A fine-tuning job; URIs are S3's, hyperparameters are texts as the API wants them."""

    name: str
    token: str
    role_arn: str
    base_model: str
    hyperparameters: Mapping[str, str]
    training_uri: str
    validation_uri: str | None
    output_uri: str
    kms_key_arn: str | None
    tags: Mapping[str, str]
    network: JobNetwork | None = None


@dataclass(frozen=True)
class Listed:
    """A throughput, a deployment, a job or a custom model in a list; only a throughput has `model_units`."""

    arn: str
    name: str
    created_at: str
    model_units: int | None


class Bedrock:
    """Customization jobs, custom models, and the tags of whatever Bedrock has."""

    def __init__(self, client: "BedrockClient") -> None:
        self._client = client

    def start_customization_job(self, request: JobRequest) -> tuple[str, bool]:
        """Starts a job named like its model; returns its ARN and whether a simulated service answered.

        The same token with the same request gives the same job.
        """
        arguments: CreateModelCustomizationJobRequestTypeDef = {
            "jobName": request.name,
            "customModelName": request.name,
            "clientRequestToken": request.token,
            "roleArn": request.role_arn,
            "baseModelIdentifier": request.base_model,
            "customizationType": "FINE_TUNING",
            "hyperParameters": dict(request.hyperparameters),
            "trainingDataConfig": {"s3Uri": request.training_uri},
            "outputDataConfig": {"s3Uri": request.output_uri},
            "jobTags": tag_list(request.tags),
            "customModelTags": tag_list(request.tags),
        }
        if request.validation_uri is not None:
            arguments["validationDataConfig"] = {"validators": [{"s3Uri": request.validation_uri}]}
        if request.kms_key_arn is not None:
            arguments["customModelKmsKeyId"] = request.kms_key_arn
        if request.network is not None:
            arguments["vpcConfig"] = {
                "subnetIds": list(request.network.subnet_ids),
                "securityGroupIds": list(request.network.security_group_ids),
            }
        with named_errors("CreateModelCustomizationJob"):
            response = self._client.create_model_customization_job(**arguments)
        return response["jobArn"], _is_simulated(response["ResponseMetadata"])

    def find_customization_job(self, identifier: str) -> JobDescription | None:
        """A job by name or ARN; None where there is none."""
        try:
            with errors_about_one("GetModelCustomizationJob"):
                response = self._client.get_model_customization_job(jobIdentifier=identifier)
        except NotFound:
            return None
        ended_at = response.get("endTime")
        validations = response.get("validationMetrics") or [{}]
        return JobDescription(
            name=response["jobName"],
            arn=response["jobArn"],
            status=response.get("status", "InProgress"),
            model_arn=response.get("outputModelArn"),
            started_at=timestamp(response["creationTime"]),
            ended_at=timestamp(ended_at) if ended_at else None,
            simulated=_is_simulated(response["ResponseMetadata"]),
            training_uri=response["trainingDataConfig"].get("s3Uri"),
            failure_message=failure_words(response.get("failureMessage")),
            training_loss=response.get("trainingMetrics", {}).get("trainingLoss"),
            validation_loss=validations[-1].get("validationLoss"),
            phase=phase_of(_phase_statuses(response.get("statusDetails", {}))),
        )

    def stop_customization_job(self, identifier: str) -> None:
        """Asks a job to stop; what it has trained is lost. Raises Conflict where it has ended, or stops already."""
        try:
            with errors_about_one("StopModelCustomizationJob"):
                self._client.stop_model_customization_job(jobIdentifier=identifier)
        except Refused as refusal:
            # A ValidationException may have words that nobody has seen yet: then its state is asked for.
            if refusal.code == VALIDATION and not isinstance(refusal, NotFound | Conflict):
                found = self.find_customization_job(identifier)
                if found is not None and found.status != IN_PROGRESS:
                    raise Conflict(refusal.operation, refusal.code, refusal.message) from refusal
            raise

    def list_running_jobs(self) -> list[Listed]:
        """All customization jobs in progress of the account in this Region, whoever started them."""
        with named_errors("ListModelCustomizationJobs"):
            pages = self._client.get_paginator("list_model_customization_jobs").paginate(statusEquals="InProgress")
            return [
                Listed(found["jobArn"], found["jobName"], timestamp(found["creationTime"]), None)
                for page in pages
                for found in page.get("modelCustomizationJobSummaries", [])
            ]

    def find_custom_model(self, identifier: str) -> str | None:
        """The ARN of a custom model by name or ARN; None where there is none."""
        try:
            with errors_about_one("GetCustomModel"):
                return self._client.get_custom_model(modelIdentifier=identifier)["modelArn"]
        except NotFound:
            return None

    def describe_custom_model(self, arn: str) -> GivenModel | None:
        """A custom model by its ARN; None where there is none."""
        try:
            with errors_about_one("GetCustomModel"):
                response = self._client.get_custom_model(modelIdentifier=arn)
        except NotFound:
            return None
        validations = response.get("validationMetrics") or [{}]
        return GivenModel(
            arn=response["modelArn"],
            name=response["modelName"],
            base_model=response.get("baseModelArn", "").rpartition("foundation-model/")[2],
            status=response.get("modelStatus", ACTIVE),
            created_at=timestamp(response["creationTime"]),
            hyperparameters=dict(response.get("hyperParameters", {})),
            training_loss=response.get("trainingMetrics", {}).get("trainingLoss"),
            validation_loss=validations[-1].get("validationLoss"),
            simulated=_is_simulated(response["ResponseMetadata"]),
        )

    def delete_custom_model(self, arn: str) -> bool:
        """Deletes a custom model; False for one that does not exist, deleted already."""
        try:
            with errors_about_one("DeleteCustomModel"):
                self._client.delete_custom_model(modelIdentifier=arn)
        except NotFound:
            return False
        except Refused as refusal:
            return explain_refused_deletion(refusal, lambda: self.find_custom_model(arn))
        return True

    def list_custom_models(self) -> list[Listed]:
        """All custom models of the account in this Region, whoever made them."""
        with named_errors("ListCustomModels"):
            pages = self._client.get_paginator("list_custom_models").paginate(isOwned=True)
            return [
                Listed(found["modelArn"], found["modelName"], timestamp(found["creationTime"]), None)
                for page in pages
                for found in page.get("modelSummaries", [])
            ]

    def tags_of(self, arn: str) -> dict[str, str]:
        """The tags of a job, a custom model, a throughput or a deployment."""
        with errors_about_one("ListTagsForResource"):
            response = self._client.list_tags_for_resource(resourceARN=arn)
        return {tag["key"]: tag["value"] for tag in response.get("tags", [])}

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Gives a resource these tags; those of other names stay."""
        with errors_about_one("TagResource"):
            self._client.tag_resource(resourceARN=arn, tags=tag_list(tags))


def tag_list(tags: Mapping[str, str]) -> "list[TagTypeDef]":
    """Tags as Bedrock wants them."""
    return [{"key": name, "value": value} for name, value in tags.items()]


def _phase_statuses(details: "StatusDetailsTypeDef") -> dict[str, str]:
    """The status of each phase of a job that Bedrock tells."""
    phases = {
        "validationDetails": details.get("validationDetails", {}),
        "dataProcessingDetails": details.get("dataProcessingDetails", {}),
        "trainingDetails": details.get("trainingDetails", {}),
    }
    return {name: phase["status"] for name, phase in phases.items() if "status" in phase}


def _is_simulated(metadata: "ResponseMetadataTypeDef") -> bool:
    return _SIMULATED_HEADER in metadata["HTTPHeaders"]
