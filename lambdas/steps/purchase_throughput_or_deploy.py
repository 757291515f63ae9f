"""PurchaseThroughputOrDeploy: buys throughput without commitment, or deploys the model on demand, once."""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy, ThroughputFailed
from lambdas.domain.core.notification import Notification
from lambdas.domain.core.run import LEASE_TAG, Run, bedrock_name, client_request_token
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED, ServedModel, noun
from lambdas.domain.serving.polling import MOST_QUOTA_REFUSALS
from lambdas.domain.serving.quota_wait import TOLD_REFUSAL, quota_message
from lambdas.domain.serving.serving import (
    PlannedServing,
    Serving,
    explain_refusal,
    postpone_purchase,
    record_request,
    require_lease,
)
from lambdas.domain.serving.slots import Holder, Slot
from lambdas.domain.training.choice import ServedCandidate
from lambdas.steps.observability import logger, metrics

_NO_ROOM = "ServiceQuotaExceededException"
# Bedrock's errors where this run may have made it already, and the answer was lost: its name is taken, or it fills the
# quota itself.
_MAY_BE_OURS = {"ConflictException", "ValidationException", _NO_ROOM}


class _NoSlot(Exception):  # noqa: N818 - it says it all
    """The run has no slot any more, and nothing was bought: it takes one again."""


class _QuotaInUse(Exception):  # noqa: N818 - it says it all
    """What the run needs of a quota is in use: time gives it back."""


def purchase_throughput_or_deploy(
    run: Run,
    plan: PlannedServing,
    served: ServedCandidate,
    slot: Slot,
    *,
    adapters: Adapters,
    environment_name: str,
    topic_arn: str,
) -> Serving:
    """The candidate's throughput or deployment: a new one, the one that an earlier attempt made, or none yet.

    The run comes back where a quota is in use, for which it gives the slot and with it the lease back, where it has no
    slot any more, and where AWS is busy: then something may have been made, and the slot stays its own. Of a quota that
    is waited for long people are told, once: for the chosen candidate. Raises ThroughputFailed.
    """
    in_use = False
    name = bedrock_name(environment_name, run.id, served.number)
    try:
        return _buy(run, plan, served, slot, adapters, name)
    except _QuotaInUse as refused:
        adapters.slots.give_back(run.output_bucket, run.id, served.number)
        in_use, reason = True, f"{refused} The run waits until there is room; nothing of it bills meanwhile."
    except _NoSlot as lost:
        reason = str(lost)
    except ServiceBusy as busy:
        reason = f"{busy} The run tries again."
    logger.warning("Nothing bought yet", extra={"serving": name, "reason": reason})
    metrics.add_metric("PurchasesPostponed", MetricUnit.Count, 1)
    waiting = postpone_purchase(name, plan.kind, reason)
    if in_use and served.chosen and slot.refusals == TOLD_REFUSAL:
        _tell(quota_message(run.id, run.execution_arn, waiting), adapters, topic_arn)
    return waiting


def _tell(message: Notification, adapters: Adapters, topic_arn: str) -> None:
    """Tells the topic; that it cannot be told ends no run."""
    try:
        adapters.topic.publish(topic_arn, message)
    except (Refused, ServiceBusy) as trouble:
        logger.warning("Wait for a quota not told", extra={"trouble": str(trouble)})


