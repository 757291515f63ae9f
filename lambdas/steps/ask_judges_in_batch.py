"""AskJudgesInBatch: batch jobs compare the pairs for the judges, at a lower price, once nothing serves the model."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from lambdas.adapters.adapters import Adapters
from lambdas.domain.batch.batch_job import BatchDescription
from lambdas.domain.batch.batch_lines import BatchAnswer, BatchQuestion
from lambdas.domain.batch.batch_models import refused_parameters
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.batches import (
    EvaluationBatches,
    batch_judgement,
    evaluation_batch_number,
    judge_question,
)
from lambdas.domain.evaluation.judging.pairwise import JUDGE_SETTINGS, ORDERS, Order, Pair, needs_no_judge
from lambdas.domain.evaluation.judging.shards import JudgeShard
from lambdas.domain.plan.plan import Plan
from lambdas.steps.batch_jobs import BatchTerms
from lambdas.steps.evaluation_batches import BatchSubject, ask_in_batch


def ask_judges_in_batch(
    run: Run, plan: Plan, batches: EvaluationBatches | None, *, adapters: Adapters, terms: BatchTerms
) -> EvaluationBatches:
    """`$.batches` of the judges: started, waited for, or over. Raises ServiceBusy."""
    asked = [_AskedJudge(run, plan, index, judge, adapters) for index, judge in enumerate(plan.batches.judges)]
    return ask_in_batch(run, plan, batches, asked, terms, adapters)


class _AskedJudge(BatchSubject):
    """A judge with all of its shards: a thousand questions at most."""

    def __init__(self, run: Run, plan: Plan, index: int, judge: str, adapters: Adapters) -> None:
        self.name = self.model = judge
        self.number = evaluation_batch_number("judges", index)
        self._place, self._plan, self._judging = (run.output_bucket, run.prefix), plan, adapters.judging

    @cached_property
    def _shards(self) -> list[JudgeShard]:
        listed = self._judging.read_shards(self._place[0], self._plan.shards.judges)
        return [each for each in listed if each.judge == self.model]

    @cached_property
    def _pairs(self) -> list[Pair]:
        return self._judging.read_pairs(*self._place)

    def _asked(self, shard: JudgeShard) -> list[tuple[Pair, Order]]:
        pairs = self._pairs[shard.first : shard.first + shard.records]
        return [(pair, order) for pair in pairs if not needs_no_judge(pair) for order in ORDERS]

    def count(self) -> int:
        return sum(len(self._asked(shard)) for shard in self._shards)

    def questions(self) -> Iterable[BatchQuestion]:
        for shard in self._shards:
            for pair, order in self._asked(shard):
                yield judge_question(self.model, pair, order, shard.rubric)

    def store(self, answers: Mapping[str, BatchAnswer], job: BatchDescription) -> int:
        left_out = sorted(JUDGE_SETTINGS.sent().keys() & refused_parameters(self.model))
        answered = 0
        for shard in self._shards:
            place = (*self._place, self.model, shard.number)
            lines = {(line.index, line.order): line for line in self._judging.read_judged(*place)}
            known = len(lines)
            for pair, order in self._asked(shard):
                line = batch_judgement(self.model, pair.index, order, answers, left_out)
                if line is not None:
                    answered += 1
                    lines.setdefault((line.index, line.order), line)
            if len(lines) > known:
                self._judging.write_judged(*place, [*lines.values()])
        return answered
