"""What IAM looks at of a resource that a call names: its ARN, its tags, and the key of its model."""

from collections.abc import Callable
from typing import Any

from local.bedrock.batch_jobs import BatchJob, BatchJobs
from local.bedrock.custom_model_deployments import Deployment, Deployments
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.customization_jobs import CustomizationJob, CustomizationJobs
from local.bedrock.provisioned_throughput import Throughput, Throughputs
from local.bedrock.tags import Tags

Resource = CustomizationJob | BatchJob | CustomModel | Throughput | Deployment


class ResourcesSeenByIam:
    """Of one account; called under the service's lock, and no call of the API."""

    def __init__(
        self,
        jobs: CustomizationJobs,
        batch_jobs: BatchJobs,
        custom_models: CustomModels,
        throughputs: Throughputs,
        deployments: Deployments,
        tags: Tags,
    ) -> None:
        self._tags, self._deployments = tags, deployments
        # By the kind that an ARN names.
        self._find: dict[str, Callable[[str], Resource | None]] = {
            "model-customization-job": jobs.find,
            "model-invocation-job": batch_jobs.find,
            "custom-model": custom_models.find,
            "provisioned-model": throughputs.find,
            "custom-model-deployment": deployments.find,
        }

    def tell(self, kind: str, identifier: str) -> dict[str, Any] | None:
        """The resource of a kind that a name, an id or an ARN names; None where there is none."""
        found = self._find[kind](identifier)
        if found is None:
            return None
        return {"arn": found.arn, "tags": self._tags.of(found.arn), "key": self._key_of(found)}

    def _key_of(self, resource: Resource) -> str | None:
        made = resource.model if isinstance(resource, Throughput) else resource
        if isinstance(made, Deployment):
            made = self._deployments.served_model(made)
        key: str | None = (
            made.request.get("customModelKmsKeyId") if isinstance(made, CustomModel | CustomizationJob) else None
        )
        return key
