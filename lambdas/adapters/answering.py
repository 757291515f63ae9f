"""Asks a model the questions of one shard and stores its answers, so that a repeated call asks nothing twice.

A model that is busy is asked again and again: an account may have a quota of a few requests a minute, which all shards
share. How long depends on what the waiting costs.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import inf

import orjson
from pydantic import ValidationError

from lambdas.adapters.adapters import current
from lambdas.adapters.aws import object_store
from lambdas.adapters.aws.service_errors import NotFound, Refused
from lambdas.adapters.stores import stored_answers
from lambdas.domain.core.errors import EvaluationFailed, ServiceBusy, ShardUnfinished
from lambdas.domain.core.timestamps import now
from lambdas.domain.evaluation.answers import StoredLine, UnansweredLine, answer_line, select_answers
from lambdas.domain.evaluation.few_shot import prepend_examples
from lambdas.domain.evaluation.questions import Conversation, InferenceSettings, parse_question
from lambdas.domain.evaluation.shards import AnsweredShard, AnswerShard

# What a killed function would have to ask again, at most.
STORE_EVERY_ANSWERS = 25
# Time for one slow answer, and to store it, before Lambda kills the function.
RESERVED_MILLISECONDS = 150_000

# A busy model is asked again after at most so long, doubled each time until it answers.
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# How long a function waits in vain before the state machine's few repetitions begin. A throughput bills the hours in
# which it answers nothing; a foundation model costs nothing meanwhile, but the run must end if it never answers; a
# deployment bills tokens alone, and its lease ends the waiting.
PATIENCE_WITH_THROUGHPUT_SECONDS = 60.0
PATIENCE_WITH_BASELINE_SECONDS = 600.0
PATIENCE_WITH_DEPLOYMENT_SECONDS = inf

# So many refusals in a row are the model's, not the records'; fewer than a data set's least test records.
TELLING_RECORDS = 10

MODEL_CANNOT_BE_ASKED = {"AccessDeniedException", "ResourceNotFoundException"}


def test_set_key(prefix: str) -> str:
    """Where the run's test set is."""
    return f"{prefix}{stored_answers.TEST_SET}"


def trouble_key(prefix: str) -> str:
    """Where the last error of any shard is: a map run tells its parent only that too many shards failed."""
    return f"{prefix}shards/trouble.json"


@dataclass(frozen=True)
class Limits:
    """How long a shard's questions are asked: until the function's end, until the lease's, and of a model that is busy.

    From `answer_until` on nothing is asked: the lease is nearly over; None without a lease.
    """

    remaining_milliseconds: Callable[[], int]
    patience_seconds: float
    answer_until: str | None = None


def answer_shard(
    bucket: str, prefix: str, shard: AnswerShard, model_id: str, settings: InferenceSettings, limits: Limits
) -> AnsweredShard:
    """Answers what is not stored yet.

    Raises ShardUnfinished where the function's time runs out, ServiceBusy where the model is busy for longer than the
    limits' patience or for all of the function's time, and EvaluationFailed where it cannot be asked (any more). In
    each case what was answered is stored first. An error of a single record becomes its line.
    """
    place = (bucket, prefix, shard.arm, shard.number)
    lines: dict[int, StoredLine] = {line.index: line for line in current().answers.read_shard(*place)}
    stored = known = len(lines)
    examples = current().answers.read_examples(bucket, prefix, shard.few_shot)
    try:
        for index, record in _records(bucket, prefix, shard):
            if index in lines:
                continue
            lines[index] = _answer_when_free(index, record, examples, model_id, settings, limits)
            if len(lines) - stored >= STORE_EVERY_ANSWERS:
                current().answers.write_shard(*place, list(lines.values()))
                stored = len(lines)
        _refuse_a_model_that_answers_nothing(model_id, list(lines.values()))
    except ShardUnfinished as unfinished:
        if len(lines) > known or limits.patience_seconds == inf:
            # No trouble: it must not take the place of another shard's.
            raise
        # The SDK's own repetitions can use up the function's time before patience ends; without an answer in all of it
        # the few repetitions of a busy service count, so that a model which never answers ends the run.
        busy = ServiceBusy(str(unfinished))
        _tell_trouble(bucket, prefix, shard, busy)
        raise busy from unfinished
    except Exception as error:
        _tell_trouble(bucket, prefix, shard, error)
        raise
    finally:
        if len(lines) > stored:
            current().answers.write_shard(*place, list(lines.values()))
    answered = len(select_answers(lines.values()))
    return AnsweredShard(arm=shard.arm, number=shard.number, answered=answered, errors=len(lines) - answered)


