"""AskCuratorShard."""

from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import ServiceBusy, ShardUnfinished
from lambdas.domain.curation.asks import Ask, StoredReply, ask_id
from lambdas.domain.curation.prompts import check_record
from lambdas.domain.curation.shards import CuratorShard, CuratorTrouble
from lambdas.domain.evaluation.questions import Message, Question
from lambdas.handlers import composition
from lambdas.handlers.ask_curator_shard import handler
from lambdas.steps.answering import STORE_EVERY_ANSWERS
from lambdas.steps.ask_curator_shard import LONGEST_WAIT_SECONDS, PATIENCE_SECONDS
from lambdas.steps.clock import Clock
from tests.handlers.bedrock.conftest import Script
from tests.handlers.conftest import with_time_left

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET, JUDGE, CONVERSE = "output-bucket", "maker.judge-v1:0", "Converse"
ASKS = 7
SHARD = CuratorShard(model=JUDGE, turn=1, number=1, asks=ASKS)
DONE = {"model": JUDGE, "number": 1, "answered": ASKS, "errors": 0, "unasked": 0}


def said(text: str = "<judgement>correct</judgement>") -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 11, "outputTokens": 3, "totalTokens": 14},
        "metrics": {"latencyMs": 250},
    }


def ask_about(number: int) -> Ask:
    prompt = check_record(Question(number, None, (Message(role="user", content=f"{number}+1?"),), "2"))
    return Ask(id=ask_id("clean", JUDGE, prompt), stage="clean", model=JUDGE, prompt=prompt, again=False)


@pytest.fixture
def event(s3: "S3Client", run: dict[str, Any], expect: dict[str, str]) -> dict[str, Any]:
    composition.root.clock = Clock(sleep=lambda _: None)
    composition.root.adapters.curation.write_asks(BUCKET, expect["prefix"], SHARD, map(ask_about, range(ASKS)))
    return {"run": run, "shard": SHARD.dump()}


def stored(prefix: str) -> list[StoredReply]:
    return composition.root.adapters.curation.read_replies(BUCKET, prefix, SHARD)


def trouble(prefix: str) -> CuratorTrouble | None:
    return composition.root.adapters.curation.read_trouble(BUCKET, prefix, JUDGE)


