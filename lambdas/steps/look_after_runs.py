"""What the reconciler does beside its comparison: the runs' index, unused models, and what serves the champion."""
# ruff: noqa: PLC0415 - most calls do little of it: a cold start does not pay for those rooms

from dataclasses import dataclass

from lambdas.adapters.adapters import Adapters
from lambdas.domain.serving.reconciliation import Scope
from lambdas.steps.tell_reconciliation import EndedExecution


@dataclass(frozen=True)
class Care:
    """The settings of it: after how many days an unused model goes, and whether the champion is served on demand.

    `stack_id` is the stack that owns what is served: while it is deleted, nothing new is made.
    """

    keep_models_days: int | None
    serves_champion: bool
    stack_id: str | None


def look_after_runs(ended: EndedExecution | None, scope: Scope, care: Care, *, adapters: Adapters) -> None:
    """Indexes the run of an execution that has just ended; on the schedule, deletes models by their age.

    In each case the champion's deployment comes a step closer to what it should be, and the index shows what is served.
    Raises NotReconciled.
    """
    from lambdas.steps.serve_champion import serve_champion
    from lambdas.steps.served_runs import refresh_index

    try:
        _look_after(ended, scope, care, adapters)
    finally:
        try:
            serve_champion(scope, on_demand=care.serves_champion, stack_id=care.stack_id, adapters=adapters)
        finally:
            refresh_index(scope, adapters=adapters)


def _look_after(ended: EndedExecution | None, scope: Scope, care: Care, adapters: Adapters) -> None:
    if ended is not None:
        from lambdas.steps.index_runs import index_ended_run

        index_ended_run(ended, scope, adapters=adapters)
    elif care.keep_models_days is not None:
        from lambdas.steps.expire_models import expire_models

        expire_models(scope, care.keep_models_days, adapters=adapters)
