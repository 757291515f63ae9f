"""The candidates' customization jobs (`$.jobs`): how each is doing, and when all have ended."""

from collections.abc import Sequence
from math import isfinite
from typing import Literal

from lambdas.domain.core.counted import counted
from lambdas.domain.core.errors import CustomizationFailed, CustomizationStalled
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.outside_text import sentence, shortened_to_bytes
from lambdas.domain.core.run import bedrock_name
from lambdas.domain.core.state_budget import JOB_FAILURE_BYTES
from lambdas.domain.training.candidates import Candidate
from lambdas.domain.training.customization import COMPLETED, IN_PROGRESS, TRAINING_PHASE, JobDescription
from lambdas.domain.training.manifest import InputStatus
from lambdas.domain.training.polling import FIRST_JOB_WAIT_SECONDS, MOST_START_REFUSALS, next_job_wait

# Not started yet: Bedrock's quota of jobs that run at a time is used up. All other statuses are Bedrock's.
PENDING = "Pending"
FAILED = "Failed"
STOPPING, STOPPED = "Stopping", "Stopped"
TRAINING = (IN_PROGRESS, STOPPING)
# Not ended yet.
GOING_ON = (*TRAINING, PENDING)

DELETED, KEPT, LEFT = "deleted", "kept", "left"


class CandidateJob(Fact):
    """The job of one candidate; what is not known yet is null.

    `failure` says why there is no model, what a pending job waits for, or why nothing is known of one that trains;
    `unknown_seconds` are the waits since it was known, `unknown_told` whether people were told. `model` says what
    became of its model: "deleted", "kept", or "left" if its deletion was refused. `phase` is the last one that the job
    has begun; `idle_seconds` are the waits in which it was in progress and had not begun to train, and `stall` says
    what came of too many of them. Of its `records` Bedrock has rejected some; `training_records` is how
    many the run gave it.
    """

    number: int
    name: str
    hyperparameters: dict[str, str]
    status: str = PENDING
    arn: str | None = None
    model_arn: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    training_loss: float | None = None
    validation_loss: float | None = None
    failure: str | None = None
    model: str | None = None
    simulated: bool = False
    phase: str | None = None
    idle_seconds: int = 0
    stall: Literal["told", "ended"] | None = None
    unknown_seconds: int = 0
    unknown_told: bool = False
    records: int | None = None
    # Earlier versions stored none.
    training_records: int | None = None
    rejected_records: int | None = None


class Jobs(Fact):
    """`$.jobs`: a job for each candidate, and the status of all together.

    `may_start` says that a pending job may find room; `start_refusals` counts how often in a row there was none.
    `start_busy` says that AWS was too busy for the last start: it is tried again after the next wait.
    """

    status: str
    candidates: list[CandidateJob]
    wait_seconds: int = FIRST_JOB_WAIT_SECONDS
    may_start: bool = False
    start_refusals: int = 0
    start_busy: bool = False


def plan_jobs(candidates: Sequence[Candidate], run_id: str, environment: str) -> list[CandidateJob]:
    """The jobs of the candidates, none started yet, with the names by which they are found whatever was recorded."""
    return [plan_job(one, bedrock_name(environment, run_id, one.number)) for one in candidates]


def plan_job(candidate: Candidate, name: str) -> CandidateJob:
    """The job of a candidate, not started yet."""
    return CandidateJob(
        number=candidate.number,
        name=name,
        hyperparameters=candidate.hyperparameters,
        training_records=candidate.training_set.records,
    )


def describe_job(candidate: CandidateJob, job: JobDescription) -> CandidateJob:
    """The candidate with what Bedrock says of its job."""
    status, failure = job.status, job.failure_message
    if status == COMPLETED and job.model_arn is None:
        status, failure = FAILED, "Bedrock calls the job complete and names no custom model."
    facts = {
        "status": status,
        "arn": job.arn,
        "model_arn": job.model_arn,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "training_loss": _finite(job.training_loss),
        "validation_loss": _finite(job.validation_loss),
        "failure": failure and _failure_words(failure),
        "simulated": job.simulated,
        "phase": job.phase,
        "unknown_seconds": 0,
        "unknown_told": False,
    }
    return candidate.model_copy(update=facts)


def _finite(loss: float | None) -> float | None:
    """None for the loss of a training that diverged: it cannot be compared or serialised."""
    return loss if loss is not None and isfinite(loss) else None


def _failure_words(reason: str) -> str:
    """Of up to twelve jobs, all of which stand in the run's state."""
    return shortened_to_bytes(sentence(reason), JOB_FAILURE_BYTES)


def postpone(candidate: CandidateJob, reason: str) -> CandidateJob:
    """A candidate for which Bedrock has no room yet."""
    return candidate.model_copy(update={"failure": _failure_words(reason)})


def give_up(candidate: CandidateJob, reason: str) -> CandidateJob:
    """A candidate that could not be started, or that Bedrock no longer knows."""
    return candidate.model_copy(update={"status": FAILED, "failure": _failure_words(reason)})


