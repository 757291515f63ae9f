"""The pipeline's definition: valid as synthesised, insistent, and with no way past the deletion of the throughput."""

import json
import re
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from lambdas.adapters.aws import clients
from lambdas.domain.core import errors
from lambdas.steps.answering import RESERVED_MILLISECONDS, STORE_EVERY_ANSWERS
from stacks.definition import CALL_AND_WAIT, PATH, RETRIES, definition_text, lambda_states, states
from stacks.functions import MARGIN_SECONDS
from stacks.settings import MOST_RUN_HOURS, Settings

ROOT = Path(__file__).parents[2]
APPROVAL_SECONDS = 86_400
DEFINITION: dict[str, Any] = json.loads(
    definition_text(
        {
            "MaxConcurrency": 10,
            "MaxThroughputs": 2,
            "ExecutionTimeoutSeconds": 604_800,
            "ApprovalTimeoutSeconds": APPROVAL_SECONDS,
        }
    )
)
STATES = dict(states(DEFINITION))
# What the map does with an item: the lease of one candidate.
LEASE: dict[str, Any] = STATES["ServeModels"]["ItemProcessor"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
# While a run is in these, nothing of it bills by the hour, and its training is paid for or under way.
NOTHING_BILLS = {
    "StartJobs", "CheckJobs", "ChooseModel", "AcquireSlot", "CollectAnswers", "EvaluateAndReport",
}  # fmt: skip
PATIENT = NOTHING_BILLS | {"CurateTrainingSet"}
ASKS_A_PERSON = {"RequestApproval", "RequestCurationApproval"}
# While a run is in these, what serves its model may: a purchase that was cut off may have taken effect.
MAY_BILL = {"PurchaseThroughputOrDeploy", "CheckServing", "DeleteThroughputOrDeployment"}
RAISED = {
    name
    for file in (ROOT / "lambdas").rglob("*.py")
    for name in re.findall(r"(?:raise|return) (?:errors\.)?(\w+)\(", file.read_text())
} & {name for name in vars(errors) if name[0].isupper()}
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}


