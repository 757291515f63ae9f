"""AnswerShard and AnswerBaselineShard, which share how a shard is answered."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import EvaluationFailed, ServiceBusy, ShardUnfinished
from lambdas.handlers import answer_baseline_shard, answer_shard, composition
from lambdas.steps.answer_baseline_shard import LONGEST_WAIT_SECONDS, PATIENCE_WITH_BASELINE_SECONDS
from lambdas.steps.answering import MOST_MODEL_FAILURES, STORE_EVERY_ANSWERS
from lambdas.steps.clock import Clock
from tests.handlers.bedrock.conftest import Script
from tests.handlers.conftest import with_time_left

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "output-bucket"
CONVERSE = "Converse"
# Reads the lines of a stored shard.
Stored = Callable[..., list[dict[str, Any]]]
RECORDS = [
    {"system": "Be brief.", "messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]},
    {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "Sum of 1 and 2?"},
            {"role": "assistant", "content": "3"},
        ]
    },
    {"messages": [{"role": "user", "content": "Line\u2028separator?"}, {"role": "assistant", "content": "yes"}]},
]


def said(text: str) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 11, "outputTokens": 3, "totalTokens": 14},
        "metrics": {"latencyMs": 250},
    }


@pytest.fixture
def event(
    s3: "S3Client",
    run: dict[str, Any],
    plan: dict[str, Any],
    throughput: dict[str, Any],
    served: dict[str, Any],
    expect: dict[str, str],
) -> dict[str, Any]:
    body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS).encode()
    s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}dataset/test.jsonl", Body=body)
    shard = {"arm": "tuned", "model_id": None, "number": 0, "first": 0, "records": 3}
    return {"run": run, "plan": plan, "shard": shard, "serving": throughput, "served": served}


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, in seconds; none takes time."""
    pauses: list[float] = []
    monkeypatch.setattr(composition.root, "clock", Clock(sleep=pauses.append))
    return pauses


@pytest.fixture
def stored(s3: "S3Client", expect: dict[str, str]) -> Stored:
    def read(arm: str = "tuned", number: int = 0) -> list[dict[str, Any]]:
        body = s3.get_object(Bucket=BUCKET, Key=f"{expect['prefix']}shards/{arm}/{number}.jsonl")["Body"].read()
        return [json.loads(line) for line in body.decode().split("\n") if line]

    return read


