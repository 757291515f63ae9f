"""The waits between a state's attempts, as its Retry has them; ministack has none above a minute, and no jitter."""

import random
from collections.abc import Mapping
from typing import Any

from ministack.services import stepfunctions

from local import patches

# What Step Functions waits at most, and where a retrier says nothing ("Retry field examples", its developer guide).
LONGEST_SECONDS = 31_622_400
FIRST_SECONDS = 1
BACKOFF_RATE = 2.0


def apply() -> None:
    """Patch the imported ministack, in place: the wait is over once the retrier is found, and no other follows."""
    patches._expect(stepfunctions, "_find_matching_retrier")
    find = stepfunctions._find_matching_retrier

    def find_and_wait(retriers: Any, error: str, counts: dict[int, int]) -> Any:
        retrier, place = find(retriers, error, counts)
        if retrier is None:
            return None, place
        stepfunctions._scaled_sleep(wait_seconds(retrier, counts.get(place, 0)))
        return {**retrier, "IntervalSeconds": 0}, place

    stepfunctions._find_matching_retrier = find_and_wait


def wait_seconds(retrier: Mapping[str, Any], attempt: int) -> float:
    """The wait before a retry; `attempt` counts the earlier ones."""
    first, rate = retrier.get("IntervalSeconds", FIRST_SECONDS), retrier.get("BackoffRate", BACKOFF_RATE)
    # A thousand attempts at a rate of 2 are beyond a float.
    grown = first * rate ** min(attempt, 64)
    longest = float(min(grown, retrier.get("MaxDelaySeconds", LONGEST_SECONDS)))
    if retrier.get("JitterStrategy") == "FULL":
        return random.uniform(0.0, longest)  # noqa: S311 - no secret
    return longest
