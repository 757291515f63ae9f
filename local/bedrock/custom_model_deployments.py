"""Custom model deployments: Create, Get, Update, List, Delete. They serve a custom model on demand, by the token."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from local.bedrock.clock import SimulationClock
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.errors import (
    TOO_MANY_REQUESTS,
    NotFoundError,
    NotReadyError,
    QuotaError,
    ThrottledError,
    UnknownResourceError,
    ValidationError,
)
from local.bedrock.resources import UNKNOWN_MODEL, new_id, page, times, without_nones
from local.bedrock.serving import Server, Servers
from local.bedrock.settings import SimulationSettings
from local.bedrock.tags import Tags

# The user guide, "Deploy a custom model for on-demand inference": only models customized on or after this day.
FIRST_DAY = datetime(2025, 7, 16, tzinfo=UTC)


MUTATING = "Custom model deployment is in a mutating state"


@dataclass
class PendingUpdate:
    """A deployment's last update: from which model to which, and when it is done or has failed."""

    previous: CustomModel
    model: CustomModel
    done: float
    is_broken: bool = False
    is_endless: bool = False

    def status(self, at: float) -> Literal["Updating", "UpdateCompleted", "UpdateFailed"]:
        """In Bedrock's words."""
        if self.is_endless or at < self.done:
            return "Updating"
        return "UpdateFailed" if self.is_broken else "UpdateCompleted"

    def serving(self, at: float) -> CustomModel:
        """The model that answers: the old one until the update is completed."""
        return self.model if self.status(at) == "UpdateCompleted" else self.previous


@dataclass
class Deployment(Server):
    """One deployment with the model of its creation; `asked` has the times of the last minute's questions."""

    first_model: CustomModel
    asked: deque[float] = field(default_factory=deque)
    update: PendingUpdate | None = None

    def model(self, at: float) -> CustomModel:
        """What it serves."""
        return self.update.serving(at) if self.update else self.first_model

    def holds(self, arn: str, at: float) -> bool:
        """Whether a model must not be deleted: it is served, or about to be."""
        held = {self.model(at).arn}
        if self.update and self.update.status(at) == "Updating":
            held.add(self.update.model.arn)
        return arn in held


