"""Labels and cut-off answers, which show only over a whole file."""

import pytest

from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.rules.answer_set import Answers

SENTENCE = "The company's revenue rose in all of its markets while its costs fell, as the report says on page nine."


def checked(texts: list[str]) -> tuple[Answers, DatasetReport]:
    answers, report = Answers(), DatasetReport()
    for line, text in enumerate(texts, 1):
        answers.add(text, line)
    answers.check("train.jsonl", report)
    return answers, report


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["yes", "no"] * 20, {"yes": 20, "no": 20}),
        (["yes", "no"] * 9, {}),
        (["yes"] * 40, {}),
        ([str(number) for number in range(40)], {}),
        (["yes", "no"] * 20 + [SENTENCE], {}),
    ],
)
def test_few_short_answers_that_repeat_are_labels(texts: list[str], labels: dict[str, int]) -> None:
    """Only then is a split by labels, and a share of each, meaningful."""
    assert checked(texts)[0].labels() == labels


def test_rare_and_dominant_labels_are_told_by_name() -> None:
    """A model that always gives the frequent label would look good."""
    _, report = checked(["yes"] * 50 + ["no"] * 3)
    assert [found.rule for found in report.findings] == ["label-imbalance"] * 2
    assert "50 of 53" in report.findings[0].message
    assert "'no'" in report.findings[1].message


def test_answer_in_mid_sentence_is_told_where_others_end() -> None:
    """What wrote the answers may have reached its own token limit."""
    _, report = checked([SENTENCE] * 9 + [SENTENCE[:-5]])
    assert [(found.rule, found.line) for found in report.findings] == [("cut-off-answer", 10)]


def test_style_without_full_stops_is_no_fault() -> None:
    """Where nobody ends sentences, an open end means nothing."""
    _, report = checked([SENTENCE[:-1]] * 9 + [SENTENCE])
    assert report.findings == []
