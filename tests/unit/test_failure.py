"""Explanations: what failed, what was cleaned up, what to do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.core import errors
from lambdas.domain.core.state_budget import CAUSE_BYTES
from lambdas.domain.evaluation.shards import ShardTrouble
from lambdas.domain.report import approval
from lambdas.domain.report.approval import ApprovalOutcome
from lambdas.domain.report.failure import explain
from lambdas.domain.report.failure_words import MEANINGS
from lambdas.domain.report.run_state import RunState
from tests.unit.run_states import (
    REACHED,
    RUN_ID,
    make_job,
    make_jobs,
    make_model,
    make_plan,
    make_serving,
    make_servings,
    state_at,
)

DELETED = make_serving(deleted=True)
NONE_BOUGHT = make_serving(arn=None, deleted=True)
# What any error becomes, by how far the run got.
PHASES = {
    "claim": "ClaimFailed",
    "dataset": "PreparationFailed",
    "preflight": "PreflightFailed",
    "curation": "CurationFailed",
    "customization": "CustomizationFailed",
    "throughput": "ThroughputFailed",
    "evaluation": "EvaluationFailed",
    "report": "ReportFailed",
}


def caught(error: str, message: str) -> dict[str, str]:
    """What Step Functions keeps of a Lambda's exception."""
    cause = json.dumps({"errorMessage": message, "errorType": error, "stackTrace": ["  File …"]})
    return {"Error": error, "Cause": cause}


def failed(error: str, message: str, phase: str, **facts: Any) -> RunState:
    """The state of a run that a Lambda's exception ended."""
    return state_at(phase, failure=caught(error, message), **facts)


@pytest.mark.parametrize("phase", REACHED)
def test_the_phase_follows_from_the_facts_that_there_are(phase: str) -> None:
    """No state of the machine notes it."""
    assert state_at(phase).phase == phase
    # The deletion, which comes before the explanation, puts its facts where the purchase would have.
    if phase in ("customization", "approval", "throughput"):
        assert state_at(phase, serving=NONE_BOUGHT).phase == phase


def test_an_approved_run_is_past_the_approval_and_any_other_answer_is_not() -> None:
    """As the state machine decides."""
    assert state_at("approval", approval={"decision": "approved"}).phase == "throughput"
    for answer in ({"decision": "rejected"}, {"decision": ["approved"]}, "approved", None, 0):
        assert state_at("approval", approval=answer).phase == "approval"


@pytest.mark.parametrize("phase", PHASES)
def test_a_named_error_keeps_its_name_and_words(phase: str) -> None:
    """The handler that raised it knows best."""
    explanation = explain(failed("DatasetRejected", "Line 7 is no JSON.", phase))
    assert explanation.error == "DatasetRejected"
    assert explanation.cause.startswith("Line 7 is no JSON.")
    assert "stackTrace" not in explanation.cause


@pytest.mark.parametrize(("phase", "name"), PHASES.items())
@pytest.mark.parametrize("error", ["KeyError", "States.Timeout", "Lambda.Unknown", "ServiceBusy", "Sandbox.Timedout"])
def test_any_other_error_becomes_that_of_its_phase(phase: str, name: str, error: str) -> None:
    """An execution that ends with KeyError or States.Timeout tells a person nothing."""
    explanation = explain(failed(error, "boom", phase))
    assert explanation.error == name
    assert error in explanation.cause
    assert "boom" in explanation.cause


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(
    ("error", "cause", "parts"),
    [
        ("ServiceBusy", '{"errorMessage": "Get… ThrottlingException"}', ["stayed busy", "Health Dashboard"]),
        ("Refused", '{"errorMessage": "PutObject: AccessDenied: no"}', ["refused a call", "AccessDenied"]),
        ("Lambda.Unknown", "The cause could not be determined", ["before it answered", "memory metrics"]),
        ("Sandbox.Timedout", '{"errorMessage": "Task timed out"}', ["its time ran out", "duration"]),
        ("Runtime.ExitError", '{"errorMessage": "exit status 1"}', ["before it answered", "log"]),
        (
            "Runtime.OutOfMemory",
            '{"errorMessage": "RequestId: 1 Error: Runtime exited with error: signal: killed"}',
            ["the function's memory ran out", "signal: killed", "memory metrics"],
        ),
        ("States.Timeout", "", ["time limit", "memory metrics"]),
        ("Lambda.TooManyRequestsException", "Rate exceeded", ["L-B99A9384", "max_concurrency"]),
    ],
)
def test_what_nobody_raised_still_says_what_to_do(phase: str, error: str, cause: str, parts: list[str]) -> None:
    """Killed functions, throttling and missing permissions have no words of their own."""
    explanation = explain(state_at(phase, failure={"Error": error, "Cause": cause}))
    assert explanation.error == PHASES[phase]
    for part in parts:
        assert part in explanation.cause