def test_each_ask_gets_its_reply_under_its_own_id(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Replies are joined by id, never by their order."""
    runtime.answer(CONVERSE, said())
    assert handler(event, lambda_context) == DONE
    replies = {each.id: each for each in stored(expect["prefix"])}
    assert set(replies) == {ask_about(number).id for number in range(ASKS)}
    assert {(each.text, each.input_tokens, each.prompt) for each in replies.values()} == {
        ("<judgement>correct</judgement>", 11, "check-v2")
    }
    assert {request["modelId"] for request in runtime.requests(CONVERSE)} == {JUDGE}


def test_a_repeated_call_asks_nothing_twice(
    runtime: Script, event: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """A retried shard must not pay twice."""
    runtime.answer(CONVERSE, said())
    handler(event, lambda_context)
    assert handler(event, lambda_context) == DONE
    assert len(runtime.requests(CONVERSE)) == ASKS


def test_a_killed_function_loses_few_replies_and_the_next_one_asks_the_rest(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Only what was not stored yet is asked again."""

    class KilledError(BaseException):
        """Lambda ends the process."""

    runtime.answer(CONVERSE, said())
    reply, asked = composition.root.adapters.runtime.converse, 0

    def converse(*arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == STORE_EVERY_ANSWERS + 2:
            raise KilledError
        return reply(*arguments)

    store = composition.root.adapters.curation
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(composition.root.adapters.runtime, "converse", converse)
        # What is stored in the end does not happen either.
        patched.setattr(
            store,
            "write_replies",
            lambda *given: None if asked > STORE_EVERY_ANSWERS else type(store).write_replies(store, *given),
        )
        with pytest.raises(KilledError):
            handler(event, lambda_context)
    assert len(stored(expect["prefix"])) == STORE_EVERY_ANSWERS
    assert handler(event, lambda_context) == DONE
    assert len(runtime.requests(CONVERSE)) == ASKS + 1


def test_a_shard_stops_before_its_time_runs_out_and_goes_on_where_it_was(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """The state machine repeats an unfinished shard at once."""
    runtime.answer(CONVERSE, said())
    with pytest.raises(ShardUnfinished):
        handler(event, with_time_left(lambda_context, 900_000, 900_000, 0))
    assert len(stored(expect["prefix"])) == 2
    handler(event, lambda_context)
    assert len(runtime.requests(CONVERSE)) == ASKS


def test_a_function_without_a_single_reply_counts_as_waiting(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """A model that hangs would be repeated for as long as the run may take."""
    with pytest.raises(ServiceBusy):
        handler(event, with_time_left(lambda_context, 0))
    found = trouble(expect["prefix"])
    assert found is not None
    assert (found.waited_seconds, found.final) == (PATIENCE_SECONDS, False)


def test_a_model_that_is_busy_for_a_while_is_asked_again(
    runtime: Script, event: dict[str, Any], lambda_context: LambdaContext
) -> None:
    for _ in range(3):
        runtime.refuse(CONVERSE, "ThrottlingException", "Slow down.", status=429)
    runtime.answer(CONVERSE, said())
    assert handler(event, lambda_context) == DONE


def test_a_model_that_cannot_be_asked_is_asked_once_and_fails_nothing(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """A judge that is down must not end the run, nor cost one call a record."""
    runtime.refuse(CONVERSE, "AccessDeniedException", "You have no access.", 403)
    assert handler(event, lambda_context) == {**DONE, "answered": 0, "unasked": ASKS}
    handler(event, lambda_context)
    assert len(runtime.requests(CONVERSE)) == 1
    found = trouble(expect["prefix"])
    assert found is not None
    assert (found.final, found.message) == (True, "AccessDeniedException: You have no access.")


def test_a_quota_of_the_day_is_not_waited_for(
    runtime: Script, event: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """It outlasts all repetitions."""
    runtime.refuse(CONVERSE, "ThrottlingException", "Too many tokens per day, please wait.", status=429)
    assert handler(event, lambda_context)["unasked"] == ASKS
    assert len(runtime.requests(CONVERSE)) == 1


def test_a_model_that_stays_busy_is_given_up_by_all_of_its_shards_together(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Each of a thousand shards would wait in its turn."""
    runtime.refuse(CONVERSE, "ThrottlingException", "Slow down.", status=429)
    waits = int(LONGEST_WAIT_SECONDS / PATIENCE_SECONDS)
    for _ in range(waits - 1):
        with pytest.raises(ServiceBusy):
            handler(event, lambda_context)
    assert handler(event, lambda_context)["unasked"] == ASKS
    found = trouble(expect["prefix"])
    assert found is not None
    assert found.final


def test_a_reply_ends_what_was_waited_in_vain(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    runtime.refuse(CONVERSE, "ThrottlingException", "Slow down.", status=429)
    with pytest.raises(ServiceBusy):
        handler(event, lambda_context)
    runtime.answer(CONVERSE, said())
    # The last answer of a script repeats itself: the refusal is taken once more.
    handler(event, lambda_context)
    found = trouble(expect["prefix"])
    assert found is not None
    assert (found.waited_seconds, found.final) == (0.0, False)


def test_a_refused_question_is_that_ask_s_error_alone(
    runtime: Script, event: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """A record that is too long for the judge says nothing about the others."""
    runtime.refuse(CONVERSE, "ValidationException", "Too long.")
    runtime.answer(CONVERSE, said())
    assert handler(event, lambda_context) == {**DONE, "answered": ASKS - 1, "errors": 1}


def test_what_s3_refuses_is_no_fault_of_the_model(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext, s3: "S3Client"
) -> None:
    """A judge would be given up for a bucket that is busy."""
    runtime.answer(CONVERSE, said())
    with pytest.MonkeyPatch.context() as patched:

        def busy(*_: Any) -> None:
            raise ServiceBusy("S3 is busy.")

        patched.setattr(composition.root.adapters.curation, "write_replies", busy)
        with pytest.raises(ServiceBusy, match="S3 is busy"):
            handler(event, lambda_context)
    assert trouble(expect["prefix"]) is None
