"""The result of a run, `report.json`: every figure follows from the stored answers and the run's facts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.core.outside_text import shortened_to_bytes
from lambdas.domain.core.state_budget import MESSAGE_BYTES
from lambdas.domain.core.statistics import count_statistics, percentile
from lambdas.domain.cost.actual import Costs, cost_sentence, report_cost
from lambdas.domain.cost.answer_prices import answer_prices
from lambdas.domain.cost.estimate import THROUGHPUT_ITEM
from lambdas.domain.cost.failed_run import failed_cost
from lambdas.domain.evaluation.arms import BASE, TUNED, Arm
from lambdas.domain.evaluation.evaluate import Evaluation
from lambdas.domain.evaluation.responses import Line, answering_seconds
from lambdas.domain.serving.kinds import ON_DEMAND, noun
from lambdas.domain.serving.throughput import served_seconds
from lambdas.domain.training import candidate_jobs
from lambdas.domain.training.curve import summarise_training
from lambdas.domain.training.losses import Losses, summarise_epochs

Report = dict[str, Any]

METRIC_NAMES = {
    "f1": "F1",
    "f1_seed": "F1, distinct words",
    "exact_match": "Exact match",
    "rouge_l": "ROUGE-L",
    "numeric_match": "Numeric match",
    "label_match": "Accuracy",
    "valid_json": "Valid JSON",
    "json_match": "JSON match",
    "schema_match": "Schema match",
    "output_tokens": "Output tokens",
}
# SNS: "Subjects must be ASCII text … no line breaks or control characters, less than 100 characters" (API reference).
STORAGE_NOTE = (
    "The custom model is kept on purpose and billed monthly for its storage. "
    "Delete it with `aws bedrock delete-custom-model --model-identifier <its ARN>` when it is no longer needed."
)
JOB_NOTE = (
    "The customization job trains on because run.json says keep_job. It is billed for its training, and its custom "
    "model will be kept and billed monthly for its storage. "
    "Stop it with `aws bedrock stop-model-customization-job --job-identifier <its name>`."
)


def summarise_arm(lines: Sequence[Line], means: Mapping[str, float | None]) -> dict[str, Any]:
    """An arm's `{"n", "errors", …metrics…, "output_tokens", "latency_ms", "stop_reasons"}`.

    The metrics are `means`: over all `n` records, one without an answer counting as 0. Tokens, latency and stop reasons
    are the answers'.
    """
    answers = [line for line in lines if "error" not in line]
    latencies = [line["latency_ms"] for line in answers]
    return {
        "n": len(lines),
        "errors": len(lines) - len(answers),
        **means,
        "output_tokens": count_statistics([line["output_tokens"] for line in answers]),
        "latency_ms": {"p50": percentile(latencies, 50), "p95": percentile(latencies, 95)},
        "stop_reasons": dict(Counter(line["stop_reason"] for line in answers).most_common()),
    }


def token_reduction(arm: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, float | None]:
    """By how many per cent each statistic of an arm's output tokens is below its base's; null where base has none."""
    return {
        name: 100 * (1 - own / theirs) if own is not None and theirs else None
        for name, own in arm["output_tokens"].items()
        for theirs in [base["output_tokens"][name]]
    }


def known_facts(state: Mapping[str, Any]) -> Report:
    """The report's keys that the run's state answers; null where the run did not get so far."""
    plan, job = state.get("plan") or {}, state.get("job") or {}
    sets = plan.get("dataset") or {}
    return {
        "run_id": state["run"]["id"],
        "status": None,
        "simulated": job.get("simulated"),
        "base_model": plan.get("base_model"),
        "custom_model_arn": job.get("model_arn"),
        "dataset": {
            name: (sets[name] or {"records": 0})["records"] if name in sets else None
            for name in ("train", "validation", "test")
        },
        "arms": None,
        "serving": _serving(state.get("throughput")),
        "throughput": _throughput(state.get("throughput")),
        # In a sweep those of the model that was chosen.
        "hyperparameters": job.get("hyperparameters") or plan.get("hyperparameters"),
        "sweep": candidate_jobs.summarise(plan, job),
        "recommended": candidate_jobs.values_explained(plan, job),
        "evaluation": plan.get("evaluation"),
        "approval": state.get("approval"),
        "preflight": _preflight(state.get("preflight")),
        "training": {
            "job_arn": job.get("arn"),
            "started_at": job.get("started_at"),
            "ended_at": job.get("ended_at"),
            **dict.fromkeys(("epochs", "best_epoch", "stopped_early", "overfitting", "explanation")),
        },
        **dict.fromkeys(("task", "comparisons", "judging", "decision", "extremes", "lineage", "cost")),
        "left_on_purpose": [],
    }


def _preflight(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The findings of a stored `preflight.json`; null where the run did not get so far."""
    if not stored or "findings" not in stored:
        return None
    return {name: stored[name] for name in ("status", "checked_at", "findings")}