def _buy(run: Run, plan: PlannedServing, served: ServedCandidate, slot: Slot, adapters: Adapters, name: str) -> Serving:
    """What serves the model, on the slot's lease: so a repeated request is the same, tags included.

    On another slot the lease and so the request is another one, and needs another token; the name stays, so that
    nothing can be bought twice.
    """
    own = _require_own_slot(run, plan, served, slot, adapters, name)
    lease_ends_at, answer_until = own.lease_ends_at, own.answer_until
    kind, token = plan.kind, client_request_token(run.id, "throughput", served.number, since=own.acquired_at)
    requested_at = now()
    tags = {**plan.tags, LEASE_TAG: lease_ends_at}
    try:
        arn = adapters.served_models.create(kind, name, token, served.model_arn, plan.model_units, tags)
    except Refused as refusal:
        found = _adopt(name, plan, served.model_arn, refusal, slot, adapters)
        logger.info(f"{noun(kind).capitalize()} of an earlier attempt adopted", extra={"serving_arn": found.arn})
        return record_request(name, kind, found.arn, found.created_at, lease_ends_at, answer_until)
    logger.info(f"{noun(kind).capitalize()} requested", extra={"serving_arn": arn})
    metrics.add_metric("ThroughputsBought" if kind == PROVISIONED else "DeploymentsMade", MetricUnit.Count, 1)
    return record_request(name, kind, arn, requested_at, lease_ends_at, answer_until)


def _require_own_slot(
    run: Run, plan: PlannedServing, served: ServedCandidate, slot: Slot, adapters: Adapters, name: str
) -> Holder:
    """The holder of the candidate's slot; raises ThroughputFailed where the lease is used up.

    Where it has no slot, as after an attempt that was killed behind giving it back, it raises _NoSlot; or
    ThroughputFailed where something has its name all the same, since that must be deleted.
    """
    held = [each.holder for each in adapters.slots.held(run.output_bucket)]
    own = next((holder for holder in held if holder.belongs_to(run.id, served.number)), None)
    if own is None:
        lost = f"The run has lost its throughput slot ({slot.key}), as after it was stopped"
        if _exists(plan, adapters, name):
            raise ThroughputFailed(f"{lost}, and the {noun(plan.kind)} {name} exists: it must be deleted.")
        raise _NoSlot(f"{lost}: nothing is bought without one. The run takes a slot again.")
    require_lease(own.answer_until, own.lease_ends_at, now(), "a purchase")
    return own


def _exists(plan: PlannedServing, adapters: Adapters, name: str) -> bool:
    """Whether something has the run's name; where that may not be asked, it counts as there."""
    try:
        return adapters.served_models.find(plan.kind, name) is not None
    except Refused as refusal:
        logger.warning("Not found out", extra={"serving": name, "trouble": str(refusal)})
        return True


def _adopt(
    name: str, plan: PlannedServing, model_arn: str, refusal: Refused, slot: Slot, adapters: Adapters
) -> ServedModel:
    """What has this name where it serves this run's model.

    Otherwise raises the refusal, as _QuotaInUse or as ThroughputFailed.
    """
    refused = explain_refusal(name, plan.kind, plan.model_units, refusal.operation, refusal.code, refusal.message)
    if refusal.code not in _MAY_BE_OURS:
        raise refused from refusal
    try:
        found = adapters.served_models.find(plan.kind, name)
    except Refused:
        raise refused from refusal
    if found is None:
        if refusal.code == _NO_ROOM and _is_in_use(plan, slot, adapters):
            raise _QuotaInUse(f"A quota of the account is in use: {refusal.message}") from refusal
        raise refused from refusal
    if found.model_arn != model_arn:
        raise ThroughputFailed(
            f"Another {noun(plan.kind)} already has the name {name}, for the model {found.model_arn} ({found.arn}). "
            "Delete it if nobody needs it."
        ) from refusal
    return found


def _is_in_use(plan: PlannedServing, slot: Slot, adapters: Adapters) -> bool:
    """Whether time may give back what the quota lacks.

    Something in the account counts in it; or nobody can tell, or what did may just have been deleted: that holds for
    the first refusals alone. The preflight has found the quotas large enough that it could find.
    """
    if slot.refusals < MOST_QUOTA_REFUSALS:
        return True
    try:
        quotas = adapters.quotas
        return (quotas.deployments_in_use() if plan.kind == ON_DEMAND else quotas.model_units_in_use()) > 0
    except Refused as refusal:
        logger.warning("Not found out what is in use", extra={"trouble": str(refusal)})
        return False
