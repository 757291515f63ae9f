"""Check of the topics: whether anybody gets the request for approval, the results and the alarms."""

from collections.abc import Sequence
from typing import NamedTuple

from lambdas.domain.core.finding import Finding, Severity
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.preflight.checks import Check

SUBSCRIBERS = "subscribers"


class Subscriptions(NamedTuple):
    """How many subscriptions of a topic are confirmed, and how many wait for it."""

    confirmed: int
    pending: int


class TopicInUse(NamedTuple):
    """A topic, what a run tells by it, and its subscriptions. `asks` says that it is asked for an approval by it."""

    topic_arn: str
    what: str
    subscriptions: Subscriptions | Unknown
    asks: bool = False


def heard(topics: Sequence[TopicInUse]) -> Check:
    """Whether each topic has a confirmed subscription: an error where an approval is asked for by it, else a warning.

    A request that nobody hears ends the run after its training was paid for.
    """
    return Check(
        SUBSCRIBERS,
        tuple(finding for topic in topics if (finding := _finding(topic)) is not None),
        busy=any(isinstance(topic.subscriptions, Unknown) and topic.subscriptions.busy for topic in topics),
    )


def _finding(topic: TopicInUse) -> Finding | None:
    severity: Severity = "error" if topic.asks else "warning"
    found = topic.subscriptions
    if isinstance(found, Unknown):
        return Finding(
            check=SUBSCRIBERS,
            severity=severity,
            message=f"This could not be checked for {topic.topic_arn}: {found.reason}",
            remedy="Allow sns:GetTopicAttributes on the topic.",
        )
    if found.confirmed:
        return None
    waiting = f" ({found.pending} not confirmed yet)" if found.pending else ""
    approval = " The request for approval would reach nobody, after the training was paid for." if topic.asks else ""
    return Finding(
        check=SUBSCRIBERS,
        severity=severity,
        message=f"Nobody gets {topic.what}: {topic.topic_arn} has no confirmed subscription{waiting}.{approval}",
        remedy=_remedy(topic.topic_arn, pending=bool(found.pending)),
    )


def _remedy(topic_arn: str, *, pending: bool) -> str:
    if pending:
        return "Open the link in the email with which Amazon SNS asks for the confirmation."
    return (
        f"aws sns subscribe --topic-arn {topic_arn} --protocol email --notification-endpoint <address>, or set "
        "notification_email and deploy again; then open the link in the email with which Amazon SNS asks for the "
        "confirmation."
    )
