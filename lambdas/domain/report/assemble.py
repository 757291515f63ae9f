"""Makes report.json: every figure follows from the stored answers and the run's facts."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from lambdas.domain.cost.actual import Costs, RunCost, Usage, report_cost
from lambdas.domain.cost.failed_run import FailedUsage, failed_cost
from lambdas.domain.cost.running import running_cost
from lambdas.domain.curation.curation import Curation
from lambdas.domain.curation.prompts import ANSWER, CHECK, WRITE, prompt_checksums
from lambdas.domain.evaluation.answer_figures import AnswerFigures
from lambdas.domain.evaluation.arms import TUNED, candidate_arm
from lambdas.domain.evaluation.decision import Decision
from lambdas.domain.evaluation.endpoint import find_format
from lambdas.domain.evaluation.evaluate import Evaluation
from lambdas.domain.evaluation.explained import Explained
from lambdas.domain.evaluation.judging.summary import Judging, PromptVersion
from lambdas.domain.evaluation.questions import Question
from lambdas.domain.evaluation.reuse import Reuse, reuse_sentence
from lambdas.domain.plan.plan import Plan, PlannedSets
from lambdas.domain.preflight.checks import PreflightDocument
from lambdas.domain.report.arm_figures import summarise_arms
from lambdas.domain.report.compared_data import summarise_data
from lambdas.domain.report.learning_curve import summarise_best, summarise_curve
from lambdas.domain.report.left_on_purpose import kept_jobs, left_models
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.report.run_report import (
    CurationLineage,
    DatasetCounts,
    Lineage,
    PreflightFindings,
    ReportedError,
    RunReport,
    SucceededReport,
    Training,
)
from lambdas.domain.report.serving_figures import (
    billed_seconds,
    bought,
    served_by,
    serving_figures,
    throughput_figures,
    throughput_usd,
    with_overhead,
)
from lambdas.domain.report.sweep import explain_values, summarise_sweep
from lambdas.domain.serving.serving import served_seconds
from lambdas.domain.training.curve import summarise_training
from lambdas.domain.training.customization import COMPLETED
from lambdas.domain.training.early_stopping import EarlyStopping
from lambdas.domain.training.losses import JobLosses, summarise_epochs

GIVEN_EXPLANATION = "The run did not train this model: run.json names it (custom_model)."


def assemble_success(
    plan: Plan,
    facts: RunFacts,
    evaluation: Evaluation,
    judging: Judging,
    losses: JobLosses,
    lineage: Lineage,
    costs: Costs | None,
    left_out: Mapping[str, Sequence[str]] = MappingProxyType({}),
    used: Reuse | None = None,
    questions: Iterable[Question] = (),
) -> SucceededReport:
    """The report of a run that reached its end.

    `used` is the test set's use, None where it could not be counted. `questions` are those of the test set.
    `left_out` has the sampling parameters that the models of some arms refused.
    `losses` are those of the served model's job. Without `costs` the report says nothing of what the run cost.
    """
    known = known_facts(facts)
    throughput = with_overhead(known.throughput, evaluation.figures[TUNED])
    cost = report_cost(plan, _usage(facts, evaluation.figures, judging), costs) if costs else None
    planned = int(float((known.hyperparameters or {}).get("epochCount", 0)))
    stopping = EarlyStopping.of(known.hyperparameters or {})
    summary = summarise_training(summarise_epochs(*losses), planned, stopping)
    if plan.custom_model is not None:
        summary = summary.model_copy(update={"explanation": GIVEN_EXPLANATION})
    arms = summarise_arms(plan, known.custom_model_arn, evaluation, costs, left_out, _other_models(facts))
    return SucceededReport.parse(
        {
            **{name: getattr(known, name) for name in known.model_fields_set},
            "status": "succeeded",
            "arms": arms,
            "format": find_format(questions, plan.prompt_template, arms[TUNED].sent or {}),
            "task": evaluation.task,
            "comparisons": evaluation.comparisons,
            "judging": judging,
            "decision": _told(evaluation.decision, used),
            "test_set": used,
            "extremes": evaluation.extremes,
            "learning_curve": summarise_curve(plan, facts.jobs, _chosen(facts), evaluation),
            "compare": summarise_data(plan, facts.jobs, _chosen(facts), evaluation),
            "best_tested": summarise_best(_chosen(facts), evaluation),
            "throughput": throughput
            and throughput.model_copy(update={"cost_usd": throughput_usd(plan, throughput, costs)}),
            "training": known.training.model_copy(update=dict(summary)),
            "lineage": lineage.model_copy(update={"curation": curation_lineage(plan.curation)}),
            "cost": cost,
            "running_cost": running_cost(plan, evaluation.figures, costs.prices, evaluation.missing) if costs else None,
            "left_on_purpose": left_models(facts),
        }
    )


def _told(decision: Decision, used: Reuse | None) -> Decision:
    """The decision with what a reader should know of the test set; it changes no verdict."""
    sentence = reuse_sentence(used) if used else None
    if sentence is None:
        return decision
    explained = [*decision.explained, Explained(found=sentence)]
    return decision.model_copy(update={"reasons": [*decision.reasons, sentence], "explained": explained})


def curation_lineage(curation: Curation | None) -> CurationLineage | None:
    """Who checked and wrote training data; a prompt's checksum tells whether two runs asked the same."""
    if curation is None:
        return None
    asked = [*([CHECK] if curation.clean else []), *([WRITE, CHECK, ANSWER] if curation.synthesis else [])]
    checksums = prompt_checksums()
    return CurationLineage(
        clean=curation.clean,
        synthesis=curation.synthesis,
        prompts=[PromptVersion(name=each, sha256=checksums[each]) for each in dict.fromkeys(asked)],
    )


