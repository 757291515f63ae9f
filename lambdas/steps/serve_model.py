"""Serves a run's model for applications, beyond the run: `fine-tune serve` takes these steps, in this order.

Whoever takes them may be killed between any two. What exists then is known by its tags, which go into the call that
makes it: the reconciler ends it with its lease, and frees a slot from which nothing came.
"""

from collections.abc import Callable
from uuid import uuid4

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import NotFound, Refused, named_errors
from lambdas.adapters.stores.throughput_slots import Held
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import standing_name
from lambdas.domain.core.timestamps import later, now, seconds_between
from lambdas.domain.serving.kinds import FAILED, IN_SERVICE, KINDS, ON_DEMAND, PROVISIONED, ServedModel, noun
from lambdas.domain.serving.polling import LONGEST_DEPLOYMENT_CREATION_SECONDS, LONGEST_THROUGHPUT_CREATION_SECONDS
from lambdas.domain.serving.slots import Holder
from lambdas.domain.serving.standing import (
    SETTLE_SECONDS,
    AlreadyServedError,
    NotServedError,
    StandingRequest,
    begin_standing,
    describe_end,
    is_guarded,
    standing_tags,
)
from lambdas.steps.champion_deployments import find_serving_champion

# What is left of the time in which a purchase must have its answer: a call takes less than half of it.
_LATEST_SECONDS = SETTLE_SECONDS / 2


def find_standing(environment: str, run_id: str, adapters: Adapters) -> list[ServedModel]:
    """What serves the run's model for applications; asked for by its name, since lists may lag behind."""
    name = standing_name(environment, run_id)
    found = (adapters.served_models.find(kind, name) for kind in KINDS)
    return [one for one in found if one is not None]


def require_not_served(environment: str, run_id: str, model_arn: str, adapters: Adapters) -> None:
    """Raises AlreadyServedError with what serves the model, and until when."""
    own = find_serving_champion(environment, model_arn, adapters)
    if own is not None:
        raise AlreadyServedError(
            f"The environment serves its champion, the model of run {run_id}, itself: {noun(own.kind)} {own.arn} "
            "(setting serve_champion). Nothing more was bought."
        )
    for one in find_standing(environment, run_id, adapters):
        try:
            end = describe_end(adapters.bedrock.tags_of(one.arn))
        except NotFound:
            end = "its tags do not show yet"
        raise AlreadyServedError(
            f"The {noun(one.kind)} {one.arn} serves this model already ({one.status}, made at {one.created_at}); "
            f"{end}. Nothing more was bought."
        )


def begin_serving(request: StandingRequest, *, bucket: str, slots: int, adapters: Adapters) -> str:
    """Buys throughput, or makes a deployment, once, whoever else does the same; returns its ARN.

    Throughput takes one of the environment's slots first. Raises NotServedError, with AlreadyServedError among them.
    """
    require_not_served(request.environment, request.run_id, request.model_arn, adapters)
    if request.kind == ON_DEMAND:
        _require_guard(request.environment, adapters)
        return _make(request, adapters)
    holder = begin_standing(request.run_id, now(), request.lease_ends_at)
    slot = _take_slot(holder, bucket, slots, adapters)
    try:
        # The slot first: a stack whose deletion begins from now on waits for it.
        _require_guard(request.environment, adapters)
    except NotServedError:
        adapters.slots.free(bucket, slot)
        raise
    try:
        if seconds_between(holder.acquired_at, now()) > _LATEST_SECONDS:
            raise NotServedError("AWS took too long to answer. Nothing was bought; repeat the command.")
        return _make(request, adapters)
    except _UncertainError:
        # A purchase may be under way: the reconciler frees the slot once it can have no effect any more.
        raise
    except NotServedError:
        # Where the only slot of this model is this one, what Bedrock has is the purchase's whose answer was lost.
        found = adapters.served_models.find(PROVISIONED, request.name)
        if found is not None and found.model_arn == request.model_arn and not _others(slot, bucket, adapters):
            return found.arn
        adapters.slots.free(bucket, slot)
        raise


def wait_in_service(
    request: StandingRequest, arn: str, *, bucket: str, adapters: Adapters, pause: Callable[[], object]
) -> ServedModel:
    """What serves the model once it is in service; what does not get there is deleted. Raises NotServedError."""
    longest = LONGEST_DEPLOYMENT_CREATION_SECONDS if request.kind == ON_DEMAND else LONGEST_THROUGHPUT_CREATION_SECONDS
    while True:
        found = _look(request, arn, adapters)
        if found is not None and found.status == IN_SERVICE:
            return found
        if found is not None and (found.status == FAILED or now() > later(found.created_at, longest)):
            why = found.failure_message or f"it is still {found.status}"
            became = _remove(request, arn, bucket, adapters)
            raise NotServedError(f"The {noun(request.kind)} {arn} did not get in service: {why}. {became}")
        pause()


