"""AcquireSlot: takes one of the environment's slots before anything is bought, or says whom the candidate waits for."""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.stores.throughput_slots import Held
from lambdas.domain.core.errors import ThroughputFailed
from lambdas.domain.core.run import Run
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving.slots import Slot, begin_lease, find_stuck, hold_slot, wait_for_slot
from lambdas.steps.observability import logger, metrics


def acquire_slot(
    run: Run,
    candidate: int,
    previous: Slot | None,
    *,
    is_chosen: bool,
    served: int,
    adapters: Adapters,
    slots: int,
    longest_lease_hours: float,
) -> Slot:
    """The candidate's slot, or its wait for one; `previous` is the slot of the last turn.

    The run serves so many candidates (`served`). One that has a slot already, because an earlier attempt got it, keeps
    that one and its lease. Raises ServiceBusy, Refused, and ThroughputFailed where the run has failed by another
    candidate: its slot is never given back, or it was the chosen one and could not be served.
    """
    if not is_chosen and adapters.slots.has_given_up(run.output_bucket, run.id):
        raise ThroughputFailed("The chosen candidate could not be served: the run buys nothing for another one.")
    holders = [each.holder for each in adapters.slots.held(run.output_bucket)]
    stuck = find_stuck(holders, run.id, candidate, now())
    if stuck is not None:
        raise ThroughputFailed(
            f"What serves candidate {stuck.candidate} could not be deleted: the run buys nothing for another one."
        )
    side_by_side = min(slots, served)
    wanted = begin_lease(run.id, candidate, run.execution_arn, now(), longest_lease_hours)
    taken = adapters.slots.take(run.output_bucket, wanted, slots)
    if isinstance(taken, Held):
        logger.info("Slot taken", extra={"slot": taken.key, "lease_ends_at": taken.holder.lease_ends_at})
        return hold_slot(taken.key, taken.holder, previous, side_by_side)
    slot = wait_for_slot([each.holder for each in taken], slots, previous, side_by_side)
    logger.info(slot.message)
    metrics.add_metric("SlotWaits", MetricUnit.Count, 1)
    return slot
