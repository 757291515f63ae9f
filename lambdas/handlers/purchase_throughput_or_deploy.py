"""The entry of PurchaseThroughputOrDeploy."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.notification import Reader
from lambdas.domain.core.run import Run
from lambdas.domain.serving.serving import PlannedServing
from lambdas.domain.serving.slots import Slot
from lambdas.domain.training.choice import ServedCandidate
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.purchase_throughput_or_deploy import purchase_throughput_or_deploy


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan", "served", "slot", "topic_arn"}` and returns `$.lease.serving`.

    Raises ThroughputFailed and ServiceBusy.
    """
    root = composition.root
    return purchase_throughput_or_deploy(
        Run.parse_from(event, "run"),
        PlannedServing.parse_from(event, "plan"),
        ServedCandidate.parse_from(event, "served"),
        Slot.parse_from(event, "slot"),
        adapters=root.adapters,
        environment_name=root.environment.deployment,
        topic_arn=Reader.parse({"topic_arn": event.get("topic_arn")}).topic_arn,
    ).dump()
