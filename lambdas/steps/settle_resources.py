"""One turn of the reconciler: compares what exists with what may exist, and removes the rest.

These are throughputs, deployments, jobs, models and slots. What fails for one of them is noted and stops no other.
What was deleted counts only once Bedrock no longer finds it. Deleting what is gone is success, so a run's own lane may
do the same at the same time.

Bedrock's lists and tags may lag behind, Get does not: what a list may not show yet is found by its name, and what it
still shows is asked for before it is deleted.
"""

from collections.abc import Sequence

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.bedrock import Listed
from lambdas.adapters.aws.service_errors import Conflict
from lambdas.domain.core.run import candidate_of_bedrock_name
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.serving import lease
from lambdas.domain.serving.lease import Verdict
from lambdas.domain.serving.reconciliation import FoundServing, Scope, Turn
from lambdas.steps.settle_batch_jobs import settle_batch_jobs
from lambdas.steps.settle_served import SettleServed, names_of
from lambdas.steps.turn_facts import LONGEST_LAG_SECONDS, TurnFacts
from lambdas.steps.unlisted_resources import joined, run_of_execution, running_jobs_of_names


def settle_resources(
    scope: Scope, earlier: list[FoundServing], adapters: Adapters, *, ended: Sequence[str] = ()
) -> Turn:
    """One turn; `earlier` are those that the turn before was to delete, and could not yet see gone.

    `ended` are executions that have just ended or been stopped: what they have is looked for by its names, too.
    """
    return _Turn(scope, adapters).settle_all(earlier, ended)


class _Turn:
    """Jobs and models, and the order of all."""

    def __init__(self, scope: Scope, adapters: Adapters) -> None:
        self._scope = scope
        self._adapters = adapters
        self._facts = TurnFacts(scope, adapters)
        self._turn = self._facts.turn

    def settle_all(self, earlier: list[FoundServing], ended: Sequence[str]) -> Turn:
        if self._scope.ending:
            self._stop_executions()
        executions = {*ended, *self._turn.executions_stopped, *self._ended_lately()}
        runs = {run for execution in executions if (run := run_of_execution(self._facts.execution(execution)))}
        served = SettleServed(self._facts)
        served.settle_all(earlier, runs)
        for job in self._listed_jobs(runs):
            with self._facts.noted(f"job {job.arn}"):
                self._settle_job(job)
        settle_batch_jobs(self._facts)
        with self._facts.noted("the list of custom models"):
            for model in self._adapters.bedrock.list_custom_models():
                with self._facts.noted(f"model {model.arn}"):
                    self._settle_model(model)
        served.settle_slots()
        return self._turn

    def _stop_executions(self) -> None:
        with self._facts.noted("the list of executions"):
            for arn in list(self._adapters.executions.running(self._scope.state_machine_arn)):
                with self._facts.noted(f"execution {arn}"):
                    self._adapters.executions.stop(
                        arn, "StackDeleted", "The stack that runs this execution is being deleted."
                    )
                    self._turn.executions_stopped.append(arn)

    def _ended_lately(self) -> list[str]:
        """Where nobody comes by later, the executions besides whose jobs may not show in a list yet."""
        if self._scope.ending:
            with self._facts.noted("the list of executions that have ended"):
                moment = now()
                started = later(moment, -LONGEST_LAG_SECONDS)
                return list(self._adapters.executions.failed_between(self._scope.state_machine_arn, started, moment))
        return []

    def _listed_jobs(self, runs: set[str]) -> list[Listed]:
        """All jobs in progress in the account, and those of the runs, which a list may not show yet."""
        listed: list[Listed] = []
        with self._facts.noted("the list of customization jobs"):
            listed = self._adapters.bedrock.list_running_jobs()
        names = [name for run in sorted(runs) for name in names_of(run, self._scope)[1:]]
        return joined(listed, running_jobs_of_names(names, self._adapters.bedrock, self._facts.noted))

    def _settle_job(self, listed: Listed) -> None:
        resource = self._facts.with_tags(listed, lambda: self._adapters.bedrock.find_customization_job(listed.arn))
        if resource is None:
            return
        judgement = lease.judge_job(resource, self._facts.owner(resource), self._scope.terms, ending=self._scope.ending)
        if judgement.verdict is Verdict.UNDECIDED:
            self._facts.wait_for_tags(resource)
            self._turn.problems.append(f"It is not known whether job {listed.arn} may go on: {judgement.reason}.")
        if judgement.verdict is not Verdict.END:
            return
        try:
            self._adapters.bedrock.stop_customization_job(listed.arn)
        except Conflict:
            # It has ended, or stops already.
            return
        self._turn.jobs_stopped.append(listed.arn)

    def _settle_model(self, listed: Listed) -> None:
        """Only candidates' models have such names. The choice is asked for first: what is not discarded stays for long.

        Without a choice all models stay, also where it was lost: their training is paid for.
        """
        candidate = candidate_of_bedrock_name(self._scope.terms.environment, listed.name)
        if candidate is None:
            return
        choice = None
        with self._facts.without_bucket():
            choice = self._adapters.model_choice.read_choice(self._scope.bucket, candidate[0])
        if choice is None or choice.chosen == candidate[1] or choice.model_arn == listed.arn:
            return
        resource = self._facts.with_tags(listed, lambda: self._adapters.bedrock.find_custom_model(listed.arn))
        if resource is None:
            return
        judgement = lease.judge_model(resource, self._facts.owner(resource), choice.chosen, self._scope.terms)
        if judgement.verdict is Verdict.UNDECIDED:
            self._facts.wait_for_tags(resource)
            self._turn.problems.append(f"It is not known whether model {listed.arn} may go: {judgement.reason}.")
        if judgement.verdict is not Verdict.END:
            return
        try:
            was_there = self._adapters.bedrock.delete_custom_model(listed.arn)
        except Conflict as conflict:
            # It is still being made, or in use: the next turn comes by, where there is one.
            if self._scope.ending:
                self._turn.busy = True
                self._turn.problems.append(f"model {listed.arn} was not deleted: {conflict}.")
            return
        if was_there:
            self._turn.models_deleted.append(listed.arn)