@pytest.mark.parametrize(
    "cause",
    [
        'Boom.\nTraceback (most recent call last):\n  File "/var/task/x.py", line 1, in f\nKeyError: 7',
        json.dumps({"errorMessage": 'Traceback (most recent call last):\n  File "/var/task/x.py"\nKeyError: 7'}),
        json.dumps({"errorType": "KeyError: 7", "stackTrace": ['  File "/var/task/x.py"']}),
    ],
)
def test_no_stack_trace_reaches_a_person(cause: str) -> None:
    """It says nothing to whoever has to act; the log has it."""
    text = explain(state_at("report", failure={"Error": "KeyError", "Cause": cause})).message
    assert "KeyError: 7" in text
    assert "/var/task" not in text
    assert "Traceback" not in text


def test_a_job_that_the_settings_keep_is_told() -> None:
    """It goes on at the account's cost because somebody wanted it so."""
    training = make_jobs(make_job(status="InProgress"))
    plan = make_plan(keep_job=True)
    state = failed("EvaluationFailed", "No.", "customization", serving=NONE_BOUGHT, jobs=training, plan=plan)
    assert "ft-sales-0123456789ab-c1 trains on, as run.json says (keep_job)" in explain(state).cause


def test_silence_is_told_with_the_hours_and_how_to_go_on() -> None:
    """Step Functions calls it States.Timeout, as if something were broken."""
    asked = ApprovalOutcome(requested_at="2026-11-22T10:00:00.000Z", answer_until="2026-11-23T10:00:00.000Z")
    silence = {"Error": "States.Timeout", "Cause": ""}
    kept = make_jobs(make_job(model="kept"))
    state = state_at("approval", failure=silence, serving=NONE_BOUGHT, jobs=kept)
    explanation = explain(state, asked=asked)
    assert explanation.error == "NotApproved"
    assert explanation.cause.startswith("Nobody answered within 24 hours whether to buy. Nothing was bought.")
    assert explanation.cause.endswith("into run.json and upload the same files.")
    assert "Nobody answered in time" in explain(state).cause


def test_a_request_that_could_not_be_sent_is_no_silence() -> None:
    """Nobody was asked: the topic is to be mended, not a person to be reminded."""
    explanation = explain(failed("Refused", "Publish: NotFound: Topic does not exist", "approval"))
    assert explanation.error == "NotApproved"
    assert "Nobody could be asked" in explanation.cause
    assert "Topic does not exist. Check the RequestApproval function's log" in explanation.cause


def test_a_rejection_is_told_with_who_and_why() -> None:
    """The topic's readers want to know whom to ask."""
    answer = approval.Answer(decision="rejected", by="arn:ann", answered_at="2026-11-22T10:00:00.000Z", reason="Dear.")
    rejected = {"Error": "NotApproved", "Cause": approval.rejection(answer)}
    explanation = explain(state_at("approval", failure=rejected, serving=NONE_BOUGHT))
    assert explanation.error == "NotApproved"
    assert "rejected by arn:ann at 2026-11-22T10:00:00.000Z: Dear. Nothing was bought." in explanation.cause


