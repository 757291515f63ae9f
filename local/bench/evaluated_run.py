"""A run whose models have answered: its files as the pipeline stores them, and the facts that the states get."""

import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import orjson

from lambdas.domain.core.run import Run, RunSource
from lambdas.domain.dataset.planned_set import TrainingSet
from lambdas.domain.dataset.tokens import TokenCounts
from lambdas.domain.evaluation.answers import ShardAnswer, render_shard
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.shards import plan_shards
from lambdas.domain.plan.plan import Plan, PlannedSets, PlannedTestSet, ShardLists
from lambdas.domain.serving.leases import EndedLease, Servings
from lambdas.domain.serving.serving import assume_serving
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.candidates import Candidate
from lambdas.domain.training.choice import TunedModel

BUCKET, PREFIX, BASE_MODEL = "bench", "runs/bench/", "amazon.nova-lite-v1:0:300k"
# Which share of the records each arm answers rightly.
ARMS = {"tuned": 0.85, "base": 0.6, "base-few-shot-3": 0.65, "larger": 0.7, "largest": 0.75}
_PARAGRAPH = "cell 1,234.5 "


class Size(NamedTuple):
    """How large a test set is; `arms` of the models have answered it."""

    records: int
    prompt_characters: int
    arms: int
    groups: int

    @property
    def names(self) -> list[str]:
        """The arms."""
        return list(ARMS)[: self.arms]


def make_run() -> Run:
    """`$.run`."""
    return Run(
        id="bench",
        execution_arn="arn:bench",
        source=RunSource(bucket=BUCKET, key="input/bench.jsonl", version_id=None),
        output_bucket=BUCKET,
        prefix=PREFIX,
        claimed_at="2026-01-21T21:00:00.000Z",
    )


def make_plan(size: Size) -> Plan:
    """`$.plan`."""
    stored = TrainingSet(uri=f"s3://{BUCKET}/{PREFIX}dataset/train.jsonl", records=size.records, tokens=1)
    return Plan(
        output_bucket=BUCKET,
        base_model=BASE_MODEL,
        recommended=[],
        candidates=[Candidate(number=1, hyperparameters={"epochCount": "2"}, training_set=stored)],
        candidates_note="",
        keep_models=False,
        serving="on_demand",
        model_units=1,
        max_cost_usd=None,
        needs_approval=False,
        keep_job=False,
        dataset=PlannedSets(train=stored, validation=None, test=PlannedTestSet(uri=stored.uri, records=size.records)),
        evaluation=EvaluationSettings(),
        arms={arm: Arm(model_id=None if arm == "tuned" else arm) for arm in size.names},
        settings_findings=[],
        tokens=TokenCounts(test_prompts=1, test_references=1, examples=1),
        shards=ShardLists(**{name: f"{PREFIX}shards/{name}.jsonl" for name in ("baselines", "tuned", "judges")}),
        tags={},
    )


def make_outcome() -> tuple[Jobs, TunedModel, Servings]:
    """`$.jobs`, `$.model` and `$.servings`."""
    model = TunedModel(
        number=1,
        name="bench",
        model_arn="arn:bench",
        job_arn="arn:bench",
        hyperparameters={"epochCount": "2"},
        started_at="2026-01-21T21:01:00.000Z",
        ended_at=None,
        validation_loss=None,
        simulated=True,
        reason="",
    )
    return (
        Jobs(status="Completed", candidates=[]),
        model,
        Servings(leases=[EndedLease(number=1, serving=assume_serving("bench", "on_demand"))]),
    )


def write_run(folder: Path, size: Size) -> None:
    """Stores the test set, its groups, the curve of the job, and each arm's shards."""
    run = folder / BUCKET / PREFIX
    _write(run / "dataset/test.jsonl", _records(size))
    groups = [index % size.groups for index in range(size.records)]
    _write(run / "dataset/test_groups.json", [orjson.dumps(groups)])
    curve = [
        b"step_number,epoch_number,training_loss",
        *(f"{n},{1 + n // 70},{1 / (n + 1)}".encode() for n in range(280)),
    ]
    _write(run / "customization/c1/job/training_artifacts/step_wise_training_metrics.csv", curve)
    plan = make_plan(size)
    for name, arms in (("tuned", {"tuned": plan.arms["tuned"]}), ("baselines", {**plan.arms})):
        shards = plan_shards(arms, size.records)
        _write(run / f"shards/{name}.jsonl", (shard.model_dump_json().encode() for shard in shards))
    for arm in size.names:
        answers = _answers(arm, size)
        for shard in plan_shards({arm: plan.arms[arm]}, size.records):
            lines = [next(answers) for _ in range(shard.records)]
            _write(run / f"shards/{arm}/{shard.number}.jsonl", [render_shard(lines).removesuffix(b"\n")])


def _records(size: Size) -> Iterator[bytes]:
    table = _PARAGRAPH * (size.prompt_characters // len(_PARAGRAPH))
    for index, reference in enumerate(_references(size)):
        prompt = f"<table>{index % size.groups} {table}</table> {index}?"
        yield orjson.dumps(
            {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": reference}]}
        )


def _references(size: Size) -> Iterator[str]:
    """As financial questions have them: a number, several, or a few words."""
    questions = random.Random(1)  # noqa: S311 - no secret is made with it
    for index in range(size.records):
        number = questions.randrange(10_000_000)
        yield f"{number / 100:,.2f}" if index % 4 else f"net sales rose by {number % 90} million, mainly in Asia"


def _answers(arm: str, size: Size) -> Iterator[ShardAnswer]:
    """Wrong answers are alike, but longer."""
    answers = random.Random(arm)  # noqa: S311 - no secret is made with it
    for index, reference in enumerate(_references(size)):
        wrong = f"I think that the answer is {answers.randrange(10_000_000) / 100:,.2f}, which follows from the table"
        response = reference if answers.random() < ARMS[arm] else wrong
        yield ShardAnswer(
            index=index,
            response=response,
            input_tokens=400,
            output_tokens=len(response) // 4,
            latency_ms=200 + len(response),
            stop_reason="end_turn",
            asked_at="2026-01-21T22:20:00.000Z",
            answered_at="2026-01-21T22:24:00.000Z",
        )


def _write(path: Path, lines: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)
