"""Batch jobs of baselines and judges on the simulated Bedrock: what they leave out, the map asks, and nothing twice."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from unittest.mock import Mock

import pytest

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Run, bedrock_tags
from lambdas.domain.evaluation.answers import ShardAnswer
from lambdas.domain.evaluation.batches import EvaluationBatches
from lambdas.domain.evaluation.judging.lines import JudgementLine
from lambdas.domain.evaluation.judging.pairwise import Pair
from lambdas.domain.evaluation.judging.shards import plan_judge_shards
from lambdas.domain.evaluation.shards import plan_shards
from lambdas.domain.plan.plan import Plan
from lambdas.steps.answer_baseline_shard import answer_baseline_shard
from lambdas.steps.ask_baselines_in_batch import ask_baselines_in_batch
from lambdas.steps.ask_judges_in_batch import ask_judges_in_batch
from lambdas.steps.batch_jobs import BatchTerms
from lambdas.steps.clock import Clock
from lambdas.steps.judge_shard import judge_shard
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import BUCKET, ROLE_ARN, Simulation
from tests.unit.run_states import RUN, RUN_ID, make_plan

HAIKU, NOVA = "us.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-pro-v1:0"
RECORDS, PAIRS = 117, 60
START = "CreateModelInvocationJob"
PREFIX = f"runs/{RUN_ID}/"
Part = Literal["baselines", "judges"]


def record(number: int) -> dict[str, Any]:
    asked = f"<doc>Mill {number} has {number + 100} houses.</doc>\n\nHow many houses?"
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": str(number + 100)}]
    return {"system": "Reply with the figure.", "messages": messages}


@dataclass
class Asking:
    """A run whose baselines, or judges, are asked; each call is repeated once and must do the same."""

    simulation: Simulation
    part: Part
    terms: BatchTerms = field(default_factory=lambda: BatchTerms("fine-tuning", ROLE_ARN, 6))
    plan: Plan = field(init=False)
    run: Run = field(init=False)

    def __post_init__(self) -> None:
        arms = {
            "tuned": {"model_id": None},
            "base": {"model_id": NOVA},
            "base-few-shot-2": {"model_id": NOVA, "few_shot": 2},
        }
        self.run = Run.parse({**RUN, "output_bucket": BUCKET})
        self.plan = Plan.parse(
            make_plan(
                arms=arms,
                batches={"baselines": ["base", "base-few-shot-2"], "judges": [HAIKU]},
                shards={"baselines": "baselines.jsonl", "tuned": "t", "judges": "judges.jsonl"},
                tags={**bedrock_tags("fine-tuning", RUN_ID, "arn:execution"), "keep-job": "true"},
                evaluation={"judges": [HAIKU], "temperature": 0.0},
            )
        )
        self.simulation.upload(f"{PREFIX}dataset/test.jsonl", [record(number) for number in range(RECORDS)])
        self.simulation.upload(f"{PREFIX}dataset/examples.jsonl", [record(1000), record(1001)])
        shards = plan_shards({name: arm for name, arm in self.plan.arms.items() if arm.model_id}, RECORDS)
        self.simulation.upload("baselines.jsonl", [each.dump() for each in shards])
        pairs = [Pair(each, f"How many? {each}", str(each), str(each), str(each + each % 10)) for each in range(PAIRS)]
        self.adapters.judging.write_pairs(BUCKET, PREFIX, pairs)
        items = plan_judge_shards([HAIKU], PAIRS, self.plan.evaluation.rubric)
        self.adapters.judging.write_shards(BUCKET, "judges.jsonl", items)

    @property
    def adapters(self) -> Adapters:
        clients = {
            "s3": self.simulation.s3,
            "bedrock": self.simulation.bedrock,
            "bedrock-runtime": self.simulation.runtime,
        }
        return Adapters(Clients(Mock(client=lambda name, **_: clients[name])))

    def step(self, batches: EvaluationBatches | None) -> EvaluationBatches:
        """One call of the step."""
        step = ask_baselines_in_batch if self.part == "baselines" else ask_judges_in_batch
        return step(self.run, self.plan, batches, adapters=self.adapters, terms=self.terms)

    def go(self) -> EvaluationBatches:
        """The jobs once they are over, and the map behind them; waits move the simulated clock."""
        batches: EvaluationBatches | None = None
        for _ in range(200):
            following = self.step(batches)
            assert self.step(batches) == following, "a repeated call does the same"
            batches = EvaluationBatches.parse(following.dump())
            if batches.wait_seconds is None:
                self.map()
                return batches
            self.simulation.clock.advance(batches.wait_seconds)
        raise AssertionError("the jobs come to no end")

    def map(self) -> None:
        """The map over all shards."""
        adapters, clock = self.adapters, Clock(sleep=lambda _: None)
        if self.part == "judges":
            for one in adapters.judging.read_shards(BUCKET, "judges.jsonl"):
                judge_shard(self.run, one, lambda: 900_000, adapters=adapters)
            return
        for each in adapters.answers.read_shards(BUCKET, "baselines.jsonl"):
            answer_baseline_shard(self.run, self.plan, each, lambda: 900_000, adapters=adapters, clock=clock)

    def calls(self, operation: str) -> int:
        """How many calls of an operation Bedrock has answered."""
        return sum(call["operation"] == operation and call["error"] is None for call in self.simulation.calls())

    def answers(self) -> Iterator[tuple[str, ShardAnswer]]:
        """The stored answers with their arms."""
        for shard in self.adapters.answers.read_shards(BUCKET, "baselines.jsonl"):
            for line in self.adapters.answers.read_shard(BUCKET, PREFIX, shard.arm, shard.number):
                assert isinstance(line, ShardAnswer)
                yield shard.arm, line

    def judgements(self) -> list[JudgementLine]:
        """The stored judgements."""
        lines = self.adapters.judging.read_judge(BUCKET, PREFIX, HAIKU, PAIRS)
        return [line for line in lines if isinstance(line, JudgementLine)]


@pytest.fixture
def baselines(simulation: Simulation) -> Asking:
    return Asking(simulation, "baselines")


@pytest.fixture
def judges(simulation: Simulation) -> Asking:
    return Asking(simulation, "judges")


def test_baselines_answer_in_jobs_as_they_do_one_by_one(baselines: Asking) -> None:
    """At half the price, with the examples of their arms; only the latency is not known."""
    done = baselines.go()
    assert [(each.asked, each.number, each.answered, each.status) for each in done.jobs] == [
        ("base", 51, RECORDS, "Completed"),
        ("base-few-shot-2", 52, RECORDS, "Completed"),
    ]
    assert baselines.calls("Converse") == 0
    in_jobs = {(arm, line.index): line for arm, line in baselines.answers()}
    assert len(in_jobs) == 2 * RECORDS
    assert {(line.in_batch, line.latency_ms, line.stop_reason) for line in in_jobs.values()} == {
        (True, None, "end_turn")
    }
    tags = baselines.adapters.bedrock.tags_of(done.jobs[0].arn)
    assert tags == bedrock_tags("fine-tuning", RUN_ID, "arn:execution")
    for key in baselines.adapters.objects.keys(BUCKET, f"{PREFIX}shards/"):
        baselines.simulation.s3.delete_object(Bucket=BUCKET, Key=key)
    baselines.map()
    assert baselines.calls("Converse") == 2 * RECORDS
    for arm, line in baselines.answers():
        same = in_jobs[arm, line.index]
        assert (line.response, line.input_tokens, line.output_tokens, line.in_batch) == (
            same.response,
            same.input_tokens,
            same.output_tokens,
            False,
        )


def test_judges_judge_in_jobs_and_pairs_that_are_equal_are_not_asked(judges: Asking) -> None:
    done = judges.go()
    asked = 2 * (PAIRS - PAIRS // 10)
    [job] = done.jobs
    assert (job.number, job.asks, job.answered) == (81, asked, asked)
    lines = judges.judgements()
    assert Counter((line.index, line.order) for line in lines).most_common(1)[0][1] == 1
    assert len(lines) == asked
    # What could not be read is asked once more, at the other price.
    again = sum(line.asked_again for line in lines)
    assert judges.calls("Converse") == again
    for line in lines:
        assert 0 < line.batch_input_tokens <= line.input_tokens
        assert (line.batch_input_tokens < line.input_tokens) == line.asked_again


@pytest.mark.parametrize("settings", [SimulationSettings(batch_failed_records=0.2, batch_missing_records=0.1)])
def test_missing_and_failed_records_are_asked_by_the_map_and_the_others_are_not(baselines: Asking) -> None:
    done = baselines.go()
    answered = sum(each.answered or 0 for each in done.jobs)
    assert 0.5 * 2 * RECORDS < answered < 0.95 * 2 * RECORDS
    assert baselines.calls("Converse") == 2 * RECORDS - answered
    lines = [line for _, line in baselines.answers()]
    assert (len(lines), sum(line.in_batch for line in lines)) == (2 * RECORDS, answered)


@pytest.mark.parametrize(("kind", "status"), [("broken", "Failed"), ("endless", "Stopped")])
def test_a_job_that_fails_or_takes_too_long_leaves_all_to_the_map(judges: Asking, kind: str, status: str) -> None:
    judges.simulation.control("POST", "faults/x", [{"operation": START, "kind": kind}])
    begun = judges.simulation.clock.now()
    [job] = judges.go().jobs
    assert (job.status, job.answered, len(judges.judgements())) == (status, 0, job.asks)
    hours = (judges.simulation.clock.now() - begun) / 3600
    assert hours < 1 if kind == "broken" else 6 <= hours < 7.5


def test_a_job_that_may_not_be_looked_at_is_stopped_and_the_map_asks(judges: Asking) -> None:
    """It would ask for nobody."""
    rules = [
        {"operation": START, "kind": "endless"},
        {"operation": "GetModelInvocationJob", "kind": "access_denied"},
    ]
    judges.simulation.control("POST", "faults/x", rules)
    [job] = judges.go().jobs
    assert (job.answered, len(judges.judgements())) == (None, job.asks)
    [stopped] = judges.simulation.control("GET", "state")["batch_jobs"]
    assert stopped["status"] in ("Stopping", "Stopped")


def test_few_pairs_are_no_batch_whatever_was_planned(judges: Asking) -> None:
    """Of as many pairs as were planned, models may have answered most alike."""
    pairs = [Pair(each, "Which?", "a", "a", "a" if each else "b") for each in range(PAIRS)]
    judges.adapters.judging.write_pairs(BUCKET, PREFIX, pairs)
    assert judges.go() == EvaluationBatches()
    assert (judges.calls(START), len(judges.judgements())) == (0, 2)


def test_an_environment_without_a_role_asks_one_by_one(judges: Asking) -> None:
    judges.terms = BatchTerms("fine-tuning", None, 6)
    assert judges.go() == EvaluationBatches()
    assert judges.calls(START) == 0


def test_a_start_whose_answer_is_lost_starts_nothing_twice(baselines: Asking) -> None:
    """The state machine repeats the step."""
    baselines.simulation.control("POST", "faults/x", [{"operation": START, "kind": "drop_after", "last": 1}])
    with pytest.raises(ServiceBusy):
        baselines.step(None)
    done = baselines.go()
    jobs = baselines.simulation.control("GET", "state")["batch_jobs"]
    assert {each["jobArn"] for each in jobs} == {each.arn for each in done.jobs}
