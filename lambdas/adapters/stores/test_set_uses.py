"""Which runs were evaluated on a test set: an object for each in the output bucket."""

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.evaluation.reuse import PREFIX, use_key


class TestSetUses:
    """Records below `test-sets/` in the output bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def count(self, bucket: str, digest: str, run_id: str) -> int:
        """How many runs have used the test set, this one included. Raises ServiceBusy and Refused."""
        self._objects.write_new(bucket, use_key(digest, run_id), b"{}")
        return len(self._objects.keys(bucket, f"{PREFIX}{digest}/"))
