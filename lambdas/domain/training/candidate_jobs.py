"""The jobs of a sweep in `$.job`: how each is doing, when all have ended, and whose model is chosen."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TypedDict

from lambdas.domain.core.errors import CustomizationFailed
from lambdas.domain.core.outside_text import sentence, shortened_to_bytes
from lambdas.domain.core.run import CANDIDATE_TAG, PROJECT
from lambdas.domain.core.state_budget import JOB_FAILURE_BYTES
from lambdas.domain.training.candidates import Candidate
from lambdas.domain.training.customization import COMPLETED, IN_PROGRESS, Job
from lambdas.domain.training.losses import Losses
from lambdas.domain.training.polling import MOST_START_REFUSALS, next_job_wait

# Not started yet: Bedrock's quota of jobs that run at a time is used up. All other statuses are Bedrock's.
PENDING = "Pending"
FAILED = "Failed"
TRAINING = (IN_PROGRESS, "Stopping")

DELETED, KEPT, LEFT = "deleted", "kept", "left"


class CandidateJob(TypedDict):
    """A job of the sweep; what is not known yet is null.

    `failure` says why there is no model, or what a pending one waits for; `model` what became of a model that was not
    chosen: "deleted", "kept", or "left" where its deletion was refused.
    """

    number: int
    name: str
    hyperparameters: dict[str, str]
    status: str
    arn: str | None
    model_arn: str | None
    started_at: str | None
    ended_at: str | None
    training_loss: float | None
    validation_loss: float | None
    failure: str | None
    model: str | None
    simulated: bool


class SweepJob(Job):
    """`$.job` of a sweep: until the choice the first job's name and ARN, and the status of all together.

    `may_start` says that a pending job may find room; `start_refusals` counts how often in a row there was none.
    """

    candidates: list[CandidateJob]
    may_start: bool
    start_refusals: int


class ChosenJob(SweepJob):
    """`$.job` after the choice: the facts of the chosen one."""

    chosen: int
    reason: str
    hyperparameters: dict[str, str]


def pending(candidate: Candidate, name: str) -> CandidateJob:
    """A candidate that has not been started."""
    return {
        "number": candidate["number"],
        "name": name,
        "hyperparameters": candidate["hyperparameters"],
        "status": PENDING,
        "arn": None,
        "model_arn": None,
        "started_at": None,
        "ended_at": None,
        "training_loss": None,
        "validation_loss": None,
        "failure": None,
        "model": None,
        "simulated": False,
    }


def described(
    candidate: CandidateJob,
    job: Job,
    *,
    training_loss: float | None = None,
    validation_loss: float | None = None,
    failure: str | None = None,
) -> CandidateJob:
    """The candidate with what Bedrock says of its job."""
    status = job["status"]
    if status == COMPLETED and job["model_arn"] is None:
        status, failure = FAILED, "Bedrock calls the job complete and names no custom model."
    return {
        **candidate,
        "status": status,
        "arn": job["arn"],
        "model_arn": job["model_arn"],
        "started_at": job["started_at"],
        "ended_at": job["ended_at"],
        "training_loss": _finite(training_loss),
        "validation_loss": _finite(validation_loss),
        "failure": failure and _failure_words(failure),
        "simulated": job["simulated"],
    }


def _finite(loss: float | None) -> float | None:
    """None for the loss of a training that diverged: it is lower than no other, and no JSON."""
    return loss if loss is not None and isfinite(loss) else None


def _failure_words(reason: str) -> str:
    """Of up to twelve jobs, all of which stand in the run's state."""
    return shortened_to_bytes(sentence(reason), JOB_FAILURE_BYTES)


def waits(candidate: CandidateJob, reason: str) -> CandidateJob:
    """A candidate for which Bedrock has no room yet."""
    return {**candidate, "failure": _failure_words(reason)}


def failed(candidate: CandidateJob, reason: str) -> CandidateJob:
    """A candidate that could not be started, or that Bedrock no longer knows."""
    return {**candidate, "status": FAILED, "failure": _failure_words(reason)}


def started(candidates: list[CandidateJob], *, wait_seconds: int, start_refusals: int = 0) -> SweepJob:
    """`$.job` after an attempt to start what was pending. Raises CustomizationFailed where nothing is left to hope for.

    Where none of the run's own jobs trains and Bedrock has refused for hours, the pending ones are given up.
    """
    if start_refusals >= MOST_START_REFUSALS:
        candidates = [failed(one, one["failure"] or "") if one["status"] == PENDING else one for one in candidates]
    return {**_together(candidates, wait_seconds), "start_refusals": start_refusals}


def checked(job: SweepJob, candidates: list[CandidateJob]) -> SweepJob:
    """`$.job` after all jobs in training were asked for. Raises CustomizationFailed where all ended without a model."""
    now = _together(candidates, next_job_wait(job["wait_seconds"]))
    trained, trains = _training(job["candidates"]), _training(candidates)
    has_room = trains == 0 or trains < trained
    waiting = any(one["status"] == PENDING for one in candidates)
    return {**now, "may_start": waiting and has_room, "start_refusals": job["start_refusals"]}


def next_start_refusals(job: SweepJob, candidates: Sequence[CandidateJob]) -> int:
    """How often in a row nothing could be started although none of the run's own jobs trains."""
    return 0 if _training(candidates) else job["start_refusals"] + 1


def _training(candidates: Sequence[CandidateJob]) -> int:
    return sum(one["status"] in TRAINING for one in candidates)


