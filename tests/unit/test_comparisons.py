"""Scores record by record: what counts for an arm, and on which records two arms are compared."""

import pytest

from lambdas.domain.evaluation.answers import StoredLine, UnansweredLine
from lambdas.domain.evaluation.comparisons import (
    CONTENT,
    MOST_LABELS,
    ScoredArm,
    Scores,
    Scoring,
    classify_arms,
    difference,
    mean,
    read_rows,
    score_record,
    state_comparison,
)
from lambdas.domain.evaluation.metrics.classification import label
from lambdas.domain.evaluation.task_kind import METRICS_OF_ALL_KINDS, METRICS_OF_KIND, PRIMARY_METRIC, TaskKind
from tests.answer_lines import make_answer

ERROR = UnansweredLine(0, "ThrottlingException")


def test_references_come_from_whichever_arm_has_an_answer() -> None:
    """An arm's failed record has no reference of its own, and must be compared all the same."""
    tuned: list[StoredLine] = [ERROR, make_answer(1, "a", "x"), ERROR]
    base: list[StoredLine] = [make_answer(0, "b", "y"), make_answer(1, "c", "x"), ERROR]
    assert [reference for reference, _ in read_rows({"tuned": tuned, "base": base})] == ["y", "x", None]


def score_arm(lines: list[StoredLine], references: list[str], kind: TaskKind) -> Scores:
    arm = ScoredArm(Scoring(kind, PRIMARY_METRIC[kind], {label(one) for one in references}))
    for line, reference in zip(lines, references, strict=True):
        arm.add(line, reference)
    return arm.scores


def test_references_that_are_far_too_many_for_labels_make_no_confusion_matrix() -> None:
    """It has a place for any two: 20,000 texts that somebody calls labels would fill the memory."""
    few, many, far_too_many = (
        {"tuned": [make_answer(n, "x", f"{n}") for n in range(count)]} for count in (500, 501, MOST_LABELS + 1)
    )
    assert len(classify_arms(few)["tuned"].confusion) == 500
    found = classify_arms(many)["tuned"]
    assert (found.confusion, len(found.by_label)) == ([], 501)
    assert classify_arms(far_too_many) == {}


@pytest.mark.parametrize(
    ("kind", "reference", "metric"),
    [
        ("text", "net income", "f1"),
        ("text", "net income", "exact_match"),
        ("text", "net income", "rouge_l"),
        ("text", "35 million", "numeric_match"),
        ("labels", "yes", "label_match"),
        ("json", '{"a": 1}', "valid_json"),
        ("json", '{"a": 1}', "json_match"),
        ("json", '{"a": 1}', "schema_match"),
        ("json", '{"a": 1}', "json_fields"),
        ("tool_calls", '{"name": "a", "arguments": {"b": 1}}', "call_match"),
        ("tool_calls", '{"name": "a", "arguments": {"b": 1}}', "call_name"),
        ("tool_calls", '{"name": "a", "arguments": {"b": 1}}', "call_arguments"),
        ("tool_calls", '{"name": "a", "arguments": {"b": 1}}', "content"),
        ("mixed", "35 million", "mixed_match"),
        ("mixed", "net income", "mixed_match"),
        ("code", "SELECT a FROM b", "code_match"),
        ("multiple_choice", "A", "choice_match"),
        ("text", "net income", "content"),
        ("labels", "yes", "content"),
        ("json", '{"a": 1}', "content"),
    ],
)
def test_a_right_answer_scores_100_and_a_missing_one_nothing(kind: TaskKind, reference: str, metric: str) -> None:
    """What throttling lost is no bad answer; the gate promotes nothing where more of one arm's are lost."""
    scores = score_arm([make_answer(0, reference, reference), ERROR], [reference, reference], kind)
    assert scores[metric] == [100.0, None]


def test_a_metric_without_a_meaning_for_a_record_leaves_it_out_for_both_arms() -> None:
    """Numbers are compared where the reference is one; the mean is over those."""
    references = ["35 million", "net income"]
    right = score_arm([make_answer(0, "$35m", "35 million"), make_answer(1, "x", "net income")], references, "text")
    wrong = score_arm([make_answer(0, "53", "35"), make_answer(1, "net income", "net income")], references, "text")
    assert right["numeric_match"] == [100.0, None]
    assert mean(right["numeric_match"]) == 100.0
    found = difference(right["numeric_match"], wrong["numeric_match"], ["a", "b"])
    assert found is not None
    assert (found.difference, found.records) == (100.0, 1)
    assert difference([None], [None], ["a"]) is None
    assert mean([None]) is None


def test_an_entry_of_the_report_has_the_figures() -> None:
    """The contract of report.json."""
    found = difference([100.0, 50.0] * 10, [0.0] * 20, list(range(20)))
    assert found is not None
    entry = state_comparison("tuned", "base", "f1", found)
    assert entry.dump().keys() == {
        "arm", "against", "metric", "difference", "interval", "p_value", "groups", "records", "detectable",
        "better", "same", "worse",
    }  # fmt: skip
    assert entry.difference == 75.0
    assert entry.interval is not None
    assert entry.interval[0] < 75 < entry.interval[1]


def test_an_entry_counts_the_records_that_are_better_the_same_and_worse() -> None:
    """A mean may hide that a few records lose much. Of output tokens and latency fewer are better."""
    found = difference([100.0, 50.0, 50.0, 0.0], [0.0, 0.0, 50.0, 100.0], list("abcd"))
    assert found is not None
    for metric, counts in (("f1", (2, 1, 1)), ("output_tokens", (1, 1, 2)), ("latency_ms", (1, 1, 2))):
        entry = state_comparison("tuned", "base", metric, found)
        assert (entry.better, entry.same, entry.worse) == counts


@pytest.mark.parametrize("kind", PRIMARY_METRIC)
def test_each_metric_of_a_kind_can_be_read_leniently(kind: TaskKind) -> None:
    """A metric that is missing in the table would have no content, and its gate no evidence."""
    scored = score_record("a", "a", Scoring(kind, PRIMARY_METRIC[kind])).keys() - {CONTENT}
    assert METRICS_OF_ALL_KINDS | METRICS_OF_KIND.get(kind, frozenset()) == scored
