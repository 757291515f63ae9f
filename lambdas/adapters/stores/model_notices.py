"""Of which custom models people were told that they go, and when: below `model-notices/` in the output bucket."""

from pydantic import ValidationError

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.training.model_age import ModelNotice, notice_key


class ModelNotices:
    """Notices by the models' names. Every method raises ServiceBusy or Refused."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read(self, bucket: str, name: str, arn: str) -> ModelNotice | None:
        """The notice of this model; None of an earlier one of its name, and where there is none that can be read."""
        text = self._objects.read(bucket, notice_key(name))
        try:
            notice = None if text is None else ModelNotice.model_validate_json(text)
        except ValidationError:
            return None
        return notice if notice is not None and notice.model_arn == arn else None

    def write(self, bucket: str, name: str, notice: ModelNotice) -> None:
        """Writes the notice in place of an earlier one."""
        self._objects.write(bucket, notice_key(name), notice.model_dump_json().encode())
