"""What the pipeline relies on and ministack alone does not do, and what must not escape from the machine."""

import json
from pathlib import Path

import psutil
import pytest

from local import patches
from tests.local.conftest import ROLE, Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

FOR_EVER = {"Type": "Wait", "Seconds": 10_000_000, "End": True}
RAISES = "class DatasetRejected(Exception): pass\ndef handler(event, context): raise DatasetRejected('line 3')"


def test_a_lambda_exception_is_caught_under_its_class_name(sandbox: Sandbox) -> None:
    """The state machine tells a rejected data set from a crash by this name."""
    task = {"Type": "Task", "Resource": sandbox.function(RAISES), "Next": "Wrong"}
    caught = [{"ErrorEquals": ["Other"], "Next": "Wrong"}, {"ErrorEquals": ["DatasetRejected"], "Next": "Right"}]
    end = sandbox.run(
        {"States": {"Try": {**task, "Catch": caught}, "Right": {"Type": "Succeed"}, "Wrong": {"Type": "Fail"}}}
    )
    assert end["status"] == "SUCCEEDED"
    assert "line 3" in end["output"]


def test_a_worker_that_dies_is_an_exit_error(sandbox: Sandbox) -> None:
    """One that a fault kills looks like this, too."""
    for how, words in (("os._exit(1)", "exit status 1"), ("os.kill(os.getpid(), 9)", "signal: killed")):
        function = sandbox.function(f"import os\ndef handler(event, context): {how}")
        end = sandbox.run({"States": {"Try": {"Type": "Task", "Resource": function, "End": True}}})
        assert end["error"] == "Runtime.ExitError"
        assert f"Error: Runtime exited with error: {words}" in end["cause"]


COUNTS = """
calls = []
def handler(event, context):
    calls.append(1)
    if len(calls) < 3: raise KeyError
    return len(calls)
"""


def test_a_retry_reaches_the_worker_that_raised(sandbox: Sandbox) -> None:
    """Lambda keeps a process whose handler raised; a new one for each retry would cost seconds."""
    function = sandbox.function(COUNTS)
    retry = [{"ErrorEquals": ["KeyError"], "IntervalSeconds": 60, "MaxAttempts": 2, "BackoffRate": 1}]
    end = sandbox.run({"States": {"Try": {"Type": "Task", "Resource": function, "Retry": retry, "End": True}}})
    assert end["output"] == "3"
    assert (end["stopDate"] - end["startDate"]).total_seconds() < 60, "the retry's wait is on the scaled clock"


def test_idle_workers_are_few(sandbox: Sandbox) -> None:
    """A dozen functions' idle workers would take more memory than the demo may."""
    functions = [sandbox.function("def handler(event, context): return 1") for _ in range(patches.IDLE_WORKERS + 3)]
    states = {
        f"Call{number}": {"Type": "Task", "Resource": function, "Next": f"Call{number + 1}"}
        for number, function in enumerate(functions)
    }
    end = sandbox.run({"States": {**states, f"Call{len(functions)}": {"Type": "Succeed"}}})
    assert end["status"] == "SUCCEEDED"
    workers = [
        child for child in psutil.Process().children(recursive=True) if "_worker.py" in " ".join(child.cmdline())
    ]
    assert len(workers) <= patches.IDLE_WORKERS


def test_a_stopped_execution_stays_aborted_and_enters_no_state(sandbox: Sandbox) -> None:
    """StopExecution while a branch polls: nothing may go on behind an execution that AWS would have ended."""
    loop = {"Wait": {"Type": "Wait", "Seconds": 30, "Next": "Again"}, "Again": {"Type": "Pass", "Next": "Wait"}}
    branches = [{"StartAt": "Wait", "States": loop}, {"StartAt": "Sleep", "States": {"Sleep": FOR_EVER}}]
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "CleanUp"}]
    states = {
        "Both": {"Type": "Parallel", "Branches": branches, "Catch": caught, "End": True},
        "CleanUp": {"Type": "Succeed"},
    }
    execution = sandbox.start({"States": states})
    sandbox.until(lambda: sandbox.entered(execution), lambda names: names.count("Again") >= 2)
    sandbox.states.stop_execution(executionArn=execution, error="Stopped", cause="by a person")
    entered = sandbox.entered(execution)
    # Another execution that takes longer than the loop's wait: the loop would have gone on meanwhile.
    sandbox.run({"States": {"Wait": {"Type": "Wait", "Seconds": 120, "End": True}}})
    assert sandbox.entered(execution) == entered
    assert "CleanUp" not in entered
    assert sandbox.end_of(execution)["status"] == "ABORTED"


def test_an_execution_times_out_and_says_so_on_the_event_bus(sandbox: Sandbox) -> None:
    """What cleans up after an execution that had no chance to do so itself learns of it by this event."""
    sqs, events = sandbox.aws.client("sqs"), sandbox.aws.client("events")
    queue = sqs.create_queue(QueueName="status")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = '{"source": ["aws.states"], "detail": {"status": ["TIMED_OUT"]}}'
    events.put_rule(Name="status", EventPattern=pattern, RoleArn=ROLE)
    events.put_targets(Rule="status", Targets=[{"Id": "queue", "Arn": arn}])
    assert sandbox.run({"TimeoutSeconds": 60, "States": {"Sleep": FOR_EVER}})["status"] == "TIMED_OUT"
    told = sandbox.until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []), bool)
    assert "Step Functions Execution Status Change" in told[0]["Body"]


