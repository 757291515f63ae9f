"""A run's `approval.json` in the output bucket. Every method raises ServiceBusy or Refused."""

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.report import approval
from lambdas.domain.report.approval import Approval


class Approvals:
    """Runs' `approval.json`."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read(self, bucket: str, run_id: str) -> Approval | None:
        """The run's approval; None where none was asked for."""
        stored = self._objects.read(bucket, approval.key(run_id))
        return None if stored is None else Approval.model_validate_json(stored)

    def write(self, bucket: str, run_id: str, stored: Approval) -> None:
        """Writes it whole: what a new attempt of the state asks takes the place of what an earlier one asked."""
        self._objects.write(bucket, approval.key(run_id), stored.model_dump_json(indent=2).encode())
