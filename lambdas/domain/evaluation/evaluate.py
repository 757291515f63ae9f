"""What the stored answers say: scores of each arm, differences with their intervals, the gate's decision.

The tuned arm is compared with every other arm on every metric that has a meaning for the task, and each few-shot arm
with its twin without examples on the gate's metric. `output_tokens` is compared like a metric, over the records that
both arms answered.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from types import MappingProxyType
from typing import NamedTuple

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.statistics import percentile
from lambdas.domain.evaluation.answer_figures import AnswerFigures, describe_unfinished, drop_unknown
from lambdas.domain.evaluation.arms import BASE, CHAMPION, TUNED, Arm
from lambdas.domain.evaluation.champion import (
    ChampionAnswers,
    ChampionComparison,
    ComparedChampion,
    LostAnswersError,
    UnreadableChampion,
)
from lambdas.domain.evaluation.comparisons import (
    Answers,
    Comparison,
    ScoredArm,
    classify_arms,
    difference,
    mean,
    read_references,
    read_rows,
    state_comparison,
)
from lambdas.domain.evaluation.gate import Evidence, GateDecision, GateSettings, Verdict, decide
from lambdas.domain.evaluation.metrics.classification import Classification
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.significance import Difference
from lambdas.domain.evaluation.task_detection import detect_task_kind
from lambdas.domain.evaluation.task_kind import PRIMARY_METRIC, TaskKind

OUTPUT_TOKENS = "output_tokens"
# Kept beside f1, which counts repeated words; differences of it would say nothing more.
NOT_COMPARED = frozenset({"f1_seed"})
EXTREMES = 5
NOTHING_SHARED = (
    "the two runs have no test record in common. Give this run the champion's test set as test.jsonl, or delete the "
    "parameter that names the champion, /<environment>/champion, to start without one."
)


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
    """`means` has the mean of each metric by arm, `figures` what else is counted, also of arms that are `missing`.

    The rest are report.json's keys.
    """

    task: Task
    means: dict[str, dict[str, float | None]]
    figures: dict[str, AnswerFigures]
    missing: dict[str, str]
    classifications: dict[str, Classification]
    comparisons: list[Comparison]
    decision: Decision
    extremes: Extremes


def evaluate(
    answers: Answers,
    arms: Mapping[str, Arm],
    groups: Sequence[int],
    settings: EvaluationSettings,
    champion: ChampionAnswers | None,
    *,
    leaked: int = 0,
    missing: Mapping[str, str] = MappingProxyType({}),
) -> Evaluation:
    """`answers` has a line per test record of each arm, `groups` the number of each record's group.

    `leaked` test records have their prompt or context in training, too: a gain on those may be memory. Arms that are
    `missing`, with the reason, are compared with nothing. The answers are read several times, one record at a time.
    """
    kind: TaskKind = settings.task_kind or detect_task_kind(read_references(answers))
    metric = PRIMARY_METRIC[kind] if settings.gate.metric == "primary" else settings.gate.metric
    scored = {arm: ScoredArm(kind) for arm in answers}
    for reference, lines in read_rows(answers):
        for arm, line in lines.items():
            scored[arm].add(line, reference)
    whole = {arm: one for arm, one in scored.items() if arm not in missing}
    tuned, base = whole[TUNED], whole.get(BASE)
    entries = _compare_arms(whole, arms, metric, groups)
    evidence = [_find_evidence(tuned, base, metric, groups, BASE)] if base else []
    compared = None
    if champion is not None:
        compared, indexes, theirs = _score_champion(champion, kind)
        if indexes:
            ours, shared_groups = _select(tuned, indexes), [groups[index] for index in indexes]
            entries += _compare_arm(TUNED, ours, CHAMPION, theirs, shared_groups)
            evidence.append(_find_evidence(ours, theirs, metric, shared_groups, CHAMPION))
    return Evaluation(
        task=Task(kind=kind, detected=settings.task_kind is None, metric=metric),
        means={arm: {name: mean(values) for name, values in one.scores.items()} for arm, one in whole.items()},
        figures={arm: one.figures for arm, one in scored.items()},
        missing=dict(missing),
        classifications=classify_arms(answers) if kind == "labels" else {},
        comparisons=entries,
        decision=_tell_unfinished(_decide(settings.gate, metric, evidence, compared, leaked, missing), whole),
        extremes=_find_extremes(tuned, base, groups, metric),
    )


def _score_champion(champion: ChampionAnswers, kind: TaskKind) -> tuple[ChampionComparison, list[int], ScoredArm]:
    """The comparison, the test records that both runs have, and the champion's scores on those; none if it is lost."""
    indexes, theirs = list[int](), ScoredArm(kind)
    try:
        for shared in champion.answers:
            indexes.append(shared.place)
            theirs.add(shared.line, shared.reference)
    except LostAnswersError as lost:
        return ChampionComparison(champion, reason=str(lost), lost=True), [], ScoredArm(kind)
    reason = champion.reason or (None if indexes else NOTHING_SHARED)
    return ChampionComparison(champion, len(indexes), reason), indexes, theirs


