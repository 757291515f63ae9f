"""What the stored answers say: scores of each arm, differences with their intervals, the gate's decision.

The tuned arm is compared with every other arm on every metric that has a meaning for the task, and each few-shot arm
with its twin without examples on the gate's metric. `output_tokens` and `latency_ms` are compared like metrics, over
the records that both arms answered.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from lambdas.domain.core.fact import Fact
from lambdas.domain.dataset.planned_set import TrainingData
from lambdas.domain.dataset.told_answers import ToldAnswers, Untold
from lambdas.domain.evaluation.answer_figures import AnswerFigures
from lambdas.domain.evaluation.arms import BASE, CHAMPION, TUNED, Arm
from lambdas.domain.evaluation.champion import (
    ChampionAnswers,
    ChampionComparison,
    LostAnswersError,
)
from lambdas.domain.evaluation.comparisons import (
    CONTENT,
    UNBOUNDED,
    Answers,
    Comparison,
    ScoredArm,
    Scoring,
    classify_arms,
    find_difference,
    is_right,
    read_references,
    read_rows,
    state_comparison,
)
from lambdas.domain.evaluation.data_comparisons import compare_data
from lambdas.domain.evaluation.decision import Decision, Rival, decide_on, find_reservations, find_rivals
from lambdas.domain.evaluation.doubling import Doubling
from lambdas.domain.evaluation.field_counts import ArmFields, count_fields_of_arms
from lambdas.domain.evaluation.gate import WIN_RATE
from lambdas.domain.evaluation.judging.summary import Judging
from lambdas.domain.evaluation.lost_answers import tell_constant_answer, tell_folded_labels, tell_unfitting
from lambdas.domain.evaluation.metrics.classification import Classification, label
from lambdas.domain.evaluation.one_sided_losses import tell_one_sided_losses
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.task_detection import detect_task_kind
from lambdas.domain.evaluation.task_kind import PRIMARY_METRIC, TaskKind
from lambdas.domain.evaluation.win_rate import compare_win_rates, tell_unjudged

# Kept beside f1, which counts repeated words; differences of it would say nothing more.
NOT_COMPARED = frozenset({"f1_seed"})
_UNBOUNDED = sorted(UNBOUNDED, reverse=True)
EXTREMES = 5
NOTHING_SHARED = (
    "the two runs have no test record in common. Give this run the champion's test set as test.jsonl, or delete the "
    "parameter that names the champion, /<environment>/champion, to start without one."
)


class Task(Fact):
    """What the run's answers are, and the gate's metric; `detected` is false where run.json says the kind.

    `untold` is what the references consist of and no prompt names, so that the base model cannot know it.
    """

    kind: TaskKind
    detected: bool
    metric: str
    untold: Untold | None = None


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


class CandidateScores(NamedTuple):
    """The scores of the served candidates, the chosen one among them, on the task's metric.

    `intervals` has that of each arm's own score. `best` is the arm with the highest one and `flattered` how many points
    of it are luck, null where fewer than two were served. `doubling` is null where there is no learning curve. `data`
    are the data sets that are compared against each other.
    """

    intervals: dict[str, tuple[float, float] | None]
    best: str | None
    flattered: float | None
    doubling: Doubling | None
    data: Sequence[Comparison] = ()


class Evaluation(NamedTuple):
    """`means` has the mean of each metric by arm, `figures` what else is counted, also of arms that are `missing`.

    `right` is how many answers of each arm have all points of what the gate looks at.

    The rest are report.json's keys.
    """

    task: Task
    means: dict[str, dict[str, float | None]]
    right: dict[str, int | None]
    figures: dict[str, AnswerFigures]
    missing: dict[str, str]
    classifications: dict[str, Classification]
    fields: dict[str, ArmFields]
    comparisons: list[Comparison]
    decision: Decision
    extremes: Extremes
    candidates: CandidateScores | None = None


def evaluate(
    answers: Answers,
    arms: Mapping[str, Arm],
    groups: Sequence[int],
    settings: EvaluationSettings,
    champion: ChampionAnswers | None,
    *,
    task_kind: TaskKind | None = None,
    leaked: int = 0,
    missing: Mapping[str, str] = MappingProxyType({}),
    told: ToldAnswers | None = None,
    judging: Judging | None = None,
    curve: Mapping[str, int] | None = None,
    data: Mapping[TrainingData, str] | None = None,
) -> Evaluation:
    """`answers` has a line per test record of each arm, `groups` the number of each record's group.

    The task's kind is run.json's, else `task_kind`, else what the test set's references tell. `leaked` test records
    have their prompt or context in training, too: a gain on those may be memory. Arms that are `missing`, with the
    reason, are compared with nothing. `told` has the test records' prompts, `judging` what judges
    prefer. Arms that `arms` does not have are those of served candidates
    beside the chosen one: they have figures and comparisons, and no part in the verdict. `curve` has the training
    records of each arm that the learning curve goes through, `data` the arm of each data set that is compared. The
    answers are read several times, one record at a time.
    """
    kind: TaskKind = settings.task_kind or task_kind or detect_task_kind(read_references(answers))
    by_judges = settings.gate.metric == WIN_RATE
    metric = PRIMARY_METRIC[kind] if settings.gate.metric in ("primary", WIN_RATE) else settings.gate.metric
    scoring = Scoring(kind, metric, {label(one) for one in read_references(answers)} if kind == "labels" else ())
    looked_at = scoring.metric_of_records if settings.gate.form_counts else CONTENT
    scored = {arm: ScoredArm(scoring) for arm in answers}
    for reference, lines in read_rows(answers):
        for arm, line in lines.items():
            scored[arm].add(line, reference)
    whole = {arm: one for arm, one in scored.items() if arm not in missing}
    tuned, base = whole[TUNED], whole.get(BASE)
    planned, served = ({arm: one for arm, one in whole.items() if (arm in arms) == is_planned} for is_planned in (1, 0))
    entries = _compare_arms(whole, arms, metric, groups)
    win_rate = compare_win_rates(judging, groups) if base else None
    entries += [state_comparison(TUNED, BASE, WIN_RATE, win_rate)] if win_rate else []
    to_beat, others = find_rivals(planned, arms, groups)
    if by_judges:
        # No judge has compared the tuned model with these: they count where they do better without tuning.
        others += [rival for rival in to_beat if rival.name != BASE]
        to_beat = [rival for rival in to_beat if rival.name == BASE]
    compared = None
    if champion is not None:
        compared, indexes, theirs = _score_champion(champion, scoring)
        if indexes:
            ours, shared_groups = tuned.select(indexes), [groups[index] for index in indexes]
            entries += compare_arm(TUNED, ours, CHAMPION, theirs, shared_groups)
            to_beat.append(Rival(CHAMPION, ours, theirs, shared_groups))
    untold = told.find_untold(kind) if told else None
    missing_planned = {arm: reason for arm, reason in missing.items() if arm in arms}
    reservations = find_reservations(planned, arms, missing_planned, leaked)
    for rival in to_beat:
        judged = by_judges and rival.name == BASE
        reservations += tell_one_sided_losses(
            settings.gate, rival, None if judged else metric if settings.gate.form_counts else CONTENT
        )
    reservations += tell_unjudged(judging) if by_judges else []
    classifications = classify_arms(answers) if kind == "labels" else {}
    unfitting = settings.task_kind if metric == PRIMARY_METRIC[kind] else None
    scores = [] if by_judges else tuned.scores.get(scoring.metric_of_records, [])
    reservations += tell_unfitting(metric, scores, tuned.figures.answers, unfitting)
    labels = tuned.labels.get(CONTENT, [])
    reservations += [*tell_constant_answer(TUNED, labels)] or [*tell_folded_labels(TUNED, labels)]
    return Evaluation(
        task=Task(kind=kind, detected=settings.task_kind is None, metric=metric, untold=untold),
        means={arm: {name: one.mean(name) for name in one.metrics} for arm, one in whole.items()},
        right={arm: _count_right(one, looked_at) for arm, one in whole.items()},
        figures={arm: one.figures for arm, one in scored.items()},
        missing=dict(missing),
        classifications=classifications,
        fields=count_fields_of_arms(answers, kind),
        comparisons=entries,
        decision=decide_on(settings.gate, metric, to_beat, others, reservations, compared, untold, win_rate),
        extremes=_find_extremes(tuned, base, groups, looked_at),
        candidates=_score_candidates({TUNED: tuned, **served}, metric, groups, curve, data),
    )


def _score_candidates(
    scored: Mapping[str, ScoredArm],
    metric: str,
    groups: Sequence[int],
    curve: Mapping[str, int] | None,
    data: Mapping[TrainingData, str] | None,
) -> CandidateScores | None:
    """None where the chosen candidate alone was served, and there is neither a learning curve nor compared data."""
    if len(scored) < 2 and curve is None and data is None:
        return None
    from lambdas.domain.evaluation import served_scores  # noqa: PLC0415 - other runs need no numpy

    best = served_scores.find_best(scored, metric, groups)
    return CandidateScores(
        intervals={arm: served_scores.find_interval(one, metric, groups) for arm, one in scored.items()},
        best=best.arm if best else None,
        flattered=best.flattered if best else None,
        doubling=None if curve is None else served_scores.find_gain_of_data(scored, metric, groups, curve),
        data=compare_data({one: scored[arm] for one, arm in (data or {}).items() if arm in scored}, metric, groups),
    )


def _count_right(scored: ScoredArm, metric: str) -> int | None:
    """None where the metric has no meaning for any record."""
    scores = scored.scores.get(metric, [])
    return sum(map(is_right, scores)) if any(score is not None for score in scores) else None


def _score_champion(champion: ChampionAnswers, scoring: Scoring) -> tuple[ChampionComparison, list[int], ScoredArm]:
    """The comparison, the test records that both runs have, and the champion's scores on those; none if it is lost."""
    indexes, theirs = list[int](), ScoredArm(scoring)
    try:
        for shared in champion.answers:
            indexes.append(shared.place)
            theirs.add(shared.line, shared.reference)
    except LostAnswersError as lost:
        return ChampionComparison(champion, reason=str(lost), lost=True), [], ScoredArm(scoring)
    reason = champion.reason or (None if indexes else NOTHING_SHARED)
    return ChampionComparison(champion, len(indexes), reason), indexes, theirs


