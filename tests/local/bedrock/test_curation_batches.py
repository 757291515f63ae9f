"""CurateTrainingSet with batch jobs of the simulated Bedrock: what they leave out, the map asks, and nothing twice."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock

import pytest

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Run, bedrock_tags
from lambdas.domain.curation.curation import Curation
from lambdas.domain.plan.plan import Plan
from lambdas.steps.ask_curator_shard import ask_curator_shard
from lambdas.steps.batch_jobs import BatchTerms
from lambdas.steps.clock import Clock
from lambdas.steps.curate_training_set import curate_training_set
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import BUCKET, ROLE_ARN, Simulation
from tests.unit.run_states import RUN, RUN_ID, make_plan

HAIKU, NOVA = "us.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-pro-v1:0"
SONNET_5 = "us.anthropic.claude-sonnet-5"
RECORDS = 117
START = "CreateModelInvocationJob"
PREFIX = f"runs/{RUN_ID}/"


def record(number: int) -> dict[str, Any]:
    asked = f"<doc>Mill {number} has {number + 100} houses and {number + 500} trees.</doc>\n\nHow many houses?"
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": str(number + 100)}]
    return {"system": "Reply with the figure.", "messages": messages}


@dataclass
class Curating:
    """A run whose training set is curated; each call is repeated once and must do the same."""

    simulation: Simulation
    terms: BatchTerms = field(default_factory=lambda: BatchTerms("fine-tuning", ROLE_ARN, 6))
    plans: list[Plan] = field(default_factory=list)
    # What becomes of the ARN of a job that is waited for.
    arn: Callable[[str], str] = str

    @property
    def adapters(self) -> Adapters:
        clients = {
            "s3": self.simulation.s3,
            "bedrock": self.simulation.bedrock,
            "bedrock-runtime": self.simulation.runtime,
        }
        return Adapters(Clients(Mock(client=lambda name, **_: clients[name])))

    def go(self, *judges: str, batch: str = "auto", most_turns: int = 200) -> Curation:
        """The curation once it is done; waits move the simulated clock."""
        run = Run.parse({**RUN, "output_bucket": BUCKET})
        for name, first, count in (("train", 0, RECORDS), ("test", 1000, 3)):
            rows = [record(first + number) for number in range(count)]
            self.simulation.upload(f"{PREFIX}dataset/{name}.jsonl", rows)
        curation = {"clean": {"judges": [*judges], "mode": "remove"}, "batch": batch}
        tags = {**bedrock_tags("fine-tuning", RUN_ID, "arn:execution"), "keep-job": "true"}
        plan = Plan.parse(make_plan(curation=curation, tags=tags))
        for _ in range(most_turns):
            following = self.turn(run, plan)
            assert self.turn(run, plan) == following, "a repeated call does the same"
            plan = following
            self.plans.append(plan)
            now = plan.curation
            assert now is not None
            match now.status:
                case "done":
                    return now
                case "wait":
                    self.simulation.clock.advance(now.wait_seconds)
                    batches = [each.model_copy(update={"arn": self.arn(each.arn)}) for each in now.batches]
                    plan = plan.model_copy(update={"curation": now.model_copy(update={"batches": batches})})
                case "ask":
                    self.ask(run, now)
        raise AssertionError("the curation comes to no end")

    def turn(self, run: Run, plan: Plan) -> Plan:
        """One call of the step."""
        return curate_training_set(run, plan, is_approved=False, adapters=self.adapters, batch=self.terms)

    def ask(self, run: Run, curation: Curation) -> None:
        """The map over the turn's items."""
        assert curation.shards is not None
        body = self.simulation.s3.get_object(Bucket=BUCKET, Key=curation.shards)["Body"].read()
        shards = {(each["model"], each["number"]) for each in map(json.loads, body.splitlines())}
        for shard in self.adapters.curation.read_shards(BUCKET, PREFIX, curation.turn):
            if (shard.model, shard.number) in shards:
                ask_curator_shard(
                    run, shard, lambda: 900_000, adapters=self.adapters, clock=Clock(sleep=lambda _: None)
                )

    def calls(self, operation: str) -> int:
        """How many calls of an operation Bedrock has answered."""
        return sum(call["operation"] == operation and call["error"] is None for call in self.simulation.calls())

    def replies(self) -> Counter[str]:
        """How often each ask has a reply."""
        store = self.adapters.curation
        last = self.plans[-1].curation
        turns = range(1, last.turn + 1) if last else ()
        shards = [shard for turn in turns for shard in store.read_shards(BUCKET, PREFIX, turn)]
        return Counter(reply.id for shard in shards for reply in store.read_replies(BUCKET, PREFIX, shard))


