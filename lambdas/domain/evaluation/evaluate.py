"""What the stored answers say: scores of each arm, differences with their intervals, the gate's decision.

The tuned arm is compared with every other arm on every metric that has a meaning for the task, and each few-shot arm
with its twin without examples on the gate's metric. `output_tokens` is compared like a metric, over the records that
both arms answered.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.statistics import percentile
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine, select_answers
from lambdas.domain.evaluation.arms import BASE, CHAMPION, TUNED, Arm
from lambdas.domain.evaluation.champion import (
    ChampionAnswers,
    ComparedChampion,
    UnreadableChampion,
    describe_champion,
    explain_comparison,
)
from lambdas.domain.evaluation.comparisons import (
    Comparison,
    Scores,
    difference,
    find_references,
    mean,
    read_response,
    score_arm,
    state_comparison,
)
from lambdas.domain.evaluation.gate import Evidence, GateDecision, GateSettings, Verdict, decide
from lambdas.domain.evaluation.metrics.classification import Classification, classify
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.task_detection import detect_task_kind
from lambdas.domain.evaluation.task_kind import PRIMARY_METRIC, TaskKind

OUTPUT_TOKENS = "output_tokens"
# Kept beside f1, which counts repeated words; differences of it would say nothing more.
NOT_COMPARED = frozenset({"f1_seed"})
EXTREMES = 5


class Task(Fact):
    """What the run's answers are, and the gate's metric; `detected` is false where run.json says the kind."""

    kind: TaskKind
    detected: bool
    metric: str


class Decision(Fact):
    """The gate's verdict with its reasons and with what it was asked for."""

    verdict: Verdict
    reasons: list[str]
    metric: str
    gate: GateSettings
    champion: ComparedChampion | UnreadableChampion | None


class Extreme(Fact):
    """A test record, and by how much the tuned model's score is above its base's."""

    index: int
    difference: float


class Extremes(Fact):
    """The records with the largest differences, the largest first, at most one of each group."""

    against: str
    metric: str
    gains: list[Extreme]
    regressions: list[Extreme]


class Evaluation(NamedTuple):
    """`means` has the mean of each metric by arm; the rest are report.json's keys of these names."""

    task: Task
    means: dict[str, dict[str, float | None]]
    classifications: dict[str, Classification]
    comparisons: list[Comparison]
    decision: Decision
    extremes: Extremes


