"""ExplainFailure: names what went wrong, in words that a person can act on, and writes them into the run's report."""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.caught import Failure
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.arms import TUNED
from lambdas.domain.report import approval
from lambdas.domain.report.approval import ApprovalOutcome
from lambdas.domain.report.assemble import assemble_failure
from lambdas.domain.report.failure import Explanation, explain
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.report.run_state import RunState
from lambdas.steps.curation_counts import count_replies, with_counts
from lambdas.steps.observability import logger, metrics
from lambdas.steps.report_file import has_result, read_preflight, write_report


def explain_failure(state: RunState, *, adapters: Adapters) -> Explanation:
    """The explanation, which the run's report tells, too, unless the run has its result already. Raises ServiceBusy."""
    run = state.run
    if state.unreadable:
        logger.warning("Facts of the state that cannot be read", extra={"facts": state.unreadable})
    trouble = adapters.answers.read_trouble(run.output_bucket, run.prefix, TUNED) if run else None
    asked = _read_approval(state, run, adapters) if run else None
    explanation = explain(state, trouble, asked)
    logger.error("Run failed", extra={"error": explanation.error, "cause": explanation.cause})
    metrics.add_metric("RunsFailed", MetricUnit.Count, 1)
    # A notification or a retry that fails after the report must not cost the report.
    if run and not has_result(run.output_bucket, run.prefix, adapters=adapters):
        facts = RunFacts(
            run_id=run.id,
            plan=with_counts(run, state.plan, adapters=adapters),
            jobs=state.jobs,
            model=state.model,
            servings=state.servings,
            approval=asked,
            preflight=read_preflight(run, adapters=adapters),
            jobs_unknown=state.jobs_unknown,
            curation_use=count_replies(run, state.plan, adapters=adapters),
        )
        report = assemble_failure(facts, explanation.error, explanation.cause)
        write_report(run.output_bucket, run.prefix, report, adapters=adapters)
    return explanation


def _read_approval(state: RunState, run: Run, adapters: Adapters) -> ApprovalOutcome | None:
    """What was asked and answered before the purchase. Cause and state tell an answer before anybody has stored it."""
    if state.plan is None or not state.plan.needs_approval:
        return None
    stored = adapters.approvals.read(run.output_bucket, run.id)
    last = state.approval or state.curation_approval
    answer = approval.answer_in((state.failure or Failure()).cause) or approval.answer_of(last)
    return approval.outcome_of(stored, answer)
