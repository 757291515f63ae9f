"""The numbers of a day's runs in the output bucket, each taken by a conditional write.

Two runs cannot take one number, so that no run gets past the limit, however many are claimed at once.
"""

from pydantic import ValidationError

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.core.run import Claim
from lambdas.domain.settings import daily_runs
from lambdas.domain.settings.daily_runs import DailyRunHolder


class DailyRuns:
    """How many runs started today."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def take(self, bucket: str, claim: Claim, most: int, *, again: bool) -> bool:
        """Whether the claimed run has a number of its day: one that it takes now or, `again`, has taken before.

        Raises ServiceBusy and Refused.
        """
        taken = self._objects.keys(bucket, daily_runs.day_prefix(claim.claimed_at))
        if again and any(self._holds(bucket, key, claim.run_id) for key in taken):
            return True
        body = DailyRunHolder(run_id=claim.run_id).model_dump_json().encode()
        free = [key for key in daily_runs.keys(claim.claimed_at, most) if key not in taken]
        # A write whose answer was lost is repeated by the SDK, and then finds its own object.
        return any(self._objects.write_new(bucket, key, body) or self._holds(bucket, key, claim.run_id) for key in free)

    def _holds(self, bucket: str, key: str, run_id: str) -> bool:
        body = self._objects.read(bucket, key)
        try:
            return body is not None and DailyRunHolder.model_validate_json(body).run_id == run_id
        except ValidationError:
            return False
