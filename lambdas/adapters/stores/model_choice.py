"""The stored choice among a sweep's models: who deletes the others believes it before anything else."""

import orjson
from pydantic import BaseModel

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.core.run import sweep_key
from lambdas.domain.training.candidate_jobs import ChosenJob


class Choice(BaseModel):
    """`sweep.json`, as far as deletions need it."""

    chosen: int
    model_arn: str


class ModelChoice:
    """The stored choice among the models of a run."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def write_choice(self, bucket: str, run_id: str, job: ChosenJob) -> None:
        """Stores the choice with its reason and with all that it was made from. Raises ServiceBusy and Refused."""
        document = {key: value for key, value in job.items() if key in ("chosen", "model_arn", "reason", "candidates")}
        self._objects.write(bucket, sweep_key(run_id), orjson.dumps(document))

    def read_choice(self, bucket: str, run_id: str) -> Choice | None:
        """The choice; None where none was made. Raises ServiceBusy, Refused, and ValidationError where it is none."""
        text = self._objects.read(bucket, sweep_key(run_id))
        return None if text is None else Choice.model_validate_json(text)
