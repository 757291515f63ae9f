"""DeleteThroughputOrDeployment: deletes what serves a candidate and asks whether it is gone.

Every path of a lease after the purchase leads through here.
"""

from typing import Annotated

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import ConfigDict

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.served_models import ServedModels
from lambdas.adapters.aws.service_errors import Conflict, Refused
from lambdas.domain.core.caught import Failure
from lambdas.domain.core.errors import ServiceBusy, ThroughputNotDeleted
from lambdas.domain.core.fact import READABLE, Fact
from lambdas.domain.core.outside_text import shortened_to_bytes
from lambdas.domain.core.run import Run, bedrock_name
from lambdas.domain.core.state_budget import LEASE_ERROR_BYTES, LEASE_FAILURE_BYTES
from lambdas.domain.core.timestamps import now
from lambdas.domain.report.caught_words import read_message
from lambdas.domain.serving.kinds import CREATING, KINDS, hourly_cost
from lambdas.domain.serving.leases import Lease
from lambdas.domain.serving.polling import DELETE_AGAIN_EVERY_ATTEMPTS, FIRST_ALARMING_DELETION_ATTEMPT
from lambdas.domain.serving.serving import PlannedServing, Serving, assume_serving, count_attempt, mark_deleted
from lambdas.steps.observability import logger, metrics


class _Estimate(Fact):
    model_config = ConfigDict(extra="ignore")

    model_unit_price_per_hour: float | None


class _Preflight(Fact):
    model_config = ConfigDict(extra="ignore")

    estimate: _Estimate | None


class _Served(Fact):
    model_config = ConfigDict(extra="ignore")

    chosen: bool


class DeletionState(Fact):
    """What the deletion reads of an item. An unreadable fact counts as missing: nothing may keep billing.

    `cut_off` says that the item has nothing to do but this: what it did before is not known.
    """

    model_config = ConfigDict(extra="ignore")

    run: Run
    lease: Lease
    plan: Annotated[PlannedServing | None, READABLE] = None
    preflight: Annotated[_Preflight | None, READABLE] = None
    served: Annotated[_Served | None, READABLE] = None
    cut_off: Annotated[bool | None, READABLE] = False

    @property
    def has_failed_the_run(self) -> bool:
        """Whether the run has failed by this lease: the verdict is about the chosen candidate."""
        return self.served is not None and self.served.chosen and self.lease.failure is not None

    @property
    def may_have_bought(self) -> bool:
        """Whether a request may have been sent: the candidate had its slot, or nobody can tell."""
        if self.cut_off is not False:
            return True
        return self.lease.slot.acquired if self.lease.slot else "slot" in self.lease.model_fields_set


def delete_throughput_or_deployment(
    state: DeletionState, *, adapters: Adapters, environment_name: str, model_unit_price_per_hour: float | None
) -> Lease:
    """The lease after one attempt; `deleted` is true only where Bedrock no longer finds it, and then its slot is free.

    It is found by its name where its request was never recorded, as a throughput and as a deployment where the plan
    does not say which. `model_unit_price_per_hour` counts where the preflight made no estimate. Raises
    ThroughputNotDeleted when all attempts are used up.
    """
    run, lease, plan = state.run, state.lease, state.plan
    name = bedrock_name(environment_name, run.id, lease.number)
    serving = lease.serving or assume_serving(name, plan.kind if plan else None)
    estimate = state.preflight.estimate if state.preflight else None
    estimated = estimate.model_unit_price_per_hour if estimate else None
    price = model_unit_price_per_hour if estimated is None else estimated
    # A candidate that had its slot may have sent a request whose outcome nobody recorded.
    may_appear_late = serving.arn is None and state.may_have_bought
    cost = hourly_cost(plan.model_units if plan else None, price)
    try:
        serving = _attempt(serving, adapters.served_models, cost, may_appear_late=may_appear_late)
    except ThroughputNotDeleted:
        _mark_slot_stuck(run, lease.number, adapters)
        raise
    if state.has_failed_the_run:
        _give_up(run, lease.number, adapters)
    logger.info("Deletion attempted", extra={"serving": name, "deleted": serving.deleted})
    if not serving.deleted:
        return lease.model_copy(update={"serving": serving})
    _give_slot_back(run, lease.number, adapters)
    return Lease(number=lease.number, serving=serving, failure=_shortened(lease.failure))


def _shortened(failure: Failure | None) -> Failure | None:
    """What the run keeps of a lease that failed: the leases of all candidates stand in one state."""
    if failure is None:
        return None
    return Failure(
        error=shortened_to_bytes(failure.error, LEASE_ERROR_BYTES),
        cause=shortened_to_bytes(read_message(failure.cause), LEASE_FAILURE_BYTES),
    )


