"""Makes report.json: every figure follows from the stored answers and the run's facts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lambdas.domain.core.statistics import count_statistics, percentile
from lambdas.domain.cost.actual import Costs, RunCost, Usage, report_cost
from lambdas.domain.cost.answer_prices import answer_prices
from lambdas.domain.cost.estimate import Estimate
from lambdas.domain.cost.failed_run import FailedUsage, failed_cost
from lambdas.domain.cost.lines import THROUGHPUT
from lambdas.domain.evaluation.answers import StoredLine, answering_seconds, select_answers
from lambdas.domain.evaluation.arms import BASE, TUNED, Arm
from lambdas.domain.evaluation.evaluate import Evaluation
from lambdas.domain.evaluation.judging.summary import JudgeSummary, Judging
from lambdas.domain.evaluation.metrics.classification import Classification
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.models.hyperparameters import Recommendation
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.approval import ApprovalOutcome
from lambdas.domain.report.run_report import (
    ArmFigures,
    DatasetCounts,
    Latency,
    Leftover,
    Lineage,
    PreflightFindings,
    ReportedError,
    RunReport,
    ServedBy,
    SucceededReport,
    Sweep,
    ThroughputFigures,
    TokenFigures,
    Training,
)
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.serving.serving import served_seconds
from lambdas.domain.training.curve import TrainingSummary, summarise_training
from lambdas.domain.training.customization import COMPLETED, IN_PROGRESS
from lambdas.domain.training.losses import JobLosses, summarise_epochs
from lambdas.domain.training.summary import is_kept, summarise, values_explained

STORAGE_NOTE = (
    "The run keeps the custom model on purpose. AWS bills its storage every month. "
    "Delete it with `aws bedrock delete-custom-model --model-identifier <its ARN>` when you no longer need it."
)
JOB_NOTE = (
    "The customization job goes on training because run.json says keep_job. AWS bills its training, "
    "and every month the storage of the custom model that it makes. "
    "Stop it with `aws bedrock stop-model-customization-job --job-identifier <its name>`."
)


def assemble_success(
    state: Mapping[str, Any],
    answers: Mapping[str, Sequence[StoredLine]],
    evaluation: Evaluation,
    judging: Judging,
    losses: JobLosses,
    lineage: Lineage,
    costs: Costs | None,
) -> SucceededReport:
    """The report of a run that reached its end; `answers` has the lines of each arm, the tuned one first.

    `losses` are those of the served model's job. Without `costs` the report says nothing of what the run cost.
    """
    known = known_facts(state)
    throughput = _with_overhead(known.throughput, answers[TUNED])
    billed = throughput.billed_seconds if throughput else None
    cost = _cost(state, answers, judging.judges, billed, costs) if costs else None
    planned = int(float((known.hyperparameters or {}).get("epochCount", 0)))
    return SucceededReport.parse(
        {
            **{name: getattr(known, name) for name in known.model_fields_set},
            "status": "succeeded",
            "arms": _arms(state, known.custom_model_arn, answers, evaluation, costs),
            "task": evaluation.task,
            "comparisons": evaluation.comparisons,
            "judging": judging,
            "decision": evaluation.decision,
            "extremes": evaluation.extremes,
            "throughput": throughput and throughput.model_copy(update={"cost_usd": _throughput_usd(billed, cost)}),
            "training": _training(state, summarise_training(summarise_epochs(*losses), planned)),
            "lineage": lineage,
            "cost": cost,
            "left_on_purpose": _leftovers(models_left(state)),
        }
    )


def assemble_failure(state: Mapping[str, Any], error: str, cause: str) -> RunReport:
    """The report of a run that failed; the only model that it leaves all the same is its `custom_model_arn`."""
    known, left = known_facts(state), models_left(state)
    return known.model_copy(
        update={
            "custom_model_arn": known.custom_model_arn or (left[0] if len(left) == 1 else None),
            "cost": _failed_cost(state, len(left)),
            "left_on_purpose": [*_leftovers(left), *_kept_jobs(state)],
            "error": ReportedError(name=error, cause=cause),
        }
    )


def known_facts(state: Mapping[str, Any]) -> RunReport:
    """The report as far as the run's state tells it: that of a failed run, which does not say why it failed."""
    plan, jobs, model, served = (state.get(name) or {} for name in ("plan", "jobs", "model", "serving"))
    sets = plan.get("dataset") or {}
    counts = {name: one["records"] if one else 0 for name, one in sets.items() if name in DatasetCounts.model_fields}
    sweep = summarise(plan, jobs, model)
    evaluation = plan.get("evaluation")
    return RunReport(
        run_id=state["run"]["id"],
        status="failed",
        simulated=_simulated(jobs, model),
        base_model=plan.get("base_model"),
        custom_model_arn=model.get("model_arn"),
        dataset=DatasetCounts(**(dict.fromkeys(DatasetCounts.model_fields) | counts)),
        arms=None,
        serving=_served_by(served),
        throughput=_throughput(served),
        hyperparameters=model.get("hyperparameters") or _first_hyperparameters(plan),
        sweep=sweep and Sweep.parse(sweep),
        recommended=_recommended(plan, model),
        evaluation=evaluation and EvaluationSettings.model_validate(evaluation),
        approval=ApprovalOutcome.parse(state["approval"]) if state.get("approval") else None,
        preflight=_preflight(state.get("preflight")),
        training=_training(state, None),
        task=None,
        comparisons=None,
        judging=None,
        decision=None,
        extremes=None,
        lineage=None,
        cost=None,
        left_on_purpose=[],
    )


