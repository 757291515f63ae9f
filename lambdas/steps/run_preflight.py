"""RunPreflight: checks all that the run needs of AWS, before anything is started or bought."""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.errors import PreflightFailed, ServiceBusy
from lambdas.domain.core.run import Run, bedrock_name
from lambdas.domain.core.timestamps import now
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.checks import PreflightResult, document, failure_message, is_undecided
from lambdas.domain.preflight.concurrency import WantedConcurrency
from lambdas.domain.preflight.subject import EnvironmentResources, Names, Subject, Topics, needs_of
from lambdas.domain.preflight.time_limit import RunTime
from lambdas.domain.training.given_model import GIVEN_NUMBER
from lambdas.domain.training.network import JobNetwork
from lambdas.steps.observability import logger, metrics
from lambdas.steps.preflight_checks import make_checks


def run_preflight(
    run: Run,
    plan: Plan,
    *,
    adapters: Adapters,
    environment: str,
    customization_role_arn: str,
    starter_role_arn: str | None,
    key_arn: str | None,
    topics: Topics | None,
    concurrency: WantedConcurrency,
    time: RunTime,
    network: JobNetwork | None,
    model_unit_price_per_hour: float | None,
    accept_unknown_prices: bool,
    serves_champion: bool = False,
) -> PreflightResult:
    """Makes every check and writes `preflight.json`, whatever the outcome.

    Raises PreflightFailed with every finding, and ServiceBusy where the only obstacle is that AWS is busy.
    """
    resources = EnvironmentResources(
        input_bucket=run.source.bucket,
        output_bucket=run.output_bucket,
        prefix=run.prefix,
        role_arn=customization_role_arn,
        starter_role_arn=starter_role_arn,
        key_arn=key_arn,
        topics=topics,
    )
    subject = Subject(
        needs_of(plan),
        plan,
        resources,
        _names(environment, run, plan),
        model_unit_price_per_hour,
        accept_unknown_prices=accept_unknown_prices,
        source=run.source,
        concurrency=concurrency,
        time=time,
        network=network,
        serves_champion=serves_champion,
    )
    checks, estimate = make_checks(subject, adapters)
    outcome = document(checks, now(), estimate)
    uri = adapters.preflight_documents.write(run.output_bucket, run.prefix, outcome)
    findings = outcome.findings
    logger.info("Preflight done", extra={"status": outcome.status, "findings": [each.check for each in findings]})
    if is_undecided(checks):
        raise ServiceBusy(failure_message(findings, uri))
    if outcome.status == "failed":
        metrics.add_metric("PreflightsFailed", MetricUnit.Count, 1)
        raise PreflightFailed(failure_message(findings, uri))
    summary = estimate.summary() if estimate else None
    return PreflightResult(uri=uri, status=outcome.status, warnings=len(findings), estimate=summary)


def _names(environment: str, run: Run, plan: Plan) -> Names:
    numbers = [candidate.number for candidate in plan.candidates]
    return Names(
        environment=environment,
        run_id=run.id,
        training_uri=plan.dataset.train.uri,
        served=tuple(bedrock_name(environment, run.id, number) for number in numbers or [GIVEN_NUMBER]),
        candidates=tuple(bedrock_name(environment, run.id, number) for number in numbers),
    )
