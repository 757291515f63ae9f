"""`fine-tune logs`: the lines of one run from all functions, in the order of time."""

import json
from typing import Any
from unittest.mock import Mock

import pytest

from cli import logs
from tests.cli.account_script import ScriptedAccount, refusal
from tests.cli.conftest import FineTune

RUN = "sales-0123456789ab"
ARN = "arn:execution"
GROUPS = {
    "FunctionsClaimRunLogs0123ABCD": "team-pipeline-claim",
    "FunctionsStartJobsLogs4567ABCD": "team-pipeline-start",
}
# 2026-11-22 10:00 UTC.
AT = 1_795_341_600_000


def line(message: str, **others: Any) -> str:
    common = {"level": "INFO", "location": "handler:1", "service": "team", "run_id": RUN, "cold_start": True}
    return json.dumps({**common, "message": message, **others})


@pytest.fixture
def groups(scripted: ScriptedAccount, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[int, str]]]:
    """The lines of each log group, with their times; pages have one line each."""
    monkeypatch.setattr(logs, "PAUSE_SECONDS", 0.0)
    scripted.claim(RUN, ARN)
    scripted.executions = [(ARN, "SUCCEEDED", "{}")]
    lines: dict[str, list[tuple[int, str]]] = {name: [] for name in GROUPS.values()}
    resources = [
        {"ResourceType": "AWS::Logs::LogGroup", "LogicalResourceId": logical, "PhysicalResourceId": name}
        for logical, name in {**GROUPS, "WorkflowLogs0123ABCD": "/aws/vendedlogs/states/team"}.items()
    ]
    stacks, cloudwatch = Mock(), Mock()
    stacks.get_paginator.return_value.paginate.return_value = [{"StackResourceSummaries": resources}]

    def pages(*, logGroupName: str, filterPattern: str, startTime: int) -> Any:  # noqa: N803 - boto3's names
        assert filterPattern == f'"{RUN}"'
        for at, text in lines[logGroupName]:
            if at >= startTime:
                yield {"events": [{"timestamp": at, "eventId": f"{logGroupName}{at}", "message": text}]}

    cloudwatch.get_paginator.return_value.paginate.side_effect = pages
    scripted.others |= {"cloudformation": stacks, "logs": cloudwatch}
    return lines


def test_the_lines_of_all_functions_stand_in_the_order_of_time(
    groups: dict[str, list[tuple[int, str]]], fine_tune: FineTune
) -> None:
    """With what belongs to each, and nothing that all have."""
    groups["team-pipeline-start"] = [(AT + 2000, line("Job started", job_arn="arn:job"))]
    groups["team-pipeline-claim"] = [(AT + 1000, line("Run claimed")), (AT + 3000, "Traceback\n  raise x")]
    done = fine_tune("logs", RUN)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "2026-11-22 10:00:01 ClaimRun INFO: Run claimed",
        '2026-11-22 10:00:02 StartJobs INFO: Job started {"job_arn":"arn:job"}',
        "2026-11-22 10:00:03 ClaimRun: Traceback",
        "  raise x",
    ]


def test_no_line_of_a_log_is_more_than_text(groups: dict[str, list[tuple[int, str]]], fine_tune: FineTune) -> None:
    """A message may hold what a model or a person wrote."""
    groups["team-pipeline-claim"] = [(AT, line("[red]x[/red] \x1b[2J"))]
    told = fine_tune("logs", RUN).output
    assert "[red]x[/red]" in told
    assert "\x1b" not in told


def test_lines_are_followed_until_the_run_is_over_and_each_is_told_once(
    scripted: ScriptedAccount, groups: dict[str, list[tuple[int, str]]], fine_tune: FineTune
) -> None:
    """One that shows late, too."""
    scripted.executions = [(ARN, "RUNNING", "{}")]
    claimed = groups["team-pipeline-claim"]
    claimed.append((AT + 9000, line("first")))
    described, looks = scripted.states.describe_execution.side_effect, []

    def describe(**asked: str) -> Any:
        looks.append(1)
        if len(looks) == 2:
            claimed.insert(0, (AT + 8000, line("late")))
        if len(looks) == 3:
            claimed.append((AT + 10_000, line("last")))
            scripted.executions = [(ARN, "SUCCEEDED", "{}")]
        return described(**asked)

    scripted.states.describe_execution.side_effect = describe
    done = fine_tune("logs", RUN, "--follow")
    assert [one.rpartition(" ")[2] for one in done.output.splitlines()] == ["first", "late", "last"]


def test_an_aws_that_is_busy_does_not_end_the_view(
    scripted: ScriptedAccount, groups: dict[str, list[tuple[int, str]]], fine_tune: FineTune
) -> None:
    groups["team-pipeline-claim"] = [(AT, line("told"))]
    described, looks = scripted.states.describe_execution.side_effect, []

    def describe(**asked: str) -> Any:
        looks.append(1)
        if len(looks) == 1:
            raise refusal("ThrottlingException", status=429)
        return described(**asked)

    scripted.states.describe_execution.side_effect = describe
    done = fine_tune("logs", RUN, "--follow")
    assert (done.exit_code, "told" in done.output) == (0, True)


def test_a_run_without_lines_says_so(groups: dict[str, list[tuple[int, str]]], fine_tune: FineTune) -> None:
    assert "No line names the run" in fine_tune("logs", RUN).output


def test_what_the_caller_may_not_read_is_named(
    scripted: ScriptedAccount, groups: dict[str, list[tuple[int, str]]], fine_tune: FineTune
) -> None:
    scripted.others["logs"].get_paginator.return_value.paginate.side_effect = refusal("AccessDeniedException")
    done = fine_tune("logs", RUN)
    assert done.exit_code == 1
    assert "Reading the log group team-pipeline-" in done.output
    assert "AccessDenied" in done.output


def test_a_run_that_there_is_not_is_corrected(groups: dict[str, list[tuple[int, str]]], fine_tune: FineTune) -> None:
    done = fine_tune("logs", "sales-0123456789ac")
    assert done.exit_code == 2
    assert f"Did you mean {RUN}?" in done.output