def summarise_arm(
    lines: Sequence[StoredLine],
    means: Mapping[str, float | None],
    *,
    model_id: str | None,
    few_shot: int = 0,
    price_per_1000: float | None = None,
    classification: Classification | None = None,
) -> ArmFigures:
    """An arm's figures; `means` has its metrics."""
    answers = select_answers(lines)
    latencies = [line.latency_ms for line in answers]
    return ArmFigures.parse(
        {
            "model_id": model_id,
            "few_shot": few_shot,
            "n": len(lines),
            "errors": len(lines) - len(answers),
            **means,
            "output_tokens": count_statistics([line.output_tokens for line in answers]),
            "latency_ms": Latency(p50=percentile(latencies, 50), p95=percentile(latencies, 95)),
            "stop_reasons": dict(Counter(line.stop_reason for line in answers).most_common()),
            "price_per_1000": price_per_1000,
            "classification": classification,
            "token_reduction_percent": None,
        }
    )


def token_reduction(tokens: TokenFigures, base: TokenFigures) -> TokenFigures:
    """By how many per cent each statistic of an arm's output tokens is below its base's; null where base has none."""
    reductions = {
        name: 100 * (1 - own / theirs) if own is not None and theirs else None
        for name, own in tokens
        for theirs in [getattr(base, name)]
    }
    return TokenFigures(**reductions)


def models_left(state: Mapping[str, Any]) -> list[str]:
    """The ARNs of the custom models that a run leaves: the chosen one, and others that were not deleted."""
    chosen = (state.get("model") or {}).get("model_arn")
    kept = [one["model_arn"] for one in (state.get("jobs") or {}).get("candidates") or () if is_kept(one)]
    return list(dict.fromkeys(arn for arn in (chosen, *kept) if arn))


def _leftovers(model_arns: Sequence[str]) -> list[Leftover]:
    return [Leftover(kind="custom model", arn=arn, note=STORAGE_NOTE) for arn in model_arns]


def _simulated(jobs: Mapping[str, Any], model: Mapping[str, Any]) -> bool | None:
    candidates = jobs.get("candidates")
    return any(one["simulated"] for one in candidates) if candidates else model.get("simulated")


def _first_hyperparameters(plan: Mapping[str, Any]) -> dict[str, str] | None:
    return next((one["hyperparameters"] for one in plan.get("candidates") or ()), None)


def _arms(
    state: Mapping[str, Any],
    model_arn: str | None,
    answers: Mapping[str, Sequence[StoredLine]],
    evaluation: Evaluation,
    costs: Costs | None,
) -> dict[str, ArmFigures]:
    planned = {name: Arm.model_validate(arm) for name, arm in state["plan"]["arms"].items()}
    prices = answer_prices(Plan.parse(state["plan"]), answers, costs.prices) if costs else dict.fromkeys(planned)
    arms = {
        name: summarise_arm(
            lines,
            evaluation.means[name],
            model_id=planned[name].model_id or model_arn,
            few_shot=planned[name].few_shot,
            price_per_1000=prices[name],
            classification=evaluation.classifications.get(name),
        )
        for name, lines in answers.items()
    }
    base = arms[BASE].output_tokens
    return {
        name: arm.model_copy(
            update={"token_reduction_percent": token_reduction(arm.output_tokens, base) if name != BASE else None}
        )
        for name, arm in arms.items()
    }


def _recommended(plan: Mapping[str, Any], model: Mapping[str, Any]) -> list[Recommendation] | None:
    found = values_explained(plan, model)
    return None if found is None else [Recommendation.parse(one) for one in found]


