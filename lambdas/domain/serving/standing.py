"""What serves a model for applications, beyond any run: its names, its tags, its terms, and whether it may exist.

A person makes it (`fine-tune serve`), or the environment does for its champion. No execution has it: it may exist until
its lease ends, or it is kept until a person ends it. Its tags say which, from the call on that makes it; the slot that
a throughput holds says the same, for the case that its tags are lost. docs/operations.md has the rules in words.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.domain.core.run import (
    LEASE_TAG,
    PROJECT,
    Claim,
    allowed_tags,
    bedrock_name,
    run_of_standing_name,
    standing_name,
)
from lambdas.domain.core.timestamps import later
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.serving.lease import TIMESTAMP, Judgement, Resource, Terms, Verdict, is_proven_by_tags
from lambdas.domain.serving.slots import Holder

# "true" on what stays until a person ends it; "false" once somebody does.
KEPT_TAG = "kept"
# The end of a lease without an end, in comparisons.
NEVER = "9999-12-31T23:59:59.999Z"
# Between taking a slot and the answer to the purchase: a call of the control plane takes less, its repetition included.
SETTLE_SECONDS = 120
# How far the clock of whoever serves a model may be off Bedrock's.
_LONGEST_SKEW_SECONDS = 900
_CHAMPION = "champion"


def champion_names(environment: str) -> tuple[str, str]:
    """The names of the champion's own deployment: the usual one, and the one for a successor made before it goes."""
    return bedrock_name(environment, _CHAMPION), bedrock_name(environment, f"{_CHAMPION}-2")


def is_standing_name(environment: str, name: str) -> bool:
    """Whether a throughput or deployment of this name may serve a model of the environment beyond any run."""
    return run_of_standing_name(environment, name) is not None or name in champion_names(environment)


def run_of_standing(resource: Resource, environment: str) -> str | None:
    """The id of the run whose model a standing one serves, by its name or its tags; None where it is not known."""
    tags = {} if isinstance(resource.tags, Unknown) else resource.tags
    return run_of_standing_name(environment, resource.name) or tags.get("run-id") or None


def standing_tags(environment: str, run: str, lease_ends_at: str | None) -> dict[str, str]:
    """The tags of what serves the run's model; without an end it is kept until a person ends it."""
    terms = {KEPT_TAG: "true"} if lease_ends_at is None else {LEASE_TAG: lease_ends_at}
    return allowed_tags({"project": PROJECT, "deployment": environment, "run-id": run, **terms})


def ended_tags(environment: str, run: str, now: str) -> dict[str, str]:
    """The tags of what somebody ends: its lease ends now, also where it was kept until then."""
    return standing_tags(environment, run, now) | {KEPT_TAG: "false"}


def begin_standing(run: str, now: str, lease_ends_at: str | None) -> Holder:
    """The holder of the slot that a standing throughput takes before it is bought."""
    return Holder(
        run_id=run,
        execution_arn=None,
        acquired_at=now,
        lease_ends_at=lease_ends_at or NEVER,
        standing=True,
    )


def name_of_holder(environment: str, holder: Holder) -> str:
    """The Bedrock name of what may be served on the slot."""
    if holder.standing:
        return standing_name(environment, holder.run_id)
    return bedrock_name(environment, holder.run_id, holder.candidate)


def may_release_standing(holder: Holder, now: str) -> bool:
    """Whether the slot can be given to another once nothing of its name exists: no purchase can be under way."""
    return now >= later(holder.acquired_at, SETTLE_SECONDS)


def is_guarded(stack_status: str | None) -> bool:
    """Whether the environment's reconciler will end what is made now, by the status of its stack; None: it is gone."""
    return stack_status is not None and not stack_status.startswith(("DELETE_", "ROLLBACK_"))


def ends_at(resource: Resource, holder: Holder | Unknown | None, terms: Terms) -> str:
    """When it is ended; NEVER where it is kept. Its tags say so, else its slot; at most the longest lease.

    The longest lease counts from its creation, and is what one has that neither says anything of.
    """
    longest = later(resource.created_at, terms.longest_lease_hours * 3600)
    tags = {} if isinstance(resource.tags, Unknown) else resource.tags
    if tags.get(KEPT_TAG) == "true":
        return NEVER
    tagged = tags.get(LEASE_TAG)
    if tagged and TIMESTAMP.fullmatch(tagged):
        return min(tagged, longest)
    if isinstance(holder, Holder):
        return NEVER if holder.lease_ends_at == NEVER else min(holder.lease_ends_at, longest)
    return longest