def test_every_final_name_is_a_declared_error() -> None:
    """People look the names up in one place."""
    assert all(hasattr(errors, name) for name in PHASES.values())


def test_a_verified_deletion_and_a_stopped_job_are_told() -> None:
    """The first question after a failure is: does anything still bill?"""
    state = failed("EvaluationFailed", "Too few answers.", "evaluation", serving=DELETED)
    assert "arn:throughput was deleted" in explain(state).cause
    stopping = make_jobs(make_job(status="Stopping"))
    state = failed("CustomizationFailed", "No.", "customization", serving=NONE_BOUGHT, jobs=stopping)
    told = "No throughput exists. The customization job ft-sales-0123456789ab-c1 was stopped."
    assert explain(state).cause.endswith(told)


def test_a_model_that_is_kept_is_told() -> None:
    """It is stored, and billed for it, until somebody deletes it."""
    kept = make_jobs(make_job(model="kept"))
    state = failed("EvaluationFailed", "No.", "customization", serving=NONE_BOUGHT, jobs=kept)
    assert "arn:model-1 is kept" in explain(state).cause


def test_a_job_that_could_not_be_stopped_comes_with_the_command() -> None:
    """It trains on at the account's cost."""
    refused = caught("Refused", "not authorized")
    state = failed("CustomizationFailed", "No.", "customization", serving=NONE_BOUGHT, stop_failure=refused)
    cause = explain(state).cause
    assert "not authorized" in cause
    assert "aws bedrock stop-model-customization-job --job-identifier ft-sales-0123456789ab-c1" in cause


def test_a_failed_deletion_comes_first_and_the_first_error_is_told_too() -> None:
    """Billing outranks everything, and the cause of the run's end must not be lost."""
    still = caught("ThroughputNotDeleted", "It still exists.")
    served = make_serving()
    state = failed("EvaluationFailed", "Too few answers.", "evaluation", serving=served, deletion_failure=still)
    explanation = explain(state)
    assert explanation.error == "ThroughputNotDeleted"
    assert explanation.cause.startswith("It still exists.")
    assert "delete-provisioned-model-throughput --provisioned-model-id arn:throughput" in explanation.cause
    assert "EvaluationFailed: Too few answers." in explanation.cause


def test_a_deletion_that_never_got_an_answer_is_a_throughput_not_deleted() -> None:
    """Unknown is as bad as refused: a person must look."""
    throttled = caught("ServiceBusy", "throttled")
    explanation = explain(state_at("dataset", serving=make_serving(), deletion_failure=throttled))
    assert explanation.error == "ThroughputNotDeleted"
    assert "throttled" in explanation.cause
    assert "--provisioned-model-id arn:throughput" in explanation.cause


def test_a_map_that_failed_is_explained_by_its_shard_through_the_parallel_branch() -> None:
    """The baselines' map ends the Parallel in which the jobs train: it is no job that failed."""
    exceeded = {"Error": "States.ExceedToleratedFailureThreshold", "Cause": "too many"}
    state = state_at("customization", failure=exceeded)
    trouble = ShardTrouble(arm="base", number=2, error="EvaluationFailed", message="model X cannot be asked")
    explanation = explain(state, trouble)
    assert explanation.error == explain(state).error == "EvaluationFailed"
    assert "model X cannot be asked" in explanation.cause
    assert "model X" not in explain(failed("CustomizationFailed", "No.", "customization"), trouble).cause


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=3)


@given(
    st.text(),
    st.text() | st.dictionaries(st.sampled_from(["errorMessage", "errorType"]), json_values).map(json.dumps),
    st.sampled_from([*REACHED]),
)
def test_any_cause_whatever_is_explained(error: str, cause: str, phase: str) -> None:
    """The explanation is the last step: where it fails, nobody is told anything."""
    explanation = explain(state_at(phase, failure={"Error": error, "Cause": cause}))
    assert explanation.error
    assert explanation.cause.strip()
    assert len(explanation.subject) < 100


