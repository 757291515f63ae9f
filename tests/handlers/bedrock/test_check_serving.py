"""CheckServing."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core import timestamps
from lambdas.domain.core.errors import ThroughputFailed
from lambdas.handlers.check_serving import handler
from tests.handlers.bedrock.conftest import Describe, Script

GET = "GetProvisionedModelThroughput"


def test_one_in_service_has_bedrocks_own_time(
    bedrock: Script,
    run: dict[str, Any],
    throughput: dict[str, Any],
    throughput_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """The billed window starts when Bedrock says so, not when we happened to ask."""
    bedrock.answer(GET, throughput_description(status="InService"))
    checked = handler({"run": run, "serving": throughput}, lambda_context)
    assert (checked["status"], checked["in_service_at"]) == ("InService", "2026-01-21T22:20:00.000Z")
    assert checked["requested_at"] == throughput["requested_at"]


def test_the_window_starts_when_it_was_seen_in_service_where_bedrock_notes_no_change(
    bedrock: Script,
    run: dict[str, Any],
    throughput: dict[str, Any],
    throughput_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Otherwise the half hour of creation, in which nothing is served, would count as served."""
    created = "2026-01-21T22:00:00Z"
    bedrock.answer(GET, throughput_description(status="InService", creationTime=created, lastModifiedTime=created))
    before = timestamps.now()
    checked = handler({"run": run, "serving": throughput}, lambda_context)
    assert before <= checked["in_service_at"] <= timestamps.now()


def test_one_being_created_is_waited_for_but_not_for_ever(
    bedrock: Script,
    run: dict[str, Any],
    throughput: dict[str, Any],
    throughput_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """A throughput that hangs must end in the clean-up lane."""
    bedrock.answer(GET, throughput_description())
    with pytest.raises(ThroughputFailed, match=r"still Creating after 2\.0 hours"):
        for _ in range(300):
            throughput = handler({"run": run, "serving": throughput}, lambda_context)
            assert throughput["wait_seconds"] in (60, 30)
    assert throughput["waited_seconds"] == 2 * 3600 - 30


def test_one_that_failed_ends_the_run_with_bedrocks_words(
    bedrock: Script,
    run: dict[str, Any],
    throughput: dict[str, Any],
    throughput_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Bedrock knows why."""
    bedrock.answer(GET, throughput_description(status="Failed", failureMessage="No capacity"))
    with pytest.raises(ThroughputFailed, match="No capacity"):
        handler({"run": run, "serving": throughput}, lambda_context)


def test_one_that_vanished_ends_the_run(
    bedrock: Script, run: dict[str, Any], throughput: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """Waiting for it would never end."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    with pytest.raises(ThroughputFailed, match="no longer knows"):
        handler({"run": run, "serving": throughput}, lambda_context)


def test_a_refusal_is_told(
    bedrock: Script, run: dict[str, Any], throughput: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """A missing permission is a person's to give."""
    bedrock.refuse(GET, "AccessDeniedException", "not authorized")
    with pytest.raises(ThroughputFailed, match="AccessDeniedException: not authorized"):
        handler({"run": run, "serving": throughput}, lambda_context)
