"""RunPreflight: checks all that the run needs of AWS, before anything is started or bought."""

from typing import Any

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import preflight
from lambdas.adapters.adapters import current
from lambdas.domain.core.errors import PreflightFailed, ServiceBusy
from lambdas.domain.core.run import bedrock_name
from lambdas.domain.core.timestamps import now
from lambdas.domain.preflight.checks import document, failure_message, findings_of, is_undecided, preflight_key
from lambdas.domain.preflight.subject import Deployment, Names, Subject
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger, metrics


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan"}`, returns `$.preflight` as docs/architecture.md has it.

    Writes `preflight.json` in any case. Raises PreflightFailed with every finding, and ServiceBusy where nothing but
    AWS's being busy stands in the way.
    """
    run, plan = event["run"], event["plan"]
    checks, estimate = preflight.run_checks(_subject(run, plan))
    result = document(checks, now(), estimate.model_dump() if estimate else None)
    key = preflight_key(run["prefix"])
    uri = current().objects.write(run["output_bucket"], key, orjson.dumps(result, option=orjson.OPT_INDENT_2))
    findings = findings_of(checks)
    logger.info("Preflight done", extra={"status": result["status"], "findings": [each.check for each in findings]})
    if is_undecided(checks):
        raise ServiceBusy(failure_message(findings, uri))
    if result["status"] == "failed":
        metrics.add_metric("PreflightsFailed", MetricUnit.Count, 1)
        raise PreflightFailed(failure_message(findings, uri))
    short = estimate.short_form() if estimate else None
    return {"uri": uri, "status": result["status"], "warnings": len(findings), "estimate": short}


def _subject(run: dict[str, Any], plan: dict[str, Any]) -> Subject:
    settings, run_id = environment(), run["id"]
    return Subject(
        plan=plan,
        deployment=Deployment(
            input_bucket=run["source"]["bucket"],
            output_bucket=run["output_bucket"],
            prefix=run["prefix"],
            role_arn=settings.customization_role_arn,
            starter_role_arn=settings.start_jobs_role_arn,
            key_arn=settings.custom_model_kms_key_arn,
        ),
        names=Names(
            deployment=settings.deployment,
            run_id=run_id,
            training_uri=plan["dataset"]["train"]["uri"],
            names=_names(settings.deployment, run_id, [candidate["number"] for candidate in plan["candidates"]]),
        ),
        model_unit_price_per_hour=settings.model_unit_price_per_hour,
    )


def _names(deployment: str, run_id: str, candidates: list[int]) -> tuple[str, ...]:
    """The name of what serves the run's model, and the names of its candidates' jobs and models."""
    numbers: tuple[int | None, ...] = (None, *candidates)
    return tuple(bedrock_name(deployment, run_id, number) for number in numbers)