def test_an_endless_cause_is_cut() -> None:
    """Step Functions and SNS refuse what is too long."""
    explanation = explain(failed("EvaluationFailed", "x" * 1_000_000, "evaluation"))
    assert len(explanation.message) < 32_768


def test_a_deployment_is_told_in_its_own_words() -> None:
    """It bills tokens, and another command deletes it."""
    deployed = make_serving(kind="on_demand", arn="arn:deployment", deleted=True)
    state = failed("EvaluationFailed", "No.", "evaluation", serving=deployed)
    assert "The custom model deployment arn:deployment was deleted" in explain(state).cause
    left, throttled = {**deployed, "deleted": False}, caught("ServiceBusy", "throttled")
    cause = explain(failed("EvaluationFailed", "No.", "evaluation", serving=left, deletion_failure=throttled)).cause
    assert "aws bedrock delete-custom-model-deployment --custom-model-deployment-identifier arn:deployment" in cause
    assert "by the hour" not in cause


def test_an_undeleted_throughput_of_another_candidate_is_told_first() -> None:
    """It bills although the chosen one's lease went well; each of them is named with its command."""
    gone = make_serving(deleted=True)
    servings = make_servings(gone, make_serving(arn="arn:second"), make_serving(arn="arn:third"))
    for lease in servings["leases"][1:]:
        lease["deletion_failure"] = caught("ThroughputNotDeleted", f"{lease['serving']['arn']} still exists.")
    state = RunState.parse({**REACHED["throughput"], "servings": servings})
    explanation = explain(state)
    assert explanation.error == "ThroughputNotDeleted"
    assert explanation.cause.startswith("arn:second still exists.")
    assert "--provisioned-model-id arn:second; aws bedrock" in explanation.cause
    assert "The run had failed before" not in explanation.cause


def test_the_failure_of_the_chosen_candidates_lease_is_the_run_s() -> None:
    """By its named error; another candidate's costs that one's arm alone."""
    failure = caught("ThroughputFailed", "No quota.")
    servings = make_servings(None, make_serving(deleted=True), failure=failure)
    explanation = explain(RunState.parse({**REACHED["throughput"], "servings": servings}))
    assert (explanation.error, explanation.cause.startswith("No quota.")) == ("ThroughputFailed", True)
    servings = make_servings(make_serving(deleted=True), None)
    servings["leases"][1]["failure"] = failure
    assert RunState.parse({**REACHED["throughput"], "servings": servings}).cause_of_end is None


def test_leases_that_failed_as_a_whole_are_told_as_not_deleted() -> None:
    """After the second round nobody knows what of them exists: each name that one may have is told."""
    served = [
        {"number": number, "name": "m", "model_arn": "arn:m", "arm": "a", "chosen": number == 1, "shards": "s"}
        for number in (1, 3)
    ]
    failure, model = caught("States.DataLimitExceeded", ""), make_model(cut_off=True, served=served)
    explanation = explain(state_at("throughput", model=model, failure=failure))
    assert explanation.error == "ThroughputNotDeleted"
    names = [f"ft-{RUN_ID}-c{number}" for number in (1, 3)]
    assert f"A throughput of each of these names may exist: {', '.join(names)}." in explanation.cause
    command = "aws bedrock delete-provisioned-model-throughput --provisioned-model-id"
    assert f"until you delete it: {command} {names[0]}; {command} {names[1]}" in explanation.cause
    nameless = explain(state_at("throughput", model=make_model(cut_off=True), failure=failure))
    assert "may exist: look in the Bedrock console" in nameless.cause


@pytest.mark.parametrize("name", ["run", "plan", "jobs", "model", "servings", "failure"])
@pytest.mark.parametrize("broken", [None, 7, "text", [], {}, {"id": 7}, {"candidates": [{}]}])
def test_a_fact_that_cannot_be_read_hides_no_failure(name: str, broken: object) -> None:
    """The explanation is the last step: it says what it can, and the log which fact is broken."""
    facts = {**REACHED["report"], "jobs": make_jobs(make_job()), "failure": caught("EvaluationFailed", "Too few.")}
    state = RunState.parse({**facts, name: broken})
    assert explain(state).error == ("ReportFailed" if name == "failure" else "EvaluationFailed")
    assert state.unreadable == ([] if name == "failure" and broken is not None else [name])


