"""What was told of uploads that start no run, so that each is told once, and not too many in an hour."""

from pydantic import BaseModel, ConfigDict

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.dataset.unused_upload import MOST_AN_HOUR, UnusedUpload, hour_prefix, told_key


class UploadTeller(BaseModel):
    """The object's body: the invocation that tells it, which Lambda repeats under the same id."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    request_id: str
    key: str


class ToldUploads:
    """Records below `told-uploads/` in the output bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def take(self, bucket: str, upload: UnusedUpload, hour: str, request_id: str) -> int | None:
        """The number of this message in its hour; None if it was told, or the hour has had all of its messages.

        Raises ServiceBusy and Refused.
        """
        key = told_key(upload, hour)
        told = self._objects.keys(bucket, hour_prefix(hour))
        if key not in told and len(told) >= MOST_AN_HOUR:
            return None
        body = UploadTeller(request_id=request_id, key=upload.source.key).model_dump_json().encode()
        if self._objects.write_new(bucket, key, body):
            return len(told) + 1
        standing = self._objects.read(bucket, key)
        ours = standing is not None and UploadTeller.model_validate_json(standing).request_id == request_id
        return len(told) if ours else None
