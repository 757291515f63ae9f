"""PromoteChampion: names the run's model as the deployment's champion, where its report says so."""

from typing import Any

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.adapters.stores import champion_parameter
from lambdas.domain.core.timestamps import now
from lambdas.domain.evaluation.champion import as_parameter
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger, metrics


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "report"}` and returns `{"parameter", "version", "model_arn"}`.

    Raises ServiceBusy, Refused, Conflict where another run was promoted since this one was compared with the champion,
    and ValueError where the report does not promote.
    """
    run, deployment = event["run"], environment().deployment
    result = orjson.loads(current().objects.read(run["output_bucket"], f"{run['prefix']}report.json") or b"{}")
    decision = result.get("decision") or {}
    if decision.get("verdict") != "promote":
        raise ValueError(f"The report of run {run['id']} does not promote its model.")
    champion = as_parameter(result, run["output_bucket"], run["prefix"], event["report"]["uri"], now())
    compared_with = decision["champion"]
    version = current().champion.write_champion(
        deployment, champion, compared_with["version"] if compared_with else None
    )
    logger.info("Champion named", extra={"model_arn": champion.model_arn, "version": version})
    metrics.add_metric("ChampionsPromoted", MetricUnit.Count, 1)
    name = champion_parameter.parameter_name(deployment)
    return {"parameter": name, "version": version, "model_arn": champion.model_arn}