def _attempt(serving: Serving, models: ServedModels, cost: str, *, may_appear_late: bool) -> Serving:
    """Deletes, then asks. Nothing comes before the deletion of what is known by its ARN.

    `may_appear_late`: not finding it counts from the second attempt on. `cost` is for the message to a person.
    """
    serving = serving.model_copy(update={"delete_requested_at": serving.delete_requested_at or now()})
    trouble: Refused | ServiceBusy | None = None
    try:
        serving = _request_deletion(_recognise(serving, models), models)
        found = serving.kind and models.find(serving.kind, serving.identifier)
        if found is None and not (may_appear_late and serving.arn is None and serving.delete_attempts == 0):
            return mark_deleted(serving, now())
    except (Refused, ServiceBusy) as error:
        # Not left to the state machine's Retry: what is known by now must not be forgotten.
        trouble = error
        logger.warning("Deletion failed", extra={"serving": serving.name, "trouble": str(error)})
    refused_for_good = isinstance(trouble, Refused) and not isinstance(trouble, Conflict)
    alarming = trouble is not None and _is_alarming(serving, trouble, models)
    refusal = str(trouble) if trouble else None
    try:
        return count_attempt(serving, refusal, refused_for_good=refused_for_good, now=now(), cost=cost)
    except ThroughputNotDeleted:
        alarming = True
        raise
    finally:
        if alarming:
            metrics.add_metric("DeletionFailures", MetricUnit.Count, 1)


def _recognise(serving: Serving, models: ServedModels) -> Serving:
    """With the kind under which Bedrock knows the name, where the run failed before its plan said it; else unchanged.

    Raises as the adapter, once both kinds have been looked for.
    """
    if serving.kind is not None:
        return serving
    trouble: Refused | ServiceBusy | None = None
    for kind in KINDS:
        try:
            if models.find(kind, serving.name) is not None:
                return serving.model_copy(update={"kind": kind})
        except (Refused, ServiceBusy) as error:
            trouble = error
    if trouble is not None:
        raise trouble
    return serving


def _request_deletion(serving: Serving, models: ServedModels) -> Serving:
    """The facts after Bedrock accepted the deletion, or unchanged where there is nothing. Raises as the adapter.

    A deletion that was accepted takes its time: it is asked for again only now and then, in case it was lost.
    """
    kind = serving.kind
    requested = serving.deleted_at is not None and serving.delete_attempts % DELETE_AGAIN_EVERY_ATTEMPTS != 0
    if kind is None or requested:
        return serving
    if serving.arn is None:
        try:
            found = models.find(kind, serving.name)
        except (Refused, ServiceBusy) as error:
            # Its name is enough to delete it.
            logger.warning("Not found out", extra={"serving": serving.name, "trouble": str(error)})
        else:
            if found is None:
                return serving
            requested_at = serving.requested_at or found.created_at
            serving = serving.model_copy(update={"arn": found.arn, "requested_at": requested_at})
    metrics.add_metric("DeletionAttempts", MetricUnit.Count, 1)
    if models.delete(kind, serving.identifier):
        serving = serving.model_copy(update={"deleted_at": serving.deleted_at or now()})
        metrics.add_metric("DeletionsAccepted", MetricUnit.Count, 1)
    return serving


def _is_alarming(serving: Serving, trouble: Refused | ServiceBusy, models: ServedModels) -> bool:
    """Whether the alarm tells a person of this failed attempt: not of the first few, which often heal by themselves.

    Nor of a conflict with what Bedrock is still creating, or is deleting already: both end without anybody.
    """
    if serving.delete_attempts + 1 < FIRST_ALARMING_DELETION_ATTEMPT:
        return False
    if not isinstance(trouble, Conflict):
        return True
    if serving.deleted_at is not None or serving.kind is None:
        return False
    try:
        found = models.find(serving.kind, serving.identifier)
    except (Refused, ServiceBusy) as error:
        logger.warning("Not found out", extra={"serving": serving.name, "trouble": str(error)})
        return False
    return found is not None and found.status != CREATING


def _give_slot_back(run: Run, candidate: int, adapters: Adapters) -> None:
    """Lets the next run buy. Where this fails, the reconciler does it when the run has ended."""
    try:
        adapters.slots.give_back(run.output_bucket, run.id, candidate)
    except (Refused, ServiceBusy):
        logger.exception("Slot not given back")


def _give_up(run: Run, candidate: int, adapters: Adapters) -> None:
    """Lets the run buy nothing for its other candidates. Where this fails, they are served for nothing."""
    try:
        adapters.slots.give_up(run.output_bucket, run.id, candidate)
    except (Refused, ServiceBusy):
        logger.exception("The run's end not marked")


def _mark_slot_stuck(run: Run, candidate: int, adapters: Adapters) -> None:
    """Lets the run's other candidates not wait for this slot. Where this fails, they wait until its lease has ended."""
    try:
        adapters.slots.mark_stuck(run.output_bucket, run.id, candidate)
    except (Refused, ServiceBusy):
        logger.exception("Slot not marked")
