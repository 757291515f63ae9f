"""Which throughputs, custom model deployments, jobs and models may exist: decisions alone, from what AWS said.

What serves a model of this environment may exist only while the execution that made it is RUNNING and its lease lasts.
What is not provably this environment's is foreign and never touched; what cannot be known now waits for the next turn.
docs/operations.md has the rules in words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lambdas.domain.core.run import (
    KEEP_JOB_TAG,
    KEEP_MODEL_TAG,
    LEASE_TAG,
    PROJECT,
    Claim,
    candidate_of_bedrock_name,
    run_of_bedrock_name,
)
from lambdas.domain.core.timestamps import later
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.training.choice import is_candidate_of, is_discarded

RUNNING = "RUNNING"
# These ended without the run's own clean-up: a call to Bedrock that was under way may still take effect.
CUT_OFF = frozenset({"ABORTED", "TIMED_OUT"})
ENDED_BADLY = CUT_OFF | {"FAILED"}

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True)
class Resource:
    """What Bedrock lists: a throughput, a deployment, a job or a custom model; its `tags` may be unreadable."""

    arn: str
    name: str
    created_at: str
    tags: Mapping[str, str] | Unknown


@dataclass(frozen=True)
class Execution:
    """An execution; `ended_at` is None while it runs, `error` and `cause` where it has none, `input` its own."""

    arn: str
    status: str
    ended_at: str | None
    error: str | None = None
    cause: str | None = None
    input: str | None = None


@dataclass(frozen=True)
class Owner:
    """What is known of the run behind a resource. None: AWS says that there is no such claim or execution."""

    claim: Claim | Unknown | None
    execution: Execution | Unknown | None


@dataclass(frozen=True)
class Terms:
    """The environment's rules; `settle_seconds` is how long a purchase that was cut off may still take effect."""

    environment: str
    longest_lease_hours: float
    longest_run_hours: float
    settle_seconds: float


class Verdict(StrEnum):
    """What is to be done with a resource."""

    FOREIGN = "foreign"
    KEEP = "keep"
    END = "end"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Judgement:
    """A verdict with its reason, which goes into messages: "its execution is ABORTED"."""

    verdict: Verdict
    reason: str


def run_of(resource: Resource, environment: str) -> str | None:
    """The id of the run that the resource says it belongs to; None where it is certainly foreign.

    Its tags say it, or its name where they could not be read, were removed or were changed. One that names another
    environment in its tag `deployment` is that one's, whatever its name.
    """
    if isinstance(resource.tags, Unknown):
        return run_of_bedrock_name(environment, resource.name)
    if is_proven_by_tags(resource.tags, environment):
        return resource.tags.get("run-id") or ""
    if resource.tags.get("deployment") not in (None, "", environment):
        return None
    return run_of_bedrock_name(environment, resource.name)


def lease_ends_at(resource: Resource, terms: Terms) -> str:
    """The end in the resource's tags, at most the longest lease after its creation; the latter where there is none."""
    longest = later(resource.created_at, terms.longest_lease_hours * 3600)
    tagged = None if isinstance(resource.tags, Unknown) else resource.tags.get(LEASE_TAG)
    return min(tagged, longest) if tagged and TIMESTAMP.fullmatch(tagged) else longest


def judge_served(resource: Resource, owner: Owner, terms: Terms, now: str, *, ending: bool) -> Judgement:
    """What is to be done with what serves a model; `ending`: the stack is being deleted with all that it has."""
    unowned = _unowned(resource, owner, terms)
    if unowned:
        return unowned
    if ending:
        return Judgement(Verdict.END, "its stack is being deleted")
    ends_at = lease_ends_at(resource, terms)
    if now >= ends_at:
        return Judgement(Verdict.END, f"its lease ended at {ends_at}")
    return _by_execution(resource, owner)


def judge_job(resource: Resource, owner: Owner, terms: Terms, *, ending: bool) -> Judgement:
    """What is to be done with a job in progress. It ends by itself: without its tags it stays."""
    if isinstance(resource.tags, Unknown):
        if run_of(resource, terms.environment) is None or owner.claim is None:
            return Judgement(Verdict.FOREIGN, "neither its name nor a claim says that it is ours")
        if not ending and _is_running(owner):
            return Judgement(Verdict.KEEP, "its execution is RUNNING")
        return Judgement(Verdict.UNDECIDED, "its tags, which may keep it, could not be read")
    if not is_proven_by_tags(resource.tags, terms.environment):
        return Judgement(Verdict.FOREIGN, "its tags do not say that it is ours")
    if resource.tags.get(KEEP_JOB_TAG) == "true":
        return Judgement(Verdict.KEEP, "its run's settings keep it")
    if ending:
        return Judgement(Verdict.END, "its stack is being deleted")
    return _by_execution(resource, owner)


