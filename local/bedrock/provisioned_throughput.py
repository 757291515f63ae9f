"""Provisioned Throughput: Create, Get, Update, List, Delete. This is what would bill."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from local.bedrock.clock import SimulationClock
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.errors import (
    ConflictError,
    NotFoundError,
    NotReadyError,
    QuotaError,
    UnknownResourceError,
    ValidationError,
    WrongStateError,
)
from local.bedrock.foundation_models import FoundationModel, SimulatedFoundationModels
from local.bedrock.resources import UNKNOWN_MODEL, new_id, page, times, without_nones
from local.bedrock.service_quotas import CUSTOM_MODEL_UNITS
from local.bedrock.serving import Server, Servers
from local.bedrock.settings import SimulationSettings
from local.bedrock.tags import Tags

SECONDS_OF_COMMITMENT = {"OneMonth": 30 * 86_400, "SixMonths": 182 * 86_400}


@dataclass
class Throughput(Server):
    """One throughput."""

    model: CustomModel | FoundationModel
    model_arn: str
    foundation_model_arn: str
    units: int
    modified: float


class Throughputs:
    """The throughputs of the account. Not thread-safe by itself: the service calls it under one lock."""

    def __init__(
        self,
        settings: SimulationSettings,
        clock: SimulationClock,
        foundation_models: SimulatedFoundationModels,
        custom_models: CustomModels,
        tags: Tags,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._foundation_models = foundation_models
        self._custom_models = custom_models
        self._throughputs: Servers[Throughput] = Servers(
            clock,
            tags,
            settings.scaled(settings.throughput_creation_seconds),
            settings.scaled(settings.throughput_deletion_seconds),
        )
        custom_models.serving["Provisioned Throughput"] = lambda arn: any(
            item.model_arn == arn for item in self._throughputs
        )

    def key_used(self, params: dict[str, Any]) -> str | None:
        """The key that a purchase uses in Bedrock's own name: of the tuned models only Nova's are decrypted so."""
        if self._throughputs.of_token(params) is not None:
            return None
        model, _, _ = self._servable(params["modelId"])
        if not isinstance(model, CustomModel) or not model.base_model.model_id.startswith("amazon.nova"):
            return None
        key: str | None = model.request.get("customModelKmsKeyId")
        return key

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """CreateProvisionedModelThroughput: the same token with the same request gives the same throughput.

        The token is remembered as long as the throughput exists.
        """
        known = self._throughputs.of_token(params)
        if known is not None:
            return {"provisionedModelArn": known.arn}
        model, model_arn, foundation_model = self._servable(params["modelId"])
        self._check_name(params["provisionedModelName"])
        if "commitmentDuration" not in params:
            self._check_quotas(params["modelUnits"], foundation_model, is_custom=isinstance(model, CustomModel))
        now = self._clock.now()
        arn = f"arn:aws:bedrock:{self._settings.region}:{self._settings.account_id}:provisioned-model/{new_id()}"
        throughput = Throughput(
            arn=arn,
            request=params,
            name=params["provisionedModelName"],
            model=model,
            model_arn=model_arn,
            foundation_model_arn=self._foundation_models.arn(foundation_model),
            units=params["modelUnits"],
            created=now,
            modified=now,
        )
        self._throughputs.add(throughput, params.get("tags", []))
        return {"provisionedModelArn": arn}

    def get(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetProvisionedModelThroughput, by ARN, id or name; a deleted one is not found."""
        return self._describe(self._find(params["provisionedModelId"]))

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateProvisionedModelThroughput: a new name, or another version of the same base model."""
        throughput = self._find(params["provisionedModelId"])
        name, model_id = params.get("desiredProvisionedModelName"), params.get("desiredModelId")
        if model_id is not None:
            model, model_arn, foundation_model = self._servable(model_id)
            if self._foundation_models.arn(foundation_model) != throughput.foundation_model_arn:
                raise ValidationError("The desired model must have the same base model as the current one.")
            throughput.model, throughput.model_arn = model, model_arn
        if name is not None and name != throughput.name:
            self._check_name(name)
            throughput.name = name
        throughput.modified = self._clock.now()
        return {}

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteProvisionedModelThroughput: there is no Deleting status, it is there until it is not found any more."""
        throughput = self._find(params["provisionedModelId"])
        if self._status(throughput) == "Creating" and not self._settings.delete_while_creating:
            raise WrongStateError(
                f"The provisioned model {throughput.arn} cannot be deleted while its status is Creating. Try later.",
                "Provisioned model throughput is in a mutating state",
            )
        if "commitmentDuration" in throughput.request and self._clock.now() < self._commitment_end(throughput):
            raise ConflictError(f"The provisioned model {throughput.arn} cannot be deleted before its commitment ends.")
        self._throughputs.request_deletion(throughput)
        return {}

    def list_throughputs(self, params: dict[str, Any], moment_of: Callable[[str], float]) -> dict[str, Any]:
        """ListProvisionedModelThroughputs, of each name as it was at its moment."""
        status, model_arn = params.get("statusEquals"), params.get("modelArnEquals")
        return page(
            [self._describe(item, moment) for item, moment in self._throughputs.existed_at(moment_of)],
            params,
            key="provisionedModelSummaries",
            name_key="provisionedModelName",
            keep=lambda summary: status in (None, summary["status"]) and model_arn in (None, summary["modelArn"]),
        )

    def model_in_service(self, identifier: str) -> CustomModel | FoundationModel:
        """The model that a throughput serves, by the throughput's ARN or id; NotReadyError while it is Creating."""
        throughput = self.find(identifier)
        if throughput is None:
            raise NotFoundError(
                f"Could not resolve the provisioned model from the provided model identifier: {identifier}"
            )
        if self._status(throughput) != "InService":
            raise NotReadyError(f"The provisioned model {throughput.arn} is not ready to serve inference requests.")
        return throughput.model

    def find(self, identifier: str) -> Throughput | None:
        """A throughput that exists, by ARN, id or name."""
        by_id = (item for item in self._throughputs if item.arn.rpartition("/")[2] == identifier)
        return self._throughputs.find(identifier) or next(by_id, None)

    def refresh(self) -> None:
        """Forget the throughputs whose deletion has taken its time."""
        self._throughputs.refresh()

    def _find(self, identifier: str) -> Throughput:
        throughput = self.find(identifier)
        if throughput is None:
            raise UnknownResourceError(f"Could not find the provisioned model throughput: {identifier}", UNKNOWN_MODEL)
        return throughput

    def _servable(self, identifier: str) -> tuple[CustomModel | FoundationModel, str, FoundationModel]:
        """A model that throughput can serve, its ARN, and the foundation model behind it."""
        custom = self._custom_models.find(identifier)
        foundation = custom.base_model if custom else self._foundation_models.find(identifier)
        if foundation is None:
            if ":custom-model/" in identifier:
                raise NotFoundError(f"Could not find the custom model: {identifier}")
            raise ValidationError("The provided model identifier is invalid.")
        if "PROVISIONED" not in foundation.inference_types:
            raise ValidationError(f"Provisioned Throughput is not supported for the model {identifier}.")
        self._foundation_models.refuse_aged(foundation)
        if custom is not None:
            return custom, custom.arn, foundation
        return foundation, self._foundation_models.arn(foundation), foundation

    def _check_name(self, name: str) -> None:
        if any(item.name == name for item in self._throughputs):
            raise ValidationError(f"The provided provisioned model name is currently in use: {name}")

    def _check_quotas(self, units: int, base: FoundationModel, *, is_custom: bool) -> None:
        """Of the units without commitment: those of one throughput, and those of all that serve custom models."""
        allowed = [self._foundation_models.model_units(base)]
        allowed += [self._settings.no_commitment_model_units] if is_custom else []
        if 0 in allowed:
            raise QuotaError(
                f"Your account does not currently have any no commitment model units reserved for {base.model_id}."
            )
        if units > allowed[0]:
            raise QuotaError(
                f"The request for {units} model units exceeds your account's quota of {allowed[0]} model units per "
                f"provisioned model for {base.model_id}. Request an increase in Service Quotas."
            )
        used = sum(
            item.units
            for item in self._throughputs
            if "commitmentDuration" not in item.request and isinstance(item.model, CustomModel)
        )
        if is_custom and used + units > allowed[1]:
            raise QuotaError(
                f"The request for {units} model units without commitment exceeds your account's quota of {allowed[1]} "
                f"({used} in use). Request an increase of the quota {CUSTOM_MODEL_UNITS} in Service Quotas."
            )

    def _commitment_end(self, throughput: Throughput) -> float:
        return throughput.created + self._settings.scaled(
            SECONDS_OF_COMMITMENT[throughput.request["commitmentDuration"]]
        )

    def _status(self, throughput: Throughput, at: float | None = None) -> Literal["Creating", "InService"]:
        return "InService" if self._throughputs.is_ready(throughput, at) else "Creating"

    def _describe(self, throughput: Throughput, at: float | None = None) -> dict[str, Any]:
        commitment = throughput.request.get("commitmentDuration")
        expiration = self._commitment_end(throughput) if commitment else None
        status = self._status(throughput, at)
        modified = (
            throughput.modified
            if status == "Creating"
            else max(throughput.modified, self._throughputs.ready(throughput))
        )
        return without_nones(
            {
                "provisionedModelName": throughput.name,
                "provisionedModelArn": throughput.arn,
                "modelArn": throughput.model_arn,
                "desiredModelArn": throughput.model_arn,
                "foundationModelArn": throughput.foundation_model_arn,
                "modelUnits": throughput.units,
                "desiredModelUnits": throughput.units,
                "status": status,
                "commitmentDuration": commitment,
                **times(
                    creationTime=throughput.created,
                    lastModifiedTime=modified,
                    commitmentExpirationTime=expiration,
                ),
            }
        )
