"""`fine-tune cancel`: the run is stopped, and its clean-up waited for and told; nothing is stopped by a slip."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cli import cancel
from tests.cli.account_script import ScriptedAccount, refusal
from tests.cli.conftest import FineTune
from tests.cli.test_runs import failed_report, with_models
from tests.unit.run_states import make_job, make_jobs, make_plan

RUN = "sales-0123456789ab"
ARN = "arn:execution"
THROUGHPUTS = "list_provisioned_model_throughputs"


@pytest.fixture
def running(scripted: ScriptedAccount, monkeypatch: pytest.MonkeyPatch) -> ScriptedAccount:
    """A run whose throughput exists and whose job trains; the reconciler cleans up once the execution is stopped."""
    monkeypatch.setattr(cancel, "POLL_SECONDS", 0.0)
    scripted.claim(RUN, ARN)
    scripted.executions = [(ARN, "RUNNING", "{}")]
    bedrock = scripted.bedrock
    for name in ("get_provisioned_model_throughput", "get_custom_model_deployment", "get_custom_model"):
        getattr(bedrock, name).side_effect = refusal("ResourceNotFoundException")
    made = {"creationTime": datetime(2026, 11, 22, tzinfo=UTC), "modelUnits": 1}
    one = {**made, "provisionedModelArn": "arn:t", "provisionedModelName": f"team-{RUN}-c1"}
    scripted.bedrock_lists[THROUGHPUTS] = {"provisionedModelSummaries": [one]}  # type: ignore[assignment] # one page
    has_job(scripted, "InProgress")
    scripted.states.stop_execution.side_effect = lambda **_: clean_up(scripted)
    return scripted


def has_job(account: ScriptedAccount, status: str, **plan: Any) -> None:
    account.events.clear()
    account.enter("StartJobs")
    account.leave("StartJobs", {"plan": make_plan(**plan), "jobs": make_jobs(make_job(status="InProgress"))})
    job = {
        "jobName": f"ft-{RUN}-c1", "jobArn": "arn:job-1", "status": status, "trainingDataConfig": {},
        "creationTime": datetime(2026, 11, 22, tzinfo=UTC), "ResponseMetadata": {"HTTPHeaders": {}},
    }  # fmt: skip
    account.bedrock.get_model_customization_job.side_effect = lambda **_: job


def clean_up(account: ScriptedAccount) -> None:
    """What the reconciler does."""
    account.executions = [(ARN, "ABORTED", "{}")]
    account.bedrock_lists.pop(THROUGHPUTS)
    has_job(account, "Stopped")
    account.put(f"runs/{RUN}/report.json", failed_report(RUN))
    with_models(account, f"team-{RUN}-c2")


def test_a_run_is_stopped_and_what_was_cleaned_up_is_told(running: ScriptedAccount, fine_tune: FineTune) -> None:
    done = fine_tune("cancel", RUN, "--yes")
    assert done.exit_code == 0, done.output
    [stopped] = running.states.stop_execution.call_args_list
    assert (stopped.kwargs["executionArn"], stopped.kwargs["error"]) == (ARN, "Cancelled")
    assert "arn:somebody" in stopped.kwargs["cause"]
    assert "Deleted: throughput arn:t" in done.output
    assert "Stopped: customization job arn:job-1" in done.output
    assert f"Stays, and costs each month: custom model arn:m/team-{RUN}-c2." in done.output
    assert f"fine-tune retry {RUN}" in done.output


@pytest.mark.parametrize(("person", "said"), [(False, "repeat the command with --yes"), (True, "Not confirmed")])
def test_nothing_is_stopped_without_a_yes(
    running: ScriptedAccount, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch, person: bool, said: str
) -> None:
    monkeypatch.setattr("cli.confirmation.can_answer", lambda: person)
    done = fine_tune("cancel", RUN, input="n\n")
    assert done.exit_code == 2
    assert f"{said}" in done.output
    assert "The run goes on." in done.output
    running.states.stop_execution.assert_not_called()


def test_what_is_still_there_is_told(
    running: ScriptedAccount, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reconciler goes on; whoever has waited knows what to look for."""
    monkeypatch.setattr(cancel, "PATIENCE_SECONDS", 0)
    running.states.stop_execution.side_effect = None
    done = fine_tune("cancel", RUN, "--yes")
    assert done.exit_code == 1
    assert "Still there: throughput arn:t; unfinished customization job arn:job-1." in done.output
    assert "The reconciler goes on trying" in done.output


def test_the_clean_up_is_not_done_before_the_reconciler_has_reported(
    running: ScriptedAccount, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A purchase that was under way may still take effect."""
    monkeypatch.setattr(cancel, "PATIENCE_SECONDS", 0)

    def cleans_up_without_a_report(**_: object) -> None:
        clean_up(running)
        running.s3.delete_object(Bucket="output-bucket", Key=f"runs/{RUN}/report.json")

    running.states.stop_execution.side_effect = cleans_up_without_a_report
    done = fine_tune("cancel", RUN, "--yes")
    assert (done.exit_code, "has not reported the run's end yet" in done.output) == (1, True)


def test_a_job_that_is_kept_is_told_and_not_waited_for(running: ScriptedAccount, fine_tune: FineTune) -> None:
    has_job(running, "InProgress", keep_job=True)

    def keeps_the_job(**_: object) -> None:
        clean_up(running)
        has_job(running, "InProgress", keep_job=True)

    running.states.stop_execution.side_effect = keeps_the_job
    done = fine_tune("cancel", RUN, "--yes")
    assert done.exit_code == 0, done.output
    assert "Trains on, since run.json says keep_job: arn:job-1" in done.output


def test_a_run_that_is_over_is_only_looked_at(running: ScriptedAccount, fine_tune: FineTune) -> None:
    clean_up(running)
    done = fine_tune("cancel", RUN)
    assert done.exit_code == 0, done.output
    assert "is over already: it has ended as ABORTED." in done.output
    assert "There is nothing of it that bills by the hour." in done.output
    running.states.stop_execution.assert_not_called()


def test_what_a_run_that_is_over_has_is_told_at_once(running: ScriptedAccount, fine_tune: FineTune) -> None:
    """It is not waited for: something may be meant to serve its model."""
    throughputs = running.bedrock_lists[THROUGHPUTS]
    clean_up(running)
    running.bedrock_lists[THROUGHPUTS] = throughputs
    done = fine_tune("cancel", RUN)
    assert (done.exit_code, "Exists: throughput arn:t" in done.output) == (1, True)


def test_ctrl_c_ends_the_waiting_alone(
    running: ScriptedAccount, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cancel, "wait_for_clean_up", interrupt)
    done = fine_tune("cancel", RUN, "--yes")
    assert done.exit_code == 130
    assert "The reconciler goes on cleaning up" in done.output


def test_an_aws_that_is_busy_for_a_while_is_asked_again(running: ScriptedAccount, fine_tune: FineTune) -> None:
    listed = running.bedrock.get_paginator.side_effect
    calls = []

    def busy_once(name: str) -> Any:
        calls.append(name)
        if running.states.stop_execution.called and calls.count("busy") == 0:
            calls.append("busy")
            raise refusal("ThrottlingException", status=429)
        return listed(name)

    running.bedrock.get_paginator.side_effect = busy_once
    done = fine_tune("cancel", RUN, "--yes")
    assert done.exit_code == 0, done.output
    assert "busy" in calls
