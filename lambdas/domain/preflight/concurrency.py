"""Check of Lambda's concurrency: whether a run's questions leave room for the functions that look after the run."""

from typing import NamedTuple

from lambdas.domain.core.unknown import Unknown
from lambdas.domain.preflight.checks import Check, fail, report_unknown, warn

CONCURRENCY = "lambda-concurrency"
QUOTA_CODE = "L-B99A9384"
# Lambda lets nothing be reserved that leaves others less ("Configuring reserved concurrency", developer guide).
LEAST_UNRESERVED = 100
# The reconciler is called by the schedule, by ends of runs and by CloudFormation, seldom at the same time.
RECOMMENDED_RESERVATION = 5


class WantedConcurrency(NamedTuple):
    """The environment's settings: shards of a map at a time, models served at a time, the reconciler's own part."""

    max_concurrency: int
    max_throughputs: int
    reconciler_reserved: int | None

    @property
    def of_maps(self) -> int:
        """Calls of the maps that run at once: whatever is served, of one run or several, asks one map at a time."""
        return self.max_concurrency * self.max_throughputs

    @property
    def in_all(self) -> int:
        """Those, one function beside each map, and the reconciler where it has no part of its own."""
        return self.of_maps + self.max_throughputs + (0 if self.reconciler_reserved else 1)


class AccountConcurrency(NamedTuple):
    """How many functions the account lets run at a time in this Region, and how many of them nothing reserves."""

    limit: int
    unreserved: int


def room_for_functions(wanted: WantedConcurrency, account: AccountConcurrency | Unknown) -> Check:
    """An error where one map alone leaves room for nothing else, a warning where others may have to wait.

    A function that finds no room is called again for an hour and longer: what starves is late, and may bill meanwhile.
    """
    if isinstance(account, Unknown):
        return report_unknown(CONCURRENCY, account, "warning", "Allow lambda:GetAccountSettings.")
    has = f"The account lets {account.unreserved} Lambda functions run at a time without a reservation"
    if wanted.max_concurrency >= account.unreserved:
        message = (
            f"{has}, and the questions of one run take {wanted.max_concurrency} of them (max_concurrency): nothing is "
            "left for the functions that check the job and delete what bills."
        )
        return fail(CONCURRENCY, message, _remedy(wanted, account), quota=QUOTA_CODE)
    if wanted.in_all > account.unreserved:
        message = (
            f"{has}, and the environment may need {wanted.in_all}: {wanted.of_maps} for questions (max_concurrency x "
            "max_throughputs), the rest for the functions beside them. Some of them will wait for others."
        )
        return warn(CONCURRENCY, message, _remedy(wanted, account), quota=QUOTA_CODE)
    if not wanted.reconciler_reserved and account.unreserved - RECOMMENDED_RESERVATION >= LEAST_UNRESERVED:
        message = (
            "The reconciler, which deletes what bills behind a run, shares the account's Lambda concurrency: where "
            "other functions use it up, what bills stays for longer. This account can spare a part for it."
        )
        remedy = f"Set reconciler_reserved_concurrency to {RECOMMENDED_RESERVATION} and deploy again."
        return warn(CONCURRENCY, message, remedy)
    return Check(CONCURRENCY)


def _remedy(wanted: WantedConcurrency, account: AccountConcurrency) -> str:
    room = account.unreserved - wanted.max_throughputs - (0 if wanted.reconciler_reserved else 1)
    fits = room // wanted.max_throughputs
    lower = f"Set max_concurrency to at most {fits} and deploy again, or ask" if fits > 0 else "Ask"
    return f"{lower} for a higher quota of concurrent executions (Service Quotas, AWS Lambda)."
