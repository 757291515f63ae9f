"""What the stored answers say: scores of each arm, differences with their intervals, the gate's decision.

The tuned arm is compared with every other arm on every metric that has a meaning for the task, and each few-shot arm
with its twin without examples on the gate's metric. `output_tokens` is compared like a metric, over the records that
both arms answered.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from lambdas.domain.core.statistics import percentile
from lambdas.domain.evaluation import comparisons
from lambdas.domain.evaluation.arms import BASE, CHAMPION, TUNED, Arm
from lambdas.domain.evaluation.champion import ChampionAnswers, comparison_note
from lambdas.domain.evaluation.comparisons import Scores
from lambdas.domain.evaluation.gate import Evidence, decide
from lambdas.domain.evaluation.metrics.classification import classification
from lambdas.domain.evaluation.responses import Line
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.task_kind import PRIMARY_METRIC, TaskKind, detect_task_kind

OUTPUT_TOKENS = "output_tokens"
# Kept beside f1, which counts repeated words; differences of it would say nothing more.
NOT_COMPARED = frozenset({"f1_seed"})
EXTREMES = 5


class Evaluation(NamedTuple):
    """`means` has the mean of each metric by arm; the rest are report.json's keys of these names."""

    task: dict[str, Any]
    means: dict[str, dict[str, float | None]]
    classifications: dict[str, dict[str, Any]]
    comparisons: list[dict[str, Any]]
    decision: dict[str, Any]
    extremes: dict[str, Any]


def evaluate(
    answers: Mapping[str, Sequence[Line]],
    arms: Mapping[str, Arm],
    groups: Sequence[int],
    settings: EvaluationSettings,
    champion: ChampionAnswers | None,
    *,
    leaked: int = 0,
) -> Evaluation:
    """`answers` has a line per test record of each arm, `groups` the number of each record's group.

    `leaked` test records have their prompt or context in training, too: a gain on those may be memory.
    """
    references = comparisons.find_references(answers)
    known = [reference for reference in references if reference is not None]
    kind: TaskKind = settings.task_kind or detect_task_kind(known)
    metric = PRIMARY_METRIC[kind] if settings.gate.metric == "primary" else settings.gate.metric
    scores = {arm: _scores(lines, references, kind) for arm, lines in answers.items()}
    entries = _comparisons(scores, arms, metric, groups)
    evidence = [_evidence(answers[TUNED], answers[BASE], scores[TUNED], scores[BASE], metric, groups, BASE)]
    if champion is not None and champion.shared:
        own, lines = _shared(answers[TUNED], champion)
        shared_references = [r for r, line in zip(references, champion.lines, strict=True) if line is not None]
        shared_groups = [g for g, line in zip(groups, champion.lines, strict=True) if line is not None]
        ours, theirs = (_scores(some, shared_references, kind) for some in (own, lines))
        entries += _compared(TUNED, ours, CHAMPION, theirs, shared_groups)
        evidence.append(_evidence(own, lines, ours, theirs, metric, shared_groups, CHAMPION))
    return Evaluation(
        task={"kind": kind, "detected": settings.task_kind is None, "metric": metric},
        means={
            arm: {name: comparisons.mean(values) for name, values in by_metric.items() if name != OUTPUT_TOKENS}
            for arm, by_metric in scores.items()
        },
        classifications=_classifications(answers, references) if kind == "labels" else {},
        comparisons=entries,
        decision=_decision(settings, metric, evidence, champion, leaked),
        extremes=_extremes(scores[TUNED].get(metric, []), scores[BASE].get(metric, []), groups, metric),
    )


def _scores(lines: Sequence[Line], references: Sequence[str | None], kind: TaskKind) -> Scores:
    return {
        **comparisons.score_arm(lines, references, kind),
        OUTPUT_TOKENS: [line.get("output_tokens") for line in lines],
    }


def _comparisons(
    scores: Mapping[str, Scores], arms: Mapping[str, Arm], metric: str, groups: Sequence[int]
) -> list[dict[str, Any]]:
    entries = [
        entry
        for other, theirs in scores.items()
        if other != TUNED
        for entry in _compared(TUNED, scores[TUNED], other, theirs, groups)
    ]
    for name, arm in arms.items():
        twin = next((other for other, one in arms.items() if one.model_id == arm.model_id and not one.few_shot), name)
        if arm.few_shot and twin != TUNED:
            entries += _compared(name, scores[name], twin, scores[twin], groups, only=metric)
    return entries


