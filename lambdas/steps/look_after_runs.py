"""What the reconciler does beside its comparison: none of it may keep anything from being cleaned up."""
# ruff: noqa: PLC0415 - most calls do none of it: a cold start does not pay for those rooms

from lambdas.adapters.adapters import Adapters
from lambdas.domain.serving.reconciliation import Scope
from lambdas.steps.tell_reconciliation import EndedExecution


def look_after_runs(ended: EndedExecution | None, scope: Scope, *, adapters: Adapters) -> None:
    """Indexes the run of an execution that has just ended; raises nothing."""
    if ended is not None:
        from lambdas.steps.index_runs import index_ended_run

        index_ended_run(ended, scope, adapters=adapters)
