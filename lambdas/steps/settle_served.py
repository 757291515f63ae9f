"""What serves models, and the slots for it, in a turn of the reconciler."""

from dataclasses import replace

from lambdas.adapters.aws.bedrock import Listed
from lambdas.adapters.aws.service_errors import Conflict, Refused
from lambdas.adapters.stores.throughput_slots import Held
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import bedrock_name, run_of_standing_name, standing_name
from lambdas.domain.core.timestamps import now
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving import lease
from lambdas.domain.serving.kinds import KINDS, ON_DEMAND, noun
from lambdas.domain.serving.lease import CUT_OFF, Execution, Judgement, Resource, Verdict, is_proven_by_tags
from lambdas.domain.serving.reconciliation import FoundServing, Scope
from lambdas.domain.serving.standing import (
    StandingOwner,
    champion_names,
    ends_at,
    is_standing_name,
    judge_standing,
    may_release_standing,
    name_of_holder,
    run_of_standing,
)
from lambdas.steps.observability import logger
from lambdas.steps.turn_facts import TurnFacts
from lambdas.steps.unlisted_resources import joined, serving_of_names

# So many of the newest runs are asked about before nobody can be any more: of others a list has had time to show all.
_NEWEST_RUNS = 100


class SettleServed:
    """Throughputs, custom model deployments and slots."""

    def __init__(self, facts: TurnFacts) -> None:
        self._facts = facts
        self._scope, self._adapters, self._turn = facts.scope, facts.adapters, facts.turn
        self._slots: list[Held] = []
        # Why a slot may be there that was not read.
        self._unread: Unknown | None = None

    def settle_all(self, earlier: list[FoundServing], ended_runs: set[str]) -> None:
        """Settles what serves models; `earlier` were to be deleted, of `ended_runs` lists may not show all yet."""
        self._read_slots()
        for kind in KINDS:
            listed = self._listed(kind, ended_runs)
            judged = [found for found in earlier if found.kind == kind]
            for found in judged:
                self._delete(found)
            for served in listed:
                if served.arn not in {found.arn for found in judged}:
                    with self._facts.noted(f"{noun(kind)} {served.arn}"):
                        self._settle(kind, served)

    def settle_slots(self) -> None:
        """Frees the slots on which nothing is served any more."""
        for slot in self._slots:
            with self._facts.noted(f"slot {slot.key}"):
                self._settle_slot(slot)

    def _read_slots(self) -> None:
        try:
            with self._facts.without_bucket():
                self._slots, unreadable = self._adapters.slots.listed(self._scope.bucket)
                self._turn.problems.extend(map(str, unreadable))
                self._unread = Unknown(str(unreadable[0]), busy=False) if unreadable else None
        except (ServiceBusy, Refused) as error:
            self._unread = self._facts.note("the slots", error)

    def _listed(self, kind: ServingKind, runs: set[str]) -> list[Listed]:
        """All of the kind in the account, and those of runs and slots, which a list may not show yet, or not at all."""
        listed: list[Listed] = []
        try:
            listed = self._adapters.served_models.list_all(kind)
        except (ServiceBusy, Refused) as error:
            self._facts.note(f"the list of {noun(kind)}s", error)
            self._turn.unlisted.append(kind)
        environment = self._scope.terms.environment
        names = [name for run in sorted(runs) for name in names_of(run, self._scope)]
        names += [name_of_holder(environment, slot.holder) for slot in self._slots]
        if self._scope.ending and kind == ON_DEMAND:
            # They hold no slot.
            names += champion_names(environment)
            names += [standing_name(environment, run) for run in self._served_runs()]
        found = serving_of_names(kind, list(dict.fromkeys(names)), self._adapters.served_models, self._facts.noted)
        return joined(listed, found)

    def _served_runs(self) -> list[str]:
        """The runs whose model somebody may have deployed for applications a moment ago."""
        runs: list[str] = []
        with self._facts.noted("the runs whose models may be served"), self._facts.without_bucket():
            runs = self._adapters.run_index.newest_runs(self._scope.bucket, _NEWEST_RUNS)
        with self._facts.noted("the endpoint of applications"):
            endpoint = self._adapters.endpoint.read_endpoint(self._scope.terms.environment)
            runs += [endpoint.run_id] if endpoint else []
        return list(dict.fromkeys(runs))

    def _settle(self, kind: ServingKind, listed: Listed) -> None:
        resource = self._facts.with_tags(listed, lambda: self._adapters.served_models.find(kind, listed.arn))
        if resource is None:
            return
        judgement, found = self._judge(kind, resource, listed.model_units)
        if judgement.verdict is Verdict.FOREIGN:
            return
        if judgement.verdict is Verdict.END:
            # Another lane may have deleted it: that is nothing to tell anybody.
            if not self._is_gone(found):
                self._delete(found)
            return
        self._turn.kept.append(found)
        if judgement.verdict is Verdict.UNDECIDED:
            self._turn.busy = True
            self._turn.problems.append(
                f"It is not known whether {noun(kind)} {found.arn} may exist: {judgement.reason}."
            )

    def _judge(self, kind: ServingKind, resource: Resource, model_units: int | None) -> tuple[Judgement, FoundServing]:
        """By the rule of runs, or by that of what serves applications, which its name tells apart."""
        terms, ending = self._scope.terms, self._scope.ending
        standing = is_standing_name(terms.environment, resource.name)
        if standing:
            owner = self._standing_owner(resource)
            judgement = judge_standing(resource, kind, owner, terms, now(), ending=ending)
            ends = ends_at(resource, owner.holder, terms)
            run = run_of_standing(resource, terms.environment)
        else:
            judgement = lease.judge_served(resource, self._facts.owner(resource), terms, now(), ending=ending)
            ends, run = lease.lease_ends_at(resource, terms), lease.run_of(resource, terms.environment)
        return judgement, FoundServing(
            kind=kind,
            arn=resource.arn,
            created_at=resource.created_at,
            lease_ends_at=ends,
            model_units=model_units,
            reason=judgement.reason,
            run_id=run,
            standing=standing,
        )

    def _standing_owner(self, resource: Resource) -> StandingOwner:
        environment = self._scope.terms.environment
        run = run_of_standing_name(environment, resource.name)
        mine = (slot.holder for slot in self._slots if slot.holder.standing and slot.holder.run_id == run)
        holder = None if run is None else next(mine, self._unread)
        if run is None or is_proven_by_tags(resource.tags, environment):
            return StandingOwner(holder, None)
        return StandingOwner(holder, self._facts.claim(run))

    def _is_gone(self, found: FoundServing) -> bool:
        try:
            return self._adapters.served_models.find(found.kind, found.arn) is None
        except (ServiceBusy, Refused):
            return False

    def _delete(self, found: FoundServing) -> None:
        """One attempt; all but a NotFound count as such."""
        if found.standing:
            self._tell_applications(found)
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

    def _tell_applications(self, found: FoundServing) -> None:
        """Writes into the endpoint what serves them now, if anything; a failure does not stop the deletion."""
        from lambdas.steps.champion_endpoint import ChampionEndpoint  # noqa: PLC0415 - most turns delete none

        endpoint = ChampionEndpoint(self._scope.terms.environment, self._scope.bucket, self._adapters)
        try:
            if self._scope.ending:
                endpoint.release(found.arn)
            else:
                endpoint.hand_over(found.arn)
        except (ServiceBusy, Refused) as trouble:
            logger.warning("Endpoint not released", extra={"serving_arn": found.arn, "trouble": str(trouble)})

    def _verify(self, found: FoundServing) -> None:
        try:
            gone = self._adapters.served_models.find(found.kind, found.arn) is None
        except (ServiceBusy, Refused) as error:
            self._turn.pending.append(replace(found, refusal=f"accepted, but not verified: {error}"))
            return
        (self._turn.deleted if gone else self._turn.pending).append(found)

    def _settle_slot(self, slot: Held) -> None:
        name = name_of_holder(self._scope.terms.environment, slot.holder)
        # A standing one has no execution.
        arn = slot.holder.execution_arn
        execution = self._facts.execution(arn) if arn else None
        if slot.holder.standing:
            released = may_release_standing(slot.holder, now())
        else:
            released = lease.may_release(execution, self._scope.terms, now())
        if released and all(self._adapters.served_models.find(kind, name) is None for kind in KINDS):
            self._adapters.slots.free(self._scope.bucket, slot)
            self._turn.slots_freed.append(slot.key)
            return
        self._turn.slots_held.append(slot.key)
        if isinstance(execution, Execution) and execution.status in CUT_OFF:
            self._turn.slots_settling.append(slot.key)


def names_of(run: str, scope: Scope) -> list[str]:
    """The names of all that may serve a candidate of the run; the first one is what earlier versions gave."""
    numbers = range(1, scope.most_candidates + 1)
    return [bedrock_name(scope.terms.environment, run, number) for number in (None, *numbers)]
