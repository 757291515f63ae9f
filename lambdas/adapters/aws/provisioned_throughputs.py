"""Bedrock's provisioned throughput: a custom model with capacity of its own, billed by the hour.

Every method raises ServiceBusy, NotFound, Conflict or Refused.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lambdas.adapters.aws.bedrock import Listed, tag_list
from lambdas.adapters.aws.deletions import explain_refused_deletion
from lambdas.adapters.aws.service_errors import NotFound, Refused, errors_about_one, failure_words, named_errors
from lambdas.domain.core.timestamps import timestamp
from lambdas.domain.serving.kinds import PROVISIONED, ServedModel

if TYPE_CHECKING:
    from types_boto3_bedrock import BedrockClient


class ProvisionedThroughputs:
    """Throughput without commitment for custom models."""

    def __init__(self, client: "BedrockClient") -> None:
        self._client = client

    def create(self, name: str, token: str, model_arn: str, model_units: int, tags: Mapping[str, str]) -> str:
        """Buys throughput without commitment, billed by the hour until it is deleted; returns its ARN.

        No `commitmentDuration` is what "no commitment" means in this API. The same token gives the same throughput.
        """
        with named_errors("CreateProvisionedModelThroughput"):
            response = self._client.create_provisioned_model_throughput(
                provisionedModelName=name,
                clientRequestToken=token,
                modelId=model_arn,
                modelUnits=model_units,
                tags=tag_list(tags),
            )
        return response["provisionedModelArn"]

    def find(self, identifier: str) -> ServedModel | None:
        """A throughput by name or ARN; None where there is none."""
        try:
            with errors_about_one("GetProvisionedModelThroughput"):
                response = self._client.get_provisioned_model_throughput(provisionedModelId=identifier)
        except NotFound:
            return None
        return ServedModel(
            kind=PROVISIONED,
            arn=response["provisionedModelArn"],
            status=response["status"],
            model_arn=response["modelArn"],
            model_units=response["modelUnits"],
            created_at=timestamp(response["creationTime"]),
            changed_at=timestamp(response["lastModifiedTime"]),
            failure_message=failure_words(response.get("failureMessage")),
        )

    def delete(self, identifier: str) -> bool:
        """Asks for the deletion of a throughput by name or ARN; False for one that does not exist, deleted already.

        Raises Conflict for one that Bedrock is still creating or is deleting already.
        """
        try:
            with errors_about_one("DeleteProvisionedModelThroughput"):
                self._client.delete_provisioned_model_throughput(provisionedModelId=identifier)
        except NotFound:
            return False
        except Refused as refusal:
            return explain_refused_deletion(refusal, lambda: self.find(identifier))
        return True

    def list_all(self) -> list[Listed]:
        """All throughputs of the account in this Region, whoever bought them."""
        with named_errors("ListProvisionedModelThroughputs"):
            pages = self._client.get_paginator("list_provisioned_model_throughputs").paginate()
            return [
                Listed(
                    found["provisionedModelArn"],
                    found["provisionedModelName"],
                    timestamp(found["creationTime"]),
                    found["modelUnits"],
                )
                for page in pages
                for found in page.get("provisionedModelSummaries", [])
            ]
