"""The reconciler: compares what exists with what may exist, and removes the rest, until there is nothing to wait for.

It serves no state of the pipeline: it stands behind all of them. Whatever calls it, it compares everything; the caller
only says how long it may take.
"""

import time
from collections.abc import Callable

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import NotFound, Refused
from lambdas.domain.core.errors import NotReconciled, ServiceBusy
from lambdas.domain.core.timestamps import later, now, seconds_between
from lambdas.domain.serving.champion_serving import SETTLE_SECONDS
from lambdas.domain.serving.reconciliation import (
    Scope,
    Turn,
    describe_left,
    describe_problems,
    oldest_seconds,
    overrun_seconds,
    summarise,
)
from lambdas.steps.observability import logger, metrics
from lambdas.steps.settle_resources import settle_resources
from lambdas.steps.tell_reconciliation import EndedExecution, read_prices, tell_forgotten_runs, tell_reconciliation
from lambdas.steps.tell_standing import tell_standing

FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 15.0
# After so long nothing but refusals: what is not allowed now will not be allowed in ten minutes either.
REFUSED_SECONDS = 30
# So long a function whose execution was stopped may go on starting jobs: the time limit of its state.
START_SECONDS = 120


def reconcile_and_tell(
    scope: Scope, ended: EndedExecution | None, seconds_left: Callable[[], float], *, adapters: Adapters
) -> Turn:
    """Reconciles, counts, and tells people; `ended` is the execution whose end is the occasion, if one is.

    Raises NotReconciled where something could not be found out or removed.
    """
    turn = reconcile(scope, seconds_left, adapters=adapters, ended=_ended_badly(ended))
    _count(turn)
    tell_reconciliation(turn, ended, scope, adapters=adapters)
    tell_standing(turn, scope, adapters=adapters)
    if ended is None:
        tell_forgotten_runs(scope, adapters=adapters)
    if turn.failed or turn.problems:
        raise NotReconciled(describe_problems(turn))
    return turn


def end_with_stack(scope: Scope, seconds_left: Callable[[], float], *, adapters: Adapters) -> str | None:
    """Ends all runs and all that they have, since their stack is being deleted; returns why that is not done, or None.

    A deletion that fails and says so is better than one that leaves what bills.
    """
    _release_endpoint(scope, adapters)
    settling = _seconds_until_settled(scope, adapters)
    turn = reconcile(scope, seconds_left, adapters=adapters, settling=settling)
    _count(turn)
    if is_finished(turn, scope):
        return None
    left = [*describe_left(turn, now(), read_prices(turn, scope, adapters)), *turn.problems]
    return " ".join(left) or "A run that was stopped may still be buying. Delete the stack again in a minute."


def reconcile(
    scope: Scope,
    seconds_left: Callable[[], float],
    *,
    adapters: Adapters,
    ended: tuple[str, ...] = (),
    settling: float = 0,
    sleep: Callable[[float], object] = time.sleep,
) -> Turn:
    """Turns until nothing is left to wait for, or the time is up: the last turn, with what all of them have done.

    `ended` are executions that have just ended without success. For so many seconds of `settling` something may still
    come into being.
    """
    done, waited, wait = Turn(), 0.0, FIRST_WAIT_SECONDS
    while True:
        stopped = (*ended, *done.executions_stopped)
        done = settle_resources(scope, done.left, adapters, ended=stopped).after(done)
        if not (waited < settling or _may_heal(done, scope, waited)) or seconds_left() < wait:
            return done
        sleep(wait)
        waited, wait = waited + wait, min(LONGEST_WAIT_SECONDS, wait * 2)


def _release_endpoint(scope: Scope, adapters: Adapters) -> None:
    """Applications are told before what serves them goes; that they cannot be told keeps nothing."""
    from lambdas.steps.champion_endpoint import ChampionEndpoint  # noqa: PLC0415 - most turns do not need it

    try:
        ChampionEndpoint(scope.terms.environment, scope.bucket, adapters).release_own()
    except (ServiceBusy, Refused) as trouble:
        logger.warning("Endpoint not released", extra={"trouble": str(trouble)})


def _seconds_until_settled(scope: Scope, adapters: Adapters) -> float:
    """How long another turn may still make a deployment for the champion; 0 where the bucket is gone, too."""
    try:
        begun = adapters.champion_servings.read(scope.bucket)
    except NotFound:
        return 0
    except (ServiceBusy, Refused) as trouble:
        logger.warning("Champion's deployment not looked up", extra={"trouble": str(trouble)})
        return SETTLE_SECONDS
    if begun is None or begun.began_at is None:
        return 0
    return max(0.0, seconds_between(now(), later(begun.began_at, SETTLE_SECONDS)))


def _ended_badly(ended: EndedExecution | None) -> tuple[str, ...]:
    return () if ended is None or ended.status == "SUCCEEDED" else (ended.execution_arn,)


def is_finished(turn: Turn, scope: Scope) -> bool:
    """Whether nothing is left to do, and no slot is held behind which a purchase may be under way."""
    return not (turn.left or turn.problems or turn.slots_settling or (scope.ending and turn.slots_held))


def _may_heal(turn: Turn, scope: Scope, waited: float) -> bool:
    # Nobody would ever find a job that is started, or a model that is made, after the reconciler itself is gone.
    if scope.ending and turn.executions_stopped and waited < START_SECONDS:
        return True
    if is_finished(turn, scope):
        return False
    if turn.busy or turn.slots_settling or any(not found.final for found in turn.left):
        return True
    return scope.ending and (bool(turn.slots_held) or waited < REFUSED_SECONDS)


def _count(turn: Turn) -> None:
    """The gauges count throughputs and deployments alike; the alarms stand on them."""
    moment = now()
    gauges = (
        ("LiveThroughputs", MetricUnit.Count, len(turn.live)),
        ("ThroughputsLeft", MetricUnit.Count, len(turn.left)),
        ("OldestThroughputAgeSeconds", MetricUnit.Seconds, oldest_seconds(turn.live, moment)),
        ("OldestLeaseOverrunSeconds", MetricUnit.Seconds, overrun_seconds(turn.live, moment)),
    )
    for name, unit, value in gauges:
        # What could not be listed may hold more: what was found is a bound, and a zero would say that all is well.
        if value or not turn.unlisted:
            metrics.add_metric(name, unit, value)
    metrics.add_metric("DeletionAttempts", MetricUnit.Count, turn.attempts)
    metrics.add_metric("DeletionFailures", MetricUnit.Count, len(turn.failed))
    metrics.add_metric("JobsStopped", MetricUnit.Count, len(turn.jobs_stopped))
    logger.info("Reconciled", extra={"turn": summarise(turn).dump()})
