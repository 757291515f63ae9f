"""Makes report.json: every figure follows from the stored answers and the run's facts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from lambdas.domain.cost.actual import Costs, RunCost, Usage, report_cost
from lambdas.domain.cost.failed_run import FailedUsage, failed_cost
from lambdas.domain.cost.lines import throughput_line
from lambdas.domain.cost.running import running_cost
from lambdas.domain.evaluation.answer_figures import AnswerFigures, answering_seconds
from lambdas.domain.evaluation.arms import TUNED, candidate_arm
from lambdas.domain.evaluation.decision import Decision
from lambdas.domain.evaluation.endpoint import find_format
from lambdas.domain.evaluation.evaluate import Evaluation
from lambdas.domain.evaluation.explained import Explained
from lambdas.domain.evaluation.judging.summary import Judging
from lambdas.domain.evaluation.questions import Question
from lambdas.domain.evaluation.reuse import Reuse, reuse_sentence
from lambdas.domain.plan.plan import Plan, PlannedSets
from lambdas.domain.preflight.checks import PreflightDocument
from lambdas.domain.report.approval import ApprovalOutcome
from lambdas.domain.report.arm_figures import summarise_arms
from lambdas.domain.report.caught_words import read_message
from lambdas.domain.report.learning_curve import summarise_best, summarise_curve
from lambdas.domain.report.run_report import (
    DatasetCounts,
    Leftover,
    Lineage,
    PreflightFindings,
    ReportedError,
    RunReport,
    ServedBy,
    ServingFigures,
    SucceededReport,
    ThroughputFigures,
    Training,
)
from lambdas.domain.report.sweep import explain_values, is_kept, summarise_sweep
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.serving.leases import EndedLease, Servings
from lambdas.domain.serving.serving import Serving, served_seconds
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs
from lambdas.domain.training.choice import TunedModel
from lambdas.domain.training.curve import summarise_training
from lambdas.domain.training.customization import COMPLETED, IN_PROGRESS
from lambdas.domain.training.early_stopping import EarlyStopping
from lambdas.domain.training.losses import JobLosses, summarise_epochs

STORAGE_NOTE = (
    "The run keeps the custom model on purpose. AWS bills its storage every month. "
    "Delete it with `aws bedrock delete-custom-model --model-identifier <its ARN>` when you no longer need it."
)
GIVEN_NOTE = (
    "run.json names this custom model: the run did not train it, and leaves it as it was. "
    "AWS bills its storage every month."
)
GIVEN_EXPLANATION = "The run did not train this model: run.json names it (custom_model)."
JOB_NOTE = (
    "The customization job goes on training because run.json says keep_job. AWS bills its training, "
    "and every month the storage of the custom model that it makes. "
    "Stop it with `aws bedrock stop-model-customization-job --job-identifier <its name>`."
)


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run when its report is written; None where the run did not get so far.

    `jobs_unknown` says that Bedrock did not answer which jobs there are.
    """

    run_id: str
    plan: Plan | None = None
    jobs: Jobs | None = None
    model: TunedModel | None = None
    servings: Servings | None = None
    approval: ApprovalOutcome | None = None
    preflight: PreflightDocument | None = None
    jobs_unknown: bool = False

    @property
    def serving(self) -> Serving | None:
        """What served the chosen model."""
        chosen = self.servings.chosen if self.servings else None
        return chosen.serving if chosen else None

    @property
    def candidates(self) -> list[CandidateJob]:
        """The jobs of the run's candidates."""
        return self.jobs.candidates if self.jobs else []

    @property
    def started_jobs(self) -> list[CandidateJob]:
        """The jobs that Bedrock knows."""
        return [one for one in self.candidates if one.arn]

    @property
    def models_left(self) -> list[str]:
        """The ARNs of the custom models that the run leaves: the chosen one, and others that were not deleted."""
        chosen = [self.model.model_arn] if self.model else []
        if self.plan and self.plan.custom_model:
            chosen = [self.plan.custom_model]
        kept = [one.model_arn for one in self.candidates if one.model_arn and is_kept(one)]
        return list(dict.fromkeys([*chosen, *kept]))


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
    throughput = _with_overhead(known.throughput, evaluation.figures[TUNED])
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
            "best_tested": summarise_best(_chosen(facts), evaluation),
            "throughput": throughput
            and throughput.model_copy(update={"cost_usd": _throughput_usd(plan, throughput, costs)}),
            "training": known.training.model_copy(update=dict(summary)),
            "lineage": lineage,
            "cost": cost,
            "running_cost": running_cost(plan, evaluation.figures, costs.prices, evaluation.missing) if costs else None,
            "left_on_purpose": _left_models(facts),
        }
    )


def _told(decision: Decision, used: Reuse | None) -> Decision:
    """The decision with what a reader should know of the test set; it changes no verdict."""
    sentence = reuse_sentence(used) if used else None
    if sentence is None:
        return decision
    explained = [*decision.explained, Explained(found=sentence)]
    return decision.model_copy(update={"reasons": [*decision.reasons, sentence], "explained": explained})


