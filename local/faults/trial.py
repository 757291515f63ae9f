"""One case from its upload until nothing of it is left, and what is to be said about it."""

import json
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from lambdas.domain import errors, slots
from local.bedrock.faults import FaultKind
from local.deployment import Deployment
from local.faults import dataset
from local.faults.bench import Bench, Result, TrialsInterruptedError
from local.faults.cases import THROUGHPUT_STUCK, Action, Case, in_real_seconds
from local.faults.deployments import StackFailedError, Variant
from local.faults.observer import Simulation

NAMES = {
    name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
}
# Names of our own that a person must never read as the last word.
NOT_FINAL = {"ServiceBusy"}
# Longer than another run takes to come to want the slot.
HOLDER_SECONDS = 600
STOPPED = "StoppedByFault"
# How far back a state still counts as entered lately: a turn of a polling loop is about ten events.
LATE_EVENTS = 40
SECONDS_TO_START = 60
SECONDS_TO_END = 300
# After the end: longer than a reconciliation that was called by it takes to look.
SECONDS_OF_GRACE = 2.0


class MissedError(Exception):
    """The run was not in the case's state when the fault came, as on a busy machine: the case is tried again."""


class Trial:
    """Runs one case; `marker` is a text that nothing else on this AWS has."""

    def __init__(self, bench: Bench, case: Case, marker: str, *, delay_seconds: float = 0) -> None:
        self._delay_seconds = delay_seconds
        self._bench, self._case, self._marker = bench, case, marker
        self._aws, self._observer = bench.aws, bench.observer
        self._states, self._s3 = bench.states, bench.s3
        self._simulation = Simulation(bench.aws.bedrock_endpoint)
        self._result = Result(case.name, case.fault)
        self._deployment: Deployment

    def run(self) -> Result:
        """Everything; what goes wrong in the harness itself becomes a problem of the case."""
        if self._bench.interrupted.wait(self._delay_seconds):
            raise TrialsInterruptedError
        marker, started = self._marker, time.monotonic()
        with self._bench.turns.get(self._case.deployment, nullcontext()):
            for attempt in "abc":
                self._marker, self._result = f"{marker}{attempt}", Result(self._case.name, self._case.fault)
                try:
                    self._run_once()
                    break
                except MissedError as missed:
                    self._result.problems.append(f"missed three times: {missed}")
                except (ClientError, StackFailedError, OSError, KeyError) as error:
                    self._result.problems.append(f"the harness failed: {type(error).__name__}: {str(error)[:300]}")
                    break
        self._result.real_seconds = round(time.monotonic() - started, 1)
        return self._result

    def _run_once(self) -> None:
        self._deploy()
        holder = self._start_holder() if self._case.holder else None
        try:
            self._try(holder)
        finally:
            self._simulation.remove_faults(self._marker)
            if holder:
                self._end_holder(holder)
            self._undeploy()

    # --- The course of a trial ----------------------------------------------------------------------------------------

    def _try(self, holder: str | None) -> None:
        scale = self._aws.time_scale
        rules = [
            rule
            if rule.caller and rule.caller.startswith(f"{self._case.deployment}.")
            else rule.model_copy(update={"match": self._marker})
            for rule in in_real_seconds(self._case, scale)
        ]
        if rules:
            self._simulation.put_faults(self._marker, rules)
        execution = self._start(self._marker, late_siblings=self._case.action is Action.LATE_SIBLINGS)
        self._deliver_again()
        if self._case.state and self._case.action is not Action.NONE:
            self._act(execution)
        ended_at = self._follow(execution)
        if self._case.lifts:
            # Not before the clean-up has run into it, too.
            self._bench.until(lambda: self._simulation.hits(self._marker)[0] > 0, self._bench.bound.seconds * scale)
            self._bench.interrupted.wait(SECONDS_OF_GRACE)
            self._note_hits()
            self._simulation.remove_faults(self._marker)
            ended_at = time.time()
        self._wait_for_zero(ended_at)
        if rules and not self._case.lifts:
            self._note_hits()
        if holder:
            self._check_turns(execution)

    def _note_hits(self) -> None:
        self._result.hits = self._simulation.hits(self._marker)
        if self._case.injects and not self._result.hits[0]:
            self._result.problems.append("the fault was never injected")

    def _start(self, marker: str, deployment: Deployment | None = None, *, late_siblings: bool = False) -> str:
        """Upload a data set; returns the execution that it starts. Raises KeyError where it starts none."""
        files = [*dataset.files(marker).items()]
        for key, body in reversed(files) if late_siblings else files:
            self._s3.put_object(Bucket=(deployment or self._deployment).input_bucket, Key=key, Body=body)
        found = self._bench.until(lambda: self._observer.executions_of(dataset.key(marker)), SECONDS_TO_START)
        if not found:
            raise KeyError(f"{dataset.key(marker)} has started no execution")
        return str(found[0])

    def _start_holder(self) -> str:
        """Another run, which has the only slot when this one wants it and keeps it for a while, or for ever."""
        marker = f"h{self._marker[1:]}"
        seconds = None if self._case.state else HOLDER_SECONDS
        stuck = THROUGHPUT_STUCK.model_copy(update={"match": marker, "duration_seconds": seconds})
        self._simulation.put_faults(marker, [stuck])
        elsewhere = self._case.deployment in self._bench.held_from_elsewhere
        execution = self._start(marker, self._bench.shared["shared"] if elsewhere else None)
        self._bench.until(lambda: "WaitForThroughput" in self._entered(execution), SECONDS_TO_END)
        if elsewhere:
            # Runs of this deployment end too soon to hold a slot for another one until it times out.
            lease = datetime.now(UTC) + timedelta(days=1)
            body = {"run_id": marker, "execution_arn": execution}
            body |= {"acquired_at": _timestamp(datetime.now(UTC)), "lease_ends_at": _timestamp(lease)}
            self._s3.put_object(
                Bucket=self._deployment.output_bucket, Key=slots.keys(1)[0], Body=json.dumps(body).encode()
            )
        return execution

    def _end_holder(self, execution: str) -> None:
        marker = f"h{self._marker[1:]}"
        self._simulation.remove_faults(marker)
        if self._case.state and self._status(execution) == "RUNNING":
            self._states.stop_execution(executionArn=execution, error=STOPPED, cause="The case is over.")
        self._bench.until(lambda: not self._observer.live_of(marker), self._bench.bound.seconds * self._aws.time_scale)

    def _check_turns(self, execution: str) -> None:
        """Two runs never had a throughput at the same time, and the one that waited said so."""
        if self._observer.most_live[self._case.deployment] > 1:
            self._result.problems.append("two throughputs existed at the same time, with one slot")
        events = self._states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        told = [event["stateExitedEventDetails"]["output"] for event in events if event["type"] == "TaskStateExited"]
        if not any("aiting for a throughput slot" in output for output in told):
            self._result.problems.append("the run that waited for its turn did not say so")

    def _deliver_again(self) -> None:
        """Deliver events twice, or in another order: a delivery is an execution with the event as its input."""
        action, key = self._case.action, dataset.key(self._marker)
        uploads = 1
        if action is Action.REORDERED_EVENTS:
            uploads = 2
            body = dataset.files(self._marker)[key]
            self._s3.put_object(Bucket=self._deployment.input_bucket, Key=key, Body=body)
            self._bench.until(lambda: len(self._observer.executions_of(key)) == uploads, SECONDS_TO_START)
        if action in (Action.DUPLICATE_EVENT, Action.REORDERED_EVENTS):
            for execution in reversed(self._observer.executions_of(key)):
                event = self._states.describe_execution(executionArn=execution)["input"]
                again = self._states.start_execution(stateMachineArn=self._deployment.state_machine, input=event)
                self._wait_for_end(again["executionArn"])
            for execution in self._observer.executions_of(key):
                self._wait_for_end(execution)
            bought = len(self._observer.throughputs_of(self._marker))
            if bought > uploads:
                self._result.problems.append(f"{uploads} uploads have bought {bought} throughputs")

    def _act(self, execution: str) -> None:
        entered = self._bench.until(lambda: self._has_entered(execution), SECONDS_TO_END, pause=0.04)
        if not entered or self._status(execution) != "RUNNING":
            raise MissedError(f"{self._case.state} was not seen while the execution ran")
        if self._case.action is Action.STOP:
            try:
                self._states.stop_execution(
                    executionArn=execution, error=STOPPED, cause=f"StopExecution in {self._case.state}."
                )
            except ClientError as error:
                raise MissedError(f"it was over before it could be stopped: {error}") from error
        elif self._case.action is Action.DESTROY:
            name = f"{self._marker}-pipeline"
            self._bench.deployments.delete(name)
            self._bench.deployments.wait(name, "DELETE")

    def _follow(self, execution: str) -> float:
        """Wait for the end; returns its time (epoch seconds)."""
        self._wait_for_end(execution)
        description = self._states.describe_execution(executionArn=execution)
        result = self._result
        result.status = description["status"]
        result.error, result.cause = description.get("error"), description.get("cause")
        result.ended_in = self._last_state(execution)
        if result.status == "RUNNING":
            result.problems.append(f"the execution still runs after {SECONDS_TO_END} s, in {result.ended_in}")
            return time.time()
        if result.status not in self._case.ends_as:
            result.problems.append(f"it ended as {result.status}, not as {' or '.join(sorted(self._case.ends_as))}")
        self._check_words()
        if self._case.state and self._case.action is Action.NONE and self._case.state not in self._entered(execution):
            raise MissedError(f"it timed out in {result.ended_in}, not in {self._case.state}")
        # Where one upload has started several executions, one of them is the run.
        all_of_it = {execution, *self._observer.executions_of(dataset.key(self._marker))}
        stops: list[datetime] = [self._states.describe_execution(executionArn=one)["stopDate"] for one in all_of_it]
        return max(stops).timestamp()

    def _wait_for_zero(self, ended_at: float) -> None:
        """Follow the run's throughputs and jobs until they are gone for good, or the bound is passed."""
        scale, bound = self._aws.time_scale, self._bench.bound
        rules = in_real_seconds(self._case, scale)
        late = max((rule.delay_seconds for rule in rules if rule.kind is FaultKind.SLOW), default=0)
        settled_at = time.time() + SECONDS_OF_GRACE + late
        # Nobody looks after a deployment that has been deleted: its deletion itself leads to zero.
        after = 0 if self._case.action is Action.DESTROY else bound.seconds * scale
        deadline = max(ended_at, settled_at) + after
        self._bench.until(
            lambda: (
                self._observer.now.at > settled_at
                and not self._observer.live_of(self._marker)
                and not self._observer.jobs_of(self._marker)
            ),
            max(0.1, deadline - time.time()),
        )
        result = self._result
        result.live_after = len(self._observer.live_of(self._marker))
        last_seen = max((seen.last for seen in self._observer.throughputs_of(self._marker)), default=0.0)
        result.seconds_to_zero = round(max(0.0, last_seen - ended_at) / scale, 1)
        if result.live_after:
            result.problems.append(f"{result.live_after} throughput is left after {bound.seconds:.0f} s")
        elif result.seconds_to_zero > bound.interval_seconds + bound.deletion_seconds:
            result.problems.append("zero took longer than a reconciliation interval and a deletion")
        if self._observer.jobs_of(self._marker):
            result.problems.append("a customization job still trains")

    def _check_words(self) -> None:
        """Every failure ends with a name of ours and a cause for a person."""
        result = self._result
        if result.status != "FAILED":
            return
        if result.error not in NAMES - NOT_FINAL:
            result.problems.append(f"the error {result.error} is none of the named ones")
        cause = result.cause or ""
        if len(cause) < 20 or "Traceback" in cause or "States.TaskFailed" in cause or cause.startswith("{"):
            result.problems.append(f"the cause is nothing to act on: {cause[:200]!r}")

    # --- Deployments --------------------------------------------------------------------------------------------------

    def _deploy(self) -> None:
        if self._case.deployment == "alone":
            self._deployment = self._bench.deployments.create(Variant(self._marker, self._bench.alone))
            self._observer.watch(self._deployment.state_machine)
        else:
            self._deployment = self._bench.shared[self._case.deployment]

    def _undeploy(self) -> None:
        if self._case.deployment != "alone":
            return
        self._observer.forget(self._deployment.state_machine)
        for stack in ("pipeline", "data"):
            self._bench.deployments.delete(f"{self._marker}-{stack}")
            self._bench.deployments.wait(f"{self._marker}-{stack}", "DELETE")

    # --- The execution ------------------------------------------------------------------------------------------------

    def _status(self, execution: str) -> str:
        return str(self._states.describe_execution(executionArn=execution)["status"])

    def _wait_for_end(self, execution: str) -> None:
        self._bench.until(lambda: self._status(execution) != "RUNNING", SECONDS_TO_END)

    def _has_entered(self, execution: str) -> bool:
        """Whether it is in the state, with the call under way that keeps it there, or has ended without."""
        if self._status(execution) != "RUNNING":
            return True
        rules = self._case.rules
        held = not rules or rules[0].kind is not FaultKind.SLOW or self._simulation.hits(self._marker)[0] > 0
        return held and self._case.state in self._entered(execution)

    def _last_state(self, execution: str) -> str | None:
        entered = self._entered(execution)
        return entered[0] if entered else None

    def _entered(self, execution: str) -> list[str]:
        """The states that it has entered lately, the last one first."""
        events = self._states.get_execution_history(
            executionArn=execution, reverseOrder=True, maxResults=LATE_EVENTS, includeExecutionData=False
        )["events"]
        return [event["stateEnteredEventDetails"]["name"] for event in events if event["type"].endswith("StateEntered")]


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