def _compare_arms(
    scored: Mapping[str, ScoredArm], arms: Mapping[str, Arm], metric: str, groups: Sequence[int]
) -> list[Comparison]:
    """Other candidates are compared on what counts: each metric of twelve arms would take minutes."""
    counts = [name for name in dict.fromkeys([metric, CONTENT]) if name in scored[TUNED].metrics]
    entries = [
        entry
        for other, theirs in scored.items()
        if other != TUNED
        for entry in compare_arm(
            TUNED, scored[TUNED], other, theirs, groups, None if other in arms else [*counts, *_UNBOUNDED]
        )
    ]
    for name, arm in arms.items():
        twin = next((other for other, one in arms.items() if one.model_id == arm.model_id and not one.few_shot), name)
        if arm.few_shot and twin != TUNED and {name, twin} <= scored.keys():
            entries += compare_arm(name, scored[name], twin, scored[twin], groups, [metric])
    return entries


def compare_arm(
    arm: str, ours: ScoredArm, against: str, theirs: ScoredArm, groups: Sequence[int], only: Sequence[str] | None = None
) -> list[Comparison]:
    """One arm against another on the same records: each metric that has a meaning, output tokens and latency."""
    entries = []
    for metric in only or [*(name for name in ours.metrics if name not in NOT_COMPARED), *_UNBOUNDED]:
        found = find_difference(ours, theirs, metric, groups)
        if found is not None:
            entries.append(state_comparison(arm, against, metric, found))
    return entries


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