def _select(scored: ScoredArm, indexes: Sequence[int]) -> ScoredArm:
    """An arm's scores on some of the test records, with the figures that are compared."""
    scores = {metric: [values[index] for index in indexes] for metric, values in scored.scores.items()}
    figures = AnswerFigures(
        [scored.figures.output_tokens[index] for index in indexes],
        [scored.figures.latency_ms[index] for index in indexes],
    )
    return ScoredArm(scored.kind, scores, figures)


def _compare_arms(
    scored: Mapping[str, ScoredArm], arms: Mapping[str, Arm], metric: str, groups: Sequence[int]
) -> list[Comparison]:
    entries = [
        entry
        for other, theirs in scored.items()
        if other != TUNED
        for entry in _compare_arm(TUNED, scored[TUNED], other, theirs, groups)
    ]
    for name, arm in arms.items():
        twin = next((other for other, one in arms.items() if one.model_id == arm.model_id and not one.few_shot), name)
        if arm.few_shot and twin != TUNED and {name, twin} <= scored.keys():
            entries += _compare_arm(name, scored[name], twin, scored[twin], groups, only=metric)
    return entries


def _compare_arm(
    arm: str, ours: ScoredArm, against: str, theirs: ScoredArm, groups: Sequence[int], only: str | None = None
) -> list[Comparison]:
    entries = []
    for metric in [only] if only else [*(name for name in ours.scores if name not in NOT_COMPARED), OUTPUT_TOKENS]:
        found = _find_difference(ours, theirs, metric, groups)
        if found is not None:
            entries.append(state_comparison(arm, against, metric, found))
    return entries


def _find_difference(ours: ScoredArm, theirs: ScoredArm, metric: str, groups: Sequence[int]) -> Difference | None:
    """None where the metric has no meaning for any record."""
    if metric == OUTPUT_TOKENS:
        return difference(ours.figures.output_tokens, theirs.figures.output_tokens, groups, bounded=False)
    return difference(ours.scores[metric], theirs.scores[metric], groups) if metric in ours.scores else None


def _find_evidence(
    ours: ScoredArm, theirs: ScoredArm, metric: str, groups: Sequence[int], against: str
) -> Evidence | None:
    """None where the metric has no meaning for any record."""
    gain = _find_difference(ours, theirs, metric, groups)
    if gain is None:
        return None
    own, other = ours.figures, theirs.figures
    return Evidence(
        against,
        metric,
        gain,
        increase_percent(drop_unknown(own.output_tokens), drop_unknown(other.output_tokens), fmean),
        increase_percent(drop_unknown(own.latency_ms), drop_unknown(other.latency_ms), _median),
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
    champion: ChampionComparison | None,
    leaked: int,
    missing: Mapping[str, str],
) -> Decision:
    """The gate's verdict; nothing to promote on without a comparison that it asks for, or where the test set leaked."""
    found = [one for one in evidence if one is not None]
    made = decide(gate, found) if found else GateDecision("inconclusive", [])
    if len(found) < len(evidence):
        made = made.qualify(f"The metric {metric} has no meaning for these references: choose another (gate).")
    for arm, reason in missing.items():
        lacks = "there is no base to compare with" if arm == BASE else "it is compared with nothing"
        made = made.qualify(f"The arm {arm} is missing, so that {lacks}: {reason}", promotable=arm != BASE)
    if leaked:
        made = made.qualify(
            f"{leaked} of the test records share their prompt or context with training: a gain on those may be memory. "
            "Give a test set without them, or none, so that one is split off."
        )
    if champion is not None:
        made = made.qualify(champion.explain(), promotable=champion.allows_promotion)
    return Decision(
        verdict=made.verdict,
        reasons=made.reasons,
        metric=metric,
        gate=gate,
        champion=champion.describe() if champion else None,
    )


def _find_extremes(tuned: ScoredArm, base: ScoredArm | None, groups: Sequence[int], metric: str) -> Extremes:
    """No records where there is no base."""
    pairs = zip(tuned.scores.get(metric, []), base.scores.get(metric, []), strict=True) if base else ()
    rows = [(one - other, index) for index, (one, other) in enumerate(pairs) if one is not None and other is not None]

    def find_largest(sign: int) -> list[Extreme]:
        chosen: dict[int, Extreme] = {}
        for gain, index in sorted(rows, key=lambda row: (-sign * row[0], row[1])):
            if sign * gain > 0 and len(chosen) < EXTREMES:
                chosen.setdefault(groups[index], Extreme(index=index, difference=gain))
        return list(chosen.values())

    return Extremes(against=BASE, metric=metric, gains=find_largest(1), regressions=find_largest(-1))


def _tell_unfinished(decision: Decision, scored: Mapping[str, ScoredArm]) -> Decision:
    """The decision, which says where many of the compared answers were cut off, refused or malformed."""
    told = [describe_unfinished(arm, scored[arm].figures) for arm in (TUNED, BASE) if arm in scored]
    return decision.model_copy(update={"reasons": [*decision.reasons, *(words for words in told if words)]})
