"""Fault rules for one run of many, and the faults that need more than an error: killed callers and stale answers."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError

from local.bedrock.clock import ManualClock
from local.bedrock.faults import Call, Fault, FaultKind, Faults
from local.function_timeout import TIMEOUT_SIGNAL
from tests.local.bedrock.conftest import SESSION, TOKEN, Simulation


def throttle(**what: object) -> Fault:
    return Fault.model_validate({"operation": "*", "kind": "throttle", **what})


def test_a_rule_counts_only_the_calls_that_it_matches() -> None:
    """Other runs' calls in between would else move the fault to another call of this run."""
    faults = Faults(ManualClock(), 1, [throttle(match="run-1", first=2, last=2)])
    calls = [faults.count(Call("Converse", text)) for text in ("run-1 a", "run-2 a", "run-2 b", "run-1 b", "run-1 c")]
    assert [fault is not None for fault in calls] == [False, False, False, True, False]


def test_a_rule_for_a_caller_leaves_the_others_alone() -> None:
    """The base's and the tuned model's questions are the same operation."""
    faults = Faults(ManualClock(), 1, [throttle(caller=".answer_shard")])
    assert faults.count(Call("Converse", caller="shared.answer_shard"))
    assert not faults.count(Call("Converse", caller="shared.answer_baseline_shard"))


def test_sets_have_counts_of_their_own(simulation: Simulation) -> None:
    """A case that begins may not change what happens to those that are under way."""
    first = [{"operation": "ListCustomModels", "kind": "throttle", "first": 2}]
    simulation.control("POST", "faults/one", first)
    simulation.bedrock.list_custom_models()
    simulation.control("POST", "faults/two", first)
    with pytest.raises(ClientError):
        simulation.bedrock.list_custom_models()
    assert simulation.control("GET", "faults/one") == {"hits": [1]}
    assert simulation.control("GET", "faults/two") == {"hits": [0]}
    simulation.control("DELETE", "faults/one")
    simulation.control("DELETE", "faults/two")
    assert simulation.control("GET", "faults") == []


def test_a_call_by_arn_matches_the_resource_by_its_name(simulation: Simulation) -> None:
    """A run asks for its job by ARN, which has nothing of the run in it."""
    arns = [simulation.create_job(jobName=f"job-{run}", customModelName=f"model-{run}") for run in ("one", "two")]
    simulation.control("POST", "faults/x", [{"operation": "*", "kind": "throttle", "match": "job-two"}])
    simulation.bedrock.get_model_customization_job(jobIdentifier=arns[0])
    with pytest.raises(ClientError, match="Throttling"):
        simulation.bedrock.get_model_customization_job(jobIdentifier=arns[1])
    with pytest.raises(ClientError, match="Throttling"):
        simulation.bedrock.list_tags_for_resource(resourceARN=arns[1])


def test_a_stuck_job_is_in_progress_for_ever(simulation: Simulation) -> None:
    """Jobs queue for days: what waits for one must end by itself."""
    arn = simulation.create_job()
    simulation.clock.advance(24 * 3600)
    simulation.control("POST", "faults/x", [{"operation": "GetModelCustomizationJob", "kind": "stuck"}])
    stuck = simulation.bedrock.get_model_customization_job(jobIdentifier=arn)
    assert (stuck["status"], "outputModelArn" in stuck) == ("InProgress", False)
    simulation.control("DELETE", "faults/x")
    assert simulation.bedrock.get_model_customization_job(jobIdentifier=arn)["status"] == "Completed"


def test_what_is_said_to_have_failed_is_there_all_the_same(simulation: Simulation) -> None:
    """A throughput that failed still has to be deleted."""
    model_arn = simulation.complete_job()["outputModelArn"]
    simulation.bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="throughput-1", modelId=model_arn
    )
    simulation.control("POST", "faults/x", [{"operation": "*", "kind": "failed", "match": "throughput-1"}])
    found = simulation.bedrock.get_provisioned_model_throughput(provisionedModelId="throughput-1")
    assert (found["status"], "fault rule" in found["failureMessage"]) == ("Failed", True)
    assert len(simulation.control("GET", "state")["provisioned_throughputs"]) == 1


