"""AskBaselinesInBatch: batch jobs answer the test set for the baselines, at a lower price, while Bedrock trains."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice

from lambdas.adapters.adapters import Adapters
from lambdas.domain.batch.batch_job import BatchDescription
from lambdas.domain.batch.batch_lines import BatchAnswer, BatchQuestion
from lambdas.domain.batch.batch_models import batch_models, refused_parameters
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.batches import (
    EvaluationBatches,
    answer_question,
    batch_answer,
    evaluation_batch_number,
)
from lambdas.domain.evaluation.few_shot import prepend_examples
from lambdas.domain.evaluation.shards import AnswerShard
from lambdas.domain.plan.plan import Plan
from lambdas.steps.batch_jobs import BatchTerms
from lambdas.steps.evaluation_batches import BatchSubject, ask_in_batch


def ask_baselines_in_batch(
    run: Run, plan: Plan, batches: EvaluationBatches | None, *, adapters: Adapters, terms: BatchTerms
) -> EvaluationBatches:
    """`$.batches` of the baselines: started, waited for, or over. Raises ServiceBusy."""
    asked = [_AskedArm(run, plan, index, arm, adapters) for index, arm in enumerate(plan.batches.baselines)]
    return ask_in_batch(run, plan, batches, asked, terms, adapters)


class _AskedArm(BatchSubject):
    """A baseline with as many of its shards as a job may have records of; the map asks the others."""

    def __init__(self, run: Run, plan: Plan, index: int, arm: str, adapters: Adapters) -> None:
        self.name, self.model = arm, plan.arms[arm].model_id or ""
        self.number = evaluation_batch_number("baselines", index)
        self._place, self._plan, self._answers = (run.output_bucket, run.prefix), plan, adapters.answers

    @cached_property
    def _shards(self) -> list[AnswerShard]:
        listed = self._answers.read_shards(self._place[0], self._plan.shards.baselines)
        own = (each for each in listed if each.arm == self.name)
        most = batch_models().most_records
        return sorted((each for each in own if each.first + each.records <= most), key=lambda each: each.first)

    def count(self) -> int:
        return sum(each.records for each in self._shards)

    def questions(self) -> Iterable[BatchQuestion]:
        examples = self._answers.read_examples(*self._place, self._plan.arms[self.name].few_shot)
        settings = self._plan.evaluation.inference
        for question in islice(self._answers.read_questions(*self._place), self.count()):
            if question is not None:
                yield answer_question(self.name, question, prepend_examples(examples, question), settings)

    def store(self, answers: Mapping[str, BatchAnswer], job: BatchDescription) -> int:
        if not answers:
            return 0
        answered = 0
        for shard in self._shards:
            answered += self._store_shard(shard, answers, job)
        names = sorted(self._plan.evaluation.inference.sent().keys() & refused_parameters(self.model))
        if names:
            self._answers.write_left_out(*self._place, self.name, names)
        return answered

    def _store_shard(self, shard: AnswerShard, answers: Mapping[str, BatchAnswer], job: BatchDescription) -> int:
        place = (*self._place, self.name, shard.number)
        lines = {line.index: line for line in self._answers.read_shard(*place)}
        known = len(lines)
        ended_at = job.ended_at or job.started_at
        found = [
            line
            for index in _indexes(shard)
            if (line := batch_answer(self.name, index, answers, asked_at=job.started_at, answered_at=ended_at))
        ]
        for line in found:
            lines.setdefault(line.index, line)
        if len(lines) > known:
            self._answers.write_shard(*place, list(lines.values()))
        return len(found)


def _indexes(shard: AnswerShard) -> Iterator[int]:
    yield from range(shard.first, shard.first + shard.records)
