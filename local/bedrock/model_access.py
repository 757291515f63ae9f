"""An account's access to models: GetFoundationModelAvailability, and calls that are denied after a first success.

Of a third-party model without a subscription the first calls succeed, for as long as Bedrock tries to subscribe; then
they are denied, in the words that AWS re:Post has of them.
"""

from typing import Any

from local.bedrock.clock import SimulationClock
from local.bedrock.errors import DeniedError, NotFoundError
from local.bedrock.foundation_models import FOUNDATION_MODELS, FoundationModel, by_version
from local.bedrock.settings import SimulationSettings

NO_SUBSCRIPTION = (
    "Model access is denied due to IAM user or service role is not authorized to perform the required AWS Marketplace "
    "actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable access to this model."
)
NOT_AUTHORIZED = "You don't have access to the model with the specified model ID."


class AccessToModels:
    """By the setting `model_access`; a model that it omits is accessible."""

    def __init__(self, settings: SimulationSettings, clock: SimulationClock) -> None:
        self._access = by_version(settings.model_access, "model_access")
        self._grace_seconds = settings.scaled(settings.first_access_seconds)
        self._clock = clock
        self._first_calls: dict[str, float] = {}

    def refuse_denied(self, model: FoundationModel) -> None:
        """Raises DeniedError where a question to the model is denied now; called under the service's lock."""
        match self._access.get(model.version_id):
            case "NOT_AUTHORIZED":
                raise DeniedError(NOT_AUTHORIZED)
            case "NOT_SUBSCRIBED":
                first = self._first_calls.setdefault(model.version_id, self._clock.now())
                if self._clock.now() >= first + self._grace_seconds:
                    raise DeniedError(NO_SUBSCRIPTION)

    def tell(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetFoundationModelAvailability."""
        model = FOUNDATION_MODELS.get(params["modelId"])
        if model is None:
            raise NotFoundError("The provided model identifier is invalid.")
        access = self._access.get(model.version_id)
        agreement = {"NOT_SUBSCRIBED": "NOT_AVAILABLE", "PENDING": "PENDING"}.get(access or "", "AVAILABLE")
        return {
            "modelId": model.model_id,
            "agreementAvailability": {"status": agreement},
            "authorizationStatus": "NOT_AUTHORIZED" if access == "NOT_AUTHORIZED" else "AUTHORIZED",
            "entitlementAvailability": "NOT_AVAILABLE" if access == "NOT_SUBSCRIBED" else "AVAILABLE",
            "regionAvailability": "AVAILABLE",
        }
