"""Bedrock's custom model deployments: a custom model that is asked on demand, billed by tokens.

Every method raises ServiceBusy, NotFound, Conflict or Refused.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lambdas.adapters.aws.bedrock import Listed, tag_list
from lambdas.adapters.aws.deletions import explain_refused_deletion
from lambdas.adapters.aws.service_errors import NotFound, Refused, errors_about_one, failure_words, named_errors
from lambdas.domain.core.timestamps import timestamp
from lambdas.domain.serving.kinds import IN_SERVICE, ON_DEMAND, ModelUpdate, ServedModel

if TYPE_CHECKING:
    from types_boto3_bedrock import BedrockClient

_ACTIVE = "Active"


class CustomModelDeployments:
    """Custom models that are served on demand."""

    def __init__(self, client: "BedrockClient") -> None:
        self._client = client

    def create(self, name: str, token: str, model_arn: str, tags: Mapping[str, str]) -> str:
        """Deploys a custom model; returns the deployment's ARN. The same token gives the same deployment."""
        with named_errors("CreateCustomModelDeployment"):
            response = self._client.create_custom_model_deployment(
                modelDeploymentName=name, clientRequestToken=token, modelArn=model_arn, tags=tag_list(tags)
            )
        return response["customModelDeploymentArn"]

    def update(self, identifier: str, model_arn: str) -> None:
        """Asks that a deployment, by name or ARN, serves another model of the same base model from now on.

        The old model answers until `find` tells that the update is completed. Raises Conflict for a deployment that
        Bedrock is still creating, updating or deleting.
        """
        with errors_about_one("UpdateCustomModelDeployment"):
            self._client.update_custom_model_deployment(customModelDeploymentIdentifier=identifier, modelArn=model_arn)

    def find(self, identifier: str) -> ServedModel | None:
        """A deployment by name or ARN; None where there is none."""
        try:
            with errors_about_one("GetCustomModelDeployment"):
                response = self._client.get_custom_model_deployment(customModelDeploymentIdentifier=identifier)
        except NotFound:
            return None
        status: str = response["status"]
        update = response.get("updateDetails")
        return ServedModel(
            kind=ON_DEMAND,
            arn=response["customModelDeploymentArn"],
            status=IN_SERVICE if status == _ACTIVE else status,
            model_arn=response["modelArn"],
            model_units=None,
            created_at=timestamp(response["createdAt"]),
            changed_at=timestamp(response.get("lastUpdatedAt", response["createdAt"])),
            failure_message=failure_words(response.get("failureMessage")),
            update=ModelUpdate(update["modelArn"], update["updateStatus"]) if update else None,
        )

    def delete(self, identifier: str) -> bool:
        """Asks for the deletion of a deployment by name or ARN; False for one that does not exist, deleted already.

        Raises Conflict for one that Bedrock is still creating or updating, or is deleting already.
        """
        try:
            with errors_about_one("DeleteCustomModelDeployment"):
                self._client.delete_custom_model_deployment(customModelDeploymentIdentifier=identifier)
        except NotFound:
            return False
        except Refused as refusal:
            return explain_refused_deletion(refusal, lambda: self.find(identifier))
        return True

    def list_all(self) -> list[Listed]:
        """All deployments of the account in this Region, whoever made them."""
        with named_errors("ListCustomModelDeployments"):
            pages = self._client.get_paginator("list_custom_model_deployments").paginate()
            return [
                Listed(
                    found["customModelDeploymentArn"],
                    found["customModelDeploymentName"],
                    timestamp(found["createdAt"]),
                    None,
                )
                for page in pages
                for found in page.get("modelDeploymentSummaries", [])
            ]