@pytest.mark.parametrize(
    ("kind", "jobs", "ended_by"),
    [("kill_before", 0, signal.SIGKILL), ("kill_after", 1, signal.SIGKILL), ("timeout_after", 1, TIMEOUT_SIGNAL)],
)
def test_an_ended_caller_is_dead_before_or_after_the_effect(
    simulation: Simulation, kind: str, jobs: int, ended_by: signal.Signals
) -> None:
    """A Lambda function that needs too much memory dies at any call, and nobody learns what the call came to."""
    simulation.control("POST", "faults/x", [{"operation": "CreateModelCustomizationJob", "kind": kind, "last": 1}])
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as worker:
        name = Config(
            user_agent_appid=f"{worker.pid}.fine-tuning.start_jobs",  # type: ignore[call-arg] # newer than the stubs
            retries={"total_max_attempts": 1},
        )
        real, simulation.bedrock = (
            simulation.bedrock,
            SESSION.client(
                "bedrock",
                endpoint_url=simulation.url,
                region_name="us-west-2",
                aws_access_key_id="simulated",
                aws_secret_access_key="simulated",
                aws_session_token=TOKEN,
                config=name,
            ),
        )
        with pytest.raises((ConnectionClosedError, HTTPClientError)):
            simulation.create_job()
        simulation.bedrock = real
        assert worker.wait(10) == -ended_by
    assert len(simulation.control("GET", "state")["jobs"]) == jobs


def test_a_held_call_takes_effect_when_it_is_released(simulation: Simulation) -> None:
    """What is to happen while a call is under way must not have to hurry."""
    simulation.control("POST", "faults/x", [{"operation": "CreateModelCustomizationJob", "kind": "hold"}])
    with ThreadPoolExecutor() as caller:
        created = caller.submit(simulation.create_job)
        while simulation.control("GET", "faults/x") == {"hits": [0]}:
            assert not created.done()
        assert simulation.control("GET", "state")["jobs"] == []
        simulation.control("POST", "faults/x/release")
        assert created.result()
    simulation.create_job(jobName="job-2", customModelName="model-2")
    assert len(simulation.control("GET", "state")["jobs"]) == 2, "after the release no call is held"


def test_ending_the_rules_releases_what_they_hold(simulation: Simulation) -> None:
    """A case that is given up may leave no call that waits for ever."""
    simulation.control("POST", "faults/x", [{"operation": "ListCustomModels", "kind": "hold"}])
    with ThreadPoolExecutor() as caller:
        listed = caller.submit(simulation.bedrock.list_custom_models)
        while simulation.control("GET", "faults/x") == {"hits": [0]}:
            assert not listed.done()
        simulation.control("DELETE", "faults/x")
        assert listed.result()["modelSummaries"] == []


def test_an_endless_job_trains_until_it_is_stopped(simulation: Simulation) -> None:
    """A job that ends by itself would hide that nobody has stopped it."""
    simulation.control("POST", "faults/x", [{"operation": "CreateModelCustomizationJob", "kind": "endless"}])
    arn = simulation.create_job()
    simulation.control("DELETE", "faults/x")
    simulation.clock.advance(30 * 24 * 3600)
    assert simulation.bedrock.get_model_customization_job(jobIdentifier=arn)["status"] == "InProgress"
    simulation.bedrock.stop_model_customization_job(jobIdentifier=arn)
    simulation.clock.advance(3600)
    assert simulation.bedrock.get_model_customization_job(jobIdentifier=arn)["status"] == "Stopped"


def test_nobody_else_is_killed(simulation: Simulation) -> None:
    """A rule that cannot do what it says must not pass as one that did."""
    simulation.control("POST", "faults/x", [{"operation": "ListCustomModels", "kind": FaultKind.KILL_BEFORE}])
    with pytest.raises(ClientError, match="could not be killed"):
        simulation.bedrock.list_custom_models()
