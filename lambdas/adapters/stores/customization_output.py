"""The loss files that Bedrock writes under a customization job's output."""

from lambdas.adapters.aws import clients, object_store
from lambdas.domain.training.losses import TRAINING_FILE, VALIDATION_FILE, Losses, find_key, read_losses


def read_training_metrics(bucket: str, prefix: str) -> tuple[Losses, Losses]:
    """The training and the validation losses under a prefix, each empty where Bedrock wrote no such file."""
    pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [stored["Key"] for page in pages for stored in page.get("Contents", [])]
    return _read(bucket, keys, TRAINING_FILE, "training"), _read(bucket, keys, VALIDATION_FILE, "validation")


def _read(bucket: str, keys: list[str], file_name: str, kind: str) -> Losses:
    key = find_key(keys, file_name)
    return read_losses((object_store.read(bucket, key) if key else None) or b"", kind)