class Deployments:
    """The deployments of the account. Not thread-safe by itself: the service calls it under one lock."""

    def __init__(
        self, settings: SimulationSettings, clock: SimulationClock, custom_models: CustomModels, tags: Tags
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._custom_models = custom_models
        self._deployments: Servers[Deployment] = Servers(
            clock,
            tags,
            settings.scaled(settings.deployment_creation_seconds),
            settings.scaled(settings.deployment_deletion_seconds),
        )
        custom_models.serving["a custom model deployment"] = lambda arn: any(
            item.holds(arn, clock.now()) for item in self._deployments
        )

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """CreateCustomModelDeployment: the same token with the same request gives the same deployment.

        The token is remembered as long as the deployment exists. The operation knows no conflict.
        """
        known = self._deployments.of_token(params)
        if known is not None:
            return {"customModelDeploymentArn": known.arn}
        model = self._deployable(params["modelArn"])
        name = params["modelDeploymentName"]
        if any(item.name == name for item in self._deployments):
            raise ValidationError(f"The provided custom model deployment name is currently in use: {name}")
        self._check_quota()
        arn = f"arn:aws:bedrock:{self._settings.region}:{self._settings.account_id}:custom-model-deployment/{new_id()}"
        deployment = Deployment(arn, params, name, self._clock.now(), model)
        self._deployments.add(deployment, params.get("tags", []))
        return {"customModelDeploymentArn": arn}

    def get(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetCustomModelDeployment, by ARN or name; a deleted one is not found."""
        deployment = self._find(params["customModelDeploymentIdentifier"])
        update = deployment.update
        details = update and {"modelArn": update.model.arn, "updateStatus": update.status(self._clock.now())}
        return without_nones(
            {
                **self._describe(deployment),
                "updateDetails": details,
                "modelDeploymentName": deployment.name,
                "description": deployment.request.get("description"),
            }
        )

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateCustomModelDeployment: another model of the same base model, under the same ARN.

        The old one goes on answering until the update is completed, and where it fails.
        """
        deployment, now = self._find(params["customModelDeploymentIdentifier"]), self._clock.now()
        model = self._deployable(params["modelArn"])
        if self._is_mutating(deployment):
            raise ValidationError(MUTATING)
        current = deployment.model(now)
        if model.base_model != current.base_model:
            raise ValidationError("The new custom model must have the same base model as the deployed one.")
        takes = self._settings.scaled(self._settings.deployment_update_seconds)
        deployment.update = PendingUpdate(current, model, now + takes)
        return {"customModelDeploymentArn": deployment.arn}

    def list_deployments(self, params: dict[str, Any], moment_of: Callable[[str], float]) -> dict[str, Any]:
        """ListCustomModelDeployments, of each name as it was at its moment."""
        status, model_arn = params.get("statusEquals"), params.get("modelArnEquals")
        return page(
            [
                {**self._describe(item, moment), "customModelDeploymentName": item.name}
                for item, moment in self._deployments.existed_at(moment_of)
            ],
            params,
            key="modelDeploymentSummaries",
            name_key="customModelDeploymentName",
            time_key="createdAt",
            keep=lambda summary: status in (None, summary["status"]) and model_arn in (None, summary["modelArn"]),
        )

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteCustomModelDeployment: there is no Deleting status, it is there until it is not found any more."""
        deployment = self._find(params["customModelDeploymentIdentifier"])
        if self._is_mutating(deployment) and not self._settings.delete_while_creating:
            # No ConflictException, as with a throughput: seen on AWS, and so worded there.
            raise ValidationError(MUTATING)
        self._deployments.request_deletion(deployment)
        return {}

    def active_model(self, arn: str) -> CustomModel:
        """The model that a deployment serves, by the deployment's ARN; asked once more by this call.

        Raises NotReadyError while it is Creating, ThrottledError beyond its requests a minute.
        """
        deployment = self._deployments.find(arn)
        if deployment is None:
            raise NotFoundError(
                f"Could not resolve the custom model deployment from the provided model identifier: {arn}"
            )
        if self._status(deployment) != "Active":
            raise NotReadyError(f"The custom model deployment {arn} is not ready to serve inference requests.")
        self._take_request(deployment)
        return deployment.model(self._clock.now())

    def find(self, identifier: str) -> Deployment | None:
        """A deployment that exists, by ARN or name."""
        return self._deployments.find(identifier)

    def served_model(self, deployment: Deployment) -> CustomModel:
        """What a deployment serves now."""
        return deployment.model(self._clock.now())

    def refresh(self) -> None:
        """Forget the deployments whose deletion has taken its time."""
        self._deployments.refresh()

    def _take_request(self, deployment: Deployment) -> None:
        allowed, asked, now = self._settings.deployment_requests_per_minute, deployment.asked, self._clock.now()
        while asked and now - asked[0] >= self._settings.scaled(60):
            asked.popleft()
        if allowed is not None and len(asked) >= allowed:
            raise ThrottledError(TOO_MANY_REQUESTS)
        asked.append(now)

    def _find(self, identifier: str) -> Deployment:
        deployment = self.find(identifier)
        if deployment is None:
            raise UnknownResourceError(f"Could not find the custom model deployment: {identifier}", UNKNOWN_MODEL)
        return deployment

    def _deployable(self, arn: str) -> CustomModel:
        model = self._custom_models.find(arn)
        if model is None:
            raise NotFoundError(f"Could not find the custom model: {arn}")
        customization = model.base_model.customization
        if customization is None or not customization.on_demand:
            raise ValidationError(
                f"On-demand inference is not supported for custom models based on {model.base_model.model_id}. "
                "Purchase Provisioned Throughput for the model instead."
            )
        if model.created < FIRST_DAY.timestamp():
            raise ValidationError(
                f"The custom model {model.name} was customized before {FIRST_DAY:%Y-%m-%d} and cannot be deployed for "
                "on-demand inference."
            )
        return model

    def _check_quota(self) -> None:
        statuses = [self._status(item) for item in self._deployments]
        for what, used, allowed in (
            ("custom model deployments", len(statuses), self._settings.custom_model_deployments),
            (
                "custom model deployments in creation",
                statuses.count("Creating"),
                self._settings.creating_custom_model_deployments,
            ),
        ):
            if used >= allowed:
                raise QuotaError(
                    f"The account has {used} {what} and its quota is {allowed}. Try again when there are fewer, or "
                    "request an increase in Service Quotas."
                )

    def _status(self, deployment: Deployment, at: float | None = None) -> Literal["Creating", "Active"]:
        return "Active" if self._deployments.is_ready(deployment, at) else "Creating"

    def _is_mutating(self, deployment: Deployment) -> bool:
        update = deployment.update
        is_updating = update is not None and update.status(self._clock.now()) == "Updating"
        return is_updating or self._status(deployment) == "Creating"

    def _describe(self, deployment: Deployment, at: float | None = None) -> dict[str, Any]:
        """What Get and List have in common."""
        status, moment = self._status(deployment, at), self._clock.now() if at is None else at
        updated = deployment.created if status == "Creating" else self._deployments.ready(deployment)
        if deployment.update and deployment.update.status(moment) != "Updating":
            updated = deployment.update.done
        return {
            "customModelDeploymentArn": deployment.arn,
            "modelArn": deployment.model(moment).arn,
            "status": status,
            **times(createdAt=deployment.created, lastUpdatedAt=updated),
        }
