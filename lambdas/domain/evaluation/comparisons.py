"""Each arm's scores record by record, and what they say of one arm against another: `comparisons` in report.json."""

import sys
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.answer_figures import AnswerFigures, drop_unknown
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine
from lambdas.domain.evaluation.macro_f1 import MACRO_F1, LabelAnswer, compare_macro_f1, macro_f1
from lambdas.domain.evaluation.metrics import scoring as words
from lambdas.domain.evaluation.metrics.choice_match import choice_match
from lambdas.domain.evaluation.metrics.classification import Classification, classify, label, label_match
from lambdas.domain.evaluation.metrics.code_match import code_match
from lambdas.domain.evaluation.metrics.content import content_score, read_label
from lambdas.domain.evaluation.metrics.json_fields import json_fields
from lambdas.domain.evaluation.metrics.json_match import NOT_JSON, structured_score
from lambdas.domain.evaluation.metrics.mixed import mixed_match
from lambdas.domain.evaluation.metrics.numeric import numeric_match
from lambdas.domain.evaluation.metrics.rouge import rouge_l
from lambdas.domain.evaluation.metrics.tool_calls import call_arguments, call_match, call_name
from lambdas.domain.evaluation.significance import Difference, compare
from lambdas.domain.evaluation.task_kind import METRICS_OF_ALL_KINDS, METRICS_OF_KIND, TaskKind

# Compared like metrics, but less is better, and there is no largest difference.
OUTPUT_TOKENS, LATENCY = "output_tokens", "latency_ms"
UNBOUNDED = frozenset({OUTPUT_TOKENS, LATENCY})
# The gate's metric, read leniently.
CONTENT = "content"
# As many labels as 10,000 test records can have. More are texts that somebody calls labels.
MOST_LABELS = 2_000

# By metric, a score 0-100 for each test record; None where the metric has no meaning for the record's reference, or
# where there is no answer.
Scores = dict[str, list[float | None]]
# By arm, its lines in the test set's order; each iteration reads them anew, since they may not fit into memory.
Answers = Mapping[str, Iterable[StoredLine]]


class Comparison(Fact):
    """An entry of `comparisons`; `interval`, `p_value` and `detectable` are null where they cannot be told.

    On `better` of the records the arm does better than the other, on `worse` it does worse: of output tokens and of
    latency fewer are better. Earlier versions did not count them.
    """

    arm: str
    against: str
    metric: str
    difference: float
    interval: tuple[float, float] | None
    p_value: float | None
    groups: int
    records: int
    detectable: float | None
    better: int | None = None
    same: int | None = None
    worse: int | None = None


@dataclass(frozen=True)
class Scoring:
    """How answers are scored: by the task's kind, its gate's metric, and all labels of its references."""

    kind: TaskKind
    metric: str
    labels: Collection[str] = ()

    @property
    def metric_of_records(self) -> str:
        """What a single record scores on the gate's metric: macro-F1 is made of right labels."""
        return "label_match" if self.metric == MACRO_F1 else self.metric

    def content(self, response: str, reference: str) -> float | None:
        """A record's score on the gate's metric, read leniently; None where that has no meaning."""
        metric = self.metric_of_records
        if metric not in METRICS_OF_ALL_KINDS | METRICS_OF_KIND.get(self.kind, frozenset()):
            return None
        return content_score(metric, response, reference, self.labels)


