"""JSON answers: valid, equal, of the same shape."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.evaluation.metrics.json_match import StructuredScore, structured_score

REFERENCE = '{"name": "Ann", "age": 41, "tags": ["a"], "address": {"city": null, "active": true}}'
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (' {"age":41.0,"address":{"active":true,"city":null},"tags":["a"],"name":"\\u0041nn"}\n', (100, 100, 100)),
        ('{"name": "Bo", "age": 7.5, "tags": [], "address": {"city": null, "active": false}}', (100, 0, 100)),
        ('{"name": "Ann", "age": "41", "tags": ["a"], "address": {"city": null, "active": true}}', (100, 0, 0)),
        ('{"name": "Ann", "age": true, "tags": ["a"], "address": {"city": null, "active": true}}', (100, 0, 0)),
        ('{"name": "Ann", "age": 41, "tags": ["a"]}', (100, 0, 0)),
        ('{"name": "Ann", "age": 41, "tags": ["a", 1], "address": {"city": null, "active": true}}', (100, 0, 0)),
        ("[]", (100, 0, 0)),
        (f"```json\n{REFERENCE}\n```", (0, 0, 0)),
        (f"Here it is: {REFERENCE}", (0, 0, 0)),
        ('{"a": NaN}', (0, 0, 0)),
        ('{"a": 1, "a": 2}', (0, 0, 0)),
        ("{'name': 'Ann'}", (0, 0, 0)),
        ("[" * 5000 + "]" * 5000, (0, 0, 0)),
        ('{"a": 1e99999999999999999999}', (0, 0, 0)),
        ("", (0, 0, 0)),
    ],
)
def test_each_score_of_an_answer(response: str, expected: tuple[float, float, float]) -> None:
    """A program reads such answers: what breaks it must not score, and what it cannot tell apart must."""
    assert structured_score(response, REFERENCE) == StructuredScore(*expected)


@pytest.mark.parametrize("reference", ["42", '"text"', "not json", ""])
def test_a_reference_that_is_no_object_or_array_has_no_such_score(reference: str) -> None:
    """The number 42 is JSON as well, but not a structured output."""
    assert structured_score("42", reference) is None


@given(st.lists(JSON, max_size=4) | st.dictionaries(st.text(), JSON, max_size=4))
def test_any_json_matches_itself_however_it_is_laid_out(value: object) -> None:
    """Spelling is not content."""
    reference, response = json.dumps(value), json.dumps(value, indent=3, ensure_ascii=False, sort_keys=True)
    assert structured_score(response, reference) == StructuredScore(100.0, 100.0, 100.0)


@given(st.text())
def test_any_answer_has_scores(response: str) -> None:
    """Answers are whatever a model says; equal values imply the same schema, and that valid JSON."""
    score = structured_score(response, REFERENCE)
    assert score is not None
    assert score.valid_json >= score.schema_match >= score.json_match