def _tell_trouble(bucket: str, prefix: str, shard: AnswerShard, error: Exception) -> None:
    trouble = {"arm": shard.arm, "number": shard.number, "error": type(error).__name__, "message": str(error)}
    current().objects.write(bucket, trouble_key(prefix), orjson.dumps(trouble))


def _answer_when_free(
    index: int,
    record: bytes,
    examples: Sequence[Conversation],
    model_id: str,
    settings: InferenceSettings,
    limits: Limits,
) -> StoredLine:
    """One record's line, from a model that may be busy for a while. Raises as `answer_shard`."""
    waited, pause, trouble = 0.0, FIRST_PAUSE_SECONDS, ""
    while True:
        _require_time(limits, trouble)
        try:
            return _answer(index, record, examples, model_id, settings)
        except ServiceBusy as busy:
            if waited >= limits.patience_seconds:
                raise
            trouble = f" Bedrock's last answer: {busy}"
        # Of many shards that wait, not all ask again at once.
        seconds = random.uniform(pause / 2, pause)  # noqa: S311 - no secret
        time.sleep(seconds)
        waited, pause = waited + seconds, min(LONGEST_PAUSE_SECONDS, pause * 2)


def _require_time(limits: Limits, trouble: str) -> None:
    """Raises where lease or function leave no time for a question; `trouble` is why there is no answer yet."""
    if limits.answer_until is not None and now() >= limits.answer_until:
        # More shards at a time get no more answers from a model that is busy.
        more = "longest_lease_hours" if trouble else "longest_lease_hours or max_concurrency"
        raise EvaluationFailed(
            f"The lease leaves no time for answers after {limits.answer_until}. Deploy with a larger {more}, or give "
            f"fewer test records, then upload the data again.{trouble}"
        )
    if limits.remaining_milliseconds() < RESERVED_MILLISECONDS:
        raise ShardUnfinished(f"The shard needs more time; it goes on where it is.{trouble}")


def _refuse_a_model_that_answers_nothing(model_id: str, lines: Sequence[StoredLine]) -> None:
    """Ends a run whose model refuses every question before the throughput is bought, or while it could be deleted."""
    errors = [line.error for line in lines if isinstance(line, UnansweredLine)]
    if len(errors) == len(lines) >= TELLING_RECORDS:
        raise EvaluationFailed(
            f"{model_id} answered none of {len(lines)} records; the first error: {errors[0]} "
            "Check that the model can be asked on demand in this Region, then upload the data set again."
        )


def _records(bucket: str, prefix: str, shard: AnswerShard) -> Iterator[tuple[int, bytes]]:
    """The shard's lines of the test set with their indexes."""
    key = test_set_key(prefix)
    with current().objects.opened(bucket, key) as test_set:
        if test_set is None:
            raise EvaluationFailed(f"The test set {object_store.uri(bucket, key)} is missing: upload the data again.")
        last = shard.first + shard.records
        records = [line.rstrip(b"\n") for line in islice(test_set.stream, shard.first, last)]
    yield from enumerate(records, shard.first)


def _answer(
    index: int, record: bytes, examples: Sequence[Conversation], model_id: str, settings: InferenceSettings
) -> StoredLine:
    """One record's line; the examples are asked with it, and are no part of its prompt."""
    try:
        question = parse_question(index, record)
    except ValidationError as error:
        return UnansweredLine(index, f"not a test record: {error.errors()[0]['msg']}")
    asked = replace(question, messages=prepend_examples(examples, question))
    asked_at = now()
    try:
        answer = current().runtime.converse(model_id, asked, settings)
        return answer_line(question, answer, asked_at=asked_at, answered_at=now())
    except Refused as refusal:
        if isinstance(refusal, NotFound) or refusal.code in MODEL_CANNOT_BE_ASKED:
            raise EvaluationFailed(
                f"{model_id} cannot be asked: {refusal.code}: {refusal.message} "
                "Check the model's access, Region and life cycle, then upload the data set again."
            ) from refusal
        return UnansweredLine(index, f"{refusal.code}: {refusal.message}")