def assemble_failure(facts: RunFacts, error: str, cause: str) -> RunReport:
    """The report of a run that failed; the only model that it leaves all the same is its `custom_model_arn`."""
    known, left = known_facts(facts), facts.models_left
    return known.model_copy(
        update={
            "custom_model_arn": known.custom_model_arn or (left[0] if len(left) == 1 else None),
            "cost": _failed_cost(facts),
            "left_on_purpose": [*left_models(facts), *kept_jobs(facts)],
            "error": ReportedError(name=error, cause=cause),
        }
    )


def known_facts(facts: RunFacts) -> RunReport:
    """The report as far as the run's facts tell it: that of a failed run, which does not say why it failed."""
    plan, model = facts.plan, facts.model
    return RunReport(
        run_id=facts.run_id,
        status="failed",
        simulated=_simulated(facts),
        base_model=plan.base_model if plan else None,
        custom_model_arn=model.model_arn if model else None,
        dataset=_counts(plan.dataset if plan else None),
        arms=None,
        serving=served_by(facts.serving),
        throughput=throughput_figures(facts.serving),
        servings=serving_figures(facts),
        hyperparameters=_hyperparameters(facts),
        custom_model_given=plan is not None and plan.custom_model is not None,
        sweep=summarise_sweep(plan, facts.jobs, model) if plan else None,
        learning_curve=None,
        compare=None,
        cleaning=plan.curation.cleaning if plan and plan.curation else None,
        synthesis=plan.curation.funnel if plan and plan.curation else None,
        best_tested=None,
        recommended=explain_values(plan, model) if plan else None,
        evaluation=plan.evaluation if plan else None,
        approval=facts.approval,
        preflight=_preflight(facts.preflight),
        training=_training(facts),
        task=None,
        comparisons=None,
        judging=None,
        decision=None,
        extremes=None,
        lineage=None,
        cost=None,
        running_cost=None,
        format=None,
        test_set=None,
        left_on_purpose=[],
    )


def _other_models(facts: RunFacts) -> dict[str, str | None]:
    """The models of the candidates beside the chosen one, by the arm that each has if it is served."""
    others = [one for one in facts.candidates if one.number != _chosen(facts)]
    return {candidate_arm(one.number): one.model_arn for one in others}


def _chosen(facts: RunFacts) -> int:
    """The number of the candidate that the verdict is about."""
    return facts.model.number if facts.model else 1


def _hyperparameters(facts: RunFacts) -> dict[str, str] | None:
    """Those of the served model, or of the first one to train."""
    if facts.model is not None:
        return facts.model.hyperparameters
    return next((one.hyperparameters for one in facts.plan.candidates), None) if facts.plan else None


def _usage(
    facts: RunFacts,
    answers: Mapping[str, AnswerFigures],
    judging: Judging,
) -> Usage:
    return Usage(
        started_jobs=[one.number for one in facts.started_jobs],
        kept_models=len(facts.models_left),
        leases=[billed_seconds(one) for one in bought(facts)],
        answers=answers,
        judges=judging.judges,
        curation=facts.curation_use,
    )


def _failed_cost(facts: RunFacts) -> RunCost | None:
    """None if the run has no estimate: it failed before its preflight, or because of its price file."""
    if facts.plan is None or facts.preflight is None or facts.preflight.estimate is None:
        return None
    usage = FailedUsage(
        started_jobs=[one.number for one in facts.started_jobs],
        completed=all(one.status == COMPLETED for one in facts.started_jobs),
        leases=[served_seconds(one.in_service_at, one.deleted_at) for one in bought(facts)],
        models_left=len(facts.models_left),
        jobs_unknown=facts.jobs_unknown,
        curation=facts.curation_use,
    )
    return failed_cost(facts.plan, facts.preflight.estimate, usage)


def _counts(sets: PlannedSets | None) -> DatasetCounts:
    if sets is None:
        return DatasetCounts(train=None, validation=None, test=None)
    validation = sets.validation.records if sets.validation else 0
    return DatasetCounts(train=sets.train.records, validation=validation, test=sets.test.records)


def _simulated(facts: RunFacts) -> bool | None:
    known = [one.simulated for one in (*facts.candidates, facts.model) if one]
    return any(known) if known else None


def _training(facts: RunFacts) -> Training:
    """The job of the chosen model, or the first one that was started; nobody has looked at its losses yet."""
    model, first = facts.model, next(iter(facts.started_jobs), None)
    job = model or first
    told = next((one for one in facts.candidates if model is not None and one.number == model.number), first)
    return Training(
        # A model that the run did not train has no job here.
        job_arn=(model.job_arn or None) if model else first.arn if first else None,
        started_at=(job.started_at or None) if job else None,
        ended_at=job.ended_at if job else None,
        epochs=None,
        best_epoch=None,
        stopped_early=None,
        overfitting=None,
        explanation=None,
        records=told.records if told else None,
        rejected_records=told.rejected_records if told else None,
    )


def _preflight(document: PreflightDocument | None) -> PreflightFindings | None:
    if document is None:
        return None
    return PreflightFindings(status=document.status, checked_at=document.checked_at, findings=document.findings)
