"""What people are told of throughput that serves applications: daily of what is kept, and of a lease that has ended."""

from collections.abc import Mapping, Sequence
from math import ceil

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.core.timestamps import later, seconds_between
from lambdas.domain.serving.kinds import PROVISIONED, hourly_cost, noun
from lambdas.domain.serving.reconciliation import FoundServing
from lambdas.domain.serving.standing import NEVER

PREFIX = "standing-notices/"
DAY_SECONDS = 86_400
HOUR_SECONDS = 3600


class StandingNotice(Fact):
    """`standing-notices/<run id>.json`: when people were last told of what is kept for the run's model."""

    arn: str
    told_at: str


def notice_key(run: str) -> str:
    """Where the notice is in the output bucket."""
    return f"{PREFIX}{run}.json"


def is_kept(found: FoundServing) -> bool:
    """Whether it bills by the hour until somebody ends it."""
    return found.standing and found.kind == PROVISIONED and found.lease_ends_at == NEVER and found.run_id is not None


def is_due(found: FoundServing, notice: StandingNotice | None, now: str) -> bool:
    """Whether people are to be told of it again: each day from its first on."""
    since = notice.told_at if notice is not None and notice.arn == found.arn else found.created_at
    return now >= later(since, DAY_SECONDS)


def kept_message(
    environment: str, kept: Sequence[FoundServing], prices: Mapping[str, float | None], now: str
) -> Notification:
    """What bills by the hour on purpose, how old it is, what it has cost so far, and how to end it."""
    lines = "\n\n".join(
        f"- {found.arn} serves the model of run {found.run_id}. {describe_cost(found, prices.get(found.arn), now)}\n"
        f"  End it: fine-tune unserve {found.run_id}"
        for found in kept
    )
    many = len(kept) != 1
    return notification(
        f"{environment}: {len(kept)} throughput{'s' if many else ''} kept",
        f"{'These throughputs bill' if many else 'This throughput bills'} by the hour until somebody ends "
        f"{'them' if many else 'it'}, since somebody has kept {'them' if many else 'it'} (fine-tune serve --keep):\n\n"
        f"{lines}\n\nYou are told again tomorrow.",
    )


def ended_message(
    environment: str, ended: Sequence[FoundServing], prices: Mapping[str, float | None], now: str
) -> Notification:
    """That what served applications is gone, why, and what it has cost."""
    lines = "\n\n".join(
        f"- The {noun(found.kind)} {found.arn}, which served the model of run {found.run_id or 'unknown'}: "
        f"{found.reason}. {describe_cost(found, prices.get(found.arn), now)}"
        for found in ended
    )
    return notification(
        f"{environment}: no longer served",
        f"Deleted, and Bedrock no longer finds it:\n\n{lines}\n\nTo serve a model again: fine-tune serve <run id>",
    )


def describe_cost(found: FoundServing, price: float | None, now: str) -> str:
    """Its age, and what it has cost until now in begun hours, where that is known."""
    seconds = seconds_between(found.created_at, now)
    age = f"It is {seconds / DAY_SECONDS:.1f} days old" if seconds >= DAY_SECONDS else f"{_hours(seconds)}"
    if found.kind != PROVISIONED:
        return f"{age} and costs nothing by the hour."
    rate = hourly_cost(found.model_units, price)
    if price is None or found.model_units is None:
        return f"{age}; it costs {rate}."
    usd = ceil(seconds / HOUR_SECONDS) * found.model_units * price
    return f"{age} and has cost about {usd:,.2f} USD: {rate}."


def _hours(seconds: float) -> str:
    return f"It is {seconds / HOUR_SECONDS:.1f} hours old"