AFTER_TRAINING = ("approval", "throughput", "evaluation", "report")
# Every error that words know, every named one that can follow a training, and one that nobody knows.
ANY_ERROR = [*MEANINGS, "NotApproved", "ThroughputFailed", "EvaluationFailed", "ReportFailed", "KeyError"]
TRAINS_AGAIN = re.compile(r"upload[^.\"]*again|trains anew", re.IGNORECASE)


@pytest.mark.parametrize("phase", AFTER_TRAINING)
@pytest.mark.parametrize("error", ANY_ERROR)
def test_a_failure_after_the_training_goes_on_from_the_model(phase: str, error: str) -> None:
    """Whoever uploads the data set again as it is pays for the training a second time."""
    state = failed(error, "It went wrong. " * 2000, phase, jobs=make_jobs(make_job(model="kept")), serving=NONE_BOUGHT)
    explanation = explain(state)
    assert '"custom_model": "arn:model-1"' in explanation.cause
    assert '"custom_model": "arn:model-1"' in explanation.message
    assert not TRAINS_AGAIN.search(explanation.cause)
    assert len(explanation.cause.encode()) <= CAUSE_BYTES


def test_a_failed_deletion_tells_both_what_bills_and_how_to_go_on() -> None:
    """The first thing first."""
    state = state_at("evaluation", deletion_failure=caught("ThroughputNotDeleted", "It bills."))
    cause = explain(state).cause
    assert cause.startswith("It bills.")
    assert '"custom_model": "arn:model-1"' in cause


@pytest.mark.parametrize("phase", ["claim", "dataset", "preflight", "customization"])
def test_a_failure_before_there_is_a_model_says_to_upload_again(phase: str) -> None:
    """There is nothing to go on from."""
    cause = explain(failed("KeyError", "boom", phase)).cause
    assert cause.endswith("Then upload the data set again.")
    assert "custom_model" not in cause


def test_a_model_that_a_job_made_before_the_choice_is_gone_on_from() -> None:
    """The baselines may fail when the job is done; models that were deleted are none to go on from."""
    jobs = make_jobs(make_job(1, model="deleted"), make_job(2, model="kept"), make_job(3, status="Stopped"))
    cause = explain(failed("EvaluationFailed", "No answers.", "customization", jobs=jobs)).cause
    assert '"custom_model": "arn:model-2"' in cause


@pytest.mark.parametrize("outcome", ["kept", None])
def test_all_models_of_a_sweep_that_failed_before_its_choice_are_named(outcome: str | None) -> None:
    """Each is paid for and stays, also where what became of it could not be recorded."""
    jobs = make_jobs(*(make_job(number, model=outcome) for number in range(1, 13)))
    explanation = explain(failed("CustomizationFailed", "Bedrock refused. " * 2000, "customization", jobs=jobs))
    for text in (explanation.cause, explanation.message):
        assert '"custom_model": "arn:model-1" into run.json' in text
        following = ", ".join(f"arn:model-{number}" for number in range(2, 13))
        assert f"The other models: {following}." in text
        assert "upload the data set again" not in text
    assert len(explanation.cause.encode()) <= CAUSE_BYTES


def test_of_a_sweep_that_chose_the_chosen_model_alone_is_gone_on_from() -> None:
    """The others are about to be deleted, or kept for another purpose."""
    jobs = make_jobs(make_job(1, model="left"), make_job(2, model="kept"), make_job(3, model="kept"))
    state = failed("EvaluationFailed", "No.", "evaluation", jobs=jobs, model=make_model(2))
    assert state.trained_models == ["arn:model-2"]
    assert state.model_copy(update={"model": None}).trained_models == ["arn:model-2", "arn:model-3"]


