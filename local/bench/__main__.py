"""Measures, writes build/bench/report.json, and says which of the promised figures hold here."""

import json
import os
import platform
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.table import Table

from local.bench import files
from local.bench.cold_start import measure_cold_start
from local.bench.data_gate import measure_grouping, measure_memory, measure_ratios
from local.bench.evaluation import BLOG, LARGE, measure_evaluation
from local.bench.s3_reading import measure_s3
from local.checkout import CHECKOUT
from local.output_folder import PathRefusedError, replaced
from local.terminal import Console

COMMAND = "bench"
FOLDER = CHECKOUT / "build" / COMMAND
LARGE_ROW_BYTES, SMALL_ROW_BYTES = 90_000, 1_500
LARGE_FILE_BYTES, SMALL_FILE_BYTES = 10**9, 10**8


def measure_data_gate(folder: Path, console: Console) -> dict[str, Any]:
    """All figures of the data gate, on files generated in the folder."""
    large, small = folder / "rows-of-90-kb.jsonl", folder / "rows-of-1.5-kb.jsonl"
    console.print("Generating the files …")
    files.write(large, LARGE_FILE_BYTES, LARGE_ROW_BYTES)
    files.write(small, SMALL_FILE_BYTES, SMALL_ROW_BYTES)
    console.print("Rules over bare parsing …")
    ratios = {"rows_of_90_kb": measure_ratios(large), "rows_of_1500_bytes": measure_ratios(small, rounds=7)}
    console.print("Reading from S3 …")
    reading = measure_s3(large)
    console.print("Memory …")
    memory = {"structure": measure_memory(large, "structure"), "all": measure_memory(large, "all")}
    console.print("Grouping …")
    return {**ratios, "memory": memory, "grouping": measure_grouping(), "s3": reading}


def promises(gate: dict[str, Any], evaluation: dict[str, Any], cold_start: dict[str, Any]) -> list[dict[str, Any]]:
    """The figures that are promised, each with its limit; ratios are of processor time."""
    large, small = gate["rows_of_90_kb"], gate["rows_of_1500_bytes"]
    blog, heavy = evaluation["blog"], evaluation["large"]
    figures = [
        ("structural rules over orjson, rows of 90 KB", large["structure"]["times_orjson_cpu"], 1.35),
        ("structural rules over orjson, rows of 1.5 KB", small["structure"]["times_orjson_cpu"], 2.5),
        ("all rules over orjson, rows of 90 KB", large["all_rules"]["times_orjson_cpu"], 6),
        ("all rules over orjson, rows of 1.5 KB", small["all_rules"]["times_orjson_cpu"], 6),
        ("MB above the interpreter, 1 GB, structural rules", gate["memory"]["structure"]["above_interpreter_mb"], 150),
        ("MB above the interpreter, 1 GB, all rules", gate["memory"]["all"]["above_interpreter_mb"], 150),
        ("seconds to group 10,000 rows of 1.5 KB", gate["grouping"]["seconds"], 2),
        ("seconds of the whole gate for a gigabyte, rows of 90 KB", large["whole_gate"]["seconds_per_gigabyte"], 12.5),
        ("seconds of the whole gate for a gigabyte, rows of 1.5 KB", small["whole_gate"]["seconds_per_gigabyte"], 25),
        ("seconds to score and report 3,572 records of 5 arms", blog["report"]["seconds"], 20),
        ("MB in all to score and report them", blog["report"]["peak_mb"], 512),
        ("MB in all to collect 20,000 records of 32 KB of 3 arms", heavy["collect"]["peak_mb"], 2_000),
        ("MB in all to score and report them", heavy["report"]["peak_mb"], 2_000),
        ("processor seconds to collect them", heavy["collect"]["processor_seconds"], 900),
        ("processor seconds to score and report them", heavy["report"]["processor_seconds"], 900),
        ("importing the slowest handler over boto3 with one client", _slowest(cold_start), 1.4),
    ]
    return [{"figure": name, "value": value, "limit": limit, "met": value <= limit} for name, value, limit in figures]


def _slowest(cold_start: dict[str, Any]) -> float:
    return max(float(each["times_boto3"]) for each in cold_start["handlers"].values())


def main() -> None:
    """`make bench`."""
    console = Console()
    try:
        with replaced(FOLDER, COMMAND) as folder:
            report = measure(folder, console)
            (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    except PathRefusedError as refusal:
        sys.exit(str(refusal))
    tell(console, report)


def measure(folder: Path, console: Console) -> dict[str, Any]:
    """The report; the files that are generated for it in the folder are removed again."""
    with TemporaryDirectory(dir=folder) as generated:
        gate = measure_data_gate(Path(generated), console)
        console.print("Collecting answers and reporting …")
        evaluation = {
            name: measure_evaluation(Path(generated) / name, size) for name, size in (("blog", BLOG), ("large", LARGE))
        }
    console.print("Importing each handler …")
    cold_start = measure_cold_start()
    found = promises(gate, evaluation, cold_start)
    machine = {"python": platform.python_version(), "system": platform.platform(), "processors": os.cpu_count()}
    return {
        "machine": machine,
        "data_gate": gate,
        "evaluation": evaluation,
        "cold_start": cold_start,
        "promises": found,
    }


def tell(console: Console, report: dict[str, Any]) -> None:
    """The promised figures, and whether they hold here."""
    table = Table("figure", "here", "at most", "")
    for each in report["promises"]:
        table.add_row(each["figure"], str(each["value"]), str(each["limit"]), "met" if each["met"] else "NOT met")
    console.print(table)
    console.print(cold_start_table(report["cold_start"]))
    console.print(f"S3: {report['data_gate']['s3']['rate_over_plain_chunks']} of the rate of a plain chunked read.")
    console.write_line(f"Report: {FOLDER / 'report.json'}")


def cold_start_table(cold_start: dict[str, Any]) -> Table:
    """What importing each handler costs."""
    table = Table(
        "handler",
        "import",
        "over boto3 with one client",
        "with a client of its own",
        title=f"Processor time of a cold start; boto3 with one client takes {cold_start['boto3_seconds']:.2f} s",
        title_justify="left",
    )
    for name, each in cold_start["handlers"].items():
        table.add_row(
            name,
            f"{each['import_seconds']:.2f} s",
            f"{each['times_boto3']:.2f}",
            f"{each['times_boto3_with_a_client']:.2f}",
        )
    return table


if __name__ == "__main__":
    main()
