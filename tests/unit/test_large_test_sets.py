"""Memory of collection and report: it must not grow with the texts of a test set."""

import json
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lambdas.adapters.aws import object_store
from lambdas.domain.evaluation.answers import AnswerLine
from local.bench.evaluated_run import BUCKET, PREFIX, Size, make_run, write_run
from local.bench.evaluation import run_step
from local.bench.folder_s3 import adapters_on

CHARACTERS = 30_000


def measure_peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("step", ["collect", "report"])
def test_four_times_the_texts_need_no_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """The prompts of a large test set fill more than the memory of any function of a new account."""
    monkeypatch.setattr(object_store, "_PART_BYTES", 1 << 17)
    peaks = list[int]()
    for records in (60, 60, 240):
        size, folder = Size(records, CHARACTERS, arms=2, groups=20), tmp_path / f"{len(peaks)}"
        write_run(folder, size)
        if step == "report":
            run_step("collect", folder, size)
        peaks.append(measure_peak(partial(run_step, step, folder, size)))
    # The first call imports and caches. 180 more prompts are 5 MB for each arm.
    _, few, many = peaks
    assert many - few < 180 * CHARACTERS / 4


def test_collected_lines_have_the_prompts_of_the_test_set(tmp_path: Path) -> None:
    """Shards store none: a line's prompt and reference are those of the record at its place."""
    size = Size(45, 100, arms=2, groups=9)
    write_run(tmp_path, size)
    run_step("collect", tmp_path, size)
    records = [json.loads(line)["messages"] for line in (tmp_path / BUCKET / PREFIX / "dataset/test.jsonl").open()]
    for arm in size.names:
        lines = list(adapters_on(tmp_path).answers.read_arm(BUCKET, make_run().prefix, arm))
        assert [(line.index, line.prompt, line.reference) for line in lines if isinstance(line, AnswerLine)] == [
            (n, asked["content"], answered["content"]) for n, (asked, answered) in enumerate(records)
        ]
