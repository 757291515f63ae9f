"""The foundation models of the simulated account: what can be invoked, customised and served by throughput.

Ids, record formats and limits: AWS's user guide, "Supported models for customization" and "Prepare your training
datasets"; for Claude 3 Haiku the AWS blog on its fine-tuning.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from local.bedrock.errors import NotFoundError, ValidationError
from local.bedrock.settings import Settings


class RecordFormat(StrEnum):
    """How a training record is written."""

    MESSAGES = "messages"
    CONVERSATION = "bedrock-conversation-2024"
    PROMPT_COMPLETION = "prompt-completion"


@dataclass(frozen=True)
class Hyperparameter:
    """Values are sent as text; `number` reads them, `default` stands for a missing one."""

    number: Callable[[str], float]
    default: str
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Customization:
    """What a fine-tuning job of one base model takes, and how the model that it makes can be served.

    Record limits are inclusive; `tokens` bounds one record.
    """

    record_format: RecordFormat
    train: tuple[int, int]
    validation: tuple[int, int]
    total: int
    tokens: int
    reserved: tuple[str, ...]
    hyperparameters: dict[str, Hyperparameter]
    provisioned: bool = True
    on_demand: bool = False


HAIKU = Customization(
    RecordFormat.MESSAGES,
    train=(32, 10_000),
    validation=(32, 1_000),
    total=10_000,
    tokens=32_000,
    reserved=("\nHuman:", "\nAssistant:"),
    hyperparameters={
        "epochCount": Hyperparameter(int, "2", 1, 10),
        "batchSize": Hyperparameter(int, "32", 4, 256),
        "learningRateMultiplier": Hyperparameter(float, "1", 0.1, 2),
        "earlyStoppingThreshold": Hyperparameter(float, "0.001", 0, 0.1),
        "earlyStoppingPatience": Hyperparameter(int, "2", 1, 10),
    },
)
NOVA = Customization(
    RecordFormat.CONVERSATION,
    train=(8, 20_000),
    validation=(8, 20_000),
    total=20_000,
    tokens=32_000,
    reserved=("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]"),
    hyperparameters={
        "epochCount": Hyperparameter(int, "2", 1, 5),
        "learningRate": Hyperparameter(float, "1e-5", 1e-6, 1e-4),
        "learningRateWarmupSteps": Hyperparameter(int, "10", 0, 100),
    },
    on_demand=True,
)
LLAMA_HYPERPARAMETERS = {
    "epochCount": Hyperparameter(int, "5", 1, 10),
    "batchSize": Hyperparameter(int, "1", 1, 1),
    "learningRate": Hyperparameter(float, "1e-4", 5e-6, 0.1),
}
LLAMA_3_1 = Customization(
    RecordFormat.PROMPT_COMPLETION, (100, 10_000), (100, 10_000), 20_000, 16_000, (), LLAMA_HYPERPARAMETERS
)
LLAMA_3_3 = Customization(
    RecordFormat.CONVERSATION,
    (100, 10_000),
    (100, 10_000),
    20_000,
    16_000,
    (),
    LLAMA_HYPERPARAMETERS,
    provisioned=False,
    on_demand=True,
)


@dataclass(frozen=True)
class FoundationModel:
    """One model version. `verbosity` chooses among the simulated models' ways to say an answer, from 0 (brief)."""

    model_id: str
    name: str
    provider: str
    verbosity: int
    customization: Customization | None = None
    inference_types: tuple[str, ...] = ("ON_DEMAND",)
    modalities: tuple[str, ...] = field(default=("TEXT",))

    @property
    def family(self) -> str:
        """The first part of the id: `anthropic`, `amazon` or `meta`; it decides the request's body format."""
        return self.model_id.partition(".")[0]


def _pair(
    model_id: str, context: str, name: str, provider: str, verbosity: int, customization: Customization
) -> list[FoundationModel]:
    """A model as Bedrock lists it twice: on demand, and customizable under the id with the context length."""
    inference_types = ("PROVISIONED",) if customization.provisioned else ()
    return [
        FoundationModel(model_id, name, provider, verbosity),
        FoundationModel(f"{model_id}:{context}", name, provider, verbosity, customization, inference_types),
    ]


