"""ExplainFailure."""

import json
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.report import approval
from lambdas.domain.report.run_report import RunReport
from lambdas.handlers import composition
from lambdas.handlers.explain_failure import handler
from tests.handlers.bedrock.results.conftest import BUCKET, Store, Written, preflight_document

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def failure(error: str, cause: str) -> dict[str, Any]:
    return {"Error": error, "Cause": cause}


def test_the_runs_report_tells_the_failure(
    run: dict[str, Any],
    plan: dict[str, Any],
    jobs: dict[str, Any],
    expect: dict[str, str],
    lambda_context: LambdaContext,
    written: Written,
) -> None:
    """Who looks into the bucket finds the same words as who reads the notification."""
    cause = json.dumps({"errorMessage": "Job x ended as Failed.", "errorType": "CustomizationFailed"})
    state = {
        "run": run,
        "plan": plan,
        "jobs": jobs,
        "failure": failure("CustomizationFailed", cause),
    }
    explanation = handler(state, lambda_context)
    report = json.loads(written("report.json"))
    assert (report["status"], report["arms"], report["throughput"]) == ("failed", None, None)
    assert set(report) == set(RunReport.model_fields)
    assert RunReport.parse(report).dump() == report
    assert report["dataset"] == {"train": 40, "validation": 0, "test": 3}
    assert report["error"] == {"name": "CustomizationFailed", "cause": explanation["cause"]}
    assert explanation["cause"].startswith("Job x ended as Failed.")


def test_the_report_of_a_failed_run_has_the_same_shape_however_the_model_was_served(
    s3: "S3Client",
    run: dict[str, Any],
    plan: dict[str, Any],
    jobs: dict[str, Any],
    throughput: dict[str, Any],
    deployment: dict[str, Any],
    expect: dict[str, str],
    lambda_context: LambdaContext,
    written: Written,
) -> None:
    """A program that reads `throughput` must not meet other keys where a run on demand failed."""
    reports = []
    for facts in (throughput, deployment):
        serving = {**facts, "deleted": True, "deleted_at": "2026-01-21T22:40:00.000Z"}
        gone = {"number": 1, "serving": serving}
        caught = failure("EvaluationFailed", "")
        handler(
            {"run": run, "plan": plan, "jobs": jobs, "servings": {"leases": [gone]}, "failure": caught}, lambda_context
        )
        reports.append(json.loads(written("report.json")))
        s3.delete_object(Bucket=BUCKET, Key=f"{expect['prefix']}report.json")
    provisioned, on_demand = reports
    assert provisioned.keys() == on_demand.keys()
    assert provisioned["throughput"].keys() == on_demand["throughput"].keys()
    assert provisioned["serving"].keys() == on_demand["serving"].keys()
    assert (on_demand["throughput"]["arn"], on_demand["throughput"]["billed_seconds"]) == (None, 0)
    assert on_demand["serving"]["arn"] == expect["deployment_arn"]


def test_a_result_that_stands_is_not_overwritten(
    run: dict[str, Any], lambda_context: LambdaContext, store: Store, written: Written
) -> None:
    """A notification or a retry that fails after the report must not cost the report."""
    store("report.json", {"status": "succeeded"})
    handler({"run": run, "failure": failure("States.Timeout", "")}, lambda_context)
    assert json.loads(written("report.json")) == {"status": "succeeded"}


def test_a_failed_map_is_explained_by_its_last_shard(
    run: dict[str, Any], lambda_context: LambdaContext, store: Store
) -> None:
    """Step Functions says only that too many items failed."""
    trouble = {"arm": "tuned", "number": 4, "error": "ServiceBusy", "message": "Converse failed: ThrottlingException"}
    store("shards/tuned/trouble.json", trouble)
    caught = failure("States.ExceedToleratedFailureThreshold", "The threshold was exceeded")
    explanation = handler({"run": run, "failure": caught}, lambda_context)
    assert explanation["error"] == "EvaluationFailed"
    assert "ThrottlingException" in explanation["cause"]