def test_an_event_comes_again_to_a_function_that_died(sandbox: Sandbox, tmp_path: Path) -> None:
    """The reconciler tells of a stopped run by such an event, and its process may be killed."""
    marks = tmp_path / "marks"
    source = f"import os\ndef handler(event, context):\n open({str(marks)!r}, 'a').write('x')\n os._exit(1)"
    events, function = sandbox.aws.client("events"), sandbox.function(source)
    events.put_rule(Name="dies", EventPattern=json.dumps({"source": ["test.dies"]}))
    events.put_targets(Rule="dies", Targets=[{"Id": "one", "Arn": function}])
    events.put_events(Entries=[{"Source": "test.dies", "DetailType": "test", "Detail": "{}"}])
    assert sandbox.until(lambda: marks.exists() and marks.read_text(), lambda text: text == "xxx")


def test_a_task_times_out(sandbox: Sandbox) -> None:
    """A hanging Lambda may not hold a run up for ever."""
    function = sandbox.function("import time\ndef handler(event, context): time.sleep(15)")
    task = {"Type": "Task", "Resource": function, "TimeoutSeconds": 1, "End": True}
    assert sandbox.run({"States": {"Try": task}})["error"] == "States.Timeout"


def test_a_parallel_state_fails_with_its_first_branch(sandbox: Sandbox) -> None:
    """Where the baselines fail, the run ends at once and does not wait for the training."""
    fail = {"Type": "Fail", "Error": "EvaluationFailed", "Cause": "no answers"}
    branches = [
        {"StartAt": "Sleep", "States": {"Sleep": FOR_EVER}},
        {"StartAt": "Fail", "States": {"Fail": fail}},
    ]
    end = sandbox.run({"States": {"Both": {"Type": "Parallel", "Branches": branches, "End": True}}})
    assert (end["status"], end["error"], end["cause"]) == ("FAILED", "EvaluationFailed", "no answers")


def test_the_history_has_the_states_inside_branches(sandbox: Sandbox) -> None:
    """Progress is read from the history, and most of a run's time passes inside a Parallel state."""
    branch = {"StartAt": "Inside", "States": {"Inside": {"Type": "Pass", "End": True}}}
    execution = sandbox.start({"States": {"Both": {"Type": "Parallel", "Branches": [branch], "End": True}}})
    sandbox.end_of(execution)
    assert sandbox.entered(execution) == ["Both", "Inside"]


def test_an_upload_is_told_with_its_version(sandbox: Sandbox) -> None:
    """A run trains on the version that started it, whatever is uploaded meanwhile."""
    s3, sqs, events = (sandbox.aws.client(service) for service in ("s3", "sqs", "events"))
    s3.create_bucket(Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": sandbox.aws.region})
    s3.put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket="uploads", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    queue = sqs.create_queue(QueueName="uploads")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": ["uploads"]}}}
    events.put_rule(Name="uploads", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="uploads", Targets=[{"Id": "queue", "Arn": arn}])
    version = s3.put_object(Bucket="uploads", Key="input/a.jsonl", Body=b"{}")["VersionId"]
    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert json.loads(message["Body"])["detail"]["object"]["version-id"] == version


def test_all_ports_are_loopback(sandbox: Sandbox) -> None:
    """Nobody else on the network may reach an AWS that checks no signature."""
    processes = psutil.Process().children(recursive=True)
    listening = [
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 2, "the emulator and the simulated Bedrock"
    assert set(listening) == {"127.0.0.1"}


def test_temporary_files_stay_in_the_given_folder(sandbox: Sandbox) -> None:
    """Lambda workers unpack their code: not into the system's temporary folder."""
    sandbox.run({"States": {"Try": {"Type": "Task", "Resource": sandbox.function(RAISES), "End": True}}})
    assert list(sandbox.aws.temporary.glob("ministack-lambda-*"))
    assert not list(Path("/tmp").glob("ministack-lambda-function-*"))  # noqa: S108 - looked into, not written


def test_another_ministack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade must not silently run without the patches."""
    monkeypatch.setattr(patches, "version", lambda _: "1.6.0")
    with pytest.raises(patches.UnknownMinistackError, match=r"1\.5\.33, but 1\.6\.0"):
        patches.apply()


def test_a_piece_that_is_not_there_is_refused() -> None:
    """The same version with other contents, by its place and the piece that is missing."""
    with pytest.raises(patches.UnknownMinistackError, match=r"raise_if_stopped.*no such piece"):
        patches._rewritten(patches.raise_if_stopped, (("no such piece", ""),))


LOGS = """
import os
def handler(event, context):
    print(os.environ.get("LOG_LEVEL", "no level"), "of the function")
"""


def test_what_a_function_logs_is_found(sandbox: Sandbox) -> None:
    """A function has no level but its own, and each line an id, by which `fine-tune logs` tells new from old."""
    function = sandbox.function(LOGS)
    sandbox.run({"States": {"Log": {"Type": "Task", "Resource": function, "End": True}}})
    group, logs = f"/aws/lambda/{function.rpartition(':')[2]}", sandbox.aws.client("logs")
    found = sandbox.until(
        lambda: logs.filter_log_events(logGroupName=group, filterPattern='"of the function"')["events"], bool
    )
    assert [event["message"] for event in found] == ["no level of the function"]
    every = logs.filter_log_events(logGroupName=group)["events"]
    assert len({event["eventId"] for event in every}) == len(every) > 1
