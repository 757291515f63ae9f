"""Asks a model the questions of one shard and stores its answers, so that a repeated call asks nothing twice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import orjson
from pydantic import ValidationError

from lambdas.adapters import bedrock_runtime, object_store, stored_answers
from lambdas.adapters.service_errors import NotFound, Refused
from lambdas.domain.errors import EvaluationFailed, ServiceBusy
from lambdas.domain.few_shot import few_shot_turns
from lambdas.domain.responses import (
    InferenceSettings,
    Line,
    Record,
    Shard,
    answered,
    failed,
    parse_question,
)
from lambdas.domain.timestamps import now

# What a killed function would have to ask again, at most.
STORE_EVERY_ANSWERS = 25
# Time for one slow answer, and to store it, before Lambda kills the function.
RESERVED_MILLISECONDS = 150_000

# So many refusals in a row are the model's, not the records'; fewer than a data set's least test records.
TELLING_RECORDS = 10

MODEL_CANNOT_BE_ASKED = {"AccessDeniedException", "ResourceNotFoundException"}


def test_set_key(prefix: str) -> str:
    """Where the run's test set is."""
    return f"{prefix}{stored_answers.TEST_SET}"


def trouble_key(prefix: str) -> str:
    """Where the last error of any shard is: a map run tells its parent only that too many shards failed."""
    return f"{prefix}shards/trouble.json"


def answer_shard(
    bucket: str,
    prefix: str,
    shard: Shard,
    model_id: str,
    settings: InferenceSettings,
    remaining_milliseconds: Callable[[], int],
    *,
    answer_until: str | None = None,
) -> dict[str, Any]:
    """Answers what is not stored yet; returns `{"arm", "number", "answered", "errors"}`.

    From `answer_until` on nothing is asked: the lease is nearly over. Raises ServiceBusy where Bedrock is
    busy or the function's time runs out, and EvaluationFailed where the model cannot be asked (any more). Either
    way what was answered is stored first. An error of a single record becomes its line.
    """
    place = (bucket, prefix, shard.arm, shard.number)
    lines: dict[int, Line] = {line["index"]: line for line in stored_answers.read_shard(*place)}
    stored = len(lines)
    examples = stored_answers.read_examples(bucket, prefix, shard.few_shot)
    try:
        for index, record in _records(bucket, prefix, shard):
            if index in lines:
                continue
            if remaining_milliseconds() < RESERVED_MILLISECONDS:
                raise ServiceBusy(f"Shard {shard.number} of arm {shard.arm} needs more time; it goes on where it is.")
            if answer_until is not None and now() >= answer_until:
                raise EvaluationFailed(
                    f"The lease leaves no time for answers after {answer_until}. Deploy with a larger "
                    "longest_lease_hours or max_concurrency, or give fewer test records, then upload the data again."
                )
            lines[index] = _answer(index, record, examples, model_id, settings)
            if len(lines) - stored >= STORE_EVERY_ANSWERS:
                stored_answers.write_shard(*place, list(lines.values()))
                stored = len(lines)
        _refuse_a_model_that_answers_nothing(model_id, list(lines.values()))
    except Exception as error:
        trouble = {"arm": shard.arm, "number": shard.number, "error": type(error).__name__, "message": str(error)}
        object_store.write(bucket, trouble_key(prefix), orjson.dumps(trouble))
        raise
    finally:
        if len(lines) > stored:
            stored_answers.write_shard(*place, list(lines.values()))
    errors = sum("error" in line for line in lines.values())
    return {"arm": shard.arm, "number": shard.number, "answered": len(lines) - errors, "errors": errors}


def _refuse_a_model_that_answers_nothing(model_id: str, lines: Sequence[Line]) -> None:
    """Ends a run whose model refuses every question before the throughput is bought, or while it could be deleted."""
    if len(lines) >= TELLING_RECORDS and all("error" in line for line in lines):
        raise EvaluationFailed(
            f"{model_id} answered none of {len(lines)} records; the first error: {lines[0]['error']} "
            "Check that the model can be asked on demand in this Region, then upload the data set again."
        )


def _records(bucket: str, prefix: str, shard: Shard) -> Iterator[tuple[int, bytes]]:
    """The shard's lines of the test set with their indexes."""
    key = test_set_key(prefix)
    with object_store.opened(bucket, key) as test_set:
        if test_set is None:
            raise EvaluationFailed(f"The test set {object_store.uri(bucket, key)} is missing: upload the data again.")
        last = shard.first + shard.records
        records = [line.rstrip(b"\n") for line in islice(test_set.stream, shard.first, last)]
    yield from enumerate(records, shard.first)


def _answer(index: int, record: bytes, examples: Sequence[Record], model_id: str, settings: InferenceSettings) -> Line:
    """One record's line; the examples are asked with it, and are no part of its prompt."""
    try:
        question = parse_question(index, record)
    except ValidationError as error:
        return failed(index, f"not a test record: {error.errors()[0]['msg']}")
    asked = replace(question, turns=tuple(few_shot_turns(examples, question)))
    asked_at = now()
    try:
        answer = bedrock_runtime.converse(model_id, asked, settings)
        return answered(question, answer, asked_at=asked_at, answered_at=now())
    except Refused as refusal:
        if isinstance(refusal, NotFound) or refusal.code in MODEL_CANNOT_BE_ASKED:
            raise EvaluationFailed(
                f"{model_id} cannot be asked: {refusal.code}: {refusal.message} "
                "Check the model's access, Region and life cycle, then upload the data set again."
            ) from refusal
        return failed(index, f"{refusal.code}: {refusal.message}")
