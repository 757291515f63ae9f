"""When people were told of throughput that is kept: below `standing-notices/` in the output bucket."""

from pydantic import ValidationError

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.serving.standing_notices import StandingNotice, notice_key


class StandingNotices:
    """Notices by the runs whose models are served. Every method raises ServiceBusy or Refused."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read(self, bucket: str, run: str) -> StandingNotice | None:
        """The last notice; None where there is none that can be read: then people may be told once more."""
        text = self._objects.read(bucket, notice_key(run))
        try:
            return None if text is None else StandingNotice.model_validate_json(text)
        except ValidationError:
            return None

    def write(self, bucket: str, run: str, notice: StandingNotice) -> None:
        """Writes the notice in place of the one before."""
        self._objects.write(bucket, notice_key(run), notice.model_dump_json().encode())