def test_a_preflight_that_failed_tells_its_findings_and_that_nothing_was_started(
    run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext, store: Store, written: Written
) -> None:
    """The report of a run that never began says what to mend, and that it owes nothing."""
    found = {"check": "region", "severity": "error", "message": "Not here.", "remedy": "There."} | dict.fromkeys(
        ("quota_code", "successor")
    )
    document = preflight_document(status="failed", findings=[found])
    store("preflight.json", document)
    cause = json.dumps({"errorMessage": "The preflight found 1 error.", "errorType": "PreflightFailed"})
    explanation = handler({"run": run, "plan": plan, "failure": failure("PreflightFailed", cause)}, lambda_context)
    assert explanation["error"] == "PreflightFailed"
    assert "Nothing had been started or bought." in explanation["cause"]
    report = json.loads(written("report.json"))
    assert report["preflight"] == {"status": "failed", "checked_at": document["checked_at"], "findings": [found]}


def test_a_failure_before_the_run_exists_is_explained(s3: "S3Client", lambda_context: LambdaContext) -> None:
    """An event that is no data set has no run and no report."""
    cause = json.dumps({"errorMessage": "The input is not an event.", "errorType": "InvalidEvent"})
    explanation = handler({"event": {}, "failure": failure("InvalidEvent", cause)}, lambda_context)
    assert explanation["error"] == "InvalidEvent"
    assert "Nothing had been started or bought" in explanation["cause"]
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


def test_a_rejection_stands_in_the_report_before_anybody_has_recorded_it(
    run: dict[str, Any], plan: dict[str, Any], jobs: dict[str, Any], lambda_context: LambdaContext, written: Written
) -> None:
    """The run's end comes as soon as Step Functions has the answer, and may be faster than the record of it."""
    asked = approval.request(run["execution_arn"], "the-token", "2026-11-22T10:00:00.000Z", 86_400, None)
    composition.root.adapters.approvals.write(BUCKET, run["id"], asked)
    answer = approval.Answer(decision="rejected", by="arn:ann", answered_at="2026-11-22T11:00:00.000Z", reason="No.")
    caught = failure("NotApproved", approval.rejection(answer))
    handler({"run": run, "plan": {**plan, "needs_approval": True}, "jobs": jobs, "failure": caught}, lambda_context)
    body = written("report.json")
    assert json.loads(body)["approval"] == {
        "requested_at": "2026-11-22T10:00:00.000Z",
        "answer_until": "2026-11-23T10:00:00.000Z",
        "decision": "rejected",
        "by": "arn:ann",
        "answered_at": "2026-11-22T11:00:00.000Z",
        "reason": "No.",
    }
    assert "the-token" not in body


def test_a_rejection_that_was_sent_as_a_success_stands_in_the_report(
    run: dict[str, Any], plan: dict[str, Any], jobs: dict[str, Any], lambda_context: LambdaContext, written: Written
) -> None:
    """Who answers by hand may say no that way; an answer that is no object must not cost the report."""
    for sent, decision, by in (({"decision": "rejected", "by": "arn:ann"}, "rejected", "arn:ann"), ([1], None, None)):
        asked = approval.request(run["execution_arn"], "the-token", "2026-11-22T10:00:00.000Z", 86_400, None)
        composition.root.adapters.approvals.write(BUCKET, run["id"], asked)
        caught = failure("NotApproved", "The answer is no approval. Nothing was bought.")
        state = {
            "run": run,
            "plan": {**plan, "needs_approval": True},
            "jobs": jobs,
            "approval": sent,
            "failure": caught,
        }
        assert handler(state, lambda_context)["error"] == "NotApproved"
        body = written("report.json")
        told = json.loads(body)["approval"]
        assert (told["decision"], told["by"]) == (decision, by)


def test_a_plan_that_cannot_be_read_costs_neither_the_explanation_nor_the_report(
    run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext, written: Written
) -> None:
    """The fault that broke the fact may be the very one that is to be explained."""
    message = "The state's Plan is not what it must be: arms: Field required."
    cause = json.dumps({"errorMessage": message, "errorType": "InvalidState"})
    del plan["arms"]
    caught = {"Error": "InvalidState", "Cause": cause}
    explanation = handler({"run": run, "plan": plan, "failure": caught}, lambda_context)
    assert explanation["error"] == "PreflightFailed"
    assert message in explanation["cause"]
    report = json.loads(written("report.json"))
    assert (report["status"], report["base_model"]) == ("failed", None)
    assert report["error"] == {"name": explanation["error"], "cause": explanation["cause"]}
