"""RunPreflight: checks all that the run needs of AWS, before anything is started or bought."""

from typing import Any

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import object_store, preflight
from lambdas.domain.errors import PreflightFailed, ServiceBusy
from lambdas.domain.preflight import document, failure_message, findings_of, is_undecided
from lambdas.domain.preflight.subject import subject_of
from lambdas.domain.timestamps import now
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import logger, metrics, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan"}`, returns `$.preflight` as docs/architecture.md has it.

    Writes `preflight.json` in any case. Raises PreflightFailed with every finding, and ServiceBusy where nothing but
    AWS's being busy stands in the way.
    """
    run, plan = event["run"], event["plan"]
    checks = preflight.run_checks(subject_of(run, plan, environment().deployment))
    result = document(checks, now(), None)
    key = f"{run['prefix']}preflight.json"
    uri = object_store.write(run["output_bucket"], key, orjson.dumps(result, option=orjson.OPT_INDENT_2))
    findings = findings_of(checks)
    logger.info("Preflight done", extra={"status": result["status"], "findings": [each.check for each in findings]})
    if is_undecided(checks):
        raise ServiceBusy(failure_message(findings, uri))
    if result["status"] == "failed":
        metrics.add_metric("PreflightsFailed", MetricUnit.Count, 1)
        raise PreflightFailed(failure_message(findings, uri))
    return {"uri": uri, "status": result["status"], "warnings": len(findings), "estimate": None}
