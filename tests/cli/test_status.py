"""`fine-tune status`: where a run is, what it waits for, what bills, and what it has cost so far."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdas.domain.cost.estimate import estimate
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.plan.plan import Plan
from tests.cli.account_script import ScriptedAccount
from tests.cli.conftest import FineTune
from tests.cli.test_runs import failed_report
from tests.unit.run_states import make_job, make_jobs, make_plan

RUN = "sales-0123456789ab"
NOVA = "amazon.nova-lite-v1:0:300k"
ARN = "arn:execution"


@pytest.fixture
def training(scripted: ScriptedAccount) -> ScriptedAccount:
    """A run whose job trains."""
    scripted.claim(RUN, ARN)
    scripted.executions = [(ARN, "RUNNING", "{}")]
    plan = make_plan(base_model=NOVA, serving="on_demand", custom_model=None)
    found = {"run": {"id": RUN}, "plan": plan}
    scripted.put(f"runs/{RUN}/dataset/report.json", {"base_model": NOVA})
    made = estimate(Plan.parse(plan), default_prices())
    document: dict[str, Any] = {
        "status": "passed",
        "checks": [],
        "checked_at": "2026-11-22T10:00:00.000Z",
        "findings": [],
    }
    scripted.put(f"runs/{RUN}/preflight.json", document | {"estimate": made.dump()})
    scripted.enter("StartJobs", "WaitForJobs")
    scripted.leave("StartJobs", found | {"jobs": make_jobs(make_job(status="InProgress"))})
    return scripted


def test_a_run_that_trains_says_what_it_waits_for_and_what_it_has_cost(
    training: ScriptedAccount, fine_tune: FineTune
) -> None:
    done = fine_tune("status", RUN)
    assert done.exit_code == 0, done.output
    assert f"Run {RUN}: running" in done.output
    assert "Now: Wait for jobs" in done.output
    assert "Bedrock trains the model" in done.output
    # The job has not ended: what it has trained on nobody has counted yet.
    assert "It has cost so far: 0.00 USD; not counted, or of unknown price: training" in done.output
    assert "Nothing of it exists in Bedrock." in done.output


def test_what_exists_of_the_run_is_named_with_its_price(training: ScriptedAccount, fine_tune: FineTune) -> None:
    """And nothing of another run."""
    made = {"creationTime": datetime(2026, 11, 22, tzinfo=UTC), "modelUnits": 1}
    training.bedrock_lists["list_provisioned_model_throughputs"] = {  # type: ignore[assignment] # one page
        "provisionedModelSummaries": [
            {**made, "provisionedModelArn": "arn:t", "provisionedModelName": f"team-{RUN}-c1"},
            {**made, "provisionedModelArn": "arn:u", "provisionedModelName": "team-other-0123456789ab"},
        ]
    }
    document = json.loads(fine_tune("status", RUN, "--json").output)
    assert [(one["arn"], one["per"]) for one in document["run"]["left"]] == [("arn:t", "hour")]
    assert [one["step"] for one in document["now"]] == ["Wait for jobs"]


def test_a_run_that_failed_says_why(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    """Also where Step Functions has forgotten its execution."""
    scripted.claim(RUN, ARN)
    scripted.put(f"runs/{RUN}/report.json", failed_report(RUN))
    done = fine_tune("status", RUN)
    assert (done.exit_code, "failed, PreflightFailed" in done.output) == (0, True)
    assert "has forgotten the execution" in done.output


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("sales-0123456789ac", f"has no run sales-0123456789ac. Did you mean {RUN}?"),
        ("sales", "'sales' is no run's id, such as sales-0123456789ab."),
        ("Sales_0123456789ab", f"is no run's id, such as sales-0123456789ab. Did you mean {RUN}?"),
        ("other-aaaaaaaaaaaa", "has no run other-aaaaaaaaaaaa. `fine-tune runs --deployment team"),
    ],
)
def test_a_run_that_there_is_not_is_corrected(
    scripted: ScriptedAccount, fine_tune: FineTune, given: str, told: str
) -> None:
    scripted.claim(RUN, ARN)
    done = fine_tune("status", given)
    assert done.exit_code == 2
    assert told in done.output
