"""What happens to a run in the case's state, beside the fault rules."""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from botocore.exceptions import ClientError

from lambdas.domain.core.run import LEASE_TAG, sweep_key
from lambdas.domain.core.timestamps import timestamp
from lambdas.domain.serving import slots
from local.faults.aftermath import wait_until_gone
from local.faults.case import Action
from local.faults.run import SECONDS_TO_END, FaultRun, MissedError

# So long after a run was ended by the deletion of its stack a call that was under way takes effect.
SECONDS_BEHIND_THE_END = 1.0
STOPPED = "StoppedByFault"
# What a state may hold; so much less leaves room for the key of the answer.
MOST_BYTES = 262_144
ROOM_BYTES = 400
# More than a state makes in ten minutes; those of an event that Lambda keeps become rare.
STATE_ATTEMPTS, RECONCILER_ATTEMPTS = 20, 5
COMMAND = Path(sys.executable).parent / "fine-tune"


def act(run: FaultRun, execution: str) -> None:
    """Wait until the run is in the state, then do it; raises MissedError where the run was faster."""
    _wait_for_state(run, execution)
    match run.case.action:
        case Action.STOP:
            _stop_behind_its_back(run, execution)
        case Action.STARVE | Action.STARVE_AND_STOP:
            _starve(run, execution)
        case Action.DESTROY:
            run.bench.deployments.delete(f"{run.deployment_name}-pipeline")
            run.wait_for_end(execution)
            run.bench.interrupted.wait(SECONDS_BEHIND_THE_END)
            run.let_go()
            run.bench.deployments.wait(f"{run.deployment_name}-pipeline", "DELETE")
        case Action.LATE_SETTINGS:
            run.upload(*next(iter(run.case.dataset.files(run.marker).items())))
            run.let_go()
        case Action.TIME_OUT | Action.FILL_HISTORY | Action.EXPIRE_APPROVAL:
            _reach_limit(run, execution)
        case Action.EXPIRE_LEASE:
            _expire_lease(run, execution)
        case Action.LOSE_SLOTS:
            _lose_slots(run)
            run.let_go()
        case Action.LOSE_CHOICE:
            _lose_choice(run)
            _stop(run, execution)
        case Action.APPROVE | Action.REJECT | Action.APPROVE_AT_LENGTH | Action.REJECT_AT_LENGTH:
            _answer(run, execution)


def _reach_limit(run: FaultRun, execution: str) -> None:
    reach = {
        Action.TIME_OUT: run.control.time_out,
        Action.FILL_HISTORY: run.control.fill_history,
        Action.EXPIRE_APPROVAL: run.control.expire,
    }
    reach[run.case.action](execution)


def _wait_for_state(run: FaultRun, execution: str) -> None:
    entered = run.bench.until(lambda: run.has_entered(execution), SECONDS_TO_END, pause=0.04)
    if not entered or run.status(execution) != "RUNNING":
        raise MissedError(f"{run.case.state} was not seen while the execution ran")


def _stop_behind_its_back(run: FaultRun, execution: str) -> None:
    """What was under way takes effect behind the back of the reconciliation that the stop has called."""
    _stop(run, execution)
    if run.holds:
        run.bench.until(lambda: run.was_reconciled(execution), SECONDS_TO_END)
        run.let_go()


def _starve(run: FaultRun, execution: str) -> None:
    """Let the function that is held keep all of Lambda's concurrency for many attempts of others."""
    stops = run.case.action is Action.STARVE_AND_STOP
    if stops:
        _stop(run, execution)
    name, enough = run.deployment_name, RECONCILER_ATTEMPTS if stops else STATE_ATTEMPTS
    refused = run.control.refused_for_concurrency(name)
    run.bench.until(
        lambda: (
            run.control.refused_for_concurrency(name) >= refused + enough
            or (not stops and run.status(execution) != "RUNNING")
        ),
        SECONDS_TO_END,
    )
    run.let_go()


def _stop(run: FaultRun, execution: str) -> None:
    try:
        run.bench.states.stop_execution(
            executionArn=execution, error=STOPPED, cause=f"StopExecution in {run.case.state}."
        )
    except ClientError as error:
        raise MissedError(f"it was over before it could be stopped: {error}") from error


def _expire_lease(run: FaultRun, execution: str) -> None:
    """The reconciler must end what serves the model although its run goes on; then the run is let go on."""
    served = run.bench.until(
        lambda: [seen for seen in run.seen() if seen.thing.kind not in ("job", "batch job")], SECONDS_TO_END
    )
    past = timestamp(datetime.now(UTC) - timedelta(minutes=1))
    run.bench.bedrock.tag_resource(resourceARN=served[0].arn, tags=[{"key": LEASE_TAG, "value": past}])
    expired_at, scale = time.time(), run.bench.aws.time_scale
    wait_until_gone(run, expired_at)
    if run.leftovers():
        run.result.problems.append("what was beyond its lease is left")
    if run.status(execution) != "RUNNING":
        raise MissedError("the run had ended before its lease did")
    run.result.seconds_to_zero_by_kind[served[0].thing.kind] = round((served[0].last - expired_at) / scale, 1)
    run.simulation.remove_faults(run.marker)


def _lose_choice(run: FaultRun) -> None:
    run_id = run.bench.until(run.run_id, SECONDS_TO_END)
    run.bench.s3.delete_object(Bucket=run.deployment.output_bucket, Key=sweep_key(run_id))


def _lose_slots(run: FaultRun) -> None:
    """As somebody does by hand who takes them for left over."""
    s3, bucket = run.bench.s3, run.deployment.output_bucket
    for listed in s3.list_objects_v2(Bucket=bucket, Prefix=slots.PREFIX).get("Contents", []):
        if run.marker.encode() in s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read():
            s3.delete_object(Bucket=bucket, Key=listed["Key"])


def _answer(run: FaultRun, execution: str) -> None:
    """By the command that the message names, in a process of its own, on the caller's environment; or by hand."""
    asked = run.bench.until(lambda: run.stored("approval.json"), SECONDS_TO_END)
    if run.case.action in (Action.APPROVE_AT_LENGTH, Action.REJECT_AT_LENGTH):
        _answer_at_length(run, execution, asked["task_token"])
        return
    where = ["--deployment", run.deployment_name, "--region", run.bench.aws.region]
    command: list[str | Path] = [COMMAND, str(run.case.action), str(run.run_id()), *where]
    run.bench.aws.run(f"{run.case.action}-{run.marker}", command)


def _answer_at_length(run: FaultRun, execution: str, task_token: str) -> None:
    """Sends an answer to Step Functions as who has the token may do it: with a reason of any length."""
    approves = run.case.action is Action.APPROVE_AT_LENGTH
    # A rejection that fits beside the state leaves no room for the lane behind it.
    length = MOST_BYTES if approves else MOST_BYTES - ROOM_BYTES - run.state_bytes(execution, str(run.case.state))
    answer = {"decision": "approved" if approves else "rejected", "reason": ""}
    answer["reason"] = "x" * (length - len(json.dumps(answer)))
    run.bench.states.send_task_success(taskToken=task_token, output=json.dumps(answer))
