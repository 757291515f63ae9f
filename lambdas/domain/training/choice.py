"""Which candidate's model is served (`$.model`), and which of the other models are deleted."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from lambdas.domain.core.errors import CustomizationFailed
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import CANDIDATE_TAG, PROJECT
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs
from lambdas.domain.training.customization import COMPLETED
from lambdas.domain.training.losses import Losses


class ServedCandidate(Fact):
    """A candidate whose model answers the test set: one item of the map ServeModels.

    Its answers are those of the `arm`; `shards` is the key of its questions in the output bucket. The verdict is about
    the `chosen` one alone.
    """

    number: int
    name: str
    model_arn: str
    arm: str
    chosen: bool
    shards: str


class TunedModel(Fact):
    """`$.model`: the model that the verdict is about, with the candidate and the job that made it.

    `number` is the candidate's, `reason` says why it was chosen. `served` are the candidates that answer the test set,
    the chosen one first. The state machine sets `cut_off` where its map of leases has failed as a whole: then each item
    deletes alone.
    """

    number: int
    name: str
    model_arn: str
    job_arn: str
    hyperparameters: dict[str, str]
    started_at: str
    ended_at: str | None
    validation_loss: float | None
    simulated: bool
    reason: str
    served: list[ServedCandidate] = Field(default=[])
    cut_off: bool = False


def kept_validation_loss(losses: Losses, hyperparameters: Mapping[str, str]) -> float | None:
    """The validation loss of the model that a job keeps, from its metrics file; None if the file has none.

    With early stopping that is the epoch with the lowest loss (AWS's blog on fine-tuning Claude 3 Haiku), otherwise the
    last one.
    """
    values = [line.loss for line in losses.lines]
    if not values:
        return None
    return min(values) if "earlyStoppingPatience" in hyperparameters else values[-1]


def choose(jobs: Jobs) -> TunedModel:
    """The model of the lowest validation loss, of equal ones or where none has a loss that of the smallest number.

    Raises CustomizationFailed if no job has made a model.
    """
    made = [one for one in jobs.candidates if one.status == COMPLETED]
    best = min(made, key=_rank, default=None)
    if best is None:
        raise CustomizationFailed(
            "No model can be chosen: no job has made one. Look at the jobs in the Bedrock console."
        )
    return TunedModel(
        number=best.number,
        name=best.name,
        model_arn=best.model_arn or "",
        job_arn=best.arn or "",
        hyperparameters=best.hyperparameters,
        started_at=best.started_at or "",
        ended_at=best.ended_at,
        validation_loss=best.validation_loss,
        simulated=best.simulated,
        reason=_reason(best, made, len(jobs.candidates)),
    )


def _rank(job: CandidateJob) -> tuple[bool, float, int]:
    """The lowest loss first; models without one come last."""
    return job.validation_loss is None, job.validation_loss or 0.0, job.number


def _reason(best: CandidateJob, made: Sequence[CandidateJob], jobs: int) -> str:
    loss = best.validation_loss
    if best.arn is None:
        return "run.json names it (custom_model): no job of this run made it."
    if loss is None and len(made) == 1:
        return f"Job {best.number} of {jobs} made the only model; Bedrock gave no validation loss for it."
    if loss is None:
        # The first candidate has the recommended values.
        what = "the recommended values" if best.number == 1 else "the smallest number of those that made a model"
        return f"Bedrock gave no validation loss for any of {jobs} jobs: job {best.number} is taken, which has {what}."
    equal = [one.number for one in made if one.validation_loss == loss and one is not best]
    tie = f" (as has {', '.join(f'job {number}' for number in equal)}; the smaller number counts)" if equal else ""
    given = sum(one.validation_loss is not None for one in made)
    return f"Job {best.number} has the lowest validation loss, {loss:.4g}{tie}; {given} of {jobs} jobs gave one."


def is_discarded(number: int, chosen: int | None, *, keep_models: bool) -> bool:
    """Whether the model of a candidate is deleted once its run is over.

    `chosen` is None if no choice is stored: then all stay, since their training is paid for.
    """
    return chosen is not None and number != chosen and not keep_models


def is_candidate_of(tags: Mapping[str, str], environment: str, run: str, number: int) -> bool:
    """Whether a model's tags prove that the job of this candidate, run and environment made it."""
    proof = {"project": PROJECT, "deployment": environment, "run-id": run, CANDIDATE_TAG: str(number)}
    return all(tags.get(name) == value for name, value in proof.items())
