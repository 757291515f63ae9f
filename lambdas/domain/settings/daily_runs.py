"""How many runs a day may start: each claimed run takes a number of its day before anything is read or spent.

A number is the object `run-limits/<date>/<number>.json` in the output bucket, from 1 to the environment's
`max_runs_per_day`; its body names the run. The day is that of the claim, in UTC.
"""

from pydantic import BaseModel, ConfigDict

from lambdas.domain.core.counted import counted

PREFIX = "run-limits/"


class DailyRunHolder(BaseModel):
    """The object's body."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    run_id: str


def day_prefix(claimed_at: str) -> str:
    """Where the numbers of a claim's day are; `claimed_at` is a timestamp."""
    return f"{PREFIX}{claimed_at[:10]}/"


def keys(claimed_at: str, most: int) -> list[str]:
    """The keys of all numbers of the day."""
    return [f"{day_prefix(claimed_at)}{number}.json" for number in range(1, most + 1)]


def refusal(source: str, claimed_at: str, most: int) -> str:
    """The message of a run that got no number; `source` is the URI of its data set."""
    runs = counted(most, "run")
    return (
        f"This environment starts at most {runs} a day (its setting max_runs_per_day), and {claimed_at[:10]} (UTC) has "
        f"had them all: {source} starts no run. Upload it again on another day, or deploy a higher max_runs_per_day."
    )
