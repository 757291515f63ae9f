"""The preflight's check of the topics: a run that nobody hears of is told before it spends anything."""

import pytest

from lambdas.domain.core.unknown import Unknown
from lambdas.domain.preflight.subscribers import Subscriptions, TopicInUse, heard

RESULTS = "arn:aws:sns:us-west-2:123456789012:results"
ALARMS = "arn:aws:sns:us-west-2:123456789012:alarms"
ONE, NONE, WAITING = Subscriptions(1, 0), Subscriptions(0, 0), Subscriptions(0, 1)


def topics(
    results: Subscriptions | Unknown, alarms: Subscriptions | Unknown, *, asks: bool = False
) -> list[TopicInUse]:
    return [TopicInUse(RESULTS, "results", results, asks), TopicInUse(ALARMS, "alarms", alarms)]


def test_topics_with_readers_are_fine() -> None:
    assert heard(topics(ONE, ONE, asks=True)).status == "passed"


@pytest.mark.parametrize(("results", "alarms", "silent"), [(NONE, ONE, RESULTS), (ONE, NONE, ALARMS)])
def test_a_topic_without_a_reader_is_a_warning_that_names_it_and_the_command(
    results: Subscriptions, alarms: Subscriptions, silent: str
) -> None:
    """A failed run, or a throughput that bills on, would be found by chance."""
    check = heard(topics(results, alarms))
    assert check.status == "warning"
    [finding] = check.findings
    assert silent in finding.message
    assert f"aws sns subscribe --topic-arn {silent}" in finding.remedy
    assert "notification_email" in finding.remedy


def test_a_request_for_approval_that_would_reach_nobody_is_an_error() -> None:
    """The run would wait for its time to be over, with the training paid for."""
    check = heard(topics(NONE, ONE, asks=True))
    assert check.status == "failed"
    assert "approval" in check.findings[0].message
    # The alarms' topic asks for nothing.
    assert heard(topics(ONE, NONE, asks=True)).status == "warning"


def test_an_address_that_is_not_confirmed_is_no_reader_and_its_owner_is_told_what_to_do() -> None:
    """To subscribe again would help nobody."""
    [finding] = heard(topics(WAITING, ONE)).findings
    assert "1 not confirmed yet" in finding.message
    assert "Open the link" in finding.remedy
    assert "subscribe --topic-arn" not in finding.remedy


@pytest.mark.parametrize(("asks", "status"), [(False, "warning"), (True, "failed")])
def test_what_cannot_be_asked_is_told_with_its_permission(asks: bool, status: str) -> None:
    """With approval the problem would show only after money is spent."""
    check = heard(topics(Unknown("AccessDenied: No.", busy=False), ONE, asks=asks))
    assert (check.status, check.busy) == (status, False)
    assert "sns:GetTopicAttributes" in check.findings[0].remedy
    assert heard(topics(Unknown("Slow down.", busy=True), ONE)).busy
