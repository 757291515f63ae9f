"""The stored choice among a run's models: who deletes the others believes it before anything else."""

from collections.abc import Sequence

import orjson
from pydantic import BaseModel, ConfigDict

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.core.run import sweep_key
from lambdas.domain.training.candidate_jobs import CandidateJob
from lambdas.domain.training.choice import TunedModel


class Choice(BaseModel):
    """`sweep.json`, as far as deletions need it."""

    model_config = ConfigDict(defer_build=True)

    chosen: int
    model_arn: str


class ModelChoice:
    """The stored choice among the models of a run."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def write_choice(self, bucket: str, run_id: str, chosen: TunedModel, candidates: Sequence[CandidateJob]) -> None:
        """Stores the choice with its reason and with all that it was made from. Raises ServiceBusy and Refused."""
        document = {
            "chosen": chosen.number,
            "model_arn": chosen.model_arn,
            "reason": chosen.reason,
            "candidates": [one.dump() for one in candidates],
        }
        self._objects.write(bucket, sweep_key(run_id), orjson.dumps(document))

    def read_choice(self, bucket: str, run_id: str) -> Choice | None:
        """The choice; None where none was made. Raises ServiceBusy, Refused, and ValidationError where it is none."""
        text = self._objects.read(bucket, sweep_key(run_id))
        return None if text is None else Choice.model_validate_json(text)
