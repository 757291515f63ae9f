"""Seconds and memory of scoring and reporting: what EvaluateAndReport does between reading and writing objects."""

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from lambdas.domain.dataset.planned_set import TrainingSet
from lambdas.domain.dataset.tokens import TokenCounts
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine, read_lines
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.evaluate import evaluate
from lambdas.domain.evaluation.judging.pairwise import Pair, choose_records
from lambdas.domain.evaluation.judging.summary import summarise_judging
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.plan.plan import Plan, PlannedSets, PlannedTestSet, ShardLists
from lambdas.domain.report.assemble import RunFacts, assemble_success
from lambdas.domain.report.human_review import render_review
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from lambdas.domain.report.run_report import Lineage
from lambdas.domain.training.candidates import Candidate
from lambdas.domain.training.losses import JobLosses, Loss, Losses

# The test records of TAT-QA in four table formats, as in AWS's blog on fine-tuning Claude 3 Haiku.
RECORDS, GROUPS = 3_572, 555
ARMS = {"tuned": 0.85, "base": 0.6, "base-few-shot-3": 0.65, "larger": 0.7, "largest": 0.75}
PROMPT_CHARACTERS = 1_500


def measure_evaluation(folder: Path) -> dict[str, Any]:
    """`{"records", "arms", "seconds", "processor_seconds", "peak_mb"}` of a process that reads files in the folder."""
    files = folder / "evaluation"
    files.mkdir(parents=True, exist_ok=True)
    for arm, right in ARMS.items():
        with (files / f"{arm}.jsonl").open("wb") as file:
            file.writelines(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in _lines(arm, right))
    command = [sys.executable, "-m", "local.bench.evaluation", str(files)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def _lines(arm: str, right: float) -> Iterator[AnswerLine]:
    """Answers as financial questions have them: a number, several, or a few words; wrong ones are alike but longer."""
    questions, answers = random.Random(1), random.Random(arm)  # noqa: S311 - no secret is made with them
    for index in range(RECORDS):
        number = questions.randrange(10_000_000)
        reference = f"{number / 100:,.2f}" if index % 4 else f"net sales rose by {number % 90} million, mainly in Asia"
        wrong = f"I think that the answer is {answers.randrange(10_000_000) / 100:,.2f}, which follows from the table"
        response = reference if answers.random() < right else wrong
        yield AnswerLine(
            index=index,
            prompt=f"<table>{index % GROUPS} " + "cell 1,234.5 " * (PROMPT_CHARACTERS // 13) + f"</table> {index}?",
            reference=reference,
            response=response,
            input_tokens=400,
            output_tokens=len(response) // 4,
            latency_ms=200 + len(response),
            stop_reason="end_turn",
            asked_at="2026-01-21T22:20:00.000Z",
            answered_at="2026-01-21T22:24:00.000Z",
        )


def _report(files: Path) -> int:
    """The whole of it; returns the pages' bytes."""
    answers: dict[str, list[StoredLine]] = {
        arm: list(read_lines((files / f"{arm}.jsonl").read_bytes().split(b"\n"))) for arm in ARMS
    }
    arms = {arm: Arm(model_id=None if arm == "tuned" else arm) for arm in ARMS}
    groups, settings = [index % GROUPS for index in range(RECORDS)], EvaluationSettings()
    evaluation = evaluate(answers, arms, groups, settings, None)
    pairs = [
        Pair(index, "?", "!", "own", "other")
        for index in choose_records(range(RECORDS), dict(enumerate(groups)), 100, seed=0)
    ]
    curve = Losses(tuple(Loss(step, 1 + step // 70, 1 / (step + 1)) for step in range(280)), 0)
    losses = JobLosses(curve, curve)
    source = {"bucket": "", "key": "", "version_id": None}
    lineage: dict[str, object] = {"package_version": "", "source": source, "objects": [], "judge_prompt": None}
    stored = TrainingSet(uri="s3://bench/set.jsonl", records=RECORDS, tokens=1)
    plan = Plan(
        output_bucket="bench",
        base_model="bench",
        recommended=[],
        candidates=[Candidate(number=1, hyperparameters={"epochCount": "4"}, training_set=stored)],
        candidates_note="",
        keep_models=False,
        serving="on_demand",
        model_units=1,
        max_cost_usd=None,
        needs_approval=False,
        keep_job=False,
        dataset=PlannedSets(train=stored, validation=None, test=PlannedTestSet(uri=stored.uri, records=RECORDS)),
        evaluation=settings,
        arms=arms,
        settings_findings=[],
        tokens=TokenCounts(test_prompts=1, test_references=1, examples=1),
        shards=ShardLists(baselines="", tuned="", judges=""),
        tags={},
    )
    result = assemble_success(
        plan,
        RunFacts(run_id="bench", plan=plan),
        evaluation,
        summarise_judging(pairs, {}),
        losses,
        Lineage.parse(lineage),
        None,
    )
    page = render_page(result, Materials(answers, {1: losses}, None))
    return len(page) + len(render_review("bench", pairs, simulated=True)) + len(orjson.dumps(result.dump()))


def _main() -> None:
    began, processor = time.perf_counter(), time.process_time()
    size = _report(Path(sys.argv[1]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    figures = {
        "records": RECORDS,
        "arms": len(ARMS),
        "bytes": size,
        "seconds": round(time.perf_counter() - began, 2),
        "processor_seconds": round(time.process_time() - processor, 2),
        "peak_mb": round(peak, 1),
    }
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    _main()
