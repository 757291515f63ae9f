"""What people read first of a run that succeeded: a headline, and the notification."""

from collections.abc import Sequence

from lambdas.domain.core.counted import counted
from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.core.outside_text import shortened_to_bytes
from lambdas.domain.core.state_budget import MESSAGE_BYTES
from lambdas.domain.cost.actual import cost_sentence
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.decision import GainSplit
from lambdas.domain.evaluation.gate import WIN_RATE
from lambdas.domain.report.curation_words import tell_curation
from lambdas.domain.report.data_words import tell_data
from lambdas.domain.report.gain_words import in_sentence, tell_gain
from lambdas.domain.report.run_report import ArmFigures, ServingFigures, SucceededReport
from lambdas.domain.report.scored_report import ScoredResult
from lambdas.domain.serving.kinds import noun
from lambdas.domain.serving.serving import served_seconds

# Points of 0-100.
_LEAST_TOLD = 0.05
METRIC_NAMES = {
    "f1": "F1",
    "f1_seed": "F1, distinct words",
    "exact_match": "Exact match",
    "rouge_l": "ROUGE-L",
    "numeric_match": "Numeric match",
    "label_match": "Accuracy",
    "macro_f1": "Macro-F1",
    "mixed_match": "Numeric match or F1",
    "code_match": "Code match",
    "choice_match": "Share of right choices",
    "valid_json": "Valid JSON",
    "json_fields": "F1 of JSON fields",
    "json_match": "JSON match",
    "call_match": "Share of right calls",
    "call_name": "Share of right tools",
    "call_arguments": "F1 of arguments",
    "schema_match": "Schema match",
    "content": "Content",
    "win_rate": "Win rate",
    "output_tokens": "Output tokens",
    "latency_ms": "Latency, ms",
}


def headline(report: ScoredResult) -> str:
    """A sentence on the tuned model against its base, on the gate's metric."""
    name, tuned, base = _headline_figures(report)
    if base is None:
        return f"The tuned model's {name} is {tuned:.1f}; its base has no answers to compare with."
    gain = tuned - base
    if not gain:
        return f"The tuned model's {name} is {tuned:.1f}, the same as its base."
    direction = "above" if gain > 0 else "below"
    said = f"The tuned model's {name} is {tuned:.1f}, {abs(gain):.1f} points {direction} its base ({base:.1f})"
    untold = f" No prompt names the {report.task.untold}, which the base cannot know." if report.task.untold else ""
    return f"{said}{_split_words(report.decision.split)}.{untold}"


def _split_words(split: GainSplit | None) -> str:
    """How much of the gain is content, and how much the form of the answers; empty where there is no form in it."""
    if split is None or abs(split.form) < _LEAST_TOLD:
        return ""
    return f": {split.content:+.1f} of content, {split.form:+.1f} of form"


def success_message(report: SucceededReport, page_uri: str) -> Notification:
    """Tells the result."""
    decision = report.decision
    simulated = "SIMULATED: no model was trained, and AWS bills nothing.\n\n" if report.simulated else ""
    rows = [f"  {name}: {_arm_words(arm)}" for name, arm in report.arms.items()]
    verdict = "\n".join([f"Verdict: {decision.verdict}.", *decision.reasons])
    deleted = _deletion_sentence(report)
    training = report.training
    rejected = (
        f"Bedrock rejected {training.rejected_records} of {counted(training.records or 0, 'record')}: the model was "
        "not trained on them. Their reasons are in the job's output, under input_status/."
        if training.rejected_records
        else ""
    )
    spent = cost_sentence(report.cost, simulated=bool(report.simulated)) if report.cost else ""
    curve = report.learning_curve
    gain = tell_gain(curve, METRIC_NAMES.get(curve.metric, curve.metric)) if curve else ""
    compared = report.compare
    won = tell_data(compared, METRIC_NAMES.get(compared.metric, compared.metric)) if compared else ""
    curated = "\n".join(tell_curation(report))
    left = "\n".join(f"{item.arn}: {item.note}" for item in report.left_on_purpose)
    parts = [
        simulated + headline(report),
        verdict,
        "",
        *rows,
        "",
        gain or won,
        curated,
        rejected,
        deleted,
        spent,
        left,
        "",
        f"Report: {page_uri}",
    ]
    name, tuned, base = _headline_figures(report)
    title = f"{'SIMULATED ' if report.simulated else ''}{decision.verdict}: {name} {tuned:.1f} tuned, "
    title += "no base" if base is None else f"{base:.1f} base"
    return notification(f"{title}, {report.run_id}", shortened_to_bytes("\n".join(parts), MESSAGE_BYTES))


def _headline_figures(report: ScoredResult) -> tuple[str, float, float | None]:
    """The metric's name with the tuned model's and its base's mean; F1 where the metric has none.

    The base's is None where the base is missing.
    """
    if won := find_win_rate(report):
        return won
    metric, has_base = report.task.metric, report.arms[BASE].missing is None
    tuned, base = report.arms[TUNED].metric(metric), report.arms[BASE].metric(metric)
    if tuned is None or (base is None and has_base):
        metric, tuned, base = "f1", report.arms[TUNED].f1 or 0.0, report.arms[BASE].f1 or 0.0
    base = base if has_base else None
    return in_sentence(METRIC_NAMES.get(metric, metric)), tuned, base


def find_win_rate(report: ScoredResult) -> tuple[str, float, float] | None:
    """Both win rates with ties as halves, if the gate looks at them and judges have compared the two."""
    if report.decision.metric != WIN_RATE:
        return None
    found = (one for one in report.comparisons if (one.arm, one.against, one.metric) == (TUNED, BASE, WIN_RATE))
    return next((("win rate", 50 + one.difference / 2, 50 - one.difference / 2) for one in found), None)


def _arm_words(arm: ArmFigures) -> str:
    if arm.missing is not None:
        return f"missing: {arm.missing}"
    counts = {"empty": arm.empty, "refused": arm.refused, "cut off": arm.truncated}
    counted = "".join(f", {count} {name}" for name, count in counts.items() if count)
    return (
        f"F1 {arm.f1 or 0:.1f}, exact match {arm.exact_match or 0:.1f}, "
        f"output tokens {_tokens(arm.output_tokens.mean)}, {arm.errors} of {arm.n} without an answer{counted}"
    )


def _deletion_sentence(report: SucceededReport) -> str:
    """What became of all that served a candidate: a run that left any of it has not succeeded."""
    bought = [one for one in report.servings if one.arn is not None]
    if len(bought) > 1:
        return _all_deleted(bought)
    serving = report.serving
    if serving is None or serving.served_seconds is None:
        return ""
    return f"The {noun(serving.kind)} is deleted; it was in service for {serving.served_seconds:.0f} s."


def _all_deleted(bought: Sequence[ServingFigures]) -> str:
    times = [served_seconds(one.in_service_at, one.deleted_at) for one in bought]
    known = [seconds for seconds in times if seconds is not None]
    said = f"All {len(bought)} {noun(bought[0].kind)}s are deleted; they were in service for {sum(known):.0f} s in all"
    untold = [str(one.candidate) for one, seconds in zip(bought, times, strict=True) if seconds is None]
    return f"{said}, without the time of candidate {', '.join(untold)}, which is not known." if untold else f"{said}."


def _tokens(mean: float | None) -> str:
    return "none" if mean is None else f"{mean:.1f}"
