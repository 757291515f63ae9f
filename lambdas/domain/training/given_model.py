"""A custom model that exists already and that run.json names (`custom_model`): its run trains nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.domain.core.errors import CustomizationFailed
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs
from lambdas.domain.training.customization import COMPLETED

ACTIVE = "Active"
# The number of the candidate that has such a model.
GIVEN_NUMBER = 1


@dataclass(frozen=True)
class GivenModel:
    """A custom model as Bedrock describes it; `base_model` is an id, `created_at` a timestamp."""

    arn: str
    name: str
    base_model: str
    status: str
    created_at: str
    hyperparameters: dict[str, str]
    training_loss: float | None
    validation_loss: float | None
    simulated: bool


def complete_jobs(arn: str, found: GivenModel | None) -> Jobs:
    """`$.jobs` of a run whose model exists: the only candidate has it, and no job is waited for.

    Raises CustomizationFailed where there is no such model, or none that is ready.
    """
    if found is None or found.status != ACTIVE:
        state = "does not exist" if found is None else f"is {found.status}"
        raise CustomizationFailed(
            f"The custom model {arn}, which run.json names (custom_model), {state}. "
            "Name one that is Active, or take custom_model out of run.json to train a new one."
        )
    candidate = CandidateJob(
        number=GIVEN_NUMBER,
        name=found.name,
        hyperparameters=found.hyperparameters,
        status=COMPLETED,
        model_arn=found.arn,
        training_loss=found.training_loss,
        validation_loss=found.validation_loss,
        simulated=found.simulated,
    )
    return Jobs(status=COMPLETED, candidates=[candidate], wait_seconds=0)


def go_on_with(model_arns: Sequence[str], run_id: str | None) -> str:
    """How a person goes on from a trained model, whatever ended its run; several where none was chosen."""
    first, *others = model_arns
    retry = f"use `fine-tune retry {run_id}`, or " if run_id else ""
    settings = f'{retry}put "custom_model": "{first}" into run.json and upload the same files.'
    if not others:
        return f"The model is trained and kept. To go on from it without training again, {settings}"
    return (
        f"{len(model_arns)} models are trained and kept, since none was chosen. To go on from one of them without "
        f"training again, {settings} Each costs storage every month: delete those that you do not need. "
        f"The other models: {', '.join(others)}."
    )
