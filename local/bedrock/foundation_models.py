"""The foundation models of the simulated account: what can be invoked, customised and served by throughput.

Ids, record formats and limits: AWS's user guide, "Supported models for customization" and "Prepare your training
datasets"; for Claude 3 Haiku the AWS blog on its fine-tuning.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from local.bedrock.errors import NotFoundError, ValidationError
from local.bedrock.resources import without_nones
from local.bedrock.settings import LifeCycleStatus, SimulationSettings


class RecordFormat(StrEnum):
    """How a training record is written."""

    MESSAGES = "messages"
    CONVERSATION = "bedrock-conversation-2024"
    PROMPT_COMPLETION = "prompt-completion"


@dataclass(frozen=True)
class AcceptedHyperparameter:
    """Values are sent as text; `number` reads them, `default` stands for a missing one."""

    number: Callable[[str], float]
    default: str
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Customization:
    """What a fine-tuning job of one base model takes, where, and how the model that it makes can be served.

    Record limits are inclusive; `tokens` bounds one record; `validation` is None where a job takes no validation set.
    """

    regions: tuple[str, ...]
    record_format: RecordFormat
    train: tuple[int, int]
    validation: tuple[int, int] | None
    total: int
    tokens: int
    reserved: tuple[str, ...]
    hyperparameters: dict[str, AcceptedHyperparameter]
    provisioned: bool = True
    on_demand: bool = False
    # Whether an answer may have reasoningContent before it, which is trained on.
    reasoning: bool = False


HAIKU = Customization(
    ("us-west-2",),
    RecordFormat.MESSAGES,
    train=(32, 10_000),
    validation=(32, 1_000),
    total=10_000,
    tokens=32_000,
    reserved=("\nHuman:", "\nAssistant:"),
    hyperparameters={
        "epochCount": AcceptedHyperparameter(int, "2", 1, 10),
        "batchSize": AcceptedHyperparameter(int, "32", 4, 256),
        "learningRateMultiplier": AcceptedHyperparameter(float, "1", 0.1, 2),
        "earlyStoppingThreshold": AcceptedHyperparameter(float, "0.001", 0, 0.1),
        "earlyStoppingPatience": AcceptedHyperparameter(int, "2", 1, 10),
    },
)
NOVA = Customization(
    ("us-east-1",),
    RecordFormat.CONVERSATION,
    train=(8, 20_000),
    validation=(8, 20_000),
    total=20_000,
    tokens=32_000,
    reserved=("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]"),
    hyperparameters={
        "epochCount": AcceptedHyperparameter(int, "2", 1, 5),
        "learningRate": AcceptedHyperparameter(float, "1e-5", 1e-6, 1e-4),
        "learningRateWarmupSteps": AcceptedHyperparameter(int, "10", 0, 100),
    },
    on_demand=True,
)
# AWS: a validation set "will not be supported during SFT training".
NOVA_2 = replace(NOVA, validation=None, reasoning=True)
LLAMA_HYPERPARAMETERS = {
    "epochCount": AcceptedHyperparameter(int, "5", 1, 10),
    "batchSize": AcceptedHyperparameter(int, "1", 1, 1),
    "learningRate": AcceptedHyperparameter(float, "1e-4", 5e-6, 0.1),
}
LLAMA_3_1 = Customization(
    ("us-west-2",),
    RecordFormat.PROMPT_COMPLETION,
    train=(100, 10_000),
    validation=(1, 10_000),
    total=10_000,
    tokens=16_000,
    reserved=(),
    hyperparameters=LLAMA_HYPERPARAMETERS,
)
LLAMA_3_3 = replace(LLAMA_3_1, record_format=RecordFormat.CONVERSATION, provisioned=False, on_demand=True)


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
    legacy_from: datetime | None = None
    end_of_life: datetime | None = None
    batch_inference: bool = True

    @property
    def family(self) -> str:
        """The first part of the id: `anthropic`, `amazon` or `meta`; it decides the request's body format."""
        return self.model_id.partition(".")[0]

    @property
    def version_id(self) -> str:
        """The id without a context length: what the ids of one model have in common."""
        return version_of(self.model_id)


def _pair(model: FoundationModel, context: str, customization: Customization) -> list[FoundationModel]:
    """A model as Bedrock lists it twice: on demand, and customizable under the id with the context length."""
    return [
        model,
        replace(
            model,
            model_id=f"{model.model_id}:{context}",
            customization=customization,
            inference_types=("PROVISIONED",) if customization.provisioned else (),
        ),
    ]


