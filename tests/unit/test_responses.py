"""What is asked, stored and joined."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lambdas.domain.core.errors import EvaluationFailed
from lambdas.domain.evaluation import responses

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_stored_lines_are_read_as_they_were(answers: list[tuple[str, str]]) -> None:
    """Line separators inside a text must not split a line."""
    lines = [{"index": index, "prompt": prompt, "response": text} for index, (prompt, text) in enumerate(answers)]
    assert responses.parse_lines(responses.render_lines(reversed(lines))) == lines


@given(st.sets(st.integers(0, 29)), st.integers(1, 30))
def test_joined_shards_have_one_line_per_record(stored: set[int], records: int) -> None:
    """A lost shard, a repeated one or a stray line must not shift the arms against each other."""
    shard = [{"index": index, "response": "r"} for index in stored]
    lines = responses.join_shards([shard, shard], records)
    assert [line["index"] for line in lines] == list(range(records))
    assert {line["index"] for line in lines if "error" not in line} == {index for index in stored if index < records}


@pytest.mark.parametrize(("errors", "refused"), [(0, False), (5, False), (6, True), (100, True)])
def test_more_than_five_per_cent_of_errors_refuse_the_verdict(errors: int, refused: bool) -> None:
    """Exactly five is still allowed."""
    found = {"tuned": Counter({"not answered": errors}), "base": Counter()}
    if refused:
        with pytest.raises(EvaluationFailed, match=f"tuned: {errors} of 100"):
            responses.require_answers(found, 100)
    else:
        responses.require_answers(found, 100)


def test_the_prompt_of_a_conversation_shows_who_said_what() -> None:
    """A reader of the report cannot guess the turns."""
    record = (
        b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, '
        b'{"role": "user", "content": "Sum?"}, {"role": "assistant", "content": "3"}]}'
    )
    question = responses.parse_question(3, record)
    assert question.prompt == "user: Hi\n\nassistant: Hello\n\nuser: Sum?"
    assert (question.index, question.reference) == (3, "3")


@pytest.mark.parametrize("record", [b"", b"[]", b'{"messages": []}', b'{"messages": [{"role": "system"}]}'])
def test_what_is_no_test_record_is_refused(record: bytes) -> None:
    """It would otherwise be asked as something else."""
    with pytest.raises(ValidationError):
        responses.parse_question(0, record)