def note_input(candidate: CandidateJob, status: InputStatus | None) -> CandidateJob:
    """A candidate whose job has ended, with what Bedrock says of its records; a failure names those it rejected."""
    if status is None:
        return candidate
    facts: dict[str, object] = {"records": status.records, "rejected_records": status.rejected}
    if candidate.failure and status.rejected:
        rejected = f"Bedrock rejected {status.rejected} of {counted(status.records, 'record')}"
        words = f"{candidate.failure.rstrip('.')}. {rejected}"
        facts["failure"] = _failure_words(words)
    return candidate.model_copy(update=facts)


def count_idle(candidate: CandidateJob, waited_seconds: int) -> CandidateJob:
    """A candidate after another wait: where its job is in progress and has not begun to train, the wait counts.

    Where Bedrock tells no phase, nobody can say that the job does not train.
    """
    idle = candidate.status == IN_PROGRESS and candidate.phase not in (None, TRAINING_PHASE)
    return candidate.model_copy(update={"idle_seconds": candidate.idle_seconds + waited_seconds if idle else 0})


def count_unknown(candidate: CandidateJob, reason: str, waited_seconds: int) -> CandidateJob:
    """A candidate of which Bedrock told nothing after another wait: as it was, since its job may train all the same."""
    unknown_seconds = candidate.unknown_seconds + waited_seconds
    return candidate.model_copy(update={"failure": _failure_words(reason), "unknown_seconds": unknown_seconds})


def end_stalled(candidate: CandidateJob) -> CandidateJob:
    """A candidate whose job was given up, since it does not begin to train."""
    hours = candidate.idle_seconds / 3600
    reason = (
        f"it has not started to train within {counted(round(hours), 'hour')} and was stopped; the last phase that "
        "it began is "
        f"{candidate.phase}"
    )
    return give_up(candidate, reason).model_copy(update={"stall": "ended"})


def record_starts(before: Jobs | None, candidates: list[CandidateJob], *, busy: bool = False) -> Jobs:
    """`$.jobs` after an attempt to start what was pending; `before` is None at the first one.

    Where AWS was `busy`, nothing was refused: the run waits and tries again, however often. Raises CustomizationFailed
    if no job is left to hope for: none could be started at first, or all have ended without a model. If none of the
    run's own jobs trains and Bedrock refuses for hours, the pending ones are given up.
    """
    if busy:
        refusals, wait_seconds = (before.start_refusals, before.wait_seconds) if before else (0, FIRST_JOB_WAIT_SECONDS)
        return _together(candidates, wait_seconds).model_copy(update={"start_refusals": refusals, "start_busy": True})
    if before is None:
        if not any(one.arn for one in candidates):
            raise CustomizationFailed(f"No customization job could be started. {explain_ends(candidates)}")
        return _together(candidates, FIRST_JOB_WAIT_SECONDS)
    refusals = 0 if _training(candidates) else before.start_refusals + 1
    if refusals >= MOST_START_REFUSALS:
        candidates = [give_up(one, one.failure or "") if one.status == PENDING else one for one in candidates]
    return _together(candidates, before.wait_seconds).model_copy(update={"start_refusals": refusals})


def record_checks(before: Jobs, candidates: list[CandidateJob]) -> Jobs:
    """`$.jobs` after all jobs in training were asked for. Raises CustomizationFailed if all ended without a model."""
    now = _together(candidates, next_job_wait(before.wait_seconds))
    trained, trains = _training(before.candidates), _training(candidates)
    has_room = trains == 0 or trains < trained or before.start_busy
    waiting = any(one.status == PENDING for one in candidates)
    return now.model_copy(update={"may_start": waiting and has_room, "start_refusals": before.start_refusals})


def sum_up(candidates: list[CandidateJob]) -> Jobs:
    """`$.jobs` of a run that trains nothing any more, whatever its jobs have come to."""
    if any(one.status in GOING_ON for one in candidates):
        status = IN_PROGRESS
    else:
        status = COMPLETED if any(one.status == COMPLETED for one in candidates) else FAILED
    return Jobs(status=status, candidates=candidates)


def _training(candidates: Sequence[CandidateJob]) -> int:
    return sum(one.status in TRAINING for one in candidates)


def _together(candidates: list[CandidateJob], wait_seconds: int) -> Jobs:
    jobs = sum_up(candidates)
    if jobs.status == FAILED:
        error = CustomizationStalled if any(one.stall == "ended" for one in candidates) else CustomizationFailed
        raise error(
            f"No customization job made a model. {explain_ends(candidates)} "
            "Correct the cause, then upload the data set again."
        )
    return jobs.model_copy(update={"wait_seconds": wait_seconds})


def explain_ends(candidates: Sequence[CandidateJob]) -> str:
    """What became of each job that made no model, a sentence each; those that were not asked for are left out."""
    return " ".join(
        f"{one.name} {_end(one)}: {(one.failure or 'Bedrock gave no message').rstrip('.')}."
        for one in candidates
        if one.status != COMPLETED and (one.failure or one.status != PENDING)
    )


def _end(job: CandidateJob) -> str:
    if job.status == PENDING:
        return "was not started"
    return f"ended as {job.status}{f' (job {job.arn})' if job.arn else ''}"