# A model that answers through a cross-Region inference profile only. (AWS says so with a value that the service model
# does not have.)
BY_PROFILE: tuple[str, ...] = ()
# By their names how the ids end, as of October 2026 (awslabs/bedrock-usage-analyzer, us-east-1).
CURRENT_CLAUDES = {
    "Haiku 4.5": "haiku-4-5-20251001-v1:0",
    "Sonnet 4.5": "sonnet-4-5-20250929-v1:0",
    "Sonnet 4.6": "sonnet-4-6",
    "Sonnet 5": "sonnet-5",
    "Opus 4.5": "opus-4-5-20251101-v1:0",
    "Opus 4.6": "opus-4-6-v1",
    "Opus 4.7": "opus-4-7",
    "Opus 4.8": "opus-4-8",
    "Opus 5": "opus-5",
}
# Those that no source has batch prices for.
WITHOUT_BATCH = ("Sonnet 5", "Opus 4.7", "Opus 4.8")

FOUNDATION_MODELS = {
    model.model_id: model
    for model in [
        *_pair(
            FoundationModel(
                "anthropic.claude-3-haiku-20240307-v1:0",
                "Claude 3 Haiku",
                "Anthropic",
                verbosity=1,
                legacy_from=datetime(2026, 3, 10, tzinfo=UTC),
                end_of_life=datetime(2026, 9, 10, tzinfo=UTC),
            ),
            "200k",
            HAIKU,
        ),
        FoundationModel(
            "anthropic.claude-3-sonnet-20240229-v1:0",
            "Claude 3 Sonnet",
            "Anthropic",
            verbosity=2,
            legacy_from=datetime(2026, 1, 30, tzinfo=UTC),
            end_of_life=datetime(2026, 7, 30, tzinfo=UTC),
        ),
        FoundationModel("anthropic.claude-3-5-sonnet-20240620-v1:0", "Claude 3.5 Sonnet", "Anthropic", 0),
        *(
            FoundationModel(
                f"anthropic.claude-{end}",
                f"Claude {name}",
                "Anthropic",
                0,
                None,
                BY_PROFILE,
                batch_inference=name not in WITHOUT_BATCH,
            )
            for name, end in CURRENT_CLAUDES.items()
        ),
        FoundationModel("openai.gpt-oss-20b-1:0", "gpt-oss-20b", "OpenAI", 1),
        FoundationModel("openai.gpt-oss-120b-1:0", "gpt-oss-120b", "OpenAI", 0),
        FoundationModel("qwen.qwen3-32b-v1:0", "Qwen3 32B", "Qwen", 0),
        FoundationModel("mistral.mistral-large-3-675b-instruct", "Mistral Large 3", "Mistral AI", 0),
        *_pair(FoundationModel("amazon.nova-micro-v1:0", "Nova Micro", "Amazon", 1), "128k", NOVA),
        *_pair(FoundationModel("amazon.nova-lite-v1:0", "Nova Lite", "Amazon", 2), "300k", NOVA),
        *_pair(FoundationModel("amazon.nova-pro-v1:0", "Nova Pro", "Amazon", 0), "300k", NOVA),
        *_pair(
            FoundationModel("amazon.nova-2-lite-v1:0", "Nova 2 Lite", "Amazon", 1, inference_types=BY_PROFILE),
            "256k",
            NOVA_2,
        ),
        *_pair(FoundationModel("meta.llama3-1-8b-instruct-v1:0", "Llama 3.1 8B Instruc", "Meta", 2), "128k", LLAMA_3_1),
        *_pair(
            FoundationModel("meta.llama3-1-70b-instruct-v1:0", "Llama 3.1 70B Instru", "Meta", 1), "128k", LLAMA_3_1
        ),
        *_pair(
            FoundationModel(
                "meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instru", "Meta", 1, inference_types=BY_PROFILE
            ),
            "128k",
            LLAMA_3_3,
        ),
    ]
}
# What Converse and InvokeModel have been seen to answer on AWS in accounts that did not use a legacy model lately, with
# ResourceNotFoundException.
LEGACY_UNUSED = (
    "Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in the "
    "last 30 days. Please upgrade to an active model on Amazon Bedrock"
)
# A cross-Region inference profile's id is the model's behind one of these.
PROFILE_PREFIXES = ("us.", "eu.", "apac.", "jp.", "global.")
# GetFoundationModel, InvokeModel and Converse have been seen to answer so on AWS.
END_OF_LIFE = (
    "This model version has reached the end of its life. Please refer to the AWS documentation for more details."
)


