"""A batch job of a run as Bedrock describes it, and where its files lie."""

from dataclasses import dataclass
from typing import Final

COMPLETED: Final = "Completed"
# Of these the list is asked, one at a time.
UNDER_WAY: Final = ("Submitted", "Validating", "Scheduled", "InProgress")
_STOPPING: Final = "Stopping"
INPUT_NAME: Final = "asks.jsonl"


@dataclass(frozen=True)
class BatchDescription:
    """A job as Bedrock describes it; times are timestamps, `ended_at` is None until it has ended."""

    arn: str
    name: str
    model: str
    status: str
    started_at: str
    ended_at: str | None
    message: str | None

    @property
    def is_under_way(self) -> bool:
        """Whether it can be stopped."""
        return self.status in UNDER_WAY

    @property
    def has_ended(self) -> bool:
        """Whether its output is what it will ever be."""
        return not self.is_under_way and self.status != _STOPPING


def batch_input_key(run_prefix: str, number: int) -> str:
    """Where the questions of the run's batch job of this number are in the output bucket."""
    return f"{run_prefix}batch/b{number}/{INPUT_NAME}"


def batch_output_prefix(run_prefix: str, number: int) -> str:
    """Where Bedrock writes what the job has come to, in a folder of the job's id."""
    return f"{run_prefix}batch/b{number}/output/"


def batch_output_key(run_prefix: str, number: int, job_arn: str) -> str:
    """Where Bedrock writes the job's answers."""
    return f"{batch_output_prefix(run_prefix, number)}{job_arn.rpartition('/')[2]}/{INPUT_NAME}.out"