@dataclass(frozen=True)
class StandingOwner:
    """What is known of a standing one beside its tags: the slot of its name, and the claim of the run in its name.

    None: there is none, as for the champion's own deployment.
    """

    holder: Holder | Unknown | None
    claim: Claim | Unknown | None


def judge_standing(
    resource: Resource, kind: ServingKind, owner: StandingOwner, terms: Terms, now: str, *, ending: bool
) -> Judgement:
    """What is to be done with something of a standing one's name; `ending`: the stack is being deleted."""
    if not is_proven_by_tags(resource.tags, terms.environment):
        unproven = _judge_unproven(resource, kind, owner, terms, now, ending=ending)
        if unproven:
            return unproven
    if ending:
        return Judgement(Verdict.END, "its stack is being deleted")
    end = ends_at(resource, owner.holder, terms)
    if end == NEVER:
        return Judgement(Verdict.KEEP, "it is kept until somebody ends it")
    if now >= end:
        return Judgement(Verdict.END, f"its lease ended at {end}")
    return Judgement(Verdict.KEEP, f"its lease lasts until {end}")


def _judge_unproven(
    resource: Resource, kind: ServingKind, owner: StandingOwner, terms: Terms, now: str, *, ending: bool
) -> Judgement | None:
    """The judgement without the proof of its tags; None where its slot, or a run's claim, says that it is ours."""
    if not isinstance(resource.tags, Unknown) and resource.tags.get("deployment") not in (None, "", terms.environment):
        return Judgement(Verdict.FOREIGN, "its tags say that it is another environment's")
    if isinstance(owner.holder, Holder):
        if resource.created_at >= later(owner.holder.acquired_at, -_LONGEST_SKEW_SECONDS):
            return None
        return Judgement(Verdict.FOREIGN, "it was made before the slot of its name was taken")
    if isinstance(owner.holder, Unknown) or isinstance(owner.claim, Unknown):
        return Judgement(Verdict.UNDECIDED, "its tags do not say whose it is, and its slot or claim could not be read")
    unread = isinstance(resource.tags, Unknown)
    may_be_champions = unread and resource.name in champion_names(terms.environment)
    if owner.claim is None and not may_be_champions:
        return Judgement(Verdict.FOREIGN, "neither its tags nor a slot nor a claim say that it is ours")
    if kind == ON_DEMAND and not ending:
        return Judgement(Verdict.KEEP, "its tags do not say until when; it costs nothing by the hour")
    if unread and (ending or now >= ends_at(resource, None, terms)):
        return Judgement(Verdict.UNDECIDED, "its tags, which may keep it, could not be read")
    return None


class NotServedError(Exception):
    """The model is not served; the message says why, what was bought, and what to do."""


class AlreadyServedError(NotServedError):
    """Something serves the model already, or somebody is about to: nothing more is bought."""


class NotEndedError(Exception):
    """What serves the model could not be ended; the message says what it costs, and what to do."""


@dataclass(frozen=True)
class StandingRequest:
    """What is to serve the run's model; without an end of its lease it is kept until somebody ends it."""

    environment: str
    run_id: str
    kind: ServingKind
    model_arn: str
    model_units: int
    lease_ends_at: str | None

    @property
    def name(self) -> str:
        """What Bedrock finds it by, the same for everybody who serves this run."""
        return standing_name(self.environment, self.run_id)


def describe_end(tags: Mapping[str, str]) -> str:
    """How a standing one ends, by its tags."""
    if tags.get(KEPT_TAG) == "true":
        return "it is kept until somebody ends it"
    end = tags.get(LEASE_TAG)
    return f"its lease ends at {end}" if end else "its tags do not say when it ends"


def says_its_end(tags: Mapping[str, str]) -> bool:
    """Whether the tags say how a standing one ends."""
    return KEPT_TAG in tags or LEASE_TAG in tags
