"""What Bedrock says of a foundation model, and whether it answers."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime
from lambdas.adapters.aws.service_errors import Refused, named_errors
from lambdas.domain.evaluation.questions import InferenceSettings, Message, Question
from lambdas.domain.preflight.model import ModelDetails
from lambdas.domain.preflight.model_access import ModelAvailability

if TYPE_CHECKING:
    from types_boto3_bedrock import BedrockClient
    from types_boto3_bedrock.type_defs import FoundationModelLifecycleTypeDef

# An identifier that names no model is invalid to Bedrock, or not found.
_UNKNOWN = {"ResourceNotFoundException", "ValidationException"}
# What the ids of cross-Region inference profiles begin with.
_PROFILES = ("us.", "eu.", "apac.", "au.", "ca.", "jp.", "us-gov.", "global.")
# A model that reasons first answers with a few hundred tokens; another one says a word.
_BRIEF = InferenceSettings(max_tokens=300, temperature=0.0)


class FoundationModels:
    """Foundation models in this Region."""

    def __init__(self, client: "BedrockClient", runtime: BedrockRuntime) -> None:
        self._client = client
        self._runtime = runtime

    def region(self) -> str:
        """The Region that all calls to Bedrock go to."""
        return self._client.meta.region_name

    def describe_model(self, model_id: str) -> ModelDetails | None:
        """GetFoundationModel's answer; None where there is no such model here. Raises ServiceBusy and Refused."""
        try:
            with named_errors("GetFoundationModel"):
                response = self._client.get_foundation_model(modelIdentifier=model_id)
        except Refused as refusal:
            if refusal.code in _UNKNOWN:
                return None
            raise
        details = response["modelDetails"]
        unspecified: FoundationModelLifecycleTypeDef = {"status": "ACTIVE"}
        life_cycle = details.get("modelLifecycle", unspecified)
        return ModelDetails(
            status=life_cycle["status"],
            customizations=tuple(details.get("customizationsSupported", ())),
            legacy_from=_date(life_cycle.get("legacyTime")),
            end_of_life=_date(life_cycle.get("endOfLifeTime")),
        )

    def tell_availability(self, model_id: str) -> ModelAvailability | None:
        """The account's access to a model; None where Bedrock tells nothing of it. Raises ServiceBusy and Refused."""
        plain = model_id.rpartition("/")[2].removeprefix(_profile_prefix(model_id.rpartition("/")[2]))
        try:
            with named_errors("GetFoundationModelAvailability"):
                response = self._client.get_foundation_model_availability(modelId=plain)
        except Refused as refusal:
            if refusal.code in _UNKNOWN:
                return None
            raise
        agreement = response["agreementAvailability"]
        return ModelAvailability(
            model_id=plain,
            agreement=agreement["status"],
            is_authorized=response["authorizationStatus"] == "AUTHORIZED",
            is_entitled=response["entitlementAvailability"] == "AVAILABLE",
            is_in_region=response["regionAvailability"] == "AVAILABLE",
            trouble=agreement.get("errorMessage"),
        )

    def ask_briefly(self, model_id: str) -> None:
        """Asks a model for a word; raises ServiceBusy and Refused."""
        message = Message(role="user", content="Reply with the word OK and nothing else.")
        question = Question(index=0, system=None, messages=(message,), reference="")
        self._runtime.converse(model_id, question, _BRIEF)


def _profile_prefix(model_id: str) -> str:
    """`us.` of `us.amazon.nova-2-lite-v1:0`, and nothing of a model's own id."""
    return next((prefix for prefix in _PROFILES if model_id.startswith(prefix)), "")


def _date(time: datetime | None) -> date | None:
    return time.date() if time else None
