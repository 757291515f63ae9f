"""Custom models: Get, List, Delete; jobs add them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.bedrock.clock import SimulationClock
from local.bedrock.errors import UnknownResourceError, WrongStateError
from local.bedrock.foundation_models import FoundationModel, SimulatedFoundationModels
from local.bedrock.resources import UNKNOWN_MODEL, page, times, without_nones
from local.bedrock.settings import SimulationSettings
from local.bedrock.tags import Tags
from local.bedrock.training import TrainingOutcome


@dataclass(frozen=True)
class CustomModel:
    """A model that a job made; `created` in epoch seconds."""

    arn: str
    name: str
    job_arn: str
    request: dict[str, Any]
    base_model: FoundationModel
    training: TrainingOutcome
    created: float


class CustomModels:
    """The custom models of the account. Not thread-safe by itself: the service calls it under one lock."""

    def __init__(
        self,
        settings: SimulationSettings,
        clock: SimulationClock,
        foundation_models: SimulatedFoundationModels,
        tags: Tags,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._foundation_models = foundation_models
        self._tags = tags
        self._models: dict[str, CustomModel] = {}
        # Those that are gone, with the time of their deletion.
        self._gone: list[tuple[CustomModel, float]] = []
        # Whether a model, by its ARN, is served in some way: those that serve put themselves here.
        self.serving: dict[str, Callable[[str], bool]] = {}

    def add(
        self,
        request: dict[str, Any],
        job_arn: str,
        base_model: FoundationModel,
        training: TrainingOutcome,
        created: float,
    ) -> CustomModel:
        """A completed job's model: its ARN ends with the job's id."""
        arn = (
            f"arn:aws:bedrock:{self._settings.region}:{self._settings.account_id}"
            f":custom-model/{base_model.model_id}/{job_arn.rpartition('/')[2]}"
        )
        model = CustomModel(arn, request["customModelName"], job_arn, request, base_model, training, created)
        self._models[arn] = model
        self._tags.add(arn, model.name, request.get("customModelTags", []))
        return model

    def find(self, identifier: str) -> CustomModel | None:
        """A model by ARN or name."""
        return next((model for model in self._models.values() if identifier in (model.arn, model.name)), None)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._models)

    def get(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetCustomModel, by ARN or name."""
        model = self._find(params["modelIdentifier"])
        request = model.request
        loss = model.training.validation_loss
        return without_nones(
            {
                "modelArn": model.arn,
                "modelName": model.name,
                "jobName": request["jobName"],
                "jobArn": model.job_arn,
                "baseModelArn": self._foundation_models.arn(model.base_model),
                "customizationType": "FINE_TUNING",
                "modelKmsKeyArn": request.get("customModelKmsKeyId"),
                "hyperParameters": request.get("hyperParameters"),
                "trainingDataConfig": request["trainingDataConfig"],
                "validationDataConfig": request.get("validationDataConfig"),
                "outputDataConfig": request["outputDataConfig"],
                "trainingMetrics": {"trainingLoss": model.training.training_loss},
                "validationMetrics": None if loss is None else [{"validationLoss": loss}],
                "modelStatus": "Active",
                **times(creationTime=model.created),
            }
        )

    def list_models(self, params: dict[str, Any], moment_of: Callable[[str], float]) -> dict[str, Any]:
        """ListCustomModels, of each name as it was at its moment."""
        there = [(model, math.inf) for model in self._models.values()]
        summaries = [
            {
                "modelArn": model.arn,
                "modelName": model.name,
                "baseModelArn": self._foundation_models.arn(model.base_model),
                "baseModelName": model.base_model.model_id.partition(":")[0],
                "customizationType": "FINE_TUNING",
                "ownerAccountId": self._settings.account_id,
                "modelStatus": "Active",
                **times(creationTime=model.created),
            }
            for model, ended in [*there, *self._gone]
            if model.created <= moment_of(model.name) < ended
        ]
        bases = {params.get("baseModelArnEquals"), params.get("foundationModelArnEquals")} - {None}
        status = params.get("modelStatus")
        return page(
            summaries,
            params,
            key="modelSummaries",
            name_key="modelName",
            keep=lambda summary: (
                (not bases or bases == {summary["baseModelArn"]})
                and status in (None, summary["modelStatus"])
                and params.get("isOwned", True)
            ),
        )

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteCustomModel: not while a throughput or a deployment serves it."""
        model = self._find(params["modelIdentifier"])
        for what, serves in self.serving.items():
            if serves(model.arn):
                in_use = f"The custom model {model.name} is in use by {what}: delete that first."
                raise WrongStateError(in_use, in_use)
        del self._models[model.arn]
        self._gone.append((model, self._clock.now()))
        self._tags.forget(model.arn)
        return {}

    def _find(self, identifier: str) -> CustomModel:
        model = self.find(identifier)
        if model is None:
            raise UnknownResourceError(f"Could not find the custom model: {identifier}", UNKNOWN_MODEL)
        return model