def test_validator_accepts_the_definition_as_it_is_deployed(tmp_path: Path) -> None:
    """AWS refuses a wrong definition only at deployment."""
    text = re.sub(r"\$\{(\w+)\}", r"arn:aws:lambda:us-west-2:123456789012:function:\1", json.dumps(DEFINITION))
    file = tmp_path / "resolved.asl.json"
    file.write_text(text)
    validator = ROOT / "node_modules" / ".bin" / "asl-validator"
    found = subprocess.run(  # noqa: S603 - the pinned validator on a file of our own
        [validator, "--json-path", file], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_names_of_states_are_unique_across_branches_and_maps() -> None:
    """A name leads to one function, and to one place in the picture."""
    names = [name for name, _ in states(DEFINITION)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", STATES)
def test_every_state_says_what_it_is_for(name: str) -> None:
    """The definition is the first file one reads."""
    assert STATES[name]["Comment"].endswith(".")


@pytest.mark.parametrize("name", TASKS)
def test_every_task_retries_with_jitter_times_out_and_catches(name: str) -> None:
    """Throttling hits many at once: without jitter they come back at once."""
    task = TASKS[name]
    retries = [retry for retry in task["Retry"] if retry["MaxAttempts"]]
    assert retries
    assert all(retry["JitterStrategy"] == "FULL" for retry in retries)
    # A person may take longer than a function.
    assert 0 < task["TimeoutSeconds"] <= (APPROVAL_SECONDS if name in ASKS_A_PERSON else 900)
    assert [catch for catch in _catchers(name) if catch["ErrorEquals"] == ["States.ALL"]]


@pytest.mark.parametrize("name", lambda_states())
def test_named_errors_are_final_but_for_a_busy_service(name: str) -> None:
    """A rejected data set stays rejected: asking twice more only delays the answer."""
    retries = TASKS[name]["Retry"]
    # Not failures: the reconciler's is no state's, and an unfinished shard goes on.
    others = {"ServiceBusy", "NotReconciled", "ShardUnfinished"}
    final = set(retries[0]["ErrorEquals"])
    assert "DatasetRejected" in RAISED
    silence = {"States.Timeout"} if name == "RequestApproval" else set()
    assert RAISED - others <= final - silence <= ERRORS - others
    assert retries[0]["MaxAttempts"] == 0
    assert "ServiceBusy" in retries[1]["ErrorEquals"]


@pytest.mark.parametrize("name", ["AnswerShard", "AnswerBaselineShard", "AskCuratorShard"])
def test_an_unfinished_shard_goes_on_for_as_long_as_any_lease(name: str) -> None:
    """A model that is asked a few times a minute must not fail for being slow: the lease ends it, not a count."""
    [retry] = [retry for retry in TASKS[name]["Retry"] if retry["ErrorEquals"] == ["ShardUnfinished"]]
    seconds = TASKS[name]["TimeoutSeconds"] - RESERVED_MILLISECONDS / 1000 - 5
    longest_lease_hours = Settings.model_fields["longest_lease_hours"].metadata[1].le
    assert retry["MaxAttempts"] * seconds >= longest_lease_hours * 3600


@pytest.mark.parametrize("name", ["AnswerShard", "AnswerBaselineShard", "JudgeShard", "AskCuratorShard"])
def test_the_slowest_answer_and_its_storing_end_before_the_function_does(name: str) -> None:
    """A function that is killed loses what it has not stored, and tells nobody why."""

    def slowest(config: Any) -> float:
        attempts = config.retries["total_max_attempts"]
        # botocore's standard mode pauses for 20 seconds at most.
        return float(attempts * (config.connect_timeout + config.read_timeout) + (attempts - 1) * 20)

    function_seconds = TASKS[name]["TimeoutSeconds"] - MARGIN_SECONDS
    assert slowest(clients.INFERENCE) + slowest(clients.STORAGE) <= RESERVED_MILLISECONDS / 1000
    # Nor is most of a function's time reserved.
    assert 0.6 * function_seconds >= RESERVED_MILLISECONDS / 1000
    assert STORE_EVERY_ANSWERS <= 5


def test_a_purchase_ends_before_its_function_does() -> None:
    """How long a purchase that was cut off may still take effect is then known."""
    function_seconds = TASKS["PurchaseThroughputOrDeploy"]["TimeoutSeconds"] - MARGIN_SECONDS
    config: Any = clients.CONTROL
    assert config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout) < function_seconds


def test_deletion_insists_beyond_the_usual() -> None:
    """It is the one call whose failure costs money by the hour."""
    usual = max(retry["MaxAttempts"] for retry in TASKS["ValidateDataset"]["Retry"])
    busy = TASKS["DeleteThroughputOrDeployment"]["Retry"][1]
    assert busy["MaxAttempts"] >= 4 * usual


@pytest.mark.parametrize("name", TASKS)
def test_no_retry_hides_a_failure_for_hours(name: str) -> None:
    """Retries that back off without bound would keep a failed deletion from a person while the throughput bills."""
    longest_hours = 2 if name in MAY_BILL else MOST_RUN_HOURS * 2.1 if name in PATIENT | ASKS_A_PERSON else 1
    for retry in TASKS[name]["Retry"]:
        if retry["MaxAttempts"]:
            assert _longest_seconds(retry) <= longest_hours * 3600


@pytest.mark.parametrize("name", lambda_states())
def test_a_want_of_concurrency_is_outlasted(name: str) -> None:
    """A small account is full for as long as other work takes: minutes of patience would lose what was paid for."""
    patient = [each for each in TASKS[name]["Retry"] if "Lambda.TooManyRequestsException" in each["ErrorEquals"]]
    assert len(patient) == 1
    assert _longest_seconds(patient[0]) >= 3_300


@pytest.mark.parametrize("name", sorted(NOTHING_BILLS))
def test_nothing_that_time_heals_ends_a_training_before_the_runs_deadline(name: str) -> None:
    """Hours of training, and their money, would be lost to a busy hour of the account's Lambda functions."""
    busy = TASKS[name]["Retry"][1]
    assert {"ServiceBusy", "Lambda.TooManyRequestsException", "States.Timeout", "Lambda.Unknown"} <= set(
        busy["ErrorEquals"]
    )
    # With full jitter a wait is half of its longest, by the mean.
    assert _longest_seconds(busy) / 2 >= MOST_RUN_HOURS * 3600
    # What time may not heal, a person must learn of.
    assert 3600 <= _longest_seconds(TASKS[name]["Retry"][2]) <= 2 * 3600


def test_a_curation_outlasts_a_busy_aws_but_not_its_own_function_running_out_of_time() -> None:
    """Nothing is trained yet: who waits for a function that is always too slow learns of it on the same day."""
    _, busy, others = TASKS["CurateTrainingSet"]["Retry"]
    assert {"ServiceBusy", "Lambda.TooManyRequestsException"} <= set(busy["ErrorEquals"])
    assert _longest_seconds(busy) / 2 >= MOST_RUN_HOURS * 3600
    assert {"States.Timeout", "Lambda.Unknown", "Sandbox.Timedout"}.isdisjoint(busy["ErrorEquals"])
    assert others["ErrorEquals"] == ["States.ALL"]
    running = others["MaxAttempts"] * TASKS["CurateTrainingSet"]["TimeoutSeconds"]
    assert 3600 <= _longest_seconds(others) + running <= 5 * 3600


def test_a_busy_aws_is_no_answer_to_a_request_for_approval() -> None:
    """Minutes of throttling while the request is sent ended as a rejection, behind a training of hours."""
    busy = TASKS["RequestApproval"]["Retry"][1]
    assert {"ServiceBusy", "Lambda.TooManyRequestsException"} <= set(busy["ErrorEquals"])
    assert _longest_seconds(busy) / 2 >= MOST_RUN_HOURS * 3600


def test_baselines_that_cannot_be_asked_at_all_do_not_end_the_training() -> None:
    """A Parallel ends all of its branches when one fails: a missing grant of the map would stop a paid job."""
    [branch] = [each for each in STATES["TrainAndAnswerBaselines"]["Branches"] if "AnswerBaselines" in each["States"]]
    [caught] = branch["States"]["AnswerBaselines"]["Catch"]
    assert caught["ErrorEquals"] == ["States.ALL"]
    assert branch["States"][caught["Next"]]["Type"] == "Succeed"


@pytest.mark.parametrize(
    ("task", "wait", "choice", "answered_by", "part"),
    [
        ("AskBaselinesInBatch", "WaitForBatchOfBaselines", "HasBatchOfBaselines", "AnswerBaselines", "baselines"),
        ("AskJudgesInBatch", "WaitForBatchOfJudges", "HasJudges", "JudgeAnswers", "judges"),
    ],
)
def test_a_batch_job_that_goes_wrong_leaves_all_to_the_map(
    task: str, wait: str, choice: str, answered_by: str, part: str
) -> None:
    """It is a lower price, and no reason for a run to fail; whatever ends it, the map asks what has no answer."""
    assert [(each["ErrorEquals"], each["Next"]) for each in STATES[task]["Catch"]] == [(["States.ALL"], answered_by)]
    assert (STATES[task]["Next"], STATES[wait]["Next"], STATES[task]["ResultPath"]) == (choice, task, "$.batches")
    # Once there is an answer, a key alone says whether there is something to wait for.
    first, second, *_ = STATES[choice]["Choices"]
    assert first == {"Variable": "$.batches.wait_seconds", "IsPresent": True, "Next": wait}
    assert second == {"Variable": "$.batches", "IsPresent": True, "Next": answered_by}
    # A run without enough questions calls no function.
    asked = [each for each in STATES[choice]["Choices"] if each["Next"] == task]
    guard = {"Variable": f"$.plan.batches.{part}", "IsPresent": True}
    assert guard in asked[0].get("And", [{key: value for key, value in asked[0].items() if key != "Next"}])
    assert STATES[wait]["SecondsPath"] == "$.batches.wait_seconds"


def test_no_batch_job_is_waited_for_while_something_bills_by_the_hour() -> None:
    """A queue of hours is longer than most leases: judges are asked behind the deletion, nobody within a lease."""
    waits = {name for name in STATES if name.startswith("WaitForBatch")}
    assert len(waits) == 3
    assert waits.isdisjoint(LEASE["States"])
    assert "WaitForBatchOfJudges" not in _reachable("ClaimRun", closed={"AreServingsDeleted", "StopJobs"})
    assert "ServeModels" not in _reachable("WaitForBatchOfJudges", closed=set())


def test_what_may_bill_is_asked_for_an_hour_whatever_lambda_does() -> None:
    """A training is behind it; a throughput that nobody looks after bills."""
    assert _longest_seconds(TASKS["CheckServing"]["Retry"][1]) / 2 >= 0.9 * 3600


def _longest_seconds(retry: dict[str, Any]) -> float:
    """All waits of a retrier together."""
    delays = (retry["IntervalSeconds"] * retry["BackoffRate"] ** min(n, 20) for n in range(retry["MaxAttempts"]))
    return float(sum(min(delay, retry["MaxDelaySeconds"]) for delay in delays))


def test_a_failure_that_cannot_be_explained_is_told_all_the_same() -> None:
    """Throughput may still bill just when the explanation fails, too."""
    told = TASKS["NotifyUnexplained"]
    assert TASKS["ExplainFailure"]["Catch"][0]["Next"] == "NotifyUnexplained"
    assert told["Resource"] == "arn:aws:states:::sns:publish"
    assert "$$.Execution.Id" in told["Parameters"]["Message.$"]


def _catchers(name: str) -> list[dict[str, Any]]:
    """The Catch of a state, or that of the Parallel or Map around it."""
    state, around = STATES[name], [other for other in STATES if name in dict(_inner(STATES[other]))]
    return state.get("Catch") or (_catchers(around[0]) if around else [])


def _inner(state: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for machine in _machines(state):
        yield from machine["States"].items()


def _machines(state: dict[str, Any]) -> list[dict[str, Any]]:
    """What a state holds: the branches of a Parallel, or what a Map does with an item."""
    return [*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])]