@pytest.fixture
def curating(simulation: Simulation) -> Curating:
    return Curating(simulation)


def test_what_is_enough_for_a_job_of_its_model_is_asked_in_one(curating: Curating) -> None:
    """At half the price, and with the same judgements."""
    done = curating.go(HAIKU, NOVA)
    assert [(each.model, each.asks, each.answered, each.status) for each in done.batches] == [
        (HAIKU, 120, 120, "Completed"),
        (NOVA, 120, 120, "Completed"),
    ]
    assert (curating.calls("Converse"), len(curating.replies())) == (0, 240)
    assert done.cleaning is not None
    assert done.cleaning.judged == RECORDS
    for key in curating.adapters.objects.keys(BUCKET, f"{PREFIX}curation/"):
        curating.simulation.s3.delete_object(Bucket=BUCKET, Key=key)
    one_by_one = Curating(curating.simulation).go(HAIKU, NOVA, batch="never")
    assert curating.calls("Converse") == 240
    assert one_by_one.cleaning == done.cleaning


def test_jobs_carry_the_run_s_tags_and_nothing_that_keeps_them(curating: Curating) -> None:
    """`keep_job` keeps what is trained, not what is asked for nobody."""
    [batch] = curating.go(NOVA).batches
    tags = curating.adapters.bedrock.tags_of(batch.arn)
    assert tags == bedrock_tags("fine-tuning", RUN_ID, "arn:execution")
    found = curating.adapters.batch.find(batch.arn)
    assert found is not None
    assert found.name == f"fine-tuning-{RUN_ID}-b1"


def test_replies_of_jobs_say_that_they_cost_half(curating: Curating) -> None:
    """As Bedrock counted their tokens, and apart from those that the map has asked."""
    curating.simulation.control("POST", "faults/x", [{"operation": START, "kind": "access_denied", "match": HAIKU}])
    curating.go(HAIKU, NOVA)
    store = curating.adapters.curation
    replies = [
        each for shard in store.read_shards(BUCKET, PREFIX, 1) for each in store.read_replies(BUCKET, PREFIX, shard)
    ]
    assert {each.model for each in replies} == {HAIKU, NOVA}
    for each in replies:
        used = each.input_tokens, each.output_tokens
        assert min(used) > 0
        assert (each.batch_input_tokens, each.batch_output_tokens) == (used if each.model == NOVA else (0, 0))


@pytest.mark.parametrize("settings", [SimulationSettings(batch_failed_records=0.2, batch_missing_records=0.1)])
def test_missing_and_failed_records_are_asked_by_the_map_and_the_others_are_not(curating: Curating) -> None:
    [batch] = curating.go(NOVA).batches
    assert batch.status == "PartiallyCompleted"
    assert batch.answered is not None
    assert 60 < batch.answered < 115
    assert curating.calls("Converse") == 120 - batch.answered
    assert set(curating.replies().values()) == {1}
    assert len(curating.replies()) == 120