def _training(state: Mapping[str, Any], summary: TrainingSummary | None) -> Training:
    """The chosen model's job, the first one that was started if none was chosen, and what its losses say."""
    model, candidates = state.get("model") or {}, (state.get("jobs") or {}).get("candidates") or ()
    first: Mapping[str, Any] = next((one for one in candidates if one["arn"]), {})
    job = model or first
    arn = model.get("job_arn") or first.get("arn")
    known = {"job_arn": arn, "started_at": job.get("started_at"), "ended_at": job.get("ended_at")}
    return Training.parse(dict.fromkeys(Training.model_fields) | known | dict(summary or {}))


def _preflight(stored: Mapping[str, Any] | None) -> PreflightFindings | None:
    """The findings of a stored `preflight.json`; null where the run did not get so far."""
    if not stored or "findings" not in stored:
        return None
    return PreflightFindings.parse({name: stored[name] for name in PreflightFindings.model_fields})


def _throughput(facts: Mapping[str, Any]) -> ThroughputFigures | None:
    """What is known of the throughput; null where nothing served the model."""
    if not facts.get("arn"):
        return None
    names = ("arn", "requested_at", "in_service_at", "deleted_at", "lease_ends_at")
    on_demand = facts.get("kind") == ON_DEMAND
    known = {name: None if on_demand else facts.get(name) for name in names}
    billed = 0.0 if on_demand else served_seconds(facts.get("in_service_at"), facts.get("deleted_at"))
    return ThroughputFigures(**known, billed_seconds=billed, overhead_seconds=None, cost_usd=0.0 if on_demand else None)


def _served_by(facts: Mapping[str, Any]) -> ServedBy | None:
    """How the model was served; null where nothing served it."""
    if not facts.get("arn"):
        return None
    return ServedBy(
        kind=facts.get("kind"),
        arn=facts["arn"],
        requested_at=facts.get("requested_at"),
        in_service_at=facts.get("in_service_at"),
        deleted_at=facts.get("deleted_at"),
        served_seconds=served_seconds(facts.get("in_service_at"), facts.get("deleted_at")),
    )


def _with_overhead(throughput: ThroughputFigures | None, tuned: Sequence[StoredLine]) -> ThroughputFigures | None:
    answering = answering_seconds(tuned)
    if throughput is None or not throughput.billed_seconds or answering is None:
        return throughput
    return throughput.model_copy(update={"overhead_seconds": round(throughput.billed_seconds - answering, 3)})


def _throughput_usd(billed_seconds: float | None, cost: RunCost | None) -> float | None:
    if billed_seconds == 0:
        return 0.0
    lines = cost.actual.lines if cost else []
    return next((line.usd for line in lines if line.id == THROUGHPUT), None)


def _cost(
    state: Mapping[str, Any],
    answers: Mapping[str, Sequence[StoredLine]],
    judges: Sequence[JudgeSummary],
    billed_seconds: float | None,
    costs: Costs,
) -> RunCost:
    plan, candidates = Plan.parse(state["plan"]), (state.get("jobs") or {}).get("candidates") or []
    started = [one["number"] for one in candidates if one["arn"]]
    usage = Usage(
        started_jobs=started or [candidate.number for candidate in plan.candidates],
        kept_models=sum(map(is_kept, candidates)),
        billed_seconds=billed_seconds,
        answers=answers,
        judges=judges,
    )
    return report_cost(plan, usage, costs)


def _failed_cost(state: Mapping[str, Any], models_left: int) -> RunCost | None:
    """Null where the run has no estimate: it failed before its preflight, or because of its price file."""
    stored = (state.get("preflight") or {}).get("estimate")
    if not stored:
        return None
    served = state.get("serving") or {}
    started = [one for one in (state.get("jobs") or {}).get("candidates") or () if one["arn"]]
    usage = FailedUsage(
        started_jobs=[one["number"] for one in started],
        completed=all(one["status"] == COMPLETED for one in started),
        purchased=bool(served.get("arn")),
        served_seconds=served_seconds(served.get("in_service_at"), served.get("deleted_at")),
        models_left=models_left,
        # Without an answer to the stop nobody knows which jobs have trained.
        jobs_unknown="stop_failure" in state,
    )
    return failed_cost(Plan.parse(state["plan"]), Estimate.parse(stored), usage)


def _kept_jobs(state: Mapping[str, Any]) -> list[Leftover]:
    """Jobs that still train because the run's settings keep them."""
    if not (state.get("plan") or {}).get("keep_job"):
        return []
    return [
        Leftover(kind="customization job", arn=one["name"], note=JOB_NOTE)
        for one in (state.get("jobs") or {}).get("candidates") or ()
        if one["status"] == IN_PROGRESS
    ]