@dataclass
class ScoredArm:
    """What is kept of an arm's answers, record by record: scores by metric, labels, and figures. No other texts.

    A record without an answer has no scores: what throttling lost is no bad answer. All kinds have f1, f1_seed,
    exact_match, rouge_l, numeric_match (of the records whose reference is a number) and content, the gate's metric read
    leniently; a kind's own metrics stand besides. Of a task with labels `labels` has what macro-F1 is made of, as it
    stands and read leniently; none where there is no answer.
    """

    scoring: Scoring
    scores: Scores = field(default_factory=dict)
    figures: AnswerFigures = field(default_factory=AnswerFigures)
    labels: dict[str, list[LabelAnswer | None]] = field(default_factory=dict)

    @property
    def metrics(self) -> list[str]:
        """The metrics that have a meaning for the task's kind."""
        return [*self.scores, *([MACRO_F1] if MACRO_F1 in self.labels else [])]

    def labels_of(self, metric: str) -> list[LabelAnswer | None] | None:
        """The labels that a metric is made of; None for one that is a mean over records."""
        is_macro = metric == MACRO_F1 or (metric == CONTENT and self.scoring.metric == MACRO_F1)
        return self.labels.get(metric) if is_macro else None

    def mean(self, metric: str) -> float | None:
        """The arm's figure; None where the metric has no meaning for any answer."""
        labels = self.labels_of(metric)
        return mean(self.scores[metric]) if labels is None else macro_f1(labels)

    def select(self, indexes: Sequence[int]) -> "ScoredArm":
        """Some of the records, with the figures that are compared."""
        figures = AnswerFigures(
            [self.figures.output_tokens[index] for index in indexes],
            [self.figures.latency_ms[index] for index in indexes],
            bytearray(self.figures.given[index] for index in indexes),
        )
        return ScoredArm(
            self.scoring,
            {metric: [values[index] for index in indexes] for metric, values in self.scores.items()},
            figures,
            {metric: [values[index] for index in indexes] for metric, values in self.labels.items()},
        )

    def add(self, line: StoredLine, reference: str | None) -> None:
        """Scores the next test record's line."""
        self.figures.add(line)
        scores = score_record(read_response(line), reference, self.scoring)
        for metric, score in scores.items():
            self.scores.setdefault(metric, []).append(score if isinstance(line, AnswerLine) else None)
        if self.scoring.kind == "labels":
            self._add_labels(line, reference)

    def _add_labels(self, line: StoredLine, reference: str | None) -> None:
        strict: LabelAnswer | None = None
        lenient: LabelAnswer | None = None
        if isinstance(line, AnswerLine) and reference is not None:
            wanted, given = sys.intern(label(reference)), label(line.response)
            strict = LabelAnswer(wanted, sys.intern(given) if given in self.scoring.labels else None)
            lenient = LabelAnswer(wanted, read_label(line.response, self.scoring.labels))
        self.labels.setdefault(MACRO_F1, []).append(strict)
        self.labels.setdefault(CONTENT, []).append(lenient)


def read_rows(answers: Answers) -> Iterator[tuple[str | None, dict[str, StoredLine]]]:
    """Each test record's reference and the arms' lines on it, one record at a time.

    The reference is that of any arm that answered the record; None where none did.
    """
    for lines in zip(*answers.values(), strict=True):
        reference = next((line.reference for line in lines if isinstance(line, AnswerLine)), None)
        yield reference, dict(zip(answers, lines, strict=True))


def read_references(answers: Answers) -> Iterator[str]:
    """The test records' references, as far as any arm answered."""
    return (reference for reference, _ in read_rows(answers) if reference is not None)


def classify_arms(answers: Answers) -> dict[str, Classification]:
    """The classification of each arm; none where there are far more references than labels.

    Records that no arm answered have no known label. Of the answers only those that are labels are kept.
    """
    labels: dict[str, str] = {}
    for reference in read_references(answers):
        wanted = label(reference)
        labels[wanted] = wanted
        if len(labels) > MOST_LABELS:
            return {}
    references, responses = list[str](), {arm: list[str | None]() for arm in answers}
    for known, lines in read_rows(answers):
        if known is not None:
            references.append(labels[label(known)])
            for arm, line in lines.items():
                response = read_response(line)
                responses[arm].append(None if response is None else labels.get(label(response)))
    return {arm: classify(own, references) for arm, own in responses.items()}


FULL_MARKS = 100.0
# Scores are calculated: the last digit may be lost.
ALMOST = 1e-9


def is_right(score: float | None) -> bool:
    """Whether an answer has all points; one that is missing has none."""
    return score is not None and score > FULL_MARKS - ALMOST