def judge_model(resource: Resource, owner: Owner, chosen: int, terms: Terms) -> Judgement:
    """What is to be done with a custom model: END only for a candidate's, of a run of this environment that is over.

    `chosen` is the number of the model that the run chose: without a choice all models stay.
    """
    candidate = candidate_of_bedrock_name(terms.environment, resource.name)
    if candidate is None:
        return Judgement(Verdict.FOREIGN, "its name is no candidate's of this environment")
    if isinstance(resource.tags, Unknown):
        if _is_running(owner):
            return Judgement(Verdict.KEEP, "its execution is RUNNING")
        return Judgement(Verdict.UNDECIDED, "its tags, which may keep it, could not be read")
    if not is_candidate_of(resource.tags, terms.environment, *candidate):
        return Judgement(Verdict.FOREIGN, "its tags do not say that it is a candidate's of this environment")
    if not is_discarded(candidate[1], chosen, keep_models=resource.tags.get(KEEP_MODEL_TAG) == "true"):
        return Judgement(Verdict.KEEP, "it was chosen, or its run's settings keep it")
    return _by_execution(resource, owner)


def may_release(execution: Execution | Unknown | None, terms: Terms, now: str) -> bool:
    """Whether a slot of this execution can be given to another run, once nothing serves its run's model.

    One that was cut off keeps its slot until a purchase that was under way has either taken effect or never will.
    """
    if isinstance(execution, Unknown):
        return False
    if execution is None:
        return True
    if execution.status == RUNNING:
        return False
    if execution.status in CUT_OFF and execution.ended_at is not None:
        return now >= later(execution.ended_at, terms.settle_seconds)
    return True


def is_proven_by_tags(tags: Mapping[str, str] | Unknown, environment: str) -> bool:
    """Whether the tags alone say that something is this environment's."""
    if isinstance(tags, Unknown):
        return False
    return tags.get("project") == PROJECT and tags.get("deployment") == environment


def _unowned(resource: Resource, owner: Owner, terms: Terms) -> Judgement | None:
    """The judgement on what is not this environment's, or may not be."""
    if run_of(resource, terms.environment) is None:
        return Judgement(Verdict.FOREIGN, "neither its tags nor its name say that it is ours")
    if is_proven_by_tags(resource.tags, terms.environment):
        return None
    if isinstance(owner.claim, Unknown):
        return Judgement(Verdict.UNDECIDED, "its tags do not say whose it is, and its run's claim could not be read")
    if owner.claim is None:
        return Judgement(Verdict.FOREIGN, "no run of this environment has its name")
    if isinstance(owner.execution, Unknown):
        return Judgement(Verdict.UNDECIDED, "its tags do not say whose it is, and its execution could not be read")
    if resource.created_at > _last_purchase(owner.claim, owner.execution, terms):
        return Judgement(Verdict.FOREIGN, "it was made after the run whose name it has")
    return None


def _last_purchase(claim: Claim, execution: Execution | None, terms: Terms) -> str:
    """Until when the run can have bought: somebody may have named theirs after the run's model later."""
    if execution is None or (execution.status != RUNNING and execution.ended_at is None):
        return later(claim.claimed_at, terms.longest_run_hours * 3600 + terms.settle_seconds)
    if execution.ended_at is None:
        return "9999"
    return later(execution.ended_at, terms.settle_seconds)


def _is_running(owner: Owner) -> bool:
    return isinstance(owner.execution, Execution) and owner.execution.status == RUNNING


def _by_execution(resource: Resource, owner: Owner) -> Judgement:
    execution = owner.execution
    if isinstance(execution, Unknown):
        return Judgement(Verdict.UNDECIDED, "the status of its execution could not be read")
    if execution is None:
        # A tag cannot hold every character of an execution's name: without the claim this says nothing for certain.
        if isinstance(owner.claim, Unknown):
            return Judgement(Verdict.UNDECIDED, "its run's claim could not be read")
        return Judgement(Verdict.END, "its execution does not exist")
    if execution.status == RUNNING:
        return Judgement(Verdict.KEEP, "its execution is RUNNING")
    return Judgement(Verdict.END, f"its execution is {execution.status}")
