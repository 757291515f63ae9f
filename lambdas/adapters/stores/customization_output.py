"""The loss files that Bedrock writes under a customization job's output."""

import re

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.training.losses import TRAINING_FILE, VALIDATION_FILE, JobLosses, Losses, find_key, read_losses
from lambdas.domain.training.manifest import InputStatus, is_manifest, read_manifests

# A run's jobs write below `customization/c<number>/`.
_NUMBER = re.compile(r"c([0-9]+)/")


class CustomizationOutput:
    """The files that Bedrock writes for a job."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read_losses(self, bucket: str, prefix: str) -> dict[int, JobLosses]:
        """The losses of each job of the run by the candidate's number, as far as there are files."""
        output = f"{prefix}customization/"
        keys: dict[int, list[str]] = {}
        for key in self._objects.keys(bucket, output):
            if number := _NUMBER.match(key, len(output)):
                keys.setdefault(int(number[1]), []).append(key)
        return {number: self._read_job(bucket, own) for number, own in sorted(keys.items())}

    def read_training_metrics(self, bucket: str, prefix: str) -> JobLosses:
        """The losses under a job's prefix, each empty where Bedrock wrote no such file."""
        return self._read_job(bucket, self._objects.keys(bucket, prefix))

    def read_input_status(self, bucket: str, prefix: str) -> InputStatus | None:
        """What Bedrock says of the input of the job under a prefix; None where it says nothing."""
        keys = [key for key in self._objects.keys(bucket, prefix) if is_manifest(key)]
        return read_manifests(self._objects.read(bucket, key) or b"" for key in keys)

    def _read_job(self, bucket: str, keys: list[str]) -> JobLosses:
        return JobLosses(
            self._read(bucket, keys, TRAINING_FILE, "training"), self._read(bucket, keys, VALIDATION_FILE, "validation")
        )

    def _read(self, bucket: str, keys: list[str], file_name: str, kind: str) -> Losses:
        key = find_key(keys, file_name)
        return read_losses((self._objects.read(bucket, key) if key else None) or b"", kind)
