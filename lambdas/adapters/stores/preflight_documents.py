"""Runs' `preflight.json` in the output bucket. Every method raises ServiceBusy or Refused."""

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.preflight.checks import PreflightDocument, preflight_key


class PreflightDocuments:
    """Runs' `preflight.json`."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read(self, bucket: str, prefix: str) -> PreflightDocument | None:
        """The outcome of a run's preflight; None where there was none. Raises pydantic's ValidationError."""
        stored = self._objects.read(bucket, preflight_key(prefix))
        return None if stored is None else PreflightDocument.model_validate_json(stored)

    def write(self, bucket: str, prefix: str, document: PreflightDocument) -> str:
        """Writes it and returns its URI."""
        return self._objects.write(bucket, preflight_key(prefix), document.model_dump_json(indent=2).encode())