def _targets(state: dict[str, Any]) -> Iterator[str]:
    yield from (choice["Next"] for choice in state.get("Choices", ()))
    yield from (catch["Next"] for catch in state.get("Catch", ()))
    yield from (state[key] for key in ("Next", "Default") if key in state)


def _reachable(start: str, *, closed: set[str], machine: dict[str, Any] = DEFINITION) -> set[str]:
    """All states that a run can get to from `start` without going through a closed one."""
    assert closed <= machine["States"].keys(), "a name that no state has closes nothing"
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in seen and name not in closed:
            seen.add(name)
            ahead.extend(_targets(machine["States"][name]))
    return seen


def test_no_path_from_the_purchase_ends_without_the_verified_deletion() -> None:
    """The first promise, as a search over every Next, Default, choice and Catch of a lease."""
    states = LEASE["States"]
    ends = {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail") or state.get("End")}
    assert ends == {"LeaseEnded"}
    # Nothing passes the deletion: the lease's only end lies behind it.
    assert _reachable("PurchaseThroughputOrDeploy", closed={"DeleteThroughputOrDeployment"}, machine=LEASE).isdisjoint(
        {"LeaseEnded", "IsServingDeleted"}
    )
    # Behind the deletion there are two ways on: the question whether it is gone, and a failure that a person must see.
    deletion = states["DeleteThroughputOrDeployment"]
    assert list(_targets(deletion)) == ["LeaseEnded", "IsServingDeleted"]
    assert deletion["Catch"][0]["ResultPath"] == "$.lease.deletion_failure"
    # The question lets no lease end but one with nothing left: any other is asked again.
    assert list(_targets(states["IsServingDeleted"])) == ["LeaseEnded", "WaitForDeletion"]
    assert states["WaitForDeletion"]["Next"] == "DeleteThroughputOrDeployment"
    # The test can fail: without the door there is an end in reach.
    assert "LeaseEnded" in _reachable("PurchaseThroughputOrDeploy", closed=set(), machine=LEASE)


def test_no_lease_fails_the_map() -> None:
    """On AWS a failed item stops the other items in the middle of their leases."""
    for name, state in LEASE["States"].items():
        assert state["Type"] != "Fail"
        if state["Type"] in ("Task", "Map"):
            [catch] = state["Catch"]
            assert catch["ErrorEquals"] == ["States.ALL"], name
            assert catch["ResultPath"] in ("$.lease.failure", "$.lease.deletion_failure"), name
    assert LEASE["States"]["LeaseEnded"]["OutputPath"] == "$.lease"


def test_a_lease_that_could_not_be_deleted_reaches_a_person_first() -> None:
    """Whatever became of the other leases: the count of all of them decides, not that of the chosen one."""
    top = DEFINITION["States"]
    assert top["ServeModels"]["ResultSelector"] == {
        "leases.$": "$",
        "not_deleted.$": "States.ArrayLength($[*].deletion_failure)",
    }
    asked = top[top["ServeModels"]["Next"]]
    assert asked["Choices"] == [
        {"Variable": "$.servings.not_deleted", "NumericGreaterThan": 0, "Next": "ExplainFailure"}
    ]
    assert asked["Default"] == "DiscardModels"


def test_a_map_that_fails_as_a_whole_deletes_in_a_second_round_and_buys_nothing() -> None:
    """Its leases were cut off, and none of their ends was recorded; DataLimitExceeded is caught by its name alone."""
    top = DEFINITION["States"]
    assert [catch["ErrorEquals"] for catch in top["ServeModels"]["Catch"]] == [
        ["States.DataLimitExceeded"],
        ["States.ALL"],
    ]
    assert {(catch["ResultPath"], catch["Next"]) for catch in top["ServeModels"]["Catch"]} == {
        ("$.failure", "AreLeasesCutOff")
    }
    assert list(_targets(top["AreLeasesCutOff"])) == ["ExplainFailure", "CutLeasesOff"]
    cut = top["CutLeasesOff"]
    assert (cut["Result"], cut["ResultPath"], cut["Next"]) == (True, "$.model.cut_off", "WaitForPurchases")
    # A purchase that was cut off may still take effect, behind a deletion that has found nothing.
    waited = top["WaitForPurchases"]
    assert waited["Seconds"] >= LEASE["States"]["PurchaseThroughputOrDeploy"]["TimeoutSeconds"] + 5
    assert waited["Next"] == "ServeModels"
    assert top["ServeModels"]["ItemSelector"]["cut_off.$"] == "$.model.cut_off"
    assert LEASE["StartAt"] == "IsCutOff"
    [choice] = LEASE["States"]["IsCutOff"]["Choices"]
    assert choice == {"Variable": "$.cut_off", "BooleanEquals": True, "Next": "DeleteThroughputOrDeployment"}
    assert "PurchaseThroughputOrDeploy" not in _reachable("DeleteThroughputOrDeployment", closed=set(), machine=LEASE)


def test_nothing_is_bought_before_the_answer_where_one_is_wanted() -> None:
    """Only the answer leads from the request to the leases, and only a run that needs none gets past the request."""
    asked = DEFINITION["States"]["IsApprovalNeeded"]
    assert [(c["Variable"], c["BooleanEquals"], c["Next"]) for c in asked["Choices"]] == [
        ("$.plan.needs_approval", True, "RequestApproval")
    ]
    assert "ServeModels" in _reachable("ClaimRun", closed=set())
    assert "ServeModels" not in _reachable("ClaimRun", closed={"IsApprovalNeeded"})
    assert "ServeModels" not in _reachable("NotApproved", closed=set())


def test_only_an_answer_that_says_approved_leads_to_the_purchase() -> None:
    """Who sends a success with any other answer has approved nothing, and a missing key must not end the run unsaid."""
    assert "ServeModels" not in _reachable("RequestApproval", closed={"IsApproved"})
    decided = DEFINITION["States"]["IsApproved"]
    [choice] = decided["Choices"]
    assert choice == {
        "And": [
            {"Variable": "$.approval.decision", "IsPresent": True},
            {"Variable": "$.approval.decision", "StringEquals": "approved"},
        ],
        "Next": "KeepDecision",
    }
    # An answer of 256 KB would leave the state no room for the purchase's result.
    kept = DEFINITION["States"]["KeepDecision"]
    assert (kept["Result"], kept["ResultPath"], kept["Next"]) == ({"decision": "approved"}, "$.approval", "ServeModels")
    otherwise = DEFINITION["States"][decided["Default"]]
    assert (otherwise["Type"], otherwise["Result"]["Error"], otherwise["ResultPath"], otherwise["Next"]) == (
        "Pass",
        "NotApproved",
        "$.failure",
        "StopJobs",
    )
    # A selector that fails on an answer of another shape would be States.Runtime, which no Catch catches.
    assert DEFINITION["States"]["RequestApproval"].keys().isdisjoint({"ResultSelector", "OutputPath"})


def test_only_an_answer_that_says_approved_removes_so_many_records() -> None:
    """Before the training as before the purchase; nothing was started that must be stopped."""
    top = DEFINITION["States"]
    assert "CurateTrainingSet" not in _reachable("RequestCurationApproval", closed={"IsCurationApproved"})
    [choice] = top["IsCurationApproved"]["Choices"]
    assert choice == {
        "And": [
            {"Variable": "$.curation_approval.decision", "IsPresent": True},
            {"Variable": "$.curation_approval.decision", "StringEquals": "approved"},
        ],
        "Next": "KeepCurationDecision",
    }
    kept = top["KeepCurationDecision"]
    assert (kept["Result"], kept["ResultPath"], kept["Next"]) == (
        {"decision": "approved"},
        "$.curation_approval",
        "CurateTrainingSet",
    )
    otherwise = top[top["IsCurationApproved"]["Default"]]
    assert (otherwise["Result"]["Error"], otherwise["ResultPath"], otherwise["Next"]) == (
        "NotApproved",
        "$.failure",
        "ExplainFailure",
    )
    # The purchase has an answer of its own: one yes is not two.
    assert top["RequestApproval"]["ResultPath"] == "$.approval"
    assert {catch["Next"] for catch in top["RequestCurationApproval"]["Catch"]} == {"ExplainFailure"}


@pytest.mark.parametrize("name", sorted(ASKS_A_PERSON))
def test_silence_is_final(name: str) -> None:
    """Asking again would double the time that the deployment allows, and send the message twice."""
    request = STATES[name]
    assert "States.Timeout" in request["Retry"][0]["ErrorEquals"]
    assert request["Retry"][0]["MaxAttempts"] == 0
    assert request["TimeoutSeconds"] == APPROVAL_SECONDS


def test_the_task_token_goes_to_the_function_alone() -> None:
    """What a state puts out is logged and handed on; the one that has the token could answer in a person's place."""
    with_token = [name for name, state in STATES.items() if "$$.Task.Token" in json.dumps(state)]
    assert set(with_token) == ASKS_A_PERSON
    for name in ASKS_A_PERSON:
        called = STATES[name]["Parameters"]
        assert (called["FunctionName"], called["Payload"]["task_token.$"]) == ("${RequestApprovalArn}", "$$.Task.Token")
        assert STATES[name]["ResultPath"].endswith("approval")


def test_deletion_counts_only_when_the_throughput_is_gone() -> None:
    """The one way on asks for `deleted`; the other goes round again."""
    choice = LEASE["States"]["IsServingDeleted"]
    assert [(c["Variable"], c["BooleanEquals"]) for c in choice["Choices"]] == [("$.lease.serving.deleted", True)]
    assert LEASE["States"][choice["Default"]]["Next"] == "DeleteThroughputOrDeployment"


def test_scoring_and_reporting_come_after_the_deletion() -> None:
    """Only what needs the throughput happens while it bills: nothing of the rest is part of a lease."""
    after = {
        "CollectAnswers",
        "JudgeAnswers",
        "EvaluateAndReport",
        "PromoteChampion",
        "NotifySuccess",
        "ExplainFailure",
    }
    assert after <= _reachable("ServeModels", closed=set())
    assert after.isdisjoint(_reachable("ClaimRun", closed={"ServeModels", "StopJobs"}) - {"ExplainFailure"})
    assert after.isdisjoint(LEASE["States"])


def test_answering_maps_run_distributed_and_tolerate_what_they_may() -> None:
    """Thousands of items do not fit one execution's history; more than 5 % of the tuned model's end the run."""
    maps = _distributed_maps()
    assert set(maps) == {"AskCurators", "AnswerBaselines", "AnswerTestSet", "JudgeAnswers"}
    for name, state in maps.items():
        assert state["ToleratedFailurePercentage"] == (5 if name == "AnswerTestSet" else 100)
        assert state["MaxConcurrency"] == 10


def _distributed_maps() -> dict[str, Any]:
    maps = {name: state for name, state in STATES.items() if state["Type"] == "Map"}
    # A lease is no work for another execution: the run itself must see it through.
    assert maps.pop("ServeModels")["ItemProcessor"]["ProcessorConfig"]["Mode"] == "INLINE"
    assert {state["ItemProcessor"]["ProcessorConfig"]["Mode"] for state in maps.values()} == {"DISTRIBUTED"}
    return maps


def test_each_maps_runs_bear_its_name() -> None:
    """`fine-tune run` counts by it; without a label, AWS makes one up."""
    maps = _distributed_maps()
    assert {name: state.get("Label") for name, state in maps.items()} == {name: name for name in maps}


def test_a_run_has_no_more_leases_at_a_time_than_there_are_slots() -> None:
    """More would only wait for each other, and one slot means one throughput at a time."""
    assert STATES["ServeModels"]["MaxConcurrency"] == 2
    assert STATES["ServeModels"]["ItemsPath"] == "$.model.served"


def test_the_training_set_is_curated_before_anything_trains_and_only_where_that_is_asked_for() -> None:
    """A run without curation calls no function for it; with it, only its last turn leads to the training."""
    top = DEFINITION["States"]
    assert top["RunPreflight"]["Next"] == top["CurateTrainingSet"]["Next"] == "IsCurated"
    assert {top[name]["Next"] for name in ("AskCurators", "WaitForBatch")} == {"CurateTrainingSet"}
    asked = top["IsCurated"]
    assert asked["Default"] == "TrainAndAnswerBaselines"
    for choice in asked["Choices"]:
        # The plan of a run without curation has a null in its place, which no path leads through.
        [guard, compared] = choice["And"]
        assert guard == {"Variable": "$.plan.curation.status", "IsPresent": True}
        assert compared["Variable"] == "$.plan.curation.status"
    assert "TrainAndAnswerBaselines" not in _reachable("ClaimRun", closed={"IsCurated"})
    assert "AcquireSlot" not in _reachable("IsCurated", closed={"TrainAndAnswerBaselines"})


def test_a_judge_that_is_down_ends_no_run() -> None:
    """What has no reply is kept, or counted as lost: the map fails only where its list cannot be read."""
    asked = STATES["AskCurators"]
    assert asked["ToleratedFailurePercentage"] == 100
    assert [retry["ErrorEquals"] for retry in asked["Retry"]] == [["States.ItemReaderFailed"]]
    assert asked["ItemReader"]["Parameters"]["Key.$"] == "$.plan.curation.shards"


def test_baselines_insist_before_they_stop_a_training_that_is_paid_for() -> None:
    """No shard can fail the map. What is left is its list, which S3 may not give for a while."""
    [retry] = STATES["AnswerBaselines"]["Retry"]
    assert retry["ErrorEquals"] == ["States.ALL"]
    assert retry["MaxAttempts"] * retry["MaxDelaySeconds"] >= 3600


def test_judges_and_a_promotion_cannot_fail_a_run_that_has_its_answers() -> None:
    """The throughput is paid for and the answers are stored: whatever happens after the scoring, there is a report."""
    assert {catch["Next"] for catch in STATES["JudgeAnswers"]["Catch"]} == {"EvaluateAndReport"}
    failed = {"ExplainFailure", "RunFailed"}
    assert failed <= DEFINITION["States"].keys()
    assert _reachable("PromoteChampion", closed=set()).isdisjoint(failed)


def test_no_state_calls_bedrock_itself() -> None:
    """A purchase has no commitment, as its function's test proves: a state that bought could ask for one unseen."""
    called = set(re.findall(r'"Resource": "(?!\$)([^"]+)"', json.dumps(DEFINITION)))
    assert called == {"arn:aws:states:::s3:getObject", "arn:aws:states:::sns:publish", CALL_AND_WAIT}


def test_the_state_holds_each_fact_once() -> None:
    """A branch that gave back the whole state would double it, and with it a plan of the longest settings."""
    training = STATES["TrainAndAnswerBaselines"]
    assert STATES["AnswerBaselines"]["OutputPath"] is None
    assert training["ResultSelector"].keys() == {"status.$", "candidates.$"}
    assert (STATES["JobsDone"]["OutputPath"], training["ResultPath"]) == ("$.jobs", "$.jobs")


def test_a_run_with_one_candidate_goes_the_way_of_one_with_several() -> None:
    """A second path would be tested half as often. The chosen candidate comes first, however many are served."""
    choices = json.dumps({name: state for name, state in STATES.items() if state["Type"] == "Choice"})
    assert "candidates[" not in choices
    assert re.findall(r"leases\[\d+\]", choices) == ["leases[0]"]
    assert "DiscardModels" not in _reachable("ClaimRun", closed={"ChooseModel", "StopJobs"})
    assert "CollectAnswers" not in _reachable("ClaimRun", closed={"DiscardModels"})


def test_jobs_are_stopped_wherever_they_may_train_when_the_run_fails() -> None:
    """A failure before the leases ends in the lane that stops jobs; before the start there is nothing to stop."""
    top = DEFINITION["States"]
    lanes = {name: catch["Next"] for name, state in top.items() for catch in state.get("Catch", ())}
    before = ("ClaimRun", "ValidateDataset", "RunPreflight", "AskCurators", "RequestCurationApproval")
    assert {lanes[name] for name in before} == {"ExplainFailure"}
    # The curation starts batch jobs.
    starting = ("CurateTrainingSet", "TrainAndAnswerBaselines", "ChooseModel", "RequestApproval")
    assert {lanes[name] for name in starting} == {"StopJobs"}
    assert top["StopJobs"]["Next"] == lanes["StopJobs"] == "DiscardModels"


def test_every_retry_has_its_policy_and_every_policy_is_used() -> None:
    """A name that nobody fills in would be refused at the deployment, and one that nobody names is dead."""
    written = dict(states(json.loads(PATH.read_text())))
    named = {state["Retry"] for state in written.values() if "Retry" in state}
    assert named == {f"${{{name}}}" for name in json.loads(RETRIES.read_text())}
    assert all(isinstance(state["Retry"], list) for state in STATES.values() if "Retry" in state)


def _unreachable(machine: dict[str, Any]) -> set[str]:
    """The states that no run enters, those of branches and maps included."""
    seen: set[str] = set()
    ahead = [machine["StartAt"]]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead.extend(_targets(machine["States"][name]))
    inner = [one for state in machine["States"].values() for one in _machines(state)]
    return set(machine["States"]).difference(seen).union(*map(_unreachable, inner))


def test_every_state_is_reachable() -> None:
    """A state that no run enters is a promise that nobody keeps."""
    assert _unreachable(DEFINITION) == set()


@pytest.mark.parametrize("around", [name for name, state in STATES.items() if _machines(state)])
def test_a_state_that_no_run_enters_is_found_in_branches_and_maps_too(around: str) -> None:
    """Most loops of a run are in a branch."""
    definition = deepcopy(DEFINITION)
    holding = dict(states(definition))[around]
    _machines(holding)[0]["States"]["Forgotten"] = {"Type": "Succeed"}
    assert _unreachable(definition) == {"Forgotten"}


def test_the_definition_stays_short_enough_to_be_read() -> None:
    """It is the first file one reads.

    Nine of its states curate the training set, of a run that asks for it, and five ask by batch jobs.
    """
    assert len(STATES) <= 55 + 9 + 5
    assert len(PATH.read_text().splitlines()) <= 950
