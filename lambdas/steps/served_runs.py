"""What serves runs' models for applications, and the page of all runs that is to show it."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.bedrock import Listed
from lambdas.domain.core.run import run_of_standing_name
from lambdas.domain.report.left_of_runs import LeftKind, LeftOfRun, served_mark, shows_served
from lambdas.domain.serving.reconciliation import Scope
from lambdas.domain.serving.standing import champion_names
from lambdas.steps.observability import logger
from lambdas.steps.tagged_resources import may_be_ours, tagged_run


def served_for_applications(environment: str, adapters: Adapters) -> Iterator[LeftOfRun]:
    """By the run in its name; the champion's own deployment by the run in its tags. Raises ServiceBusy and Refused."""
    listings: Mapping[LeftKind, Callable[[], Iterable[Listed]]] = {
        "throughput": adapters.throughputs.list_all,
        "custom model deployment": adapters.deployments.list_all,
    }
    for kind, listing in listings.items():
        for one in listing():
            run = run_of_standing_name(environment, one.name)
            if run is None and one.name in champion_names(environment):
                run = tagged_run(environment, one.arn, adapters)
            if run is not None and may_be_ours(environment, one.arn, adapters):
                yield LeftOfRun(run, kind, one.arn, one.model_units)


def refresh_index(scope: Scope, *, adapters: Adapters) -> None:
    """Writes the page of all runs anew where it does not show what is served now; raises nothing."""
    try:
        page = adapters.run_index.read_page(scope.bucket)
        if page is None:
            return
        mark = served_mark(served_for_applications(scope.terms.environment, adapters))
        if not shows_served(page, mark):
            from lambdas.steps.index_runs import write_page  # noqa: PLC0415 - few turns write it

            write_page(scope, adapters)
    except Exception as error:
        # A page that is out of date must not keep anything from being cleaned up.
        logger.warning("The index of the runs was not brought up to date", extra={"trouble": str(error)})
