"""The pipeline's own map of leases on the embedded AWS, with functions that fail as a test says."""

import json
import re
from typing import Any

import pytest

from stacks.definition import definition_text
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

BUCKET = "leases"
RAISES = """
class ThroughputFailed(Exception): pass
class EvaluationFailed(Exception): pass
class ThroughputNotDeleted(Exception): pass
def fail(event, what, number, error):
    if f"{what}-{number}" in event["plan"]["fails"]:
        raise error(f"{what} of {number} failed")
"""
FUNCTIONS = {
    "AcquireSlot": 'def handler(event, context): return {"acquired": True, "key": "k", "wait_seconds": 1}',
    "PurchaseThroughputOrDeploy": f"""{RAISES}
def handler(event, context):
    number = event["served"]["number"]
    fail(event, "purchase", number, ThroughputFailed)
    return {{"name": f"serving-{{number}}", "status": "Creating", "wait_seconds": 1}}
""",
    "CheckServing": 'def handler(event, context): return {**event["serving"], "status": "InService"}',
    "AnswerShard": f"""{RAISES}
def handler(event, context):
    fail(event, "answers", event["served"]["number"], EvaluationFailed)
    return {{"answered": event["shard"]}}
""",
    "DeleteThroughputOrDeployment": f"""{RAISES}
def handler(event, context):
    lease = event["lease"]
    fail(event, "deletion", lease["number"], ThroughputNotDeleted)
    padding = "" if event["cut_off"] else "x" * event["plan"]["padding"]
    return {{**lease, "serving": {{"deleted": True, "padding": padding}}}}
""",
}
ENDS = ("DiscardModels", "ExplainFailure")
STATES = ("ServeModels", "AreLeasesCutOff", "CutLeasesOff", "WaitForPurchases", "AreServingsDeleted")


@pytest.fixture(scope="module")
def definition(sandbox: Sandbox) -> dict[str, Any]:
    """The states from the leases to what follows on them."""
    numbers = {"MaxConcurrency": 2, "MaxThroughputs": 2, "ExecutionTimeoutSeconds": 60, "ApprovalTimeoutSeconds": 60}
    arns = {f"{name}Arn": sandbox.function(source) for name, source in FUNCTIONS.items()}
    text = re.sub(r"\$\{(\w+)\}", lambda found: arns.get(found[1], "arn:none"), definition_text(numbers))
    states = json.loads(text)["States"]
    # No function here takes longer.
    states["WaitForPurchases"]["Seconds"] = 1
    s3 = sandbox.aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": sandbox.aws.region})
    s3.put_object(Bucket=BUCKET, Key="shards.jsonl", Body=b'{"number": 0}\n{"number": 1}\n')
    return {"States": {name: states[name] for name in STATES} | {end: {"Type": "Succeed"} for end in ENDS}}


def serve(
    sandbox: Sandbox, definition: dict[str, Any], count: int, *fails: str, padding: int = 0
) -> tuple[list[str], dict[str, Any]]:
    """The states that an execution with so many served candidates has entered, and its output."""
    served = [{"number": number, "arm": "a", "shards": "shards.jsonl"} for number in range(1, count + 1)]
    state = {
        "run": {"id": "run"},
        "plan": {"output_bucket": BUCKET, "fails": fails, "padding": padding},
        "preflight": {},
        "model": {"served": served, "cut_off": False},
    }
    execution = sandbox.start(definition, state)
    end = sandbox.end_of(execution)
    assert end["status"] == "SUCCEEDED", end
    return sandbox.entered(execution), json.loads(end["output"])


@pytest.mark.parametrize("count", [1, 3])
def test_each_candidate_has_its_whole_lease(sandbox: Sandbox, definition: dict[str, Any], count: int) -> None:
    """One goes the way of several, and the leases come back in their order."""
    entered, output = serve(sandbox, definition, count)
    assert [lease["number"] for lease in output["servings"]["leases"]] == [*range(1, count + 1)]
    assert [lease["failure"] for lease in output["servings"]["leases"]] == [None] * count
    assert output["servings"]["not_deleted"] == 0
    assert entered.count("AnswerTestSet") == entered.count("LeaseEnded") == count
    assert entered[-1] == "DiscardModels"


@pytest.mark.parametrize(("failing", "error"), [("purchase-2", "ThroughputFailed"), ("answers-2", None)])
def test_a_lease_that_fails_ends_by_its_deletion_and_stops_no_other(
    sandbox: Sandbox, definition: dict[str, Any], failing: str, error: str | None
) -> None:
    """The other leases would bill on where they stand."""
    entered, output = serve(sandbox, definition, 3, failing)
    failures = [lease["failure"] for lease in output["servings"]["leases"]]
    assert [failure is None for failure in failures] == [True, False, True]
    assert failures[1]["Error"] == (error or "States.ExceedToleratedFailureThreshold")
    assert all(lease["serving"]["deleted"] for lease in output["servings"]["leases"])
    assert entered.count("DeleteThroughputOrDeployment") == 3
    assert entered[-1] == "DiscardModels"


def test_a_deletion_that_fails_for_good_is_counted_and_explained(sandbox: Sandbox, definition: dict[str, Any]) -> None:
    """It may bill, whichever candidate's it is; the others have ended."""
    entered, output = serve(sandbox, definition, 3, "deletion-3")
    assert output["servings"]["not_deleted"] == 1
    assert [lease.get("deletion_failure", {}).get("Error") for lease in output["servings"]["leases"]] == [
        *(None, None),
        "ThroughputNotDeleted",
    ]
    assert entered[-1] == "ExplainFailure"
    assert "DiscardModels" not in entered


def test_a_map_whose_result_is_too_large_deletes_once_more_and_buys_nothing(
    sandbox: Sandbox, definition: dict[str, Any]
) -> None:
    """No Catch of States.ALL sees the error; what the leases had must not stay."""
    entered, output = serve(sandbox, definition, 3, padding=100_000)
    assert entered.count("ServeModels") == 2
    second = entered[entered.index("CutLeasesOff") :]
    assert second[1:3] == ["WaitForPurchases", "ServeModels"]
    assert "PurchaseThroughputOrDeploy" not in second
    assert second.count("DeleteThroughputOrDeployment") == 3
    assert output["failure"]["Error"] == "States.DataLimitExceeded"
    assert entered[-1] == "DiscardModels"
