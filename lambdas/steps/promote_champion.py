"""PromoteChampion: names the run's model as the environment's champion, if its report says so."""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.stores.champion_parameter import parameter_name
from lambdas.domain.core.run import Run, report_key
from lambdas.domain.core.timestamps import now
from lambdas.domain.evaluation.champion import Champion
from lambdas.domain.evaluation.endpoint import Endpoint, PromptFormat
from lambdas.domain.report.summary import PromotedReport, Promotion, ReportSummary
from lambdas.steps.observability import logger, metrics


def promote_champion(run: Run, summary: ReportSummary, *, adapters: Adapters, environment: str) -> Promotion:
    """The champion's parameter and what applications call it by, written if the verdict is to promote.

    Raises ServiceBusy, Refused, Conflict if another run was promoted since this one was compared with the champion, and
    ValueError if the stored report does not promote.
    """
    name = parameter_name(environment)
    if summary.verdict != "promote":
        return Promotion(parameter=name)
    stored = adapters.objects.read(run.output_bucket, report_key(run.prefix))
    report = PromotedReport.model_validate_json(stored or b"{}")
    if report.decision is None or report.decision.verdict != "promote" or not report.custom_model_arn:
        raise ValueError(f"The report of run {run.id} does not promote its model.")
    champion = Champion(
        model_arn=report.custom_model_arn,
        run_id=run.id,
        bucket=run.output_bucket,
        prefix=run.prefix,
        report=summary.uri,
        base_model=str(report.base_model),
        simulated=bool(report.simulated),
        promoted_at=now(),
    )
    compared_with = report.decision.champion
    version = adapters.champion.write_champion(environment, champion, compared_with.version if compared_with else None)
    _write_endpoint(champion, report.format or PromptFormat(), adapters=adapters, environment=environment)
    logger.info("Champion named", extra={"model_arn": champion.model_arn, "version": version})
    metrics.add_metric("ChampionsPromoted", MetricUnit.Count, 1)
    return Promotion(parameter=name, version=version, model_arn=champion.model_arn)


def _write_endpoint(champion: Champion, asked: PromptFormat, *, adapters: Adapters, environment: str) -> None:
    """What applications call the champion by. While something serves an earlier champion, they go on calling that."""
    endpoint = Endpoint(run_id=champion.run_id, model_arn=champion.model_arn, **dict(asked))
    while True:
        named = adapters.champion.read_champion(environment)
        standing = adapters.endpoint.read_endpoint(environment)
        is_replaced = named is None or named[0].run_id != champion.run_id
        if is_replaced or (standing is not None and standing.target_arn is not None):
            logger.info("Endpoint kept", extra={"endpoint": standing.dump() if standing else None})
            return
        if adapters.endpoint.replace_endpoint(environment, standing, endpoint, champion.report):
            return
