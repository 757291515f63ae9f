"""Ends what serves a run's model for applications: `fine-tune unserve` takes these steps, in this order.

First its lease ends by its tags: whatever cuts this off from then on, the reconciler deletes it. Then applications
learn that nothing serves the model; it is deleted, asked for until it is gone, and its slot is freed. Repeating it goes
on.
"""

from collections.abc import Callable
from typing import NamedTuple

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Conflict, NotFound, Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.timestamps import now
from lambdas.domain.evaluation.endpoint import Endpoint
from lambdas.domain.serving.kinds import PROVISIONED, ServedModel, noun
from lambdas.domain.serving.lease import is_proven_by_tags
from lambdas.domain.serving.standing import NotEndedError, ended_tags, may_release_standing
from lambdas.steps.champion_deployments import find_serving_champion
from lambdas.steps.serve_model import find_standing, free_slots, standing_slots


def find_own_standing(environment: str, run_id: str, *, bucket: str, adapters: Adapters) -> list[ServedModel]:
    """What serves the run's model for applications. Raises NotEndedError where it may be somebody else's."""
    found = find_standing(environment, run_id, adapters)
    for one in found:
        try:
            tags = adapters.bedrock.tags_of(one.arn)
        except NotFound:
            continue
        if is_proven_by_tags(tags, environment):
            continue
        held = adapters.slots.listed(bucket)[0]
        if tags.get("deployment") in (None, "", environment) and any(
            each.holder.standing and each.holder.run_id == run_id for each in held
        ):
            continue
        raise NotEndedError(
            f"The tags of the {noun(one.kind)} {one.arn} do not say that it is of the environment {environment}. "
            "Delete it by hand if it is yours."
        )
    return found


def find_settled(
    environment: str, run_id: str, *, bucket: str, adapters: Adapters, pause: Callable[[], bool]
) -> list[ServedModel]:
    """What a purchase that was under way has brought, or nothing: then the slots are free. Raises NotEndedError."""
    while True:
        # In this order: what is bought on one of these slots is found below, or the slot is young.
        looked_at, slots = now(), standing_slots(run_id, bucket, adapters)
        if found := find_own_standing(environment, run_id, bucket=bucket, adapters=adapters):
            return found
        young = [each.holder for each in slots if not may_release_standing(each.holder, looked_at)]
        if not young:
            for each in slots:
                adapters.slots.free(bucket, each)
            return []
        if not pause():
            raise NotEndedError(f"Somebody took a slot for it at {young[0].acquired_at}, and may be buying now.")


class BegunEnd(NamedTuple):
    """`certain`: the reconciler deletes it if nobody else does. `changed`: the new endpoint, if it is another."""

    certain: bool
    changed: Endpoint | None


def begin_end(
    environment: str, run_id: str, found: list[ServedModel], *, adapters: Adapters, pause: Callable[[], bool]
) -> BegunEnd:
    """Ends the leases of what was found, and then lets applications know. Raises NotEndedError."""
    ended = [_end_lease(environment, run_id, one, adapters, pause) for one in found]
    return BegunEnd(all(ended), _release_endpoint(environment, run_id, [one.arn for one in found], adapters))


def _end_lease(
    environment: str, run_id: str, found: ServedModel, adapters: Adapters, pause: Callable[[], bool]
) -> bool:
    """Whether its tags say so now: who may delete it need not be allowed to tag it."""
    while True:
        try:
            adapters.bedrock.tag(found.arn, ended_tags(environment, run_id, now()))
        except NotFound:
            return True
        except Refused:
            return False
        except ServiceBusy as busy:
            if not pause():
                raise NotEndedError(f"The {noun(found.kind)} {found.arn} is as it was: {busy}.") from None
        else:
            return True


def _release_endpoint(environment: str, run_id: str, arns: list[str], adapters: Adapters) -> Endpoint | None:
    """The endpoint as it is from now on, where it names one of these, or what the run no longer has; else None.

    It names what the environment serves its champion with by itself, else nothing.
    """
    while True:
        endpoint = adapters.endpoint.read_endpoint(environment)
        if endpoint is None or endpoint.target_arn is None:
            return None
        if endpoint.target_arn not in arns:
            kind = PROVISIONED if ":provisioned-model/" in endpoint.target_arn else "on_demand"
            if endpoint.run_id != run_id or adapters.served_models.find(kind, endpoint.target_arn) is not None:
                return None
        own = find_serving_champion(environment, endpoint.model_arn, adapters)
        changed = endpoint.model_copy(update={"target_arn": own.arn if own else None})
        if adapters.endpoint.replace_endpoint(environment, endpoint, changed, endpoint.format_uri or ""):
            return changed


def end_serving(run_id: str, found: ServedModel, *, bucket: str, adapters: Adapters, pause: Callable[[], bool]) -> None:
    """Deletes it and waits until it is gone; `pause` says whether there is still time. Raises NotEndedError."""
    while True:
        try:
            adapters.served_models.delete(found.kind, found.arn)
            trouble = "Bedrock accepted its deletion but still finds it"
        except (Conflict, ServiceBusy) as error:
            # It is being created, or deleted already.
            trouble = str(error)
        except Refused as refusal:
            raise NotEndedError(
                f"Bedrock refused the deletion of the {noun(found.kind)} {found.arn}: {refusal}"
            ) from None
        if _is_gone(found, adapters):
            free_slots(run_id, bucket, adapters)
            return
        if not pause():
            raise NotEndedError(f"The {noun(found.kind)} {found.arn} still exists: {trouble}.")


def _is_gone(found: ServedModel, adapters: Adapters) -> bool:
    try:
        return adapters.served_models.find(found.kind, found.arn) is None
    except (Refused, ServiceBusy):
        return False