def evaluate(
    answers: Mapping[str, Sequence[StoredLine]],
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
    references = find_references(answers)
    known = [reference for reference in references if reference is not None]
    kind: TaskKind = settings.task_kind or detect_task_kind(known)
    metric = PRIMARY_METRIC[kind] if settings.gate.metric == "primary" else settings.gate.metric
    scores = {arm: _score(lines, references, kind) for arm, lines in answers.items()}
    entries = _compare_arms(scores, arms, metric, groups)
    evidence = [_find_evidence(answers[TUNED], answers[BASE], scores[TUNED], scores[BASE], metric, groups, BASE)]
    if champion is not None and champion.shared:
        own, lines = _select_shared(answers[TUNED], champion)
        shared_references = [r for r, line in zip(references, champion.lines, strict=True) if line is not None]
        shared_groups = [g for g, line in zip(groups, champion.lines, strict=True) if line is not None]
        ours, theirs = (_score(some, shared_references, kind) for some in (own, lines))
        entries += _compare_arm(TUNED, ours, CHAMPION, theirs, shared_groups)
        evidence.append(_find_evidence(own, lines, ours, theirs, metric, shared_groups, CHAMPION))
    return Evaluation(
        task=Task(kind=kind, detected=settings.task_kind is None, metric=metric),
        means={
            arm: {name: mean(values) for name, values in by_metric.items() if name != OUTPUT_TOKENS}
            for arm, by_metric in scores.items()
        },
        classifications=_classify_arms(answers, references) if kind == "labels" else {},
        comparisons=entries,
        decision=_decide(settings.gate, metric, evidence, champion, leaked),
        extremes=_find_extremes(scores[TUNED].get(metric, []), scores[BASE].get(metric, []), groups, metric),
    )


def _score(lines: Sequence[StoredLine], references: Sequence[str | None], kind: TaskKind) -> Scores:
    tokens: list[float | None] = [line.output_tokens if isinstance(line, AnswerLine) else None for line in lines]
    return {**score_arm(lines, references, kind), OUTPUT_TOKENS: tokens}


def _compare_arms(
    scores: Mapping[str, Scores], arms: Mapping[str, Arm], metric: str, groups: Sequence[int]
) -> list[Comparison]:
    entries = [
        entry
        for other, theirs in scores.items()
        if other != TUNED
        for entry in _compare_arm(TUNED, scores[TUNED], other, theirs, groups)
    ]
    for name, arm in arms.items():
        twin = next((other for other, one in arms.items() if one.model_id == arm.model_id and not one.few_shot), name)
        if arm.few_shot and twin != TUNED:
            entries += _compare_arm(name, scores[name], twin, scores[twin], groups, only=metric)
    return entries


def _compare_arm(
    arm: str, scores: Scores, against: str, others: Scores, groups: Sequence[int], only: str | None = None
) -> list[Comparison]:
    metrics = [only] if only else [name for name in scores if name not in NOT_COMPARED]
    found = ((name, difference(scores[name], others[name], groups)) for name in metrics if name in scores)
    return [state_comparison(arm, against, name, one) for name, one in found if one is not None]


def _select_shared(tuned: Sequence[StoredLine], champion: ChampionAnswers) -> tuple[list[StoredLine], list[StoredLine]]:
    pairs = [(own, line) for own, line in zip(tuned, champion.lines, strict=True) if line is not None]
    return [own for own, _ in pairs], [line for _, line in pairs]


def _find_evidence(
    tuned: Sequence[StoredLine],
    other: Sequence[StoredLine],
    scores: Scores,
    others: Scores,
    metric: str,
    groups: Sequence[int],
    against: str,
) -> Evidence | None:
    """None where the metric has no meaning for any record."""
    if metric not in scores:
        return None
    gain = difference(scores[metric], others[metric], groups)
    if gain is None:
        return None
    ours, theirs = select_answers(tuned), select_answers(other)
    return Evidence(
        against,
        metric,
        gain,
        increase_percent([line.output_tokens for line in ours], [line.output_tokens for line in theirs], fmean),
        increase_percent([line.latency_ms for line in ours], [line.latency_ms for line in theirs], _median),
    )


def _median(values: Sequence[float]) -> float | None:
    return percentile(values, 50)


def increase_percent(
    ours: Sequence[float], theirs: Sequence[float], summary: Callable[[Sequence[float]], float | None]
) -> float | None:
    """How much more a summary of ours is than of theirs; null without figures, or where theirs is zero."""
    own, other = (summary(values) if values else None for values in (ours, theirs))
    return None if own is None or not other else 100 * (own / other - 1)


def _decide(
    gate: GateSettings,
    metric: str,
    evidence: Sequence[Evidence | None],
    champion: ChampionAnswers | None,
    leaked: int,
) -> Decision:
    """The gate's verdict; nothing to promote on without a comparison that it asks for, or where the test set leaked."""
    found = [one for one in evidence if one is not None]
    made = decide(gate, found) if found else GateDecision("inconclusive", [])
    if len(found) < len(evidence):
        made = made.qualify(f"The metric {metric} has no meaning for these references: choose another (gate).")
    if leaked:
        made = made.qualify(
            f"{leaked} of the test records share their prompt or context with training: a gain on those may be memory. "
            "Give a test set without them, or none, so that one is split off."
        )
    if champion is not None:
        made = made.qualify(explain_comparison(champion), promotable=bool(champion.shared))
    return Decision(
        verdict=made.verdict,
        reasons=made.reasons,
        metric=metric,
        gate=gate,
        champion=champion and describe_champion(champion),
    )


def _classify_arms(
    answers: Mapping[str, Sequence[StoredLine]], references: Sequence[str | None]
) -> dict[str, Classification]:
    """Records that no arm answered have no known label."""
    wanted = [reference for reference in references if reference is not None]
    return {
        arm: classify(
            [read_response(line) for line, known in zip(lines, references, strict=True) if known is not None], wanted
        )
        for arm, lines in answers.items()
    }


def _find_extremes(
    scores: Sequence[float | None], others: Sequence[float | None], groups: Sequence[int], metric: str
) -> Extremes:
    rows = [
        (one - other, index)
        for index, (one, other) in enumerate(zip(scores, others, strict=True))
        if one is not None and other is not None
    ]

    def find_largest(sign: int) -> list[Extreme]:
        chosen: dict[int, Extreme] = {}
        for gain, index in sorted(rows, key=lambda row: (-sign * row[0], row[1])):
            if sign * gain > 0 and len(chosen) < EXTREMES:
                chosen.setdefault(groups[index], Extreme(index=index, difference=gain))
        return list(chosen.values())

    return Extremes(against=BASE, metric=metric, gains=find_largest(1), regressions=find_largest(-1))
