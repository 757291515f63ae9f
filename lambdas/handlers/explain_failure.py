"""ExplainFailure: names what went wrong, in words that a person can act on, and writes them into the run's report."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.report.run_state import RunState
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.explain_failure import explain_failure


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes the whole state and returns `$.explanation`. Raises ServiceBusy."""
    return explain_failure(RunState.parse(event), adapters=composition.root.adapters).dump()
