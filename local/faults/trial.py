"""One case from its upload until nothing of it is left, and what is to be said about it."""

import time
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime

from botocore.exceptions import ClientError

from local.deployment import DeployedEnvironment
from local.faults import dataset
from local.faults.actions import STOPPED, act
from local.faults.aftermath import (
    SECONDS_OF_GRACE,
    check_models,
    check_report,
    check_words,
    wait_for_zero,
    wait_until_gone,
)
from local.faults.asked import check_asked_once
from local.faults.bench import Bench, Result, TrialsInterruptedError
from local.faults.case import Action, Case, about_the_run, in_real_seconds
from local.faults.deployments import StackFailedError, Variant
from local.faults.rules import ENDLESS, THROUGHPUT_STUCK
from local.faults.run import SECONDS_TO_END, SECONDS_TO_START, FaultRun, MissedError
from local.process import ProcessFailedError


class Trial:
    """Runs one case; `marker` is a text that nothing else on this AWS has."""

    def __init__(self, bench: Bench, case: Case, marker: str, *, delay_seconds: float = 0) -> None:
        self._delay_seconds = delay_seconds
        self._bench, self._case, self._marker = bench, case, marker
        self._run: FaultRun

    def run(self) -> Result:
        """Everything; what goes wrong in the harness itself becomes a problem of the case."""
        if self._bench.interrupted.wait(self._delay_seconds):
            raise TrialsInterruptedError
        started = time.monotonic()
        with self._bench.turns.get(self._case.deployment, nullcontext()):
            for attempt in "abc":
                result = Result(
                    self._case.name,
                    self._case.fault,
                    control=self._case.must_leak is not None,
                    refusals=self._case.refusals,
                    lag_seconds=self._case.lag_seconds,
                )
                try:
                    self._run_once(f"{self._marker}{attempt}", result)
                    break
                except MissedError as missed:
                    result.problems.append(f"missed three times: {missed}")
                except (ClientError, StackFailedError, ProcessFailedError, OSError, KeyError) as error:
                    result.problems.append(f"the harness failed: {type(error).__name__}: {str(error)[:300]}")
                    break
        result.real_seconds = round(time.monotonic() - started, 1)
        return result

    def _run_once(self, marker: str, result: Result) -> None:
        alone = self._case.deployment == "alone"
        deployment = self._deploy(marker) if alone else self._bench.shared[self._case.deployment]
        name = marker if alone else self._case.deployment
        self._run = FaultRun(self._bench, self._case, marker, deployment, name, result)
        holder = self._start_holder() if self._case.holder else None
        try:
            self._try(holder)
        finally:
            self._run.let_go()
            self._run.simulation.remove_faults(marker)
            self._run.simulation.remove_faults(self._answers)
            if holder:
                self._end_holder(holder)
            if self._case.must_leak:
                self._remove_leak()
            if alone:
                self._undeploy()

    # --- The course of a trial ----------------------------------------------------------------------------------------

    def _try(self, holder: str | None) -> None:
        run = self._run
        self._put_rules()
        execution = run.start()
        self._deliver_again()
        if holder and not self._case.state:
            self._end_wait_for(holder, execution)
        if self._case.state and self._case.action is not Action.NONE:
            act(run, execution)
        ended_at = self._follow(execution)
        if self._case.lifts:
            # Not before the clean-up has run into it, too.
            self._bench.until(lambda: run.simulation.hits(run.marker)[0] > 0, SECONDS_TO_END)
            self._bench.interrupted.wait(SECONDS_OF_GRACE)
            self._note_hits()
            run.simulation.remove_faults(run.marker)
            ended_at = time.time()
        wait_for_zero(run, execution, ended_at)
        if self._case.rules and not self._case.lifts and self._case.action is not Action.EXPIRE_LEASE:
            self._note_hits()
        self._check(execution)
        if holder and self._case.action is not Action.DESTROY:
            self._check_turns(execution)

    def _put_rules(self) -> None:
        """The case's faults, and how Bedrock answers besides."""
        run, scale = self._run, self._bench.aws.time_scale
        endless = [ENDLESS] if self._case.dataset.is_endless else []
        rules = [
            rule
            if rule.caller and rule.caller.startswith(f"{self._case.deployment}.")
            else rule.model_copy(update={"match": run.marker})
            for rule in [*in_real_seconds(self._case, scale), *endless]
        ]
        if rules:
            run.simulation.put_faults(run.marker, rules)
        # A set of their own: they stay in force when the faults end.
        answers = [rule.model_copy(update={"match": run.marker}) for rule in about_the_run(self._case, scale)]
        if answers:
            run.simulation.put_faults(self._answers, answers)
        if self._case.breakpoint:
            run.control.hold(run.marker, str(self._case.state), self._case.breakpoint)
        if self._case.refused_calls:
            run.control.refuse(run.marker, str(self._case.state), self._case.refused_calls)

    def _check(self, execution: str) -> None:
        """What the run has told and left, and what can be made of it."""
        run = self._run
        check_report(run, execution)
        check_models(run)
        check_asked_once(run)
        if self._case.goes_on:
            self._go_on()
        if self._case.shows and not any(self._case.shows in output for output in self._outputs(execution)):
            run.result.problems.append(f"no state has shown {self._case.shows}")
        if self._case.refused_calls and (left := run.control.refusals_left(run.marker)):
            run.result.problems.append(f"{left} of {self._case.refused_calls} calls were not refused")

    def _note_hits(self) -> None:
        self._run.result.hits = self._run.simulation.hits(self._run.marker)
        if self._case.injects and not self._run.result.hits[0]:
            self._run.result.problems.append("the fault was never injected")

    def _deliver_again(self) -> None:
        """Deliver events twice, or in another order: a delivery is an execution with the event as its input."""
        run, action, key = self._run, self._case.action, dataset.key(self._run.marker)
        uploads = 1
        if action is Action.REORDERED_EVENTS:
            uploads = 2
            body = self._case.dataset.files(run.marker)[key]
            self._bench.s3.put_object(Bucket=run.deployment.input_bucket, Key=key, Body=body)
            self._bench.until(lambda: len(run.executions()) == uploads, SECONDS_TO_START)
        if action in (Action.DUPLICATE_EVENT, Action.REORDERED_EVENTS):
            for execution in reversed(run.executions()):
                event = self._bench.states.describe_execution(executionArn=execution)["input"]
                again = self._bench.states.start_execution(stateMachineArn=run.deployment.state_machine, input=event)
                run.wait_for_end(again["executionArn"])
            for execution in run.executions():
                run.wait_for_end(execution)
            self._check_bought_once(uploads)
        if action in (Action.NEW_EXECUTION, Action.NEW_EXECUTION_OF_SUCCESS):
            self._start_anew()

    def _start_anew(self) -> None:
        """Start an execution with the input of a run that is over, as the console's "New execution" does."""
        run = self._run
        [first] = run.executions()
        run.wait_for_end(first)
        event = self._bench.states.describe_execution(executionArn=first)["input"]
        anew = self._bench.states.start_execution(stateMachineArn=run.deployment.state_machine, input=event)
        run.wait_for_end(anew["executionArn"])
        end = self._bench.states.describe_execution(executionArn=anew["executionArn"])
        if self._case.action is Action.NEW_EXECUTION_OF_SUCCESS:
            if end["status"] != "SUCCEEDED":
                run.result.problems.append(f"it ends as {end['status']}: {end.get('cause')}")
            self._check_bought_once(1)
        elif end.get("error") != "OwnerFailed" or first not in end.get("cause", ""):
            run.result.problems.append(f"it says {end.get('error')}: {end.get('cause')}, and not who has failed")

    def _check_bought_once(self, uploads: int) -> None:
        run = self._run
        bought = sum(seen.thing.kind == "throughput" for seen in run.seen())
        if bought > uploads:
            run.result.problems.append(f"{uploads} uploads have bought {bought} throughputs")

    def _follow(self, execution: str) -> float:
        """Wait for the end; returns its time (epoch seconds)."""
        run, result = self._run, self._run.result
        run.wait_for_end(execution)
        description = self._bench.states.describe_execution(executionArn=execution)
        result.status = description["status"]
        result.error, result.cause = description.get("error"), description.get("cause")
        entered = run.entered(execution)
        result.ended_in = entered[0] if entered else None
        if result.status == "RUNNING":
            result.problems.append(f"the execution still runs after {SECONDS_TO_END} s, in {result.ended_in}")
            return time.time()
        if result.status not in self._case.ends_as:
            result.problems.append(f"it ended as {result.status}, not as {' or '.join(sorted(self._case.ends_as))}")
        check_words(run)
        # Where one upload has started several executions, one of them is the run.
        all_of_it = {execution, *run.executions()}
        stops: list[datetime] = [
            self._bench.states.describe_execution(executionArn=one)["stopDate"] for one in all_of_it
        ]
        return max(stops).timestamp()

    def _go_on(self) -> None:
        """As the failed run's message says: another run from the trained model, which trains nothing."""
        run, result = self._run, self._run.result
        model_arn = (run.stored("report.json") or {}).get("custom_model_arn")
        if not model_arn or f'"custom_model": "{model_arn}"' not in (result.cause or ""):
            result.problems.append("the cause does not say how to go on from the trained model")
            return
        run.simulation.remove_faults(run.marker)
        action = Action.APPROVE if self._case.action is Action.REJECT else Action.NONE
        settings = {**self._case.dataset.settings, "custom_model": model_arn}
        data = replace(self._case.dataset, settings=settings)
        case = replace(self._case, rules=(), error=None, action=action, dataset=data)
        second = replace(run, case=case, marker=f"g{run.marker[1:]}")
        execution = second.start()
        if action is not Action.NONE:
            act(second, execution)
        second.wait_for_end(execution)
        if (ended := second.status(execution)) != "SUCCEEDED":
            cause = self._bench.states.describe_execution(executionArn=execution).get("cause")
            result.problems.append(f"the run that goes on from the model ended as {ended}: {cause}")
        if trained := [seen for seen in second.seen() if seen.thing.kind == "job"]:
            result.problems.append(f"the run that goes on from a model has trained: {trained}")
        report = second.stored("report.json") or {}
        if (report.get("custom_model_arn"), report.get("custom_model_given")) != (model_arn, True):
            result.problems.append("the second report does not say which model it was given")
        wait_until_gone(second, time.time())
        if left := second.leftovers():
            result.problems.append(f"of the second run is left: {', '.join(map(str, left))}")
        check_models(run)

    # --- Another run in its way ---------------------------------------------------------------------------------------

    @property
    def _answers(self) -> str:
        """The set of rules that say how Bedrock answers, whatever fails."""
        return f"{self._run.marker}-answers"

    @property
    def _holder_marker(self) -> str:
        return f"h{self._run.marker[1:]}"

    def _start_holder(self) -> str:
        """Another run, which has the only slot when this one wants it and keeps it until it is let go on."""
        run, marker = self._run, self._holder_marker
        rules = [THROUGHPUT_STUCK, *about_the_run(self._case, self._bench.aws.time_scale)]
        run.simulation.put_faults(marker, [rule.model_copy(update={"match": marker}) for rule in rules])
        execution = run.start(marker)
        self._bench.until(lambda: "WaitForServing" in run.entered(execution), SECONDS_TO_END)
        return execution

    def _end_wait_for(self, holder: str, execution: str) -> None:
        """Let the holder give the slot up, or stop it, once this run waits for it."""
        run = self._run
        self._bench.until(
            lambda: "WaitForSlot" in run.entered(execution) or run.status(execution) != "RUNNING", SECONDS_TO_END
        )
        if self._case.action is Action.STOP_HOLDER:
            self._bench.states.stop_execution(executionArn=holder, error=STOPPED, cause="It holds the slot.")
        else:
            run.simulation.remove_faults(self._holder_marker)

    def _end_holder(self, execution: str) -> None:
        run = self._run
        holder = replace(run, marker=self._holder_marker)
        run.simulation.remove_faults(holder.marker)
        if self._case.state and run.status(execution) == "RUNNING":
            self._bench.states.stop_execution(executionArn=execution, error=STOPPED, cause="The case is over.")
        run.wait_for_end(execution)
        wait_until_gone(holder, time.time())
        if left := holder.leftovers():
            run.result.problems.append(f"of the run that held the slot is left: {', '.join(map(str, left))}")

    def _outputs(self, execution: str) -> list[str]:
        """What its Tasks have put out."""
        events = self._bench.states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        return [event["stateExitedEventDetails"]["output"] for event in events if event["type"] == "TaskStateExited"]

    def _check_turns(self, execution: str) -> None:
        """Two runs never had a throughput at the same time, and the one that waited said so."""
        if self._bench.observer.most_live[self._case.deployment] > 1:
            self._run.result.problems.append("two throughputs existed at the same time, with one slot")
        if not any("aiting for a throughput slot" in output for output in self._outputs(execution)):
            self._run.result.problems.append("the run that waited for its turn did not say so")

    # --- Deployments of its own, and what a control has left ----------------------------------------------------------

    def _deploy(self, name: str) -> DeployedEnvironment:
        settings = self._bench.alone_with_one_slot if self._case.holder else self._bench.alone
        deployment = self._bench.deployments.create(Variant(name, settings))
        self._bench.observer.watch(deployment.state_machine)
        return deployment

    def _undeploy(self) -> None:
        self._bench.observer.forget(self._run.deployment.state_machine)
        for stack in ("pipeline", "data"):
            self._bench.deployments.delete(f"{self._run.deployment_name}-{stack}")
            self._bench.deployments.wait(f"{self._run.deployment_name}-{stack}", "DELETE")

    def _remove_leak(self) -> None:
        """Nobody else does."""
        bedrock, left = self._bench.bedrock, self._run.leftovers()
        for thing in left:
            match thing.kind:
                case "throughput":
                    bedrock.delete_provisioned_model_throughput(provisionedModelId=thing.name)
                case "deployment":
                    bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=thing.name)
                case "job":
                    bedrock.stop_model_customization_job(jobIdentifier=thing.name)
                case "batch job":
                    listed = bedrock.list_model_invocation_jobs(nameContains=thing.name)["invocationJobSummaries"]
                    for job in listed:
                        bedrock.stop_model_invocation_job(jobIdentifier=job["jobArn"])
                case "model":
                    bedrock.delete_custom_model(modelIdentifier=thing.name)
