"""The loss files that Bedrock writes under a customization job's output."""

from typing import TYPE_CHECKING

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.training.losses import TRAINING_FILE, VALIDATION_FILE, Losses, find_key, read_losses

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class CustomizationOutput:
    """The files that Bedrock writes for a job."""

    def __init__(self, s3: "S3Client", objects: ObjectStore) -> None:
        self._s3 = s3
        self._objects = objects

    def read_training_metrics(self, bucket: str, prefix: str) -> tuple[Losses, Losses]:
        """The training and the validation losses under a prefix, each empty where Bedrock wrote no such file."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [stored["Key"] for page in pages for stored in page.get("Contents", [])]
        return self._read(bucket, keys, TRAINING_FILE, "training"), self._read(
            bucket, keys, VALIDATION_FILE, "validation"
        )

    def _read(self, bucket: str, keys: list[str], file_name: str, kind: str) -> Losses:
        key = find_key(keys, file_name)
        return read_losses((self._objects.read(bucket, key) if key else None) or b"", kind)
