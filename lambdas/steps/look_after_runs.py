"""What the reconciler does beside its comparison: the index of the runs, and models that nobody uses any more."""
# ruff: noqa: PLC0415 - most calls do none of it: a cold start does not pay for those rooms

from lambdas.adapters.adapters import Adapters
from lambdas.domain.serving.reconciliation import Scope
from lambdas.steps.tell_reconciliation import EndedExecution


def look_after_runs(
    ended: EndedExecution | None, scope: Scope, keep_models_days: int | None, *, adapters: Adapters
) -> None:
    """Indexes the run of an execution that has just ended; on the schedule, deletes models by their age.

    Raises NotReconciled where AWS refuses to tell of models.
    """
    if ended is not None:
        from lambdas.steps.index_runs import index_ended_run

        index_ended_run(ended, scope, adapters=adapters)
    elif keep_models_days is not None:
        from lambdas.steps.expire_models import expire_models

        expire_models(scope, keep_models_days, adapters=adapters)