@pytest.mark.parametrize(("kind", "status"), [("broken", "Failed"), ("stalled", "Stopped"), ("endless", "Stopped")])
def test_a_job_that_fails_or_takes_too_long_leaves_all_to_the_map(curating: Curating, kind: str, status: str) -> None:
    """A queue may be longer than a day: after the set hours the job is stopped."""
    curating.simulation.control("POST", "faults/x", [{"operation": START, "kind": kind}])
    begun = curating.simulation.clock.now()
    [batch] = curating.go(HAIKU).batches
    assert (batch.status, batch.answered, curating.calls("Converse")) == (status, 0, 120)
    assert len(curating.replies()) == 120
    hours = (curating.simulation.clock.now() - begun) / 3600
    assert hours < 1 if kind == "broken" else 6 <= hours < 7.5


@pytest.mark.parametrize("settings", [SimulationSettings(batch_seconds=10 * 3600)])
def test_what_a_stopped_job_has_processed_is_not_asked_again(curating: Curating) -> None:
    """It was paid for."""
    [batch] = curating.go(NOVA).batches
    assert batch.status == "Stopped"
    assert batch.answered is not None
    assert 50 < batch.answered < 80
    assert curating.calls("Converse") == 120 - batch.answered


@pytest.mark.parametrize("settings", [SimulationSettings(job_stopping_seconds=90_000, batch_seconds=90_000)])
def test_a_job_that_does_not_stop_is_waited_for_no_longer_than_half_an_hour(curating: Curating) -> None:
    begun = curating.simulation.clock.now()
    [batch] = curating.go(NOVA).batches
    assert (batch.status, batch.answered) == ("Stopping", 0)
    assert curating.simulation.clock.now() - begun < 7 * 3600


@pytest.mark.parametrize(
    ("judge", "batch", "role"),
    [(SONNET_5, "auto", ROLE_ARN), (NOVA, "never", ROLE_ARN), (NOVA, "auto", None)],
)
def test_without_batch_inference_the_map_asks(curating: Curating, judge: str, batch: str, role: str | None) -> None:
    """A model that Bedrock takes no batch jobs of, a run.json that wants none, an environment without a role."""
    curating.terms = BatchTerms("fine-tuning", role, 6)
    assert curating.go(judge, batch=batch).batches == []
    assert (curating.calls(START), curating.calls("Converse")) == (0, 120)


@pytest.mark.parametrize("settings", [SimulationSettings(concurrent_batch_jobs=0)])
def test_a_refused_job_leaves_its_asks_to_the_map(curating: Curating) -> None:
    """As without the permission, or beyond a quota."""
    assert curating.go(NOVA).batches == []
    assert curating.calls("Converse") == 120


def test_a_refused_job_gives_its_asks_to_no_other_model(curating: Curating) -> None:
    """Each job has a file of its own."""
    rule = {"operation": START, "kind": "access_denied", "match": HAIKU}
    curating.simulation.control("POST", "faults/x", [rule])
    [batch] = curating.go(HAIKU, NOVA).batches
    assert (batch.model, batch.answered, curating.calls("Converse")) == (NOVA, 120, 120)


def test_few_asks_are_no_batch(curating: Curating, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.local.bedrock.test_curation_batches.RECORDS", 96)
    assert curating.go(NOVA).batches == []
    assert (curating.calls(START), curating.calls("Converse")) == (0, 99)


@pytest.mark.parametrize("kind", ["drop_after", "error_after"])
def test_a_start_whose_answer_is_lost_starts_nothing_twice(curating: Curating, kind: str) -> None:
    """The state machine repeats the step."""
    curating.simulation.control("POST", "faults/x", [{"operation": START, "kind": kind, "last": 1}])
    with pytest.raises(ServiceBusy):
        curating.go(NOVA)
    [batch] = curating.go(NOVA).batches
    jobs = curating.simulation.control("GET", "state")["batch_jobs"]
    assert [each["jobArn"] for each in jobs] == [batch.arn]


def test_a_job_that_bedrock_does_not_know_leaves_all_to_the_map(curating: Curating) -> None:
    curating.arn = lambda arn: f"{arn[:-12]}aaaaaaaaaaaa"
    [batch] = curating.go(NOVA).batches
    assert (batch.status, batch.answered, curating.calls("Converse")) == (None, 0, 120)
