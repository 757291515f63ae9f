"""What is asked, stored and joined."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lambdas.domain.core.errors import EvaluationFailed, InvalidState
from lambdas.domain.evaluation.answers import (
    NOT_ANSWERED,
    ShardAnswer,
    ShardLine,
    StoredLine,
    UnansweredLine,
    join_shards,
    parse_shard,
    read_lines,
    render_line,
    render_shard,
    require_answers,
)
from lambdas.domain.evaluation.questions import parse_question
from tests.answer_lines import make_answer, make_shard_answer

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_stored_lines_are_read_as_they_were(answers: list[tuple[str, str]]) -> None:
    """Line separators inside a text must not split a line."""
    lines: list[StoredLine] = [make_answer(n, text, prompt=prompt) for n, (prompt, text) in enumerate(answers)]
    lines.append(UnansweredLine(len(lines), "Refused: no"))
    stored = b"\n".join(render_line(line) for line in lines)
    assert list(read_lines(stored.split(b"\n"))) == lines
    shard: list[ShardLine] = [make_shard_answer(n, text) for n, (_, text) in enumerate(answers)]
    assert parse_shard(render_shard(reversed(shard))) == shard


def test_a_stored_line_has_the_keys_that_others_read() -> None:
    """The files are a contract: people, and earlier and later versions read them."""
    answer = make_answer(3, "35", "35 million", prompt="How much?")
    assert render_line(answer) + b"\n" + render_line(UnansweredLine(4, "not answered")) == (
        b'{"index":3,"prompt":"How much?","reference":"35 million","response":"35","input_tokens":9,"output_tokens":2,'
        b'"latency_ms":5,"stop_reason":"end_turn","asked_at":"2026-01-21T22:20:00.000Z",'
        b'"answered_at":"2026-01-21T22:24:00.000Z"}\n{"index":4,"error":"not answered"}'
    )


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (b'{"index": 1, "response": "x"}', r"Line 2 of the stored answers.*AnswerLine\.prompt: Field required"),
        (b'{"index": "1", "error": "no"}', r"UnansweredLine\.index: Input should be a valid integer"),
        (b'{"index": 1, "error": "no", "more": 1}', "more: Unexpected"),
        (b"{", "Invalid JSON"),
    ],
)
def test_a_line_that_is_no_answer_is_named(line: bytes, wrong: str) -> None:
    """Somebody who copied or edited the file must learn where it is wrong."""
    with pytest.raises(InvalidState, match=wrong):
        list(read_lines([b'{"index": 0, "error": "no"}', line]))


def test_a_shard_stores_no_prompt_and_is_read_where_an_earlier_version_did() -> None:
    """Prompts are long, and a run in flight must not lose its answers to a deployment."""
    stored = render_shard([make_shard_answer(3, "35")])
    assert b"prompt" not in stored
    assert b"reference" not in stored
    assert parse_shard(render_line(make_answer(3, "35", "35 million"))) == [make_shard_answer(3, "35")]


@given(st.sets(st.integers(0, 29)), st.integers(1, 30))
def test_joined_shards_have_one_line_per_record(stored: set[int], records: int) -> None:
    """A lost shard, a repeated one or a stray line must not shift the arms against each other."""
    shard = [make_shard_answer(index) for index in sorted(stored)]
    lines = list(join_shards([shard, shard], records))
    assert [line.index for line in lines] == list(range(records))
    assert {line.index for line in lines if isinstance(line, ShardAnswer)} == {n for n in stored if n < records}
    assert {line.error for line in lines if isinstance(line, UnansweredLine)} <= {NOT_ANSWERED}


@pytest.mark.parametrize(("errors", "refused"), [(0, False), (5, False), (6, True), (100, True)])
def test_more_than_five_per_cent_of_errors_refuse_the_verdict(errors: int, refused: bool) -> None:
    """Exactly five is still allowed."""
    found = {"tuned": Counter({"not answered": errors}), "base": Counter()}
    if refused:
        with pytest.raises(EvaluationFailed, match=f"tuned: {errors} of 100"):
            require_answers(found, 100)
    else:
        require_answers(found, 100)


def test_the_prompt_of_a_conversation_shows_who_said_what() -> None:
    """A reader of the report cannot guess the turns."""
    record = (
        b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, '
        b'{"role": "user", "content": "Sum?"}, {"role": "assistant", "content": "3"}]}'
    )
    question = parse_question(3, record)
    assert question.prompt == "user: Hi\n\nassistant: Hello\n\nuser: Sum?"
    assert (question.index, question.reference) == (3, "3")


@pytest.mark.parametrize("record", [b"", b"[]", b'{"messages": []}', b'{"messages": [{"role": "system"}]}'])
def test_what_is_no_test_record_is_refused(record: bytes) -> None:
    """It would otherwise be asked as something else."""
    with pytest.raises(ValidationError):
        parse_question(0, record)
