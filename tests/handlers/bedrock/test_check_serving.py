"""CheckServing."""

import pytest

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core import timestamps
from lambdas.domain.core.errors import ThroughputFailed
from lambdas.domain.serving.serving import Serving
from lambdas.steps.check_serving import check_serving
from tests.handlers.bedrock.conftest import Describe, Script

GET = "GetProvisionedModelThroughput"


def test_one_in_service_has_bedrocks_own_time(
    bedrock: Script, serving: Serving, throughput_description: Describe, adapters: Adapters
) -> None:
    """The billed window starts when Bedrock says so, not when we happened to ask."""
    bedrock.answer(GET, throughput_description(status="InService"))
    checked = check_serving(serving, adapters=adapters)
    assert (checked.status, checked.in_service_at) == ("InService", "2026-01-21T22:20:00.000Z")
    assert checked.requested_at == serving.requested_at


def test_the_window_starts_when_it_was_seen_in_service_where_bedrock_notes_no_change(
    bedrock: Script, serving: Serving, throughput_description: Describe, adapters: Adapters
) -> None:
    """Otherwise the half hour of creation, in which nothing is served, would count as served."""
    created = "2026-01-21T22:00:00Z"
    bedrock.answer(GET, throughput_description(status="InService", creationTime=created, lastModifiedTime=created))
    before = timestamps.now()
    checked = check_serving(serving, adapters=adapters)
    assert before <= str(checked.in_service_at) <= timestamps.now()


def test_one_being_created_is_waited_for_but_not_for_ever(
    bedrock: Script, serving: Serving, throughput_description: Describe, adapters: Adapters
) -> None:
    """A throughput that hangs must end in the clean-up lane."""
    bedrock.answer(GET, throughput_description())
    with pytest.raises(ThroughputFailed, match=r"still Creating after 2\.0 hours"):
        for _ in range(300):
            serving = check_serving(serving, adapters=adapters)
            assert serving.wait_seconds in (60, 30)
    assert serving.waited_seconds == 2 * 3600 - 30


def test_one_that_failed_ends_the_run_with_bedrocks_words(
    bedrock: Script, serving: Serving, throughput_description: Describe, adapters: Adapters
) -> None:
    """Bedrock knows why."""
    bedrock.answer(GET, throughput_description(status="Failed", failureMessage="No capacity"))
    with pytest.raises(ThroughputFailed, match="No capacity"):
        check_serving(serving, adapters=adapters)


def test_one_that_vanished_ends_the_run(bedrock: Script, serving: Serving, adapters: Adapters) -> None:
    """Waiting for it would never end."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    with pytest.raises(ThroughputFailed, match="no longer knows"):
        check_serving(serving, adapters=adapters)


def test_a_refusal_is_told(bedrock: Script, serving: Serving, adapters: Adapters) -> None:
    """A missing permission is a person's to give."""
    bedrock.refuse(GET, "AccessDeniedException", "not authorized")
    with pytest.raises(ThroughputFailed, match="AccessDeniedException: not authorized"):
        check_serving(serving, adapters=adapters)


def test_a_busy_service_is_waited_for_but_not_for_ever(bedrock: Script, serving: Serving, adapters: Adapters) -> None:
    """A few minutes of throttling must not waste a training; a throughput that nobody can see bills all the same."""
    bedrock.refuse(GET, "ThrottlingException", status=429)
    with pytest.raises(ThroughputFailed, match=r"AWS stayed busy: .*after 2\.0 hours.*ThrottlingException"):
        for _ in range(300):
            serving = check_serving(serving, adapters=adapters)
            assert (serving.status, serving.wait_seconds in (60, 30)) == ("Creating", True)
    assert serving.waited_seconds == 2 * 3600 - 30


def test_a_busy_service_does_not_outlast_the_lease(bedrock: Script, serving: Serving, adapters: Adapters) -> None:
    """What is left of it is kept for the deletion."""
    bedrock.refuse(GET, "ThrottlingException", status=429)
    with pytest.raises(ThroughputFailed, match="no time for answers"):
        check_serving(serving.model_copy(update={"answer_until": "2026-01-22T05:30:00.000Z"}), adapters=adapters)