def mean(scores: Sequence[float | None]) -> float | None:
    """The mean over the records for which the metric has a meaning; None where there is none."""
    known = drop_unknown(scores)
    return sum(known) / len(known) if known else None


def difference(
    scores: Sequence[float | None],
    against: Sequence[float | None],
    groups: Sequence[Hashable],
    *,
    bounded: bool = True,
    pairs: int = 1,
) -> Difference | None:
    """The difference over the records for which the metric has a meaning; None where there is none.

    `bounded` scores are from 0 to 100; the intervals of so many `pairs` hold together.
    """
    rows = [
        (one, other, group)
        for one, other, group in zip(scores, against, groups, strict=True)
        if one is not None and other is not None
    ]
    if not rows:
        return None
    ours, theirs = [row[0] for row in rows], [row[1] for row in rows]
    return compare(ours, theirs, [row[2] for row in rows], bounded=bounded, pairs=pairs)


def find_difference(
    ours: ScoredArm, theirs: ScoredArm, metric: str, groups: Sequence[Hashable], pairs: int = 1
) -> Difference | None:
    """The difference of two arms on the records that both answered; None where the metric has no meaning for any.

    The intervals of so many `pairs` of arms hold together, of what is bounded.
    """
    if metric in UNBOUNDED:
        own, other = (getattr(one.figures, metric) for one in (ours, theirs))
        return difference(own, other, groups, bounded=False)
    labels, others = ours.labels_of(metric), theirs.labels_of(metric)
    if labels is not None and others is not None:
        return compare_macro_f1(labels, others, groups, pairs=pairs)
    if metric not in ours.scores:
        return None
    return difference(ours.scores[metric], theirs.scores[metric], groups, pairs=pairs)


def state_comparison(arm: str, against: str, metric: str, found: Difference) -> Comparison:
    """The entry of `comparisons` that states this difference."""
    better, worse = (found.below, found.above) if metric in UNBOUNDED else (found.above, found.below)
    return Comparison(
        arm=arm,
        against=against,
        metric=metric,
        difference=found.difference,
        interval=found.interval,
        p_value=found.p_value,
        groups=found.groups,
        records=found.records,
        detectable=found.detectable,
        better=better,
        same=found.records - better - worse,
        worse=worse,
    )


def read_response(line: StoredLine) -> str | None:
    """The answer's text; None where there is no answer."""
    return line.response if isinstance(line, AnswerLine) else None


def score_record(response: str | None, reference: str | None, scoring: Scoring) -> dict[str, float | None]:
    """One record's scores by metric."""
    given, wanted, kind = response or "", reference or "", scoring.kind
    scores: dict[str, float | None] = {
        "f1": words.f1(given, wanted),
        "f1_seed": words.f1_seed(given, wanted),
        "exact_match": words.exact_match(given, wanted),
        "rouge_l": rouge_l(given, wanted),
        "numeric_match": numeric_match(given, wanted),
    }
    if kind == "labels":
        scores["label_match"] = label_match(given, wanted)
    if kind == "mixed":
        scores["mixed_match"] = mixed_match(given, wanted)
    if kind == "code":
        scores["code_match"] = code_match(given, wanted)
    if kind == "multiple_choice":
        scores["choice_match"] = choice_match(given, wanted)
    if kind == "tool_calls":
        calls = {"call_match": call_match, "call_name": call_name, "call_arguments": call_arguments}
        scores |= {name: score(given, wanted) for name, score in calls.items()}
    if kind == "json":
        structured = structured_score(given, wanted) or (None if response is not None else NOT_JSON)
        for name in ("valid_json", "json_match", "schema_match"):
            scores[name] = getattr(structured, name) if structured else None
        scores["json_fields"] = json_fields(given, wanted) if structured else None
    scores[CONTENT] = scoring.content(given, wanted)
    if response is None:
        return {metric: None if score is None else 0.0 for metric, score in scores.items()}
    return scores
