"""The index of all runs: the reconciler, whom each end of a run calls, adds the run and writes the page anew.

So it does when a run's model begins or ceases to be served for applications (`refresh_index`).

It costs no run and no clean-up anything: whatever goes wrong is logged.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import orjson
from pydantic import ValidationError

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.bedrock import Listed
from lambdas.domain.core.errors import InvalidEvent
from lambdas.domain.core.object_created import ObjectCreated
from lambdas.domain.core.run import Claim, Source, claim_key, prefix, report_key, run_id, run_of_bedrock_name
from lambdas.domain.core.timestamps import now
from lambdas.domain.report.left_of_runs import LeftKind, LeftOfRun, served_mark
from lambdas.domain.report.run_index import NEWEST, index_run, render_index
from lambdas.domain.report.run_report import RunReport
from lambdas.domain.serving.reconciliation import Scope
from lambdas.steps.observability import logger
from lambdas.steps.served_runs import served_for_applications
from lambdas.steps.tagged_resources import may_be_ours
from lambdas.steps.tell_reconciliation import EndedExecution

_SERVING = ("throughput", "custom model deployment")
# How often the page is written anew where another run's entry came in between.
_ROUNDS = 3


def index_ended_run(ended: EndedExecution, scope: Scope, *, adapters: Adapters) -> None:
    """Adds the run of an execution that has ended, and writes the page; raises nothing."""
    try:
        found = _find_claim(ended, scope, adapters)
        if found is None:
            return
        claim, source = found
        status = ended.status.lower().replace("_", " ")
        run = index_run(claim, status, _read_report(claim.run_id, scope, adapters), source.key)
        adapters.run_index.write_entry(scope.bucket, claim, run)
        write_page(scope, adapters)
    except Exception as error:
        # A page that is not there must not keep anything from being cleaned up.
        logger.warning("The index of the runs was not written", extra={"trouble": str(error)})


def _find_claim(ended: EndedExecution, scope: Scope, adapters: Adapters) -> tuple[Claim, Source] | None:
    """The claim and the data of the execution's run; None where it has none: a second delivery's, or a person's."""
    given = ended.input
    if given is None:
        # EventBridge leaves out a large one.
        execution = adapters.executions.find(ended.execution_arn)
        given = (execution.input if execution else None) or ""
    try:
        source = ObjectCreated.model_validate_json(given).created()
    except (ValidationError, InvalidEvent):
        return None
    text = adapters.objects.read(scope.bucket, claim_key(run_id(source)))
    claim = Claim.model_validate_json(text) if text is not None else None
    return (claim, source) if claim is not None and claim.execution_arn == ended.execution_arn else None


def _read_report(run: str, scope: Scope, adapters: Adapters) -> RunReport | None:
    text = adapters.objects.read(scope.bucket, report_key(prefix(run)))
    return None if text is None else RunReport.model_validate(orjson.loads(text))


def write_page(scope: Scope, adapters: Adapters) -> None:
    """Two runs may end at the same time: who sees the other's entry afterwards writes the page once more."""
    environment, index = scope.terms.environment, adapters.run_index
    served = [*served_for_applications(environment, adapters)]
    left, mark = [*served, *_left(environment, adapters)], served_mark(served)
    keys = index.newest_keys(scope.bucket)
    for _ in range(_ROUNDS):
        runs = index.read(scope.bucket, keys[:NEWEST])
        page = render_index(environment, runs, left, now(), all_shown=len(keys) <= NEWEST, served=mark)
        index.write_page(scope.bucket, page)
        written, keys = keys, index.newest_keys(scope.bucket)
        if keys == written:
            return


def _left(environment: str, adapters: Adapters) -> Iterator[LeftOfRun]:
    """What Bedrock has of runs themselves that costs, by the run that its name tells.

    The page counts all that serves; of jobs and models it shows those of its own runs alone.
    """
    listings: Mapping[LeftKind, Callable[[], Iterable[Listed]]] = {
        "throughput": adapters.throughputs.list_all,
        "custom model deployment": adapters.deployments.list_all,
        "customization job": adapters.bedrock.list_running_jobs,
        "custom model": adapters.bedrock.list_custom_models,
    }
    for kind, listing in listings.items():
        for one in listing():
            run = run_of_bedrock_name(environment, one.name)
            if run and (kind not in _SERVING or may_be_ours(environment, one.arn, adapters)):
                yield LeftOfRun(run, kind, one.arn, one.model_units)