def test_the_longest_arns_leave_room_for_how_to_go_on() -> None:
    """An ARN that Bedrock gives may be long; how to go on is not what is cut."""
    jobs = make_jobs(*(make_job(number, model="kept", model_arn=f"arn:{number:0>1007}") for number in range(1, 13)))
    cause = explain(failed("CustomizationFailed", "Bedrock refused.", "customization", jobs=jobs)).cause
    assert f'"custom_model": "arn:{1:0>1007}" into run.json and upload the same files.' in cause
    assert len(cause.encode()) <= CAUSE_BYTES


def test_a_given_model_is_gone_on_from_whatever_failed() -> None:
    """The run did not train it, and must not make anybody train it."""
    plan = make_plan(candidates=[], custom_model="arn:given")
    assert '"custom_model": "arn:given"' in explain(failed("KeyError", "boom", "customization", plan=plan)).cause


def test_no_text_of_what_comes_after_the_training_says_to_upload_again() -> None:
    """Each failure's words are completed with how to go on: their own must not contradict it."""
    root = Path(__file__).parents[2]
    folders = [root / "lambdas" / "domain" / room for room in ("serving", "evaluation", "report")]
    steps = ("check_serving", "purchase_throughput_or_deploy", "acquire_slot", "request_approval", "answering")
    later = ("collect_answers", "judge_shard", "evaluate_and_report", "choose_model", "promote_champion")
    files = [file for folder in folders for file in folder.rglob("*.py")]
    files += [root / "lambdas" / "steps" / f"{name}.py" for name in (*steps, *later)]
    files.append(root / "state_machines" / "fine_tuning.asl.json")
    # These say it where there is no model.
    chosen_by_what_there_is = {"failure.py", "reconciliation.py"}
    found = [file.name for file in files if TRAINS_AGAIN.search(file.read_text().replace('"\n', ""))]
    assert set(found) <= chosen_by_what_there_is


def test_silence_before_the_training_is_no_failed_curation() -> None:
    """What nobody answered is told as that, and what it was about."""
    curation = {"clean": {"judges": ["maker.judge"], "mode": "remove"}, "status": "approve"}
    facts: dict[str, Any] = {"plan": make_plan(needs_approval=True, curation=curation)}
    silent = state_at("curation", failure={"Error": "States.Timeout", "Cause": ""}, **facts)
    explanation = explain(silent)
    assert explanation.error == "NotApproved"
    assert "whether to remove so many training records" in explanation.cause
    answered = {"curation_approval": {"decision": "approved"}}
    late = state_at("curation", failure={"Error": "States.Timeout", "Cause": ""}, **facts, **answered)
    assert explain(late).error == "CurationFailed"


def test_batch_jobs_that_a_failed_curation_could_not_stop_are_named_and_no_customization_job_is() -> None:
    """Nothing trains before the curation is done; the start of a batch job may be unrecorded."""
    batch = {"turn": 1, "model": "maker.judge", "asks": 100}
    waited_for = {**batch, "number": 1, "arn": "arn:waited-for"}
    over = {**batch, "number": 2, "arn": "arn:over", "status": "Completed", "answered": 100}
    refused = caught("Refused", "StopModelInvocationJob: AccessDeniedException: no")
    for batches, commands in (([waited_for, over], 1), ([], 0)):
        curation = {"clean": {"judges": ["maker.judge"]}, "status": "wait", "batches": batches}
        plan = make_plan(curation=curation)
        state = failed("CurationFailed", "No.", "curation", plan=plan, stop_failure=refused)
        assert not state.jobs_unknown
        cause = explain(state).cause
        assert "AccessDeniedException" in cause
        assert "The reconciler stops what still runs" in cause
        assert cause.count("aws bedrock stop-model-invocation-job --job-identifier arn:waited-for") == commands
        assert "arn:over" not in cause
        assert "customization" not in cause