def _together(candidates: list[CandidateJob], wait_seconds: int) -> SweepJob:
    going_on = any(one["status"] in (*TRAINING, PENDING) for one in candidates)
    if not going_on and not any(one["status"] == COMPLETED for one in candidates):
        raise CustomizationFailed(
            f"No job of the sweep made a model. {reasons(candidates)} "
            "Correct the cause, then upload the data set again."
        )
    ends = [one["ended_at"] for one in candidates if one["ended_at"]]
    return {
        "name": candidates[0]["name"],
        "arn": next((one["arn"] for one in candidates if one["arn"]), ""),
        "status": IN_PROGRESS if going_on else COMPLETED,
        "model_arn": None,
        "started_at": min((one["started_at"] for one in candidates if one["started_at"]), default=""),
        "ended_at": None if going_on else max(ends, default=None),
        "simulated": any(one["simulated"] for one in candidates),
        "wait_seconds": wait_seconds,
        "candidates": candidates,
        "may_start": False,
        "start_refusals": 0,
    }


def reasons(candidates: Sequence[CandidateJob]) -> str:
    """What became of each job that made no model, a sentence each."""
    return " ".join(
        f"{one['name']} ended as {one['status']}: {(one['failure'] or 'Bedrock gave no message').rstrip('.')}."
        for one in candidates
        if one["status"] != COMPLETED
    )


def kept_validation_loss(losses: Losses, hyperparameters: Mapping[str, str]) -> float | None:
    """The validation loss of the model that a job keeps, from its metrics file; None where the file has none.

    With early stopping that is the epoch with the lowest loss (AWS's blog on fine-tuning Claude 3 Haiku), otherwise the
    last one.
    """
    values = [line.loss for line in losses.lines]
    if not values:
        return None
    return min(values) if "earlyStoppingPatience" in hyperparameters else values[-1]


def choose(job: SweepJob, candidates: list[CandidateJob]) -> ChosenJob:
    """`$.job` with the model of the lowest validation loss, of equal ones that of the smallest number.

    A single model is taken even without a loss. Raises CustomizationFailed where several are there and none has one.
    """
    made = [one for one in candidates if one["status"] == COMPLETED]
    able = made if len(made) == 1 else [one for one in made if one["validation_loss"] is not None]
    if not able:
        raise CustomizationFailed(
            "No model of the sweep can be chosen: Bedrock gave no validation loss, neither with the jobs nor in their "
            "metrics files. Look at the jobs in the Bedrock console, or run again without sweep in run.json."
        )
    best = min(able, key=lambda one: (one["validation_loss"], one["number"]))
    return {
        **job,
        "name": best["name"],
        "arn": best["arn"] or "",
        "status": best["status"],
        "model_arn": best["model_arn"],
        "started_at": best["started_at"] or "",
        "ended_at": best["ended_at"],
        "candidates": candidates,
        "chosen": best["number"],
        "reason": _reason(best, able, len(candidates)),
        "hyperparameters": best["hyperparameters"],
    }


def _reason(best: CandidateJob, able: Sequence[CandidateJob], jobs: int) -> str:
    loss = best["validation_loss"]
    if loss is None:
        return f"Of {jobs} jobs only job {best['number']} made a model; Bedrock gave no validation loss for it."
    equal = [one["number"] for one in able if one["validation_loss"] == loss and one is not best]
    tie = f" (as has {', '.join(f'job {number}' for number in equal)}; the smaller number counts)" if equal else ""
    compared = f"Of the {len(able)} of {jobs} jobs that have one," if len(able) < jobs else f"Of {jobs} jobs"
    return f"{compared} job {best['number']} has the lowest validation loss, {loss:.4g}{tie}."


def is_discarded(number: int, chosen: int | None, *, keep_models: bool, keep_job: bool) -> bool:
    """Whether the model of a sweep that is over is deleted. `chosen` is None where no choice was made."""
    if number == chosen or keep_models:
        return False
    return chosen is not None or not keep_job


def is_candidate_of(tags: Mapping[str, str], deployment: str, run: str, number: int) -> bool:
    """Whether a model's tags prove that a sweep's job of this number, run and deployment made it."""
    proof = {"project": PROJECT, "deployment": deployment, "run-id": run, CANDIDATE_TAG: str(number)}
    return all(tags.get(name) == value for name, value in proof.items())


def summarise(plan: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any] | None:
    """report.json's `sweep`: `{"jobs", "chosen", "reason", "note"}`; null for a run with one job."""
    if len(plan.get("candidates") or ()) < 2:
        return None
    chosen = job.get("chosen")
    keys = ("number", "name", "hyperparameters", "status", "model_arn", "training_loss", "validation_loss", "failure")
    return {
        "jobs": [
            {
                **{key: one[key] for key in keys},
                "chosen": one["number"] == chosen,
                "model_deleted": one["model"] == DELETED,
                "kept": one["model_arn"] is not None and one["model"] != DELETED,
            }
            for one in job.get("candidates") or ()
        ],
        "chosen": chosen,
        "reason": job.get("reason") or "No model was chosen: the run failed before.",
        "note": (plan.get("sweep") or {}).get("note", ""),
    }


def values_explained(plan: Mapping[str, Any], job: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """report.json's `recommended`: the values that the served model was trained with, each with its reason.

    The plan's where no choice was made; what the chosen job of a sweep has instead is from the "sweep".
    """
    recommended: list[dict[str, Any]] | None = plan.get("recommended")
    if recommended is None or job.get("chosen") is None:
        return recommended
    return [_explained(one, job["hyperparameters"].get(one["name"]), job["chosen"]) for one in recommended]


def _explained(recommended: dict[str, Any], value: str | None, chosen: int) -> dict[str, Any]:
    if value == recommended["value"]:
        return recommended
    reason = f"Job {chosen} has the lowest validation loss with it. Recommended: {recommended['value']}."
    return {**recommended, "value": value, "source": "sweep", "reason": f"{reason} {recommended['reason']}"}