def without_profile(name: str) -> str:
    """The model's id in an inference profile's; any other id as it is."""
    prefix = next((prefix for prefix in PROFILE_PREFIXES if name.startswith(prefix)), "")
    return name.removeprefix(prefix)


def version_of(name: str) -> str:
    """The id of a model version, whether it is named with a context length, as an inference profile, or plainly."""
    return re.sub(r":[0-9]+k$", "", without_profile(name))


class SimulatedFoundationModels:
    """GetFoundationModel and ListFoundationModels."""

    def __init__(self, settings: SimulationSettings) -> None:
        self._settings = settings
        self._lifecycle = by_version(settings.model_lifecycle, "model_lifecycle")
        self._units = by_version(settings.model_units_by_model, "model_units_by_model")

    def arn(self, model: FoundationModel) -> str:
        """`arn:aws:bedrock:<region>::foundation-model/<id>`."""
        return f"arn:aws:bedrock:{self._settings.region}::foundation-model/{model.model_id}"

    def find(self, identifier: str) -> FoundationModel | None:
        """A model by its id or ARN."""
        return FOUNDATION_MODELS.get(identifier.rpartition("foundation-model/")[2])

    def lifecycle(self, model: FoundationModel) -> LifeCycleStatus:
        """The status by the settings, the same for a model's ids with and without context length."""
        return self._lifecycle.get(model.version_id, "ACTIVE")

    def model_units(self, model: FoundationModel) -> int:
        """The quota of model units for one throughput of the model."""
        return self._units.get(model.version_id, self._settings.no_commitment_model_units)

    def customizable(self, identifier: str) -> FoundationModel:
        """The model a fine-tuning job asks for, or a ValidationError."""
        model = self.find(identifier)
        if model is None:
            raise ValidationError("The provided model identifier is invalid.")
        self.refuse_aged(model)
        if not self._is_customizable(model):
            raise ValidationError(f"Model customization of type FINE_TUNING is not supported for {model.model_id}.")
        return model

    def _is_customizable(self, model: FoundationModel) -> bool:
        """In this Region."""
        return model.customization is not None and self._settings.region in model.customization.regions

    def refuse_ended(self, model: FoundationModel) -> None:
        """A model past its end of life does nothing any more."""
        if self.lifecycle(model) == "EOL":
            raise NotFoundError(END_OF_LIFE)

    def refuse_unused(self, model: FoundationModel) -> None:
        """The simulated account is new: it cannot ask a legacy model, which it has not used lately."""
        self.refuse_ended(model)
        if self.lifecycle(model) == "LEGACY":
            raise NotFoundError(LEGACY_UNUSED)

    def refuse_aged(self, model: FoundationModel) -> None:
        """A legacy model takes no new job and no new throughput either."""
        self.refuse_ended(model)
        if self.lifecycle(model) == "LEGACY":
            raise ValidationError(
                f"The model {model.model_id} is marked as LEGACY: new customization jobs and new Provisioned "
                "Throughput cannot be created for it. Choose an active model."
            )

    def get(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetFoundationModel."""
        model = self.find(params["modelIdentifier"])
        if model is None:
            raise NotFoundError("Could not resolve the foundation model from the provided model identifier.")
        self.refuse_ended(model)
        return {"modelDetails": self._describe(model)}

    def list_models(self, params: dict[str, Any]) -> dict[str, Any]:
        """ListFoundationModels with its filters; it has no pages, and no models past their end of life."""
        models = [model for model in FOUNDATION_MODELS.values() if self.lifecycle(model) != "EOL"]
        summaries = [self._describe(model) for model in models]
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
            "customizationsSupported": ["FINE_TUNING"] if self._is_customizable(model) else [],
            "inferenceTypesSupported": list(model.inference_types),
            "modelLifecycle": without_nones(
                {
                    "status": self.lifecycle(model),
                    "legacyTime": model.legacy_from,
                    "endOfLifeTime": model.end_of_life,
                }
            ),
        }


V = TypeVar("V")


def by_version(values: Mapping[str, V], setting: str) -> dict[str, V]:
    """A setting with models' ids as its keys, by version; an id that no model has is a ValueError."""
    known = {model.version_id for model in FOUNDATION_MODELS.values()}
    unknown = sorted(name for name in values if version_of(name) not in known)
    if unknown:
        raise ValueError(f"{setting}: the simulation has no model {unknown[0]!r}; it has {', '.join(sorted(known))}.")
    return {version_of(name): value for name, value in values.items()}