def _throughput(facts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is known of it, with `billed_seconds`; null where nothing served the model, and empty for a deployment.

    `overhead_seconds` is the part of `billed_seconds` in which it answered nothing; null where no answers are known.
    """
    if not facts or not facts.get("arn"):
        return None
    names = ("arn", "requested_at", "in_service_at", "deleted_at", "lease_ends_at")
    if facts.get("serving") == ON_DEMAND:
        return {**dict.fromkeys(names), "billed_seconds": 0, "overhead_seconds": None, "cost_usd": 0.0}
    billed = served_seconds(facts.get("in_service_at"), facts.get("deleted_at"))
    known = {name: facts.get(name) for name in names}
    return {**known, "billed_seconds": billed, "overhead_seconds": None, "cost_usd": None}


def _serving(facts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """How the model was served, by whichever kind; null where nothing served it."""
    if not facts or not facts.get("arn"):
        return None
    return {
        "kind": facts.get("serving"),
        **{name: facts.get(name) for name in ("arn", "requested_at", "in_service_at", "deleted_at")},
        "served_seconds": served_seconds(facts.get("in_service_at"), facts.get("deleted_at")),
    }


def _with_overhead(throughput: dict[str, Any] | None, tuned: Sequence[Line]) -> dict[str, Any] | None:
    answering = answering_seconds(tuned)
    if throughput is None or not throughput["billed_seconds"] or answering is None:
        return throughput
    return {**throughput, "overhead_seconds": round(throughput["billed_seconds"] - answering, 3)}


def succeeded(
    state: Mapping[str, Any],
    answers: Mapping[str, Sequence[Line]],
    evaluation: Evaluation,
    judging: Mapping[str, Any],
    losses: tuple[Losses, Losses],
    lineage: Mapping[str, Any],
    costs: Costs | None,
) -> Report:
    """The report of a run that reached its end; `answers` has the lines of each arm, the tuned one first.

    `losses` are training's and validation's; without `costs` nothing is said of what the run cost.
    """
    facts = known_facts(state)
    throughput = _with_overhead(facts["throughput"], answers[TUNED])
    epochs = summarise_epochs(*losses)
    billed = throughput["billed_seconds"] if throughput else None
    cost = costs and report_cost(state, answers, judging, billed, costs)
    planned = int(float((facts["hyperparameters"] or {}).get("epochCount", 0)))
    return {
        **facts,
        "status": "succeeded",
        "arms": _arms(state, facts["custom_model_arn"], answers, evaluation, costs),
        "task": evaluation.task,
        "comparisons": evaluation.comparisons,
        "judging": dict(judging),
        "decision": evaluation.decision,
        "extremes": evaluation.extremes,
        "throughput": throughput and {**throughput, "cost_usd": _throughput_usd(billed, cost)},
        "training": {**facts["training"], **summarise_training(epochs, planned)},
        "lineage": dict(lineage),
        "cost": cost,
        "left_on_purpose": left_on_purpose(facts["custom_model_arn"], facts["sweep"]),
    }


def _arms(
    state: Mapping[str, Any],
    model_arn: str | None,
    answers: Mapping[str, Sequence[Line]],
    evaluation: Evaluation,
    costs: Costs | None,
) -> dict[str, dict[str, Any]]:
    planned = {name: Arm.model_validate(arm) for name, arm in state["plan"]["arms"].items()}
    prices = answer_prices(state["plan"], answers, costs.prices) if costs else dict.fromkeys(planned)
    arms = {
        name: {
            "model_id": planned[name].model_id or model_arn,
            "few_shot": planned[name].few_shot,
            **summarise_arm(lines, evaluation.means[name]),
            "price_per_1000": prices[name],
            "classification": evaluation.classifications.get(name),
        }
        for name, lines in answers.items()
    }
    return {
        name: {**arm, "token_reduction_percent": token_reduction(arm, arms[BASE]) if name != BASE else None}
        for name, arm in arms.items()
    }


def _throughput_usd(billed_seconds: float | None, cost: Mapping[str, Any] | None) -> float | None:
    if billed_seconds == 0:
        return 0.0
    lines = cost["actual"]["lines"] if cost else []
    return next((line["usd"] for line in lines if line["item"] == THROUGHPUT_ITEM), None)


def failed(state: Mapping[str, Any], error: str, cause: str, model_arn: str | None) -> Report:
    """The report of a run that did not; `model_arn` is a custom model that the run leaves all the same."""
    facts = known_facts(state)
    model_arn = facts["custom_model_arn"] or model_arn
    models = left_on_purpose(model_arn, facts["sweep"])
    return {
        **facts,
        "status": "failed",
        "custom_model_arn": model_arn,
        "cost": failed_cost(state, len(models)),
        "left_on_purpose": [*models, *_kept_job(state.get("stopped_job") or {})],
        "error": {"name": error, "cause": cause},
    }


def left_on_purpose(model_arn: str | None, sweep: Mapping[str, Any] | None = None) -> list[dict[str, str]]:
    """What a run leaves behind that is billed: its custom model, and those of its sweep that were not deleted."""
    kept = [job["model_arn"] for job in sweep["jobs"] if job["kept"]] if sweep else []
    arns = dict.fromkeys([*([model_arn] if model_arn else []), *kept])
    return [{"kind": "custom model", "arn": arn, "note": STORAGE_NOTE} for arn in arns]


def _kept_job(job: Mapping[str, Any]) -> list[dict[str, str]]:
    """A job that still trains because the run's settings keep it."""
    return [{"kind": "customization job", "arn": job["name"], "note": JOB_NOTE}] if job.get("kept") else []


def headline(report: Report) -> str:
    """A sentence on the tuned model against its base, on the gate's metric."""
    name, tuned, base = _headline_figures(report)
    gain = tuned - base
    if not gain:
        return f"The tuned model's {name} is {tuned:.1f}, the same as its base."
    direction = "above" if gain > 0 else "below"
    return f"The tuned model's {name} is {tuned:.1f}, {abs(gain):.1f} points {direction} its base ({base:.1f})."


def _headline_figures(report: Report) -> tuple[str, float, float]:
    """The metric's name with the tuned model's and its base's mean; F1 where the metric has none."""
    tuned, base = report["arms"][TUNED], report["arms"][BASE]
    metric = report["task"]["metric"]
    if tuned.get(metric) is None or base.get(metric) is None:
        metric = "f1"
    name = METRIC_NAMES.get(metric, metric)
    # A word in the middle of a sentence.
    name = name[:1].lower() + name[1:] if name[1:2].islower() else name
    return name, tuned[metric], base[metric]


def success_message(report: Report, uri: str) -> Notification:
    """Tells the result."""
    simulated = "SIMULATED: no model was trained and nothing was billed.\n\n" if report["simulated"] else ""
    rows = [
        f"  {name}: F1 {arm['f1']:.1f}, exact match {arm['exact_match']:.1f}, "
        f"output tokens {_tokens(arm['output_tokens']['mean'])}, {arm['errors']} of {arm['n']} without an answer"
        for name, arm in report["arms"].items()
    ]
    deleted = _deletion_sentence(report["serving"])
    left = "\n".join(f"{item['arn']}: {item['note']}" for item in report["left_on_purpose"])
    spent = cost_sentence(report["cost"], simulated=report["simulated"]) if report["cost"] else ""
    decision = report["decision"]
    verdict = "\n".join([f"Verdict: {decision['verdict']}.", *decision["reasons"]])
    text = "\n".join([simulated + headline(report), verdict, "", *rows, "", deleted, spent, left, "", f"Report: {uri}"])
    name, tuned, base = _headline_figures(report)
    title = (
        f"{'SIMULATED ' if report['simulated'] else ''}{decision['verdict']}: {name} {tuned:.1f} tuned, {base:.1f} base"
    )
    return notification(f"{title}, {report['run_id']}", shortened_to_bytes(text, MESSAGE_BYTES))


def _deletion_sentence(serving: Mapping[str, Any] | None) -> str:
    if serving is None or serving["served_seconds"] is None:
        return ""
    return f"The {noun(serving['kind'])} is deleted; it was in service for {serving['served_seconds']:.0f} s."


def _tokens(mean: float | None) -> str:
    return "none" if mean is None else f"{mean:.1f}"
