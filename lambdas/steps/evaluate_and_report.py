"""EvaluateAndReport: scores the stored answers, decides, and writes report.json and what people read of it."""

from collections.abc import Mapping
from itertools import chain

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.run import Run
from lambdas.domain.cost.actual import Costs
from lambdas.domain.cost.estimate import estimate, own_prices, reported_prices
from lambdas.domain.cost.price_file import Prices, default_prices
from lambdas.domain.dataset.told_answers import ToldAnswers
from lambdas.domain.evaluation.answers import Responses
from lambdas.domain.evaluation.evaluate import evaluate
from lambdas.domain.evaluation.judging.summary import summarise_judging
from lambdas.domain.evaluation.reuse import Reuse, digest_of, reuse
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.checks import PreflightDocument
from lambdas.domain.report.assemble import assemble_success
from lambdas.domain.report.compared_data import data_arms
from lambdas.domain.report.learning_curve import curve_arms
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.report.success_message import headline, success_message
from lambdas.domain.report.summary import ReportSummary
from lambdas.domain.serving.leases import Servings
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.choice import TunedModel
from lambdas.domain.training.losses import NO_LOSSES, JobLosses
from lambdas.steps.curation_counts import count_replies
from lambdas.steps.observability import logger, metrics
from lambdas.steps.report_file import read_preflight, write_report
from lambdas.steps.result_pages import read_materials, write_errors, write_page, write_review


def evaluate_and_report(
    run: Run,
    plan: Plan,
    jobs: Jobs,
    model: TunedModel,
    servings: Servings,
    responses: Responses,
    *,
    adapters: Adapters,
    environment: str,
    model_unit_price_per_hour: float | None,
) -> ReportSummary:
    """Where the report is, its verdict, and the notification of it. Raises ServiceBusy and Refused."""
    bucket, prefix = run.output_bucket, run.prefix
    # The plan does not have the arms of served candidates beside the chosen one.
    arms = list(plan.arms | responses.arms)
    materials = read_materials(bucket, prefix, arms, adapters=adapters, environment=environment)
    pairs = adapters.judging.read_pairs(bucket, prefix)
    judges = plan.evaluation.judges
    judged = {judge: adapters.judging.read_judge(bucket, prefix, judge, len(pairs)) for judge in judges}
    judging = summarise_judging(pairs, judged, _models(plan))
    answered = [arm for arm in arms if arm not in responses.missing]
    evaluation = evaluate(
        materials.answers,
        plan.arms,
        adapters.answers.read_test_groups(bucket, prefix),
        plan.evaluation,
        adapters.champion_answers.read(environment, bucket, prefix, run.id),
        task_kind=plan.task_kind,
        leaked=plan.dataset.test.leaked,
        missing=responses.missing,
        told=_read_told(bucket, prefix, adapters),
        judging=judging,
        curve=curve_arms(plan, jobs, model.number, answered),
        data=data_arms(plan, jobs, model.number, answered),
    )
    approval, preflight = adapters.approvals.read(bucket, run.id), read_preflight(run, adapters=adapters)
    facts = RunFacts(
        run_id=run.id,
        plan=plan,
        jobs=jobs,
        model=model,
        servings=servings,
        approval=approval.outcome() if approval else None,
        preflight=preflight,
        curation_use=count_replies(run, plan, adapters=adapters),
    )
    report = assemble_success(
        plan,
        facts,
        evaluation,
        judging,
        materials.losses.get(model.number, NO_LOSSES),
        adapters.lineage.read_lineage(
            run, arms, trained=[each.training_set.uri for each in plan.candidates], judged=bool(judged)
        ),
        _read_costs(run, plan, materials.losses, preflight, adapters, model_unit_price_per_hour),
        left_out={name: arm.left_out for name, arm in responses.arms.items()},
        used=_count_use(run, adapters),
        questions=filter(None, adapters.answers.read_questions(bucket, prefix)),
    )
    page_uri = write_page(bucket, prefix, report, materials, adapters=adapters)
    write_review(bucket, prefix, report, pairs, adapters=adapters)
    write_errors(bucket, prefix, report, materials.answers, adapters=adapters)
    uri = write_report(bucket, prefix, report, adapters=adapters)
    verdict = report.decision.verdict
    logger.info("Report written", extra={"uri": uri, "headline": headline(report), "verdict": verdict})
    metrics.add_metric("RunsSucceeded", MetricUnit.Count, 1)
    told = success_message(report, page_uri)
    return ReportSummary(uri=uri, verdict=verdict, subject=told.subject, message=told.message)


def _models(plan: Plan) -> dict[str, str]:
    """The model of each arm; of the tuned one, that it was tuned from."""
    return {name: arm.model_id or plan.base_model for name, arm in plan.arms.items()}


def _count_use(run: Run, adapters: Adapters) -> Reuse | None:
    """The number of this run among those on its test set; None if it is gone, or S3 refuses to count."""
    questions = adapters.answers.read_questions(run.output_bucket, run.prefix)
    records = ((each.prompt, each.reference) for each in questions if each is not None)
    first = next(records, None)
    if first is None:
        return None
    digest = digest_of(chain([first], records))
    try:
        return reuse(digest, adapters.test_set_uses.count(run.output_bucket, digest, run.id))
    except Refused as refusal:
        # It must not cost the run its report.
        logger.warning("Use of the test set not counted", extra={"reason": str(refusal)})
        return None


def _read_told(bucket: str, prefix: str, adapters: Adapters) -> ToldAnswers:
    """What the test records' prompts name."""
    told = ToldAnswers()
    for question in adapters.answers.read_questions(bucket, prefix):
        if question is not None:
            asked = [question.system or "", *(message.content for message in question.messages)]
            told.add("\n".join(asked), question.reference)
    return told


def _read_costs(
    run: Run,
    plan: Plan,
    losses: Mapping[int, JobLosses],
    preflight: PreflightDocument | None,
    adapters: Adapters,
    model_unit_price_per_hour: float | None,
) -> Costs | None:
    """The prices as they are now, and the estimate as preflight made it; None if S3 refuses the price file.

    If run.json has prices of its own, the estimate is made anew with them: the same prices stand on both sides.
    """
    try:
        found = adapters.price_file.read_prices(run.source.bucket)
    except Refused as refusal:
        # The preflight has warned of it; it must not cost the run its report.
        logger.warning("Price file not read", extra={"reason": str(refusal)})
        return None
    if not isinstance(found, Prices):
        # The preflight has refused such a file; one that was broken since must not cost the run its report either.
        logger.warning("Price file not read", extra={"findings": [each.message for each in found]})
        found = default_prices()
    prices = reported_prices(found, plan, model_unit_price_per_hour)
    made = preflight.estimate if preflight else None
    return Costs(prices, made if made and not own_prices(plan) else estimate(plan, prices), _run_epochs(losses))


def _run_epochs(losses: Mapping[int, JobLosses]) -> dict[int, int]:
    """How many epochs each job ran, as far as Bedrock recorded them."""
    ran = {
        number: max((line.epoch for part in both for line in part.lines), default=0) for number, both in losses.items()
    }
    return {number: epochs for number, epochs in ran.items() if epochs}
