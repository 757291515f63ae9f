"""Content and form: what counts as right once the wrapping of an answer is off, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.evaluation.comparisons import Scoring, score_record
from lambdas.domain.evaluation.metrics.content import content_score
from lambdas.domain.evaluation.metrics.readings import readings
from lambdas.domain.evaluation.task_kind import PRIMARY_METRIC, TaskKind

CALLS = '{"name": "f", "arguments": {}}\n{"name": "g", "arguments": {}}'
LABELS = ("billing", "cancellation", "technical", "not billing", "cat 1", "cat 10")


@pytest.mark.parametrize(
    ("metric", "reference", "response"),
    [
        ("label_match", "billing", "The category is **billing**."),
        ("label_match", "billing", "```\nbilling\n```"),
        ("label_match", "Billing", "Answer: billing"),
        ("label_match", "not billing", "This is not billing."),
        ("label_match", "billing", "This is not technical but billing."),
        ("label_match", "billing", "No, I'd say it's billing."),
        ("numeric_match", "35.2", "The revenue was $35.2 million in 2019."),
        ("numeric_match", "73.68%", "73.68"),
        ("numeric_match", "-4.2", "(4.2) million"),
        ("numeric_match", "163", "Here is the answer:\n\n163 thousand"),
        ("numeric_match", "163", "163. In the year before it was 150."),
        ("mixed_match", "net income", "The answer is net income."),
        ("f1", "net income", "Based on the table, the answer is net income."),
        ("f1", "net income", "Net income. It rose by a tenth."),
        ("json_fields", '{"a": 1}', '```json\n{"a": 1}\n```'),
        ("json_match", '{"a": 1}', 'Sure, here is the JSON you asked for: {"a": 1}. Let me know!'),
        ("code_match", "SELECT a FROM b", "```sql\nselect a\nfrom b;\n```"),
        ("choice_match", "A", "The answer is (A) because of the law."),
        ("choice_match", "B", "B) Paris"),
        ("choice_match", "A", "The answer is a."),
        ("choice_match", "B", "A) Paris is in France.\nB) London is not.\nThe answer is B."),
        ("call_match", '[{"name": "f", "arguments": {}}, {"name": "g", "arguments": {}}]', CALLS),
        ("choice_match", "(C)", "**C**"),
    ],
)
def test_a_right_answer_in_another_form_has_its_content(metric: str, reference: str, response: str) -> None:
    """A base that is right inside a fence or a sentence must not lose to a tuned model that is wrong."""
    assert content_score(metric, response, reference, LABELS) == 100.0


@pytest.mark.parametrize(
    ("metric", "reference", "response"),
    [
        ("label_match", "billing", "It could be billing or technical."),
        ("label_match", "billing", "This is not billing."),
        ("label_match", "technical", "This is not technical."),
        ("label_match", "technical", "It isn't really a technical question."),
        ("label_match", "technical", "No technical issue"),
        ("label_match", "cat 10", "It may be cat 1 or cat 10."),
        ("label_match", "billing", "cancellation"),
        ("choice_match", "A", "The answer is a river in Asia."),
        ("choice_match", "A", "A) Paris is in France.\nB) London is not.\nThe answer is B."),
        ("choice_match", "A", "Answer: A or B"),
        ("choice_match", "A", "Option A is wrong."),
        ("numeric_match", "€5", "$5"),
        ("call_match", '{"name": "f", "arguments": {}}', CALLS),
        ("numeric_match", "-4.2%", "42"),
        ("numeric_match", "-4.2%", "4.2%"),
        ("numeric_match", "35 million", "35 thousand"),
        ("numeric_match", "35", "It is 34, 35 or 36"),
        ("mixed_match", "-4.2%", "42%"),
        ("json_fields", '{"a": 1}', '```json\n{"a": 2}\n```'),
        ("code_match", "x > 5", "x < 5"),
        ("code_match", "select 'A'", "select 'a'"),
        ("choice_match", "A", "A good question: B"),
        ("choice_match", "A", "It is either (A) or (B)."),
        ("exact_match", "rise", "rise or fall"),
        ("exact_match", "fall", "Rise. Fall."),
        ("label_match", "technical", "Billing. Technical."),
        ("numeric_match", "35", "It was 34. It is 35."),
        ("choice_match", "B", "A. B."),
    ],
)
def test_another_content_stays_wrong(metric: str, reference: str, response: str) -> None:
    """Leniency about form must not forgive a wrong sign, number, operator or label, or a list of guesses."""
    assert content_score(metric, response, reference, LABELS) == 0.0


KINDS: dict[str, TaskKind] = {metric: kind for kind, metric in PRIMARY_METRIC.items()}
METRICS = ("label_match", "numeric_match", "mixed_match", "f1", "exact_match", "rouge_l", "code_match", "choice_match")


@given(st.text(), st.text(min_size=1), st.sampled_from(METRICS))
def test_content_is_never_below_the_strict_score(response: str, reference: str, metric: str) -> None:
    """Form is the rest of a gain: it would have the wrong sign."""
    scores = score_record(response, reference, Scoring(KINDS.get(metric, "text"), metric))
    strict, content = scores[metric], scores["content"]
    assert (strict is None) == (content is None)
    if strict is not None and content is not None:
        assert content >= strict


@given(st.text())
def test_an_answer_has_few_readings_and_is_the_first(response: str) -> None:
    """Each reading is another chance to be right: an answer of many sentences must not have many."""
    found = readings(response)
    assert found[0] == response.strip()
    assert len(found) <= 6