FOUNDATION_MODELS = {
    model.model_id: model
    for model in [
        *_pair("anthropic.claude-3-haiku-20240307-v1:0", "200k", "Claude 3 Haiku", "Anthropic", 1, HAIKU),
        FoundationModel("anthropic.claude-3-sonnet-20240229-v1:0", "Claude 3 Sonnet", "Anthropic", 2),
        FoundationModel("anthropic.claude-3-5-sonnet-20240620-v1:0", "Claude 3.5 Sonnet", "Anthropic", 0),
        FoundationModel("anthropic.claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5", "Anthropic", 0),
        *_pair("amazon.nova-micro-v1:0", "128k", "Nova Micro", "Amazon", 1, NOVA),
        *_pair("amazon.nova-lite-v1:0", "300k", "Nova Lite", "Amazon", 2, NOVA),
        *_pair("amazon.nova-pro-v1:0", "300k", "Nova Pro", "Amazon", 0, NOVA),
        *_pair("amazon.nova-2-lite-v1:0", "256k", "Nova 2 Lite", "Amazon", 1, NOVA),
        *_pair("meta.llama3-1-8b-instruct-v1:0", "128k", "Llama 3.1 8B Instruc", "Meta", 2, LLAMA_3_1),
        *_pair("meta.llama3-1-70b-instruct-v1:0", "128k", "Llama 3.1 70B Instru", "Meta", 1, LLAMA_3_1),
        *_pair("meta.llama3-3-70b-instruct-v1:0", "128k", "Llama 3.3 70B Instru", "Meta", 1, LLAMA_3_3),
    ]
}
# A cross-Region inference profile's id is the model's behind one of these.
PROFILE_PREFIXES = ("us.", "eu.", "apac.", "jp.", "global.")


class FoundationModels:
    """GetFoundationModel and ListFoundationModels."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def arn(self, model: FoundationModel) -> str:
        """`arn:aws:bedrock:<region>::foundation-model/<id>`."""
        return f"arn:aws:bedrock:{self._settings.region}::foundation-model/{model.model_id}"

    def find(self, identifier: str) -> FoundationModel | None:
        """A model by its id or ARN."""
        return FOUNDATION_MODELS.get(identifier.rpartition("foundation-model/")[2])

    def is_legacy(self, model: FoundationModel) -> bool:
        """Whether the settings say so of the model or of the version without context length."""
        return any(
            model.model_id == legacy or model.model_id.startswith(f"{legacy}:")
            for legacy in self._settings.legacy_models
        )

    def customizable(self, identifier: str) -> FoundationModel:
        """The model a fine-tuning job asks for, or a ValidationError."""
        model = self.find(identifier)
        if model is None:
            raise ValidationError("The provided model identifier is invalid.")
        if model.customization is None:
            raise ValidationError(f"Model customization of type FINE_TUNING is not supported for {model.model_id}.")
        self.refuse_legacy(model)
        return model

    def refuse_legacy(self, model: FoundationModel) -> None:
        """A legacy model takes no new job and no new throughput."""
        if self.is_legacy(model):
            raise ValidationError(
                f"The model {model.model_id} is marked as LEGACY: new customization jobs and new Provisioned "
                "Throughput cannot be created for it. Choose an active model."
            )

    def get(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetFoundationModel."""
        model = self.find(params["modelIdentifier"])
        if model is None:
            raise NotFoundError("Could not resolve the foundation model from the provided model identifier.")
        return {"modelDetails": self._describe(model)}

    def list_models(self, params: dict[str, Any]) -> dict[str, Any]:
        """ListFoundationModels with its filters; it has no pages."""
        summaries = [self._describe(model) for model in FOUNDATION_MODELS.values()]
        wanted = {
            "customizationsSupported": params.get("byCustomizationType"),
            "inferenceTypesSupported": params.get("byInferenceType"),
            "outputModalities": params.get("byOutputModality"),
        }
        for key, value in wanted.items():
            if value is not None:
                summaries = [summary for summary in summaries if value in summary[key]]
        provider = params.get("byProvider")
        if provider is not None:
            summaries = [summary for summary in summaries if summary["providerName"].lower() == provider.lower()]
        return {"modelSummaries": summaries}

    def _describe(self, model: FoundationModel) -> dict[str, Any]:
        return {
            "modelArn": self.arn(model),
            "modelId": model.model_id,
            "modelName": model.name,
            "providerName": model.provider,
            "inputModalities": ["TEXT"],
            "outputModalities": list(model.modalities),
            "responseStreamingSupported": False,
            "customizationsSupported": ["FINE_TUNING"] if model.customization else [],
            "inferenceTypesSupported": list(model.inference_types),
            "modelLifecycle": {"status": "LEGACY" if self.is_legacy(model) else "ACTIVE"},
        }
