"""Jobs that do not begin to train, or of which Bedrock tells nothing: what people are told, and when they are given up.

Bedrock is known to leave jobs InProgress for days with no phase but the first begun, and without a message.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.domain.core.counted import counted
from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.training.candidate_jobs import CandidateJob

# A change of IAM spreads, and new credentials come, within minutes.
UNKNOWN_TOLD_SECONDS = 3600
# Bedrock deletes no job: one that it does not find it may find later.
LONGEST_MISSING_SECONDS = 24 * 3600


@dataclass(frozen=True)
class StallBounds:
    """After how many seconds of waiting a job that does not train is told of, and after how many it is ended."""

    told_seconds: float
    ended_seconds: float


def to_tell(candidates: Sequence[CandidateJob], bounds: StallBounds) -> list[CandidateJob]:
    """The jobs of which nobody has been told yet."""
    return [one for one in candidates if one.stall is None and one.idle_seconds >= bounds.told_seconds]


def is_lost(candidate: CandidateJob, bounds: StallBounds) -> bool:
    """Whether the job is to be given up."""
    return candidate.stall != "ended" and candidate.idle_seconds >= bounds.ended_seconds


def stall_message(
    run_id: str, execution_arn: str, stalled: Sequence[CandidateJob], bounds: StallBounds
) -> Notification:
    """Tells of jobs that do not train, while there is time to do something."""
    lines = [
        f"{one.name} ({one.arn}) is in progress and has not started to train for "
        f"{counted(round(one.idle_seconds / 3600), 'hour')}; "
        f"the last phase that it began is {one.phase}."
        for one in stalled
    ]
    what_next = (
        f"The run goes on waiting, for up to {counted(round(bounds.ended_seconds / 3600), 'hour')} in all; "
        "then it stops the job and "
        "ends. Look at the job in the Bedrock console and at the AWS Health Dashboard, and ask AWS Support. To end the "
        "run earlier, stop its execution: the job is stopped with it."
    )
    where = f"Run: {run_id}\nExecution: {execution_arn}"
    return notification(f"{run_id}: the job does not start to train", "\n\n".join([*lines, what_next, where]))


def unknown_to_tell(candidates: Sequence[CandidateJob]) -> list[CandidateJob]:
    """The jobs of which nothing has been known for so long that a person must look, and has not been told yet."""
    return [one for one in candidates if not one.unknown_told and one.unknown_seconds >= UNKNOWN_TOLD_SECONDS]


def unknown_message(run_id: str, execution_arn: str, unknown: Sequence[CandidateJob]) -> Notification:
    """Tells of jobs that may train, and that the run cannot ask for."""
    lines = [
        f"Nothing has been known of {one.name} ({one.arn}) for "
        f"{counted(round(one.unknown_seconds / 3600), 'hour')}: {one.failure}"
        for one in unknown
    ]
    what_next = (
        "The job may train all the same: the run goes on asking until its deadline. Check that the CheckJobs function "
        "may call bedrock:GetModelCustomizationJob, and look at the job in the Bedrock console. To end the run "
        "earlier, stop its execution: the job is stopped with it."
    )
    where = f"Run: {run_id}\nExecution: {execution_arn}"
    return notification(f"{run_id}: nothing is known of the job", "\n\n".join([*lines, what_next, where]))