def test_the_question_is_the_record_without_its_reference(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """A model that sees its reference would score 100."""
    runtime.answer(CONVERSE, said("4"))
    answer_shard.handler(event, lambda_context)
    first, second, _ = runtime.requests(CONVERSE)
    assert first == {
        "modelId": expect["throughput_arn"],
        "system": [{"text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"text": "2+2?"}]}],
        "inferenceConfig": {"maxTokens": 64, "temperature": 0.0, "topP": 1.0},
    }
    assert [turn["role"] for turn in second["messages"]] == ["user", "assistant", "user"]
    assert "system" not in second


def test_an_answer_is_stored_with_all_that_the_report_counts(
    runtime: Script, event: dict[str, Any], stored: Stored, lambda_context: LambdaContext
) -> None:
    """Every figure of the report is computed from these lines."""
    runtime.answer(CONVERSE, said("4"))
    counts = answer_shard.handler(event, lambda_context)
    assert counts == {"arm": "tuned", "number": 0, "answered": 3, "errors": 0}
    first = stored()[0]
    assert first.pop("asked_at") <= first.pop("answered_at")
    assert first == {
        "index": 0,
        "response": "4",
        "input_tokens": 11,
        "output_tokens": 3,
        "latency_ms": 250,
        "stop_reason": "end_turn",
    }
    assert [line["index"] for line in stored()] == [0, 1, 2]
    assert runtime.requests(CONVERSE)[2]["messages"][0]["content"] == [{"text": "Line\u2028separator?"}]


def test_a_shard_is_its_range_of_the_test_set(
    runtime: Script, event: dict[str, Any], stored: Stored, lambda_context: LambdaContext
) -> None:
    """Overlapping or shifted shards would answer some records twice and others never."""
    runtime.answer(CONVERSE, said("4"))
    event["shard"] |= {"number": 7, "first": 1, "records": 1}
    answer_shard.handler(event, lambda_context)
    assert [line["index"] for line in stored(number=7)] == [1]


def test_a_baseline_is_asked_by_its_model_id(
    runtime: Script, event: dict[str, Any], stored: Stored, lambda_context: LambdaContext
) -> None:
    """Baselines must not use the throughput."""
    runtime.answer(CONVERSE, said("4"))
    event["shard"] |= {"arm": "base", "model_id": "anthropic.claude-3-haiku-20240307-v1:0"}
    del event["serving"]
    answer_baseline_shard.handler(event, lambda_context)
    assert runtime.requests(CONVERSE)[0]["modelId"] == "anthropic.claude-3-haiku-20240307-v1:0"
    assert len(stored("base")) == 3


def test_a_throughput_that_is_busy_for_a_while_is_asked_again(
    runtime: Script, event: dict[str, Any], stored: Stored, slept: list[float], lambda_context: LambdaContext
) -> None:
    """A few throttled calls among many answers must not use up the state machine's few repetitions."""
    for _ in range(4):
        runtime.refuse(CONVERSE, "ThrottlingException", status=429)
    runtime.answer(CONVERSE, said("4"))
    assert answer_shard.handler(event, lambda_context)["answered"] == 3
    assert len(runtime.requests(CONVERSE)) == 4 + 3
    assert all(most / 2 <= seconds <= most for seconds, most in zip(slept, (1, 2, 4, 8), strict=True))


@pytest.mark.parametrize(("kind", "minutes"), [("throughput", (1, 2)), ("baseline", (10, 11))])
def test_what_stays_busy_is_given_up(
    runtime: Script,
    event: dict[str, Any],
    slept: list[float],
    lambda_context: LambdaContext,
    kind: str,
    minutes: tuple[int, int],
) -> None:
    """A throughput bills the hours in which it answers nothing, and a run must not wait for ever for a baseline."""
    runtime.refuse(CONVERSE, "ThrottlingException", status=429)
    event["shard"] |= {"model_id": "base.model"}
    with pytest.raises(ServiceBusy):
        (answer_shard if kind == "throughput" else answer_baseline_shard).handler(event, lambda_context)
    assert minutes[0] * 60 <= sum(slept) <= minutes[1] * 60


def test_throttling_keeps_what_was_answered_and_asks_only_the_rest_again(
    runtime: Script, event: dict[str, Any], stored: Stored, lambda_context: LambdaContext
) -> None:
    """Answers cost money and time."""
    runtime.answer(CONVERSE, said("4"))
    runtime.refuse(CONVERSE, "ThrottlingException", status=429)
    with pytest.raises(ServiceBusy):
        answer_shard.handler(event, lambda_context)
    assert [line["index"] for line in stored()] == [0]
    runtime.calls.clear()
    runtime.answer(CONVERSE, said("3"))
    runtime._answers[CONVERSE].pop(0)
    assert answer_shard.handler(event, lambda_context)["answered"] == 3
    assert len(runtime.requests(CONVERSE)) == 2
    assert [line["response"] for line in stored()] == ["4", "3", "3"]


def test_an_error_of_one_record_becomes_its_line(
    runtime: Script, event: dict[str, Any], stored: Stored, lambda_context: LambdaContext
) -> None:
    """One bad record must not cost the others their answers."""
    runtime.refuse(CONVERSE, "ValidationException", "Input is too long")
    runtime.answer(CONVERSE, said("3"))
    assert answer_shard.handler(event, lambda_context) == {"arm": "tuned", "number": 0, "answered": 2, "errors": 1}
    assert stored()[0] == {"index": 0, "error": "ValidationException: Input is too long"}


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_model_that_cannot_be_asked_stops_the_shard(
    runtime: Script,
    event: dict[str, Any],
    s3: "S3Client",
    expect: dict[str, str],
    lambda_context: LambdaContext,
    code: str,
) -> None:
    """Asking on would bill throughput for nothing; the reason is left where the explanation finds it."""
    runtime.refuse(CONVERSE, code, "no access to the model")
    with pytest.raises(EvaluationFailed, match="no access to the model"):
        answer_shard.handler(event, lambda_context)
    assert len(runtime.requests(CONVERSE)) == 1
    trouble = s3.get_object(Bucket=BUCKET, Key=f"{expect['prefix']}shards/tuned/trouble.json")["Body"].read()
    assert json.loads(trouble)["error"] == "EvaluationFailed"


def test_another_candidate_answers_the_same_questions_as_its_own_arm(
    runtime: Script,
    event: dict[str, Any],
    stored: Stored,
    s3: "S3Client",
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """All candidates share one list of shards; the answers of one must never stand for another's."""
    runtime.answer(CONVERSE, said("4"))
    event["served"] |= {"number": 2, "arm": "candidate-2", "chosen": False}
    assert answer_shard.handler(event, lambda_context)["arm"] == "candidate-2"
    assert len(stored("candidate-2")) == 3
    runtime.refuse(CONVERSE, "AccessDeniedException", "no access to the model")
    with pytest.raises(EvaluationFailed):
        answer_shard.handler({**event, "shard": {**event["shard"], "number": 1}}, lambda_context)
    place = f"{expect['prefix']}shards/candidate-2/trouble.json"
    assert json.loads(s3.get_object(Bucket=BUCKET, Key=place)["Body"].read())["number"] == 1


def test_a_model_that_refuses_every_question_is_given_up(
    runtime: Script,
    event: dict[str, Any],
    s3: "S3Client",
    stored: Stored,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """Each of its shards would be asked in vain."""
    key = f"{expect['prefix']}dataset/test.jsonl"
    s3.put_object(Bucket=BUCKET, Key=key, Body=(json.dumps(RECORDS[0]) + "\n").encode() * 10)
    event["shard"] |= {"arm": "other", "model_id": "other.model", "records": 10}
    runtime.refuse(CONVERSE, "ValidationException", "on-demand throughput isn't supported")
    with pytest.raises(EvaluationFailed, match=r"answered none of 10 records.*on-demand throughput isn't supported"):
        answer_baseline_shard.handler(event, lambda_context)
    assert len(stored("other")) == 10


BOTH = "The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model."
GONE = "The model returned the following errors: `temperature` is deprecated for this model."


def test_what_is_not_set_is_not_sent(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Claude 4.5 refuses temperature together with top_p, which nobody has asked for."""
    event["plan"]["evaluation"] = {"max_tokens": 64}
    runtime.answer(CONVERSE, said("4"))
    answer_shard.handler(event, lambda_context)
    assert runtime.requests(CONVERSE)[0]["inferenceConfig"] == {"maxTokens": 64, "temperature": 0.0}
    assert composition.root.adapters.answers.read_left_out(BUCKET, expect["prefix"], "tuned") == []


def test_sampling_parameters_that_a_model_refuses_are_left_out_and_recorded(
    runtime: Script, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Each refusal is met once; the other questions are asked as the model takes them."""
    runtime.refuse(CONVERSE, "ValidationException", BOTH)
    runtime.refuse(CONVERSE, "ValidationException", GONE)
    runtime.answer(CONVERSE, said("4"))
    assert answer_shard.handler(event, lambda_context)["answered"] == 3
    sent = [request["inferenceConfig"] for request in runtime.requests(CONVERSE)]
    assert sent == [
        {"maxTokens": 64, "temperature": 0.0, "topP": 1.0},
        {"maxTokens": 64, "temperature": 0.0},
        *[{"maxTokens": 64}] * 3,
    ]
    assert composition.root.adapters.answers.read_left_out(BUCKET, expect["prefix"], "tuned") == [
        "temperature",
        "top_p",
    ]


def test_an_answer_with_reasoning_is_its_text(
    runtime: Script, event: dict[str, Any], stored: Stored, lambda_context: LambdaContext
) -> None:
    """What a model thinks aloud is no part of its answer."""
    thought = {"reasoningContent": {"reasoningText": {"text": "Two and two.", "signature": "s"}}}
    content = [thought, {"text": "4"}]
    runtime.answer(CONVERSE, {**said(""), "output": {"message": {"role": "assistant", "content": content}}})
    answer_shard.handler(event, lambda_context)
    assert stored()[0]["response"] == "4"


@pytest.mark.parametrize(("code", "status"), [("ModelErrorException", 424), ("ModelTimeoutException", 408)])
def test_a_question_over_which_the_model_failed_is_asked_again(
    runtime: Script, event: dict[str, Any], lambda_context: LambdaContext, code: str, status: int
) -> None:
    """It says nothing about the question, and botocore does not repeat it."""
    runtime.refuse(CONVERSE, code, "The model failed.", status=status)
    runtime.answer(CONVERSE, said("4"))
    assert answer_shard.handler(event, lambda_context)["answered"] == 3
    assert len(runtime.requests(CONVERSE)) == 1 + 3


def test_a_question_over_which_the_model_always_fails_is_one_error(
    runtime: Script, event: dict[str, Any], stored: Stored, lambda_context: LambdaContext
) -> None:
    """The other records have their answers."""
    for _ in range(MOST_MODEL_FAILURES):
        runtime.refuse(CONVERSE, "ModelErrorException", "The model failed.", status=424)
    runtime.answer(CONVERSE, said("4"))
    assert answer_shard.handler(event, lambda_context)["errors"] == 1
    assert "ModelErrorException" in stored()[0]["error"]


def test_a_model_that_fails_after_a_long_wait_is_busy_to_the_state_machine(
    runtime: Script, event: dict[str, Any], slept: list[float], lambda_context: LambdaContext
) -> None:
    """It repeats by the error's name: another name would end the shard after two tries."""
    for _ in range(7):
        runtime.refuse(CONVERSE, "ThrottlingException", status=429)
    runtime.refuse(CONVERSE, "ModelErrorException", "The model failed.", status=424)
    with pytest.raises(ServiceBusy) as raised:
        answer_shard.handler(event, lambda_context)
    assert sum(slept) >= 60
    assert type(raised.value) is ServiceBusy


def test_a_killed_function_loses_at_most_five_answers(
    runtime: Script, event: dict[str, Any], s3: "S3Client", stored: Stored, lambda_context: LambdaContext
) -> None:
    """A kill raises nothing that could store them."""
    key = f"{event['run']['prefix']}dataset/test.jsonl"
    s3.put_object(Bucket=BUCKET, Key=key, Body=(json.dumps(RECORDS[0]) + "\n").encode() * 20)
    event["shard"] |= {"records": 20}
    runtime.answer(CONVERSE, said("4"))
    seen: list[int] = []

    def look() -> int:
        seen.append(len(stored()) if runtime.requests(CONVERSE)[STORE_EVERY_ANSWERS - 1 :] else 0)
        return 900_000

    context = cast(LambdaContext, SimpleNamespace(**{**vars(lambda_context), "get_remaining_time_in_millis": look}))
    answer_shard.handler(event, context)
    assert max(asked - kept for asked, kept in enumerate(seen)) <= 5


@pytest.fixture
def baseline(event: dict[str, Any]) -> dict[str, Any]:
    """The event of a shard that a foundation model answers."""
    event["shard"] |= {"arm": "base", "model_id": "base.model"}
    return event


def ask_baseline(event: dict[str, Any], context: LambdaContext, message: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=message):
        answer_baseline_shard.handler(event, context)


def test_a_quota_of_the_day_is_not_waited_for_by_a_baseline(
    runtime: Script, baseline: dict[str, Any], slept: list[float], lambda_context: LambdaContext
) -> None:
    """It outlasts the training; waiting would only make the run longer."""
    runtime.refuse(CONVERSE, "ThrottlingException", "Too many tokens per day, please wait.", status=429)
    ask_baseline(baseline, lambda_context, "no quota left for today.*Too many tokens per day", EvaluationFailed)
    assert slept == []


def test_a_baseline_that_was_given_up_is_asked_nothing_more(
    runtime: Script, baseline: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """A thousand shards would each find out for themselves, and the run would reach its time limit."""
    runtime.refuse(CONVERSE, "AccessDeniedException", "no access to the model", status=403)
    ask_baseline(baseline, lambda_context, "no access to the model", EvaluationFailed)
    baseline["shard"] |= {"number": 1}
    ask_baseline(baseline, lambda_context, "no access to the model", EvaluationFailed)
    assert len(runtime.requests(CONVERSE)) == 1


def test_a_baseline_that_stays_busy_is_given_up_by_all_of_its_shards_together(
    runtime: Script, baseline: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """Throttling for ever costs hours once, and not hours for each shard."""
    runtime.refuse(CONVERSE, "ThrottlingException", "Too many requests", status=429)
    tries = int(LONGEST_WAIT_SECONDS / PATIENCE_WITH_BASELINE_SECONDS)
    for number in range(tries - 1):
        baseline["shard"] |= {"number": number}
        ask_baseline(baseline, lambda_context, "Too many requests", ServiceBusy)
    ask_baseline(baseline, lambda_context, "Too many requests", EvaluationFailed)
    asked = len(runtime.requests(CONVERSE))
    ask_baseline(baseline, lambda_context, "Too many requests", EvaluationFailed)
    assert len(runtime.requests(CONVERSE)) == asked


def test_an_answer_ends_what_was_waited_in_vain(
    runtime: Script, baseline: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """A slow model with many shards is no model that never answers."""
    runtime.refuse(CONVERSE, "ThrottlingException", "Too many requests", status=429)
    ask_baseline(baseline, lambda_context, "Too many requests", ServiceBusy)
    runtime._answers[CONVERSE].clear()
    runtime.answer(CONVERSE, said("4"))
    answer_baseline_shard.handler(baseline, lambda_context)
    trouble = composition.root.adapters.answers.read_baseline_trouble(BUCKET, baseline["run"]["prefix"], "base")
    assert trouble is not None
    assert (trouble.waited_seconds, trouble.final) == (0, False)


def test_a_shard_stops_before_its_time_runs_out(
    runtime: Script, event: dict[str, Any], stored: Stored, s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """A killed function would lose its answers."""
    runtime.answer(CONVERSE, said("4"))
    context = with_time_left(lambda_context, 900_000, 100_000)
    with pytest.raises(ShardUnfinished, match="more time"):
        answer_shard.handler(event, context)
    assert len(stored()) == 1
    # It is no trouble that could hide another shard's.
    assert not [found for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"] if "trouble" in found["Key"]]


def test_a_function_that_got_no_answer_at_all_counts_as_busy(
    runtime: Script, event: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """A model that never answers ends the run after a few repetitions, not after a thousand functions' time."""
    runtime.refuse(CONVERSE, "ThrottlingException", "Too many requests")
    event["shard"] |= {"arm": "base", "model_id": "a.model"}
    context = with_time_left(lambda_context, 900_000, 100_000)
    with pytest.raises(ServiceBusy, match="Too many requests"):
        answer_baseline_shard.handler(event, context)


@pytest.mark.parametrize("reason", ["content_filtered", "guardrail_intervened"])
def test_an_answer_without_text_is_an_empty_answer(
    runtime: Script, event: dict[str, Any], stored: Stored, lambda_context: LambdaContext, reason: str
) -> None:
    """A filtered answer counts as what it is: nothing."""
    empty = {**said(""), "stopReason": reason, "output": {"message": {"role": "assistant", "content": []}}}
    runtime.answer(CONVERSE, empty)
    answer_shard.handler(event, lambda_context)
    assert (stored()[0]["response"], stored()[0]["stop_reason"]) == ("", reason)


def test_nothing_is_asked_when_the_lease_is_nearly_over(
    runtime: Script, event: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """The throughput is about to be deleted: the run ends by itself while it can still clean up."""
    event["serving"]["answer_until"] = "2026-01-22T05:30:00.000Z"
    with pytest.raises(EvaluationFailed, match=r"2026-01-22T05:30:00.000Z.*longest_lease_hours"):
        answer_shard.handler(event, lambda_context)
    assert runtime.calls == []


def test_few_shot_examples_are_earlier_turns_and_no_part_of_what_is_stored(
    runtime: Script,
    event: dict[str, Any],
    stored: Stored,
    s3: "S3Client",
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """The API's turns keep an example apart from the question; the answers' file stays comparable with other arms'."""
    examples = "".join(json.dumps(record) + "\n" for record in RECORDS[1:]).encode()
    s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}dataset/examples.jsonl", Body=examples)
    event["shard"] |= {"arm": "tuned-few-shot-1", "few_shot": 1}
    runtime.answer(CONVERSE, said("4"))
    answer_shard.handler(event, lambda_context)
    first = runtime.requests(CONVERSE)[0]
    assert [turn["content"][0]["text"] for turn in first["messages"]] == ["Hi", "Hello", "Sum of 1 and 2?", "3", "2+2?"]
    assert "Hello" not in json.dumps(stored("tuned-few-shot-1")[0])
