"""One turn of the reconciler: compares what exists with what may exist, and removes the rest.

These are throughputs, deployments, jobs, models and slots. What fails for one of them is noted and stops no other.
What was deleted counts only once Bedrock no longer finds it. Deleting what is gone is success, so a run's own lane may
do the same at the same time.

Bedrock's lists and tags may lag behind, Get does not: what a list may not show yet is found by its name, and what it
still shows is asked for before it is deleted.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

from pydantic import ValidationError

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.bedrock import Listed
from lambdas.adapters.aws.service_errors import Conflict, NotFound, Refused
from lambdas.adapters.stores.throughput_slots import Held
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Claim, bedrock_name, candidate_of_bedrock_name, claim_key
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving import lease
from lambdas.domain.serving.kinds import KINDS, noun
from lambdas.domain.serving.lease import CUT_OFF, Execution, Owner, Resource, Verdict
from lambdas.domain.serving.reconciliation import FoundServing, Scope, Turn
from lambdas.steps.unlisted_resources import joined, run_of_execution, running_jobs_of_names, serving_of_names

# So long after their creation things without tags, and jobs of ended executions, may not show in what Bedrock lists.
LONGEST_LAG_SECONDS = 900


def settle_resources(
    scope: Scope, earlier: list[FoundServing], adapters: Adapters, *, ended: Sequence[str] = ()
) -> Turn:
    """One turn; `earlier` are those that the turn before was to delete, and could not yet see gone.

    `ended` are executions that have just ended or been stopped: what they have is looked for by its names, too.
    """
    return _Turn(scope, adapters).settle_all(earlier, ended)


class _Turn:
    """Claims and executions are read once in a turn."""

    def __init__(self, scope: Scope, adapters: Adapters) -> None:
        self._scope = scope
        self._adapters = adapters
        self._turn = Turn()
        self._claim = cache(self._read_claim)
        self._execution = cache(self._read_execution)

    def settle_all(self, earlier: list[FoundServing], ended: Sequence[str]) -> Turn:
        if self._scope.ending:
            self._stop_executions()
        held = self._held_slots()
        executions = {*ended, *self._turn.executions_stopped, *self._ended_lately()}
        ended_runs = {run for execution in executions if (run := run_of_execution(self._execution(execution)))}
        for kind in KINDS:
            listed = self._listed(kind, ended_runs, held)
            judged = [found for found in earlier if found.kind == kind]
            for found in judged:
                self._delete(found)
            for served in listed:
                if served.arn not in {found.arn for found in judged}:
                    with self._noted(f"{noun(kind)} {served.arn}"):
                        self._settle_served(kind, served)
        for job in self._listed_jobs(ended_runs):
            with self._noted(f"job {job.arn}"):
                self._settle_job(job)
        with self._noted("the list of custom models"):
            for model in self._adapters.bedrock.list_custom_models():
                with self._noted(f"model {model.arn}"):
                    self._settle_model(model)
        for slot in held:
            with self._noted(f"slot {slot.key}"):
                self._settle_slot(slot)
        return self._turn

    @contextmanager
    def _noted(self, about: str) -> Iterator[None]:
        """Notes a problem and goes on."""
        try:
            yield
        except (ServiceBusy, Refused, ValidationError) as error:
            self._note(about, error)

    def _note(self, about: str, error: ServiceBusy | Refused | ValidationError) -> Unknown:
        busy = isinstance(error, ServiceBusy)
        self._turn.busy |= busy
        self._turn.problems.append(f"{about}: {error}" if busy else f"{about}: {error}.")
        return Unknown(str(error), busy)

    def _stop_executions(self) -> None:
        with self._noted("the list of executions"):
            for arn in list(self._adapters.executions.running(self._scope.state_machine_arn)):
                with self._noted(f"execution {arn}"):
                    self._adapters.executions.stop(
                        arn, "StackDeleted", "The stack that runs this execution is being deleted."
                    )
                    self._turn.executions_stopped.append(arn)

    def _held_slots(self) -> list[Held]:
        with self._noted("the slots"), self._without_bucket():
            held, unreadable = self._adapters.slots.listed(self._scope.bucket)
            self._turn.problems.extend(map(str, unreadable))
            return held
        return []

    @contextmanager
    def _without_bucket(self) -> Iterator[None]:
        """Where the data stack was deleted first, what its bucket held is gone, and keeps no pipeline from going."""
        try:
            yield
        except NotFound:
            if not self._scope.ending:
                raise

    def _ended_lately(self) -> list[str]:
        """Where nobody comes by later, the executions besides whose jobs may not show in a list yet."""
        if self._scope.ending:
            with self._noted("the list of executions that have ended"):
                moment = now()
                started = later(moment, -LONGEST_LAG_SECONDS)
                return list(self._adapters.executions.failed_between(self._scope.state_machine_arn, started, moment))
        return []

    def _listed(self, kind: ServingKind, runs: set[str], held: Sequence[Held]) -> list[Listed]:
        """All of the kind in the account, and those of runs and slots, which a list may not show yet, or not at all."""
        listed: list[Listed] = []
        try:
            listed = self._adapters.served_models.list_all(kind)
        except (ServiceBusy, Refused) as error:
            self._note(f"the list of {noun(kind)}s", error)
            self._turn.unlisted.append(kind)
        names = [name for run in sorted(runs) for name in self._names_of(run)]
        names += [self._name_of(slot) for slot in held]
        found = serving_of_names(kind, list(dict.fromkeys(names)), self._adapters.served_models, self._noted)
        return joined(listed, found)

    def _names_of(self, run: str) -> list[str]:
        """The names of all that may serve a candidate of the run; the first one is what earlier versions gave."""
        numbers = range(1, self._scope.most_candidates + 1)
        return [bedrock_name(self._scope.terms.environment, run, number) for number in (None, *numbers)]

    def _name_of(self, slot: Held) -> str:
        return bedrock_name(self._scope.terms.environment, slot.holder.run_id, slot.holder.candidate)

    def _listed_jobs(self, runs: set[str]) -> list[Listed]:
        """All jobs in progress in the account, and those of the runs, which a list may not show yet."""
        listed: list[Listed] = []
        with self._noted("the list of customization jobs"):
            listed = self._adapters.bedrock.list_running_jobs()
        names = [name for run in sorted(runs) for name in self._names_of(run)[1:]]
        return joined(listed, running_jobs_of_names(names, self._adapters.bedrock, self._noted))

    def _settle_served(self, kind: ServingKind, listed: Listed) -> None:
        resource = self._with_tags(listed, lambda: self._adapters.served_models.find(kind, listed.arn))
        if resource is None:
            return
        terms, moment = self._scope.terms, now()
        judgement = lease.judge_served(resource, self._owner(resource), terms, moment, ending=self._scope.ending)
        if judgement.verdict is Verdict.FOREIGN:
            return
        found = FoundServing(
            kind=kind,
            arn=listed.arn,
            created_at=listed.created_at,
            lease_ends_at=lease.lease_ends_at(resource, terms),
            model_units=listed.model_units,
            reason=judgement.reason,
            run_id=lease.run_of(resource, terms.environment),
        )
        if judgement.verdict is Verdict.END:
            # Another lane may have deleted it: that is nothing to tell anybody.
            if not self._is_gone(found):
                self._delete(found)
            return
        self._turn.kept.append(found)
        if judgement.verdict is Verdict.UNDECIDED:
            self._turn.busy = True
            self._turn.problems.append(
                f"It is not known whether {noun(kind)} {listed.arn} may exist: {judgement.reason}."
            )

    def _is_gone(self, found: FoundServing) -> bool:
        try:
            return self._adapters.served_models.find(found.kind, found.arn) is None
        except (ServiceBusy, Refused):
            return False

    def _delete(self, found: FoundServing) -> None:
        """One attempt; all but a NotFound count as such."""
        attempted = True
        try:
            attempted = self._adapters.served_models.delete(found.kind, found.arn)
        except Conflict as error:
            self._turn.pending.append(replace(found, refusal=str(error)))
        except ServiceBusy as error:
            self._turn.failed.append(replace(found, refusal=str(error)))
        except Refused as error:
            self._turn.failed.append(replace(found, refusal=str(error), final=True))
        else:
            self._verify(replace(found, refusal=None, final=False))
        self._turn.attempts += attempted

    def _verify(self, found: FoundServing) -> None:
        try:
            gone = self._adapters.served_models.find(found.kind, found.arn) is None
        except (ServiceBusy, Refused) as error:
            self._turn.pending.append(replace(found, refusal=f"accepted, but not verified: {error}"))
            return
        (self._turn.deleted if gone else self._turn.pending).append(found)

    def _settle_job(self, listed: Listed) -> None:
        resource = self._with_tags(listed, lambda: self._adapters.bedrock.find_customization_job(listed.arn))
        if resource is None:
            return
        judgement = lease.judge_job(resource, self._owner(resource), self._scope.terms, ending=self._scope.ending)
        if judgement.verdict is Verdict.UNDECIDED:
            self._wait_for_tags(resource)
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
        with self._without_bucket():
            choice = self._adapters.model_choice.read_choice(self._scope.bucket, candidate[0])
        if choice is None or choice.chosen == candidate[1] or choice.model_arn == listed.arn:
            return
        resource = self._with_tags(listed, lambda: self._adapters.bedrock.find_custom_model(listed.arn))
        if resource is None:
            return
        judgement = lease.judge_model(resource, self._owner(resource), choice.chosen, self._scope.terms)
        if judgement.verdict is Verdict.UNDECIDED:
            self._wait_for_tags(resource)
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

    def _settle_slot(self, slot: Held) -> None:
        name = self._name_of(slot)
        execution = self._execution(slot.holder.execution_arn)
        released = lease.may_release(execution, self._scope.terms, now())
        if released and all(self._adapters.served_models.find(kind, name) is None for kind in KINDS):
            self._adapters.slots.free(self._scope.bucket, slot)
            self._turn.slots_freed.append(slot.key)
            return
        self._turn.slots_held.append(slot.key)
        if isinstance(execution, Execution) and execution.status in CUT_OFF:
            self._turn.slots_settling.append(slot.key)

    def _wait_for_tags(self, resource: Resource) -> None:
        self._turn.busy |= isinstance(resource.tags, Unknown) and resource.tags.busy

    def _with_tags(self, listed: Listed, find: Callable[[], object | None]) -> Resource | None:
        """What was listed with its tags; None where Bedrock does not `find` it any more."""
        tags: dict[str, str] | Unknown
        try:
            tags = self._adapters.bedrock.tags_of(listed.arn)
        except NotFound:
            if find() is None:
                return None
            tags = {}
        except (ServiceBusy, Refused) as error:
            tags = Unknown(str(error), isinstance(error, ServiceBusy))
            # What has a foreign name, too, is nobody's concern here.
            unread = Resource(listed.arn, listed.name, listed.created_at, tags)
            if lease.run_of(unread, self._scope.terms.environment) is not None:
                self._note(f"the tags of {listed.arn}", error)
        if tags == {} and now() < later(listed.created_at, LONGEST_LAG_SECONDS):
            tags = Unknown("they do not show yet", busy=True)
        return Resource(listed.arn, listed.name, listed.created_at, tags)

    def _owner(self, resource: Resource) -> Owner:
        """Of the run that the resource says it belongs to; its claim is believed before its tags.

        The role may not ask about executions of other environments, which tags of theirs name.
        """
        run_id = lease.run_of(resource, self._scope.terms.environment)
        if run_id is None:
            return Owner(None, None)
        claim = self._claim(run_id) if run_id else None
        tagged = None if isinstance(resource.tags, Unknown) else resource.tags.get("execution-arn")
        arn = claim.execution_arn if isinstance(claim, Claim) else tagged
        return Owner(claim, self._execution(arn) if arn else None)

    def _read_claim(self, run_id: str) -> Claim | Unknown | None:
        try:
            text = None
            with self._without_bucket():
                text = self._adapters.objects.read(self._scope.bucket, claim_key(run_id))
            return Claim.model_validate_json(text) if text is not None else None
        except (ServiceBusy, Refused, ValidationError) as error:
            return self._note(f"the claim of run {run_id}", error)

    def _read_execution(self, arn: str) -> Execution | Unknown | None:
        try:
            return self._adapters.executions.find(arn)
        except (ServiceBusy, Refused) as error:
            return self._note(f"execution {arn}", error)
