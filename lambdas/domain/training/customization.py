"""A customization job as Bedrock describes it, and what to do if Bedrock refuses one."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.domain.core.errors import CustomizationFailed

IN_PROGRESS = "InProgress"
COMPLETED = "Completed"

_ADVICE = {
    "AccessDeniedException": "Check that the base model's access is granted in this Region and that the "
    "StartJobs function may pass the customization role.",
    "ResourceNotFoundException": "Check that the base model can be fine-tuned in this Region and has not reached its "
    "end of life.",
    "ServiceQuotaExceededException": "Wait until another customization job ends, or ask for a higher quota in Service "
    "Quotas (Amazon Bedrock, customization jobs).",
    "ValidationException": "Check the base model, its life cycle and the hyperparameters against Bedrock's "
    "documentation.",
    "TooManyTagsException": "Give fewer tags in run.json.",
}


# What a job is doing, in Bedrock's order, and the key of `statusDetails` that tells of it.
QUEUED, TRAINING_PHASE = "queued", "training"
_TRAINING, _DATA_PROCESSING = "trainingDetails", "dataProcessingDetails"
_PHASES = {
    _TRAINING: TRAINING_PHASE,
    _DATA_PROCESSING: "data processing",
    "validationDetails": "validation",
}
_NOT_STARTED = "NotStarted"


def phase_of(statuses: Mapping[str, str]) -> str | None:
    """The last phase that a job has begun, by the statuses in its `statusDetails`; None where nobody can tell.

    A job of which Bedrock does not tell the training, and whose data may be processed, may train.
    """
    if _TRAINING not in statuses and statuses.get(_DATA_PROCESSING) not in (_NOT_STARTED, IN_PROGRESS):
        return None
    return next((name for key, name in _PHASES.items() if statuses.get(key, _NOT_STARTED) != _NOT_STARTED), QUEUED)


@dataclass(frozen=True)
class JobDescription:
    """A job as Bedrock describes it; times are timestamps, `model_arn` and `ended_at` are None until there is one.

    `phase` is the last one that it has begun, None where Bedrock tells none.

    The losses are those of the model that the job keeps: `validationMetrics` has an entry a validation set, of which a
    run has one, and not an entry an epoch (API reference, GetModelCustomizationJob).
    """

    name: str
    arn: str
    status: str
    model_arn: str | None
    started_at: str
    ended_at: str | None
    simulated: bool
    training_uri: str | None = None
    failure_message: str | None = None
    training_loss: float | None = None
    validation_loss: float | None = None
    phase: str | None = None


def explain_refusal(name: str, operation: str, code: str, message: str) -> CustomizationFailed:
    """The error for a job that Bedrock would not start."""
    advice = _ADVICE.get(code, "Look the error code up in Bedrock's API reference.")
    return CustomizationFailed(f"Bedrock refused {operation} for job {name}: {code}: {message} {advice}")