def assemble_failure(facts: RunFacts, error: str, cause: str) -> RunReport:
    """The report of a run that failed; the only model that it leaves all the same is its `custom_model_arn`."""
    known, left = known_facts(facts), facts.models_left
    return known.model_copy(
        update={
            "custom_model_arn": known.custom_model_arn or (left[0] if len(left) == 1 else None),
            "cost": _failed_cost(facts),
            "left_on_purpose": [*_left_models(facts), *_kept_jobs(facts)],
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
        serving=_served_by(facts.serving),
        throughput=_throughput(facts.serving),
        servings=_servings(facts),
        hyperparameters=_hyperparameters(facts),
        custom_model_given=plan is not None and plan.custom_model is not None,
        sweep=summarise_sweep(plan, facts.jobs, model) if plan else None,
        learning_curve=None,
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
        leases=[seconds for one in _bought(facts) if (seconds := _billed_seconds(one))],
        answers=answers,
        judges=judging.judges,
    )


def _failed_cost(facts: RunFacts) -> RunCost | None:
    """None if the run has no estimate: it failed before its preflight, or because of its price file."""
    if facts.plan is None or facts.preflight is None or facts.preflight.estimate is None:
        return None
    usage = FailedUsage(
        started_jobs=[one.number for one in facts.started_jobs],
        completed=all(one.status == COMPLETED for one in facts.started_jobs),
        leases=[served_seconds(one.in_service_at, one.deleted_at) for one in _bought(facts)],
        models_left=len(facts.models_left),
        jobs_unknown=facts.jobs_unknown,
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


def _throughput(serving: Serving | None) -> ThroughputFigures | None:
    """What is known of the throughput; None if nothing served the model."""
    if serving is None or serving.arn is None:
        return None
    if serving.kind == ON_DEMAND:
        nothing = dict.fromkeys(("arn", "requested_at", "in_service_at", "deleted_at", "lease_ends_at"))
        return ThroughputFigures(**nothing, billed_seconds=0.0, overhead_seconds=None, cost_usd=0.0)
    return ThroughputFigures(
        arn=serving.arn,
        requested_at=serving.requested_at,
        in_service_at=serving.in_service_at,
        deleted_at=serving.deleted_at,
        lease_ends_at=serving.lease_ends_at,
        billed_seconds=served_seconds(serving.in_service_at, serving.deleted_at),
        overhead_seconds=None,
        cost_usd=None,
    )


def _bought(facts: RunFacts) -> list[Serving]:
    """What Bedrock made to serve the candidates."""
    leases = facts.servings.leases if facts.servings else []
    return [lease.serving for lease in leases if lease.serving is not None and lease.serving.arn is not None]


def _servings(facts: RunFacts) -> list[ServingFigures]:
    """The lease of each served candidate."""
    arms = {one.number: one.arm for one in facts.model.served} if facts.model else {}
    leases = facts.servings.leases if facts.servings else []
    return [_lease_figures(arms[lease.number], lease) for lease in leases if lease.number in arms]


def _lease_figures(arm: str, lease: EndedLease) -> ServingFigures:
    serving = lease.serving
    trouble = lease.deletion_failure or lease.failure
    return ServingFigures(
        candidate=lease.number,
        arm=arm,
        kind=serving.kind if serving else None,
        arn=serving.arn if serving else None,
        requested_at=serving.requested_at if serving else None,
        in_service_at=serving.in_service_at if serving else None,
        deleted_at=serving.deleted_at if serving else None,
        billed_seconds=_billed_seconds(serving),
        failure=f"{trouble.error}: {read_message(trouble.cause)}" if trouble else None,
    )


def _billed_seconds(serving: Serving | None) -> float | None:
    """What bills by the hour; 0 of a deployment, which bills answers."""
    if serving is None or serving.arn is None or serving.kind == ON_DEMAND:
        return 0.0
    return served_seconds(serving.in_service_at, serving.deleted_at)


def _served_by(serving: Serving | None) -> ServedBy | None:
    """How the model was served; None if nothing served it."""
    if serving is None or serving.arn is None:
        return None
    return ServedBy(
        kind=serving.kind,
        arn=serving.arn,
        requested_at=serving.requested_at,
        in_service_at=serving.in_service_at,
        deleted_at=serving.deleted_at,
        served_seconds=served_seconds(serving.in_service_at, serving.deleted_at),
    )


def _with_overhead(throughput: ThroughputFigures | None, tuned: AnswerFigures) -> ThroughputFigures | None:
    answering = answering_seconds([tuned])
    if throughput is None or not throughput.billed_seconds or answering is None:
        return throughput
    return throughput.model_copy(update={"overhead_seconds": round(throughput.billed_seconds - answering, 3)})


def _throughput_usd(plan: Plan, throughput: ThroughputFigures, costs: Costs | None) -> float | None:
    """What this one throughput has cost; others may be in the same line of the run's cost."""
    if not throughput.billed_seconds:
        return throughput.billed_seconds
    return throughput_line(plan, costs.prices, [throughput.billed_seconds], "").usd if costs else None


def _left_models(facts: RunFacts) -> list[Leftover]:
    given = facts.plan is not None and facts.plan.custom_model is not None
    note = GIVEN_NOTE if given else STORAGE_NOTE
    return [Leftover(kind="custom model", arn=arn, note=note) for arn in facts.models_left]


def _kept_jobs(facts: RunFacts) -> list[Leftover]:
    """Jobs that still train because the run's settings keep them."""
    if facts.plan is None or not facts.plan.keep_job:
        return []
    trained = [one.name for one in facts.candidates if one.status == IN_PROGRESS]
    return [Leftover(kind="customization job", arn=name, note=JOB_NOTE) for name in trained]
