"""What AnswerShard and AnswerBaselineShard share: a model answers one shard of the test set.

No question is asked twice. A busy model is asked again and again: an account may have a quota of a few requests a
minute, which all shards share. How long depends on what the waiting costs.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import inf

from pydantic import ValidationError

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws import object_store
from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime
from lambdas.adapters.aws.clients import INFERENCE, STORAGE, longest_seconds
from lambdas.adapters.aws.service_errors import ModelFailed, NotFound, Refused, SpentForToday
from lambdas.adapters.stores.stored_answers import test_set_key
from lambdas.domain.core.counted import counted
from lambdas.domain.core.errors import EvaluationFailed, ServiceBusy, ShardUnfinished
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.answers import NO_RECORD, ShardLine, UnansweredLine, answer_line
from lambdas.domain.evaluation.few_shot import prepend_examples
from lambdas.domain.evaluation.questions import Conversation, InferenceSettings, parse_question
from lambdas.domain.evaluation.shards import AnsweredShard, AnswerShard
from lambdas.steps.clock import Clock

# What a killed function would have to ask again, at most.
STORE_EVERY_ANSWERS = 5
# Time for the slowest answer, and to store it, before Lambda kills the function.
RESERVED_MILLISECONDS = int(1000 * (longest_seconds(INFERENCE) + longest_seconds(STORAGE)))
# So often a model is asked a question over which it fails itself: another question may be answered all the same.
MOST_MODEL_FAILURES = 3

# The first pause before a busy model is asked again; each further one is twice as long, up to the longest.
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

# So many refusals in a row are the model's, not the records'; fewer than a data set's least test records.
TELLING_RECORDS = 10

MODEL_CANNOT_BE_ASKED = {"AccessDeniedException", "ResourceNotFoundException"}


@dataclass(frozen=True)
class Limits:
    """How long questions are asked: until the function's end, until `answer_until`, and of a model that is busy.

    `patience_seconds` is how long a function waits in vain before the state machine's few repetitions begin.
    From `answer_until` on nothing is asked: the lease is nearly over. It is None where there is no lease.
    """

    remaining_milliseconds: Callable[[], int]
    patience_seconds: float
    answer_until: str | None = None


def answer_records(
    run: Run,
    shard: AnswerShard,
    model_id: str,
    settings: InferenceSettings,
    limits: Limits,
    *,
    adapters: Adapters,
    clock: Clock,
) -> AnsweredShard:
    """Answers what is not stored yet. An error of a single record becomes its line.

    Raises ShardUnfinished where the function's time runs out, ServiceBusy where the model is busy for longer than the
    limits' patience or for all of the function's time, and EvaluationFailed where it cannot be asked (any more), also
    where its quota of the day is used up. In each case the answers so far are stored.
    """
    answers, place = adapters.answers, (run.output_bucket, run.prefix, shard.arm, shard.number)
    lines: dict[int, ShardLine] = {line.index: line for line in answers.read_shard(*place)}
    stored = known = len(lines)
    examples = answers.read_examples(run.output_bucket, run.prefix, shard.few_shot)
    model = _Model(model_id, examples, settings, limits, adapters.runtime, clock)
    try:
        for index, record in _read_records(run, shard, adapters):
            if index in lines:
                continue
            lines[index] = model.answer_when_free(index, record)
            if len(lines) - stored >= STORE_EVERY_ANSWERS:
                answers.write_shard(*place, list(lines.values()))
                stored = len(lines)
        _refuse_a_model_that_answers_nothing(model_id, list(lines.values()))
    except ShardUnfinished as unfinished:
        if len(lines) > known or limits.patience_seconds == inf:
            raise
        # The SDK's own repetitions can use up the function's time before patience ends; without an answer in all of it
        # the few repetitions of a busy service count, so that a model which never answers ends the run.
        raise ServiceBusy(str(unfinished)) from unfinished
    finally:
        if len(lines) > stored:
            answers.write_shard(*place, list(lines.values()))
        if left_out := adapters.runtime.left_out(model_id, settings):
            answers.write_left_out(run.output_bucket, run.prefix, shard.arm, left_out)
    answered = sum(not isinstance(line, UnansweredLine) for line in lines.values())
    return AnsweredShard(arm=shard.arm, number=shard.number, answered=answered, errors=len(lines) - answered)


@dataclass(frozen=True)
class _Model:
    """A model that answers, and how it is asked."""

    model_id: str
    examples: Sequence[Conversation]
    settings: InferenceSettings
    limits: Limits
    runtime: BedrockRuntime
    clock: Clock

    def answer_when_free(self, index: int, record: bytes) -> ShardLine:
        """One record's line, from a model that may be busy for a while. Raises as `answer_records`."""
        waited, pause, trouble, failures = 0.0, FIRST_PAUSE_SECONDS, "", 0
        while True:
            self._require_time(trouble)
            try:
                return self._answer(index, record)
            except ServiceBusy as busy:
                failures += isinstance(busy, ModelFailed)
                if failures >= MOST_MODEL_FAILURES:
                    return UnansweredLine(index, str(busy))
                if isinstance(busy, SpentForToday) and self.limits.patience_seconds < inf:
                    raise EvaluationFailed(
                        f"{self.model_id} has no quota left for today: {busy} Start the next run tomorrow, or "
                        "ask for a higher quota (Service Quotas, Amazon Bedrock)."
                    ) from busy
                if waited >= self.limits.patience_seconds:
                    # By the name that the state machine repeats, whatever kind of busy it is.
                    raise ServiceBusy(str(busy)) from busy
                trouble = f" Bedrock's last answer: {busy}"
            # Of many shards that wait, not all ask again at once.
            seconds = random.uniform(pause / 2, pause)  # noqa: S311 - no secret
            self.clock.sleep(seconds)
            waited, pause = waited + seconds, min(LONGEST_PAUSE_SECONDS, pause * 2)

    def _require_time(self, trouble: str) -> None:
        """Raises where lease or function leave no time for a question; `trouble` is why there is no answer yet."""
        answer_until = self.limits.answer_until
        if answer_until is not None and self.clock.now() >= answer_until:
            # More shards at a time get no more answers from a model that is busy.
            more = "longest_lease_hours" if trouble else "longest_lease_hours or max_concurrency"
            raise EvaluationFailed(
                f"The lease leaves no time for answers after {answer_until}. Deploy with a larger {more}, or give "
                f"fewer test records.{trouble}"
            )
        if self.limits.remaining_milliseconds() < RESERVED_MILLISECONDS:
            raise ShardUnfinished(f"The shard needs more time; it goes on where it is.{trouble}")

    def _answer(self, index: int, record: bytes) -> ShardLine:
        """One record's line; the examples are asked with it, and are no part of its prompt."""
        try:
            question = parse_question(index, record)
        except ValidationError as error:
            return UnansweredLine(index, f"{NO_RECORD}: {error.errors()[0]['msg']}")
        asked = replace(question, messages=prepend_examples(self.examples, question))
        asked_at = self.clock.now()
        try:
            answer = self.runtime.converse(self.model_id, asked, self.settings)
            return answer_line(index, answer, asked_at=asked_at, answered_at=self.clock.now())
        except Refused as refusal:
            if isinstance(refusal, NotFound) or refusal.code in MODEL_CANNOT_BE_ASKED:
                raise EvaluationFailed(
                    f"{self.model_id} cannot be asked: {refusal.code}: {refusal.message} "
                    "Check the model's access, Region and life cycle."
                ) from refusal
            return UnansweredLine(index, f"{refusal.code}: {refusal.message}")


def _refuse_a_model_that_answers_nothing(model_id: str, lines: Sequence[ShardLine]) -> None:
    """Gives a model up that refuses every question, while what serves it could be deleted."""
    errors = [line.error for line in lines if isinstance(line, UnansweredLine)]
    if len(errors) == len(lines) >= TELLING_RECORDS:
        raise EvaluationFailed(
            f"{model_id} answered none of {counted(len(lines), 'record')}; the first error: {errors[0]} "
            "Check that the model can be asked on demand in this Region."
        )


def _read_records(run: Run, shard: AnswerShard, adapters: Adapters) -> Iterator[tuple[int, bytes]]:
    """The shard's lines of the test set with their indexes."""
    key = test_set_key(run.prefix)
    with adapters.objects.opened(run.output_bucket, key) as test_set:
        if test_set is None:
            uri = object_store.uri(run.output_bucket, key)
            raise EvaluationFailed(f"The test set {uri} is missing: somebody has deleted it while the run went on.")
        last = shard.first + shard.records
        records = [line.rstrip(b"\n") for line in islice(test_set.stream, shard.first, last)]
    yield from enumerate(records, shard.first)
