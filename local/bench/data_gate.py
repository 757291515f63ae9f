"""The data gate's time over orjson's bare parsing of the same file, its memory, and its grouping."""

import io
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from lambdas.domain.dataset.checking import check_blocks, check_set
from lambdas.domain.dataset.formats import Conversion, Record
from lambdas.domain.dataset.record_set import RecordSet, Rules
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.split.groups import group
from lambdas.domain.dataset.split.signature import Signature, sign_all
from lambdas.domain.models.catalogue import catalogue
from local.bench import files

ROUNDS = 3
_BUFFER_BYTES = 1 << 20
_MEGABYTE = 1_000_000


class Seconds(NamedTuple):
    """What a call took."""

    cpu: float
    wall: float


def measure(call: Callable[[], object]) -> Seconds:
    """Times one call. Processor time is what it costs; wall time also tells of other work on the machine."""
    cpu, wall = _processor_seconds(), time.perf_counter()
    call()
    return Seconds(_processor_seconds() - cpu, time.perf_counter() - wall)


def _processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def parse_only(path: Path) -> None:
    """What any check does at least: read the lines and parse each."""
    with path.open("rb", buffering=_BUFFER_BYTES) as file:
        for line in file:
            orjson.loads(line)


def check_rules(path: Path, rules: Rules) -> None:
    """The rules alone."""
    with path.open("rb", buffering=0) as raw, io.BufferedReader(raw, _BUFFER_BYTES) as file:
        check_blocks(file, RecordSet(path.name), catalogue()[0], DatasetReport(), Conversion(), rules)


def check_file(path: Path, rules: Rules) -> RecordSet:
    """The gate as a run has it, with the file's checksum."""
    with path.open("rb", buffering=0) as file:
        return check_set(file, path.name, catalogue()[0], DatasetReport(), rules=rules)


def measure_ratios(path: Path, rounds: int = ROUNDS) -> dict[str, Any]:
    """Medians of interleaved rounds: each measurement stands between two of the bare parsing."""
    megabytes = path.stat().st_size / _MEGABYTE
    calls: dict[str, Callable[[], object]] = {
        "structure": lambda: check_rules(path, "structure"),
        "all_rules": lambda: check_rules(path, "content"),
        "all_rules_with_checksum": lambda: check_file(path, "content"),
        "whole_gate": lambda: check_file(path, "all"),
    }
    found: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in calls}
    parsing: list[Seconds] = []
    for _ in range(rounds):
        for name, call in calls.items():
            before, took, after = measure(lambda: parse_only(path)), measure(call), measure(lambda: parse_only(path))
            parsing += [before, after]
            ratio = 2 * took.cpu / (before.cpu + after.cpu), 2 * took.wall / (before.wall + after.wall)
            found[name].append((*ratio, megabytes / took.wall, took.cpu * 1_000 / megabytes))
    figures: dict[str, Any] = {
        "megabytes": round(megabytes, 1),
        "orjson": {"mb_per_second": round(megabytes / statistics.median(each.wall for each in parsing), 1)},
    }
    for name, rows in found.items():
        cpu, wall, rate, cost = (statistics.median(column) for column in zip(*rows, strict=True))
        figures[name] = {
            "times_orjson_cpu": round(cpu, 3),
            "times_orjson": round(wall, 3),
            "mb_per_second": round(rate, 1),
            "seconds_per_gigabyte": round(1_000 / rate, 1),
            "processor_seconds_per_gigabyte": round(cost, 1),
        }
    return figures


def measure_memory(path: Path, rules: Rules) -> dict[str, float]:
    """Peak memory in MB of a process that checks the file, and how much it is above the bare interpreter's."""
    command = [sys.executable, "-m", "local.bench.memory", str(path), rules]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {**found, "above_interpreter_mb": round(found["peak_mb"] - found["interpreter_mb"], 1)}


def measure_grouping(records: int = 10_000, row_bytes: int = 1_500) -> dict[str, Any]:
    """Near-duplicate grouping of records that all differ, which is its slowest case."""
    prompts = [each["messages"][0]["content"] for each in files.records(records, row_bytes)]
    signatures: list[Signature] = []
    signing = measure(lambda: signatures.extend(sign_all([Record(None, [prompt, "x"]) for prompt in prompts])))
    groups: list[int] = []
    grouping = measure(lambda: groups.extend(group(signatures)))
    return {
        "records": records,
        "row_bytes": row_bytes,
        "groups": len(set(groups)),
        "signing_seconds": round(signing.wall, 2),
        "grouping_seconds": round(grouping.wall, 2),
        "seconds": round(signing.wall + grouping.wall, 2),
        "processor_seconds": round(signing.cpu + grouping.cpu, 2),
    }
