"""Seconds and memory of collecting answers and of reporting: CollectAnswers and EvaluateAndReport on files."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lambdas.domain.evaluation.answers import ArmCounts, Responses
from local.bench.evaluated_run import Size, make_outcome, make_plan, make_run, write_run
from local.bench.folder_s3 import adapters_on
from local.bench.memory import peak_megabytes

# The test records of TAT-QA in four table formats, as in AWS's blog on fine-tuning Claude 3 Haiku.
BLOG = Size(records=3_572, prompt_characters=1_500, arms=5, groups=555)
# As much as a large test set has: 2 GB of prompts in the files of three arms.
LARGE = Size(records=20_000, prompt_characters=32_000, arms=3, groups=20_000)


def measure_evaluation(folder: Path, size: Size) -> dict[str, Any]:
    """`{"records", "arms", "prompt_characters", "collect": {…}, "report": {…}}`, each in a process of its own."""
    write_run(folder, size)
    found: dict[str, Any] = size._asdict()
    for step in ("collect", "report"):
        command = [sys.executable, "-m", "local.bench.evaluation", step, str(folder), *map(str, size)]
        found[step] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout.splitlines()[-1])
    return found


def run_step(step: str, folder: Path, size: Size) -> None:
    """Collects the answers of a written run, or reports on it."""
    run, plan, adapters = make_run(), make_plan(size), adapters_on(folder)
    if step == "collect":
        from lambdas.steps.collect_answers import collect_answers  # noqa: PLC0415 - the other step's process does without

        _, model, servings = make_outcome()
        collect_answers(run, plan, model, servings, adapters=adapters)
        return
    from lambdas.steps.evaluate_and_report import evaluate_and_report  # noqa: PLC0415 - as above

    jobs, model, servings = make_outcome()
    answered = {arm: ArmCounts(n=size.records, errors=0) for arm in size.names}
    responses = Responses(arms=answered, pairs=0, judge_shards=0)
    evaluate_and_report(
        run,
        plan,
        jobs,
        model,
        servings,
        responses,
        adapters=adapters,
        environment="bench",
        model_unit_price_per_hour=None,
    )


def _main() -> None:
    step, folder, *size = sys.argv[1:]
    began, processor = time.perf_counter(), time.process_time()
    run_step(step, Path(folder), Size(*map(int, size)))
    figures = {
        "seconds": round(time.perf_counter() - began, 2),
        "processor_seconds": round(time.process_time() - processor, 2),
        "peak_mb": peak_megabytes(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    _main()
