"""What the largest file costs a function with one processor: `python -m local.bench.large_file [--gigabytes 2]`.

It generates a file of rows that a base model takes, does what ValidateDataset does (check with all rules, checksum and
signing; then read again and convert), and extrapolates the processor's time. That is more than the largest file takes:
no more than MAX_RECORDS are signed.
"""

import argparse
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.record_set import MAX_FILE_BYTES
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.models.catalogue import base_model
from local.bench import files
from local.terminal import Console

ROW_BYTES = 90_000
MODEL = base_model("amazon.nova-lite-v1:0:300k")
FUNCTION_SECONDS = 900


def measure_large_file(folder: Path, size_bytes: int) -> dict[str, Any]:
    """Processor seconds of the two passes, and of the largest file's."""
    path = folder / "rows-of-90-kb.jsonl"
    files.write(path, size_bytes, ROW_BYTES)
    size = path.stat().st_size
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    report, started = DatasetReport(), time.process_time()
    with path.open("rb", buffering=0) as file:
        read = check_set(file, path.name, MODEL, report)
    checked = time.process_time()
    with path.open("rb", buffering=0) as file:
        converted = sum(map(len, convert(file, read, MODEL, Conversion())))
    ended = time.process_time()
    return {
        "megabytes": round(size / 10**6),
        "records": read.records_read,
        "errors": report.errors,
        "converted_megabytes": round(converted / 10**6),
        "check_seconds": round(checked - started, 1),
        "convert_seconds": round(ended - checked, 1),
        "seconds_of_the_largest_file": round((ended - started) / size * MAX_FILE_BYTES),
        "function_seconds": FUNCTION_SECONDS,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.large_file")
    parser.add_argument("--gigabytes", type=float, default=2)
    console = Console()
    with TemporaryDirectory() as folder:
        found = measure_large_file(Path(folder), int(parser.parse_args().gigabytes * 10**9))
    for name, value in found.items():
        console.write_line(f"{name}: {value}")


if __name__ == "__main__":
    main()
