"""EvaluateAndReport: scores the stored answers, decides, and writes report.json, report.html and human_review.html."""

from collections.abc import Mapping
from typing import Any

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.run import Run
from lambdas.domain.cost.actual import Costs
from lambdas.domain.cost.estimate import Estimate, estimate, own_prices, reported_prices
from lambdas.domain.cost.price_file import Prices, default_prices
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.evaluate import evaluate
from lambdas.domain.evaluation.judging.pairwise import needs_no_judge
from lambdas.domain.evaluation.judging.summary import summarise_judging
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.checks import preflight_key
from lambdas.domain.report.assemble import assemble_success
from lambdas.domain.report.human_review import render_review
from lambdas.domain.report.success_message import headline, success_message
from lambdas.domain.training.losses import NO_LOSSES, JobLosses
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger, metrics
from lambdas.steps.result_files import read_materials, write_page, write_report

_HTML = "text/html; charset=utf-8"


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan", "jobs", "model", "serving", "responses"}` and returns `$.report`.

    That is `{"uri", "verdict", "subject", "message"}`; `uri` is report.json's. Raises ServiceBusy.
    """
    run, plan = event["run"], event["plan"]
    bucket, prefix = run["output_bucket"], run["prefix"]
    settings = EvaluationSettings.model_validate(plan["evaluation"])
    materials = read_materials(bucket, prefix, list(plan["arms"]), adapters=current())
    answers, losses = materials.answers, materials.losses
    evaluation = evaluate(
        answers,
        {name: Arm.model_validate(arm) for name, arm in plan["arms"].items()},
        current().answers.read_test_groups(bucket, prefix),
        settings,
        current().champion.read_champion_answers(environment().deployment, bucket, prefix, run["id"]),
        leaked=plan["dataset"]["test"].get("leaked", 0),
    )
    pairs = current().judging.read_pairs(bucket, prefix)
    judged = {judge: current().judging.read_judge(bucket, prefix, judge, len(pairs)) for judge in settings.judges}
    approved = current().approvals.read(bucket, run["id"])
    report = assemble_success(
        {
            **event,
            "approval": approved.outcome().dump() if approved else None,
            "preflight": orjson.loads(current().objects.read(bucket, preflight_key(prefix)) or b"null"),
        },
        answers,
        evaluation,
        summarise_judging(pairs, judged),
        losses.get(event["model"]["number"], NO_LOSSES),
        current().lineage.read_lineage(Run.parse(run), plan["arms"], judged=bool(judged)),
        _costs(run, plan, losses),
    )
    page_uri = write_page(bucket, prefix, report, materials, adapters=current())
    to_judge = [pair for pair in pairs if not needs_no_judge(pair)]
    review = render_review(run["id"], to_judge, simulated=bool(report.simulated))
    current().objects.write(bucket, f"{prefix}human_review.html", review.encode(), _HTML)
    uri = write_report(bucket, prefix, report, adapters=current())
    verdict = report.decision.verdict
    logger.info("Report written", extra={"uri": uri, "headline": headline(report), "verdict": verdict})
    metrics.add_metric("RunsSucceeded", MetricUnit.Count, 1)
    subject, message = success_message(report, page_uri)
    return {"uri": uri, "verdict": verdict, "subject": subject, "message": message}


def _costs(run: dict[str, Any], plan: dict[str, Any], losses: Mapping[int, JobLosses]) -> Costs | None:
    """The prices as they are now, and the estimate as preflight made it; None where S3 refuses the price file.

    Where run.json has prices of its own, the estimate is made anew with them: the same prices stand on both sides.
    """
    try:
        found = current().price_file.read_prices(run["source"]["bucket"])
    except Refused as refusal:
        # The preflight has warned of it; it must not cost the run its report.
        logger.warning("Price file not read", extra={"reason": str(refusal)})
        return None
    if not isinstance(found, Prices):
        # The preflight has refused such a file; one that was broken since must not cost the run its report either.
        logger.warning("Price file not read", extra={"findings": [each.message for each in found]})
        found = default_prices()
    planned = Plan.parse(plan)
    prices = reported_prices(found, planned, environment().model_unit_price_per_hour)
    preflight = orjson.loads(current().objects.read(run["output_bucket"], preflight_key(run["prefix"])) or b"{}")
    made = preflight.get("estimate")
    ran = {
        number: max((line.epoch for part in both for line in part.lines), default=0) for number, both in losses.items()
    }
    return Costs(
        prices,
        Estimate.parse(made) if made and not own_prices(planned) else estimate(planned, prices),
        {number: epochs for number, epochs in ran.items() if epochs},
    )