def _compared(
    arm: str, scores: Scores, against: str, others: Scores, groups: Sequence[int], only: str | None = None
) -> list[dict[str, Any]]:
    metrics = [only] if only else [name for name in scores if name not in NOT_COMPARED]
    found = ((name, comparisons.difference(scores[name], others[name], groups)) for name in metrics if name in scores)
    return [comparisons.as_json(arm, against, name, one) for name, one in found if one is not None]


def _shared(tuned: Sequence[Line], champion: ChampionAnswers) -> tuple[list[Line], list[Line]]:
    pairs = [(own, line) for own, line in zip(tuned, champion.lines, strict=True) if line is not None]
    return [own for own, _ in pairs], [line for _, line in pairs]


def _evidence(
    tuned: Sequence[Line],
    other: Sequence[Line],
    scores: Scores,
    others: Scores,
    metric: str,
    groups: Sequence[int],
    against: str,
) -> Evidence | None:
    """None where the metric has no meaning for any record."""
    if metric not in scores:
        return None
    gain = comparisons.difference(scores[metric], others[metric], groups)
    if gain is None:
        return None
    return Evidence(
        against,
        metric,
        gain,
        increase_percent(_figures(tuned, OUTPUT_TOKENS), _figures(other, OUTPUT_TOKENS), fmean),
        increase_percent(
            _figures(tuned, "latency_ms"), _figures(other, "latency_ms"), lambda values: percentile(values, 50)
        ),
    )


def increase_percent(ours: Sequence[float], theirs: Sequence[float], summary: Any) -> float | None:
    """How much more a summary of ours is than of theirs; null without figures, or where theirs is zero."""
    if not ours or not theirs or not summary(theirs):
        return None
    return float(100 * (summary(ours) / summary(theirs) - 1))


def _figures(lines: Sequence[Line], name: str) -> list[float]:
    return [line[name] for line in lines if "error" not in line]


def _decision(
    settings: EvaluationSettings,
    metric: str,
    evidence: Sequence[Evidence | None],
    champion: ChampionAnswers | None,
    leaked: int,
) -> dict[str, Any]:
    """The gate's verdict; nothing to promote on without a comparison that it asks for, or where the test set leaked."""
    found = [one for one in evidence if one is not None]
    made: dict[str, Any] = {"verdict": "inconclusive", "reasons": []}
    if found:
        made = decide(settings.gate, found)
    if len(found) < len(evidence):
        made["reasons"].append(f"The metric {metric} has no meaning for these references: choose another (gate).")
        made["verdict"] = "inconclusive" if made["verdict"] == "promote" else made["verdict"]
    if leaked:
        made["reasons"].append(
            f"{leaked} of the test records share their prompt or context with training: a gain on those may be memory. "
            "Give a test set without them, or none, so that one is split off."
        )
        made["verdict"] = "inconclusive" if made["verdict"] == "promote" else made["verdict"]
    if champion is not None:
        made["reasons"].append(comparison_note(champion))
        if not champion.shared and made["verdict"] == "promote":
            made["verdict"] = "inconclusive"
    champion_facts = None
    if champion is not None:
        champion_facts = {
            **(champion.champion.model_dump() if champion.champion else {}),
            "version": champion.version,
            "compared_records": champion.shared,
            "reason": champion.reason,
        }
    return {**made, "metric": metric, "gate": settings.gate.model_dump(), "champion": champion_facts}


def _classifications(
    answers: Mapping[str, Sequence[Line]], references: Sequence[str | None]
) -> dict[str, dict[str, Any]]:
    """Records that no arm answered have no known label."""
    wanted = [reference for reference in references if reference is not None]
    return {
        arm: classification(
            [line.get("response") for line, known in zip(lines, references, strict=True) if known is not None], wanted
        )
        for arm, lines in answers.items()
    }


def _extremes(
    scores: Sequence[float | None], others: Sequence[float | None], groups: Sequence[int], metric: str
) -> dict[str, Any]:
    """`{"against", "metric", "gains", "regressions"}`, the largest differences first, at most one of each group."""
    rows = [
        (one - other, index)
        for index, (one, other) in enumerate(zip(scores, others, strict=True))
        if one is not None and other is not None
    ]

    def largest(sign: int) -> list[dict[str, Any]]:
        chosen: dict[int, dict[str, Any]] = {}
        for difference, index in sorted(rows, key=lambda row: (-sign * row[0], row[1])):
            if sign * difference > 0 and len(chosen) < EXTREMES:
                chosen.setdefault(groups[index], {"index": index, "difference": difference})
        return list(chosen.values())

    return {"against": BASE, "metric": metric, "gains": largest(1), "regressions": largest(-1)}