def _look(request: StandingRequest, arn: str, adapters: Adapters) -> ServedModel | None:
    """None where AWS is busy: it is asked again."""
    try:
        found = adapters.served_models.find(request.kind, arn)
    except ServiceBusy:
        return None
    if found is None:
        raise NotServedError(
            f"Bedrock no longer knows the {noun(request.kind)} {arn}: somebody else, or the reconciler, has deleted it."
        )
    return found


def _remove(request: StandingRequest, arn: str, bucket: str, adapters: Adapters) -> str:
    """Deletes what has failed; says what became of it. The slot is freed here, or by the reconciler."""
    try:
        adapters.served_models.delete(request.kind, arn)
        if adapters.served_models.find(request.kind, arn) is not None:
            return "Bedrock deletes it."
        free_slots(request.run_id, bucket, adapters)
    except (Refused, ServiceBusy) as trouble:
        return f"It could not be deleted: {trouble}"
    return "It is deleted."


def standing_slots(run_id: str, bucket: str, adapters: Adapters) -> list[Held]:
    """The slots on which the run's model is served for applications, or is to be."""
    slots = adapters.slots.listed(bucket)[0]
    return [each for each in slots if each.holder.standing and each.holder.run_id == run_id]


def free_slots(run_id: str, bucket: str, adapters: Adapters) -> None:
    """Frees those slots, once nothing is served on them any more."""
    for each in standing_slots(run_id, bucket, adapters):
        adapters.slots.free(bucket, each)


def _require_guard(environment: str, adapters: Adapters) -> None:
    """Somebody may have destroyed the environment since: nothing would ever end what is bought then."""
    stack = f"{environment}-pipeline"
    try:
        with named_errors(f"Looking at the stack {stack}"):
            status = adapters.stacks.find_status(stack)
    except (Refused, ServiceBusy) as trouble:
        raise NotServedError(f"{trouble} Nothing was bought.") from trouble
    if not is_guarded(status):
        state = "no longer exists" if status is None else f"is {status}"
        raise NotServedError(f"The stack {stack}, which ends what is served, {state}. Nothing was bought.")


def _take_slot(holder: Holder, bucket: str, slots: int, adapters: Adapters) -> Held:
    taken = adapters.slots.held(bucket)
    mine = next((each.holder for each in taken if each.holder.standing and each.holder.run_id == holder.run_id), None)
    if mine is not None:
        raise AlreadyServedError(
            f"Somebody took a slot for this model at {mine.acquired_at}, and is about to serve it. Nothing was bought. "
            "Where nothing comes of it, the reconciler frees the slot within minutes."
        )
    took = adapters.slots.take(bucket, holder, slots)
    if not isinstance(took, Held):
        held = ", ".join(f"{each.holder.words} since {each.holder.acquired_at}" for each in took)
        raise NotServedError(
            f"All throughput slots of the environment are taken ({len(took)} of {slots}): {held or 'by nobody'}. "
            "Nothing was bought. Wait for them, end what nobody needs, or deploy with a larger max_throughputs."
        )
    # With its version, by which it can be freed although somebody else writes the slot later.
    [own] = [each for each in adapters.slots.held(bucket) if (each.key, each.holder) == (took.key, holder)] or [took]
    return own


def _others(slot: Held, bucket: str, adapters: Adapters) -> bool:
    """Whether somebody else has a slot for the same model."""
    run, held = slot.holder.run_id, adapters.slots.held(bucket)
    return any(each.holder.standing and each.holder.run_id == run and each.key != slot.key for each in held)


def _make(request: StandingRequest, adapters: Adapters) -> str:
    tags = standing_tags(request.environment, request.run_id, request.lease_ends_at)
    try:
        # Another token each time: the name alone keeps two people from buying twice.
        return adapters.served_models.create(
            request.kind, request.name, uuid4().hex, request.model_arn, request.model_units, tags
        )
    except Refused as refusal:
        require_not_served(request.environment, request.run_id, request.model_arn, adapters)
        raise NotServedError(
            f"Bedrock refused {refusal.operation}: {refusal.code}: {refusal.message} Nothing was bought."
        ) from refusal
    except ServiceBusy as busy:
        found = adapters.served_models.find(request.kind, request.name)
        if found is not None:
            return found.arn
        raise _UncertainError(
            f"{busy} Bedrock knows of no purchase. Should it appear later, it ends as you wanted it to; repeat the "
            "command in some minutes."
        ) from busy


class _UncertainError(NotServedError):
    """It is not known whether anything was bought."""
