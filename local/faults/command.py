"""`fine-tune faults`: all cases on one embedded AWS, in parallel, and their report."""

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from statistics import median
from typing import Any, get_args

from local.checkout import CHECKOUT
from local.deployment import deploy
from local.embedded_aws import EmbeddedAws
from local.faults.bench import Bench, Bound, Result
from local.faults.case import Case, Kind
from local.faults.champion_cases import ChampionCase
from local.faults.champion_trial import ChampionTrial
from local.faults.deployments import FurtherEnvironments, Variant
from local.faults.observer import Observer
from local.faults.standing_cases import StandingCase
from local.faults.standing_trial import StandingTrial
from local.faults.trial import Trial
from local.permissions.denials import denials
from local.session import emptied, save_logs, stopping_on_full_disk, stopping_on_sigterm
from local.terminal import Console

COMMAND = "faults"
FOLDER = CHECKOUT / "build" / COMMAND
WRITTEN = ("logs/", "tmp/", "bedrock-calls.jsonl", "permissions.jsonl", "report.json")
# A minute on AWS passes in 1.5 s: a Lambda's start-up of a second weighs less than a minute, ten minutes take 15 s.
TIME_SCALE = 0.025
# A worker needs about 65 MB.
IDLE_WORKERS = 28
# The first runs start one after the other, since each function's first worker takes a second to start.
STAGGER_SECONDS = 1.0
RECONCILIATION_SECONDS = 600
THROUGHPUT_CREATION_SECONDS = 90
THROUGHPUT_DELETION_SECONDS = 60
BEDROCK = {
    "job_queue_seconds": 20,
    "job_validation_seconds": 5,
    "job_data_processing_seconds": 5,
    "job_training_seconds": 0,
    # The least data set takes a minute or two.
    "job_training_seconds_per_record": 1.5,
    "throughput_creation_seconds": THROUGHPUT_CREATION_SECONDS,
    "throughput_deletion_seconds": THROUGHPUT_DELETION_SECONDS,
    "deployment_creation_seconds": THROUGHPUT_CREATION_SECONDS,
    "deployment_update_seconds": THROUGHPUT_CREATION_SECONDS,
    "deployment_deletion_seconds": THROUGHPUT_DELETION_SECONDS,
    "batch_queue_seconds": 30,
    "batch_seconds": 30,
    "batch_seconds_per_record": 0.1,
    "no_commitment_model_units": 1000,
    "concurrent_batch_jobs": 1000,
    "concurrent_customization_jobs": 1000,
    "custom_models": 1000,
    "custom_model_deployments": 1000,
    "creating_custom_model_deployments": 1000,
}
# The handlers read the machine's clock. A purchase that was cut off is let go on about a second after its run's end.
SETTLING = {"PURCHASE_TIMEOUT_SECONDS": "10"}
# A job here begins to train within a minute.
STALLED = {"STALLED_JOB_TOLD_HOURS": "0.25", "STALLED_JOB_ENDED_HOURS": "1"}
MANY = {"MAX_THROUGHPUTS": "500", **SETTLING, **STALLED}
ONE = {"MAX_THROUGHPUTS": "1", **SETTLING, **STALLED}
# No request ends by itself: one that nobody answers is told that its time is over.
APPROVAL_SECONDS = 86400
# Deployments that several cases share. "listing", "narrow" and those with one slot have one case at a time.
VARIANTS = (
    Variant("shared", MANY),
    Variant("beside", MANY, leases_at_a_time=3),
    # More leases than slots, as where other runs hold some.
    Variant("crowded", ONE, leases_at_a_time=3),
    Variant("listing", MANY),
    Variant("single", ONE),
    Variant("approval", MANY, approval_seconds=APPROVAL_SECONDS),
    Variant("unguarded", MANY, guarded=False),
    # A batch job is waited for for a quarter of an hour.
    Variant("impatient", {**MANY, "LONGEST_BATCH_HOURS": "0.25"}),
    Variant("narrow", MANY, concurrency=1),
)
ONE_AT_A_TIME = ("listing", "single", "narrow", "crowded")


def run_faults(cases: Sequence[Case], *, parallel: int, console: Console, folder: Path = FOLDER) -> bool:
    """Run the cases and write `report.json`; whether nothing leaked and every failure said what happened."""
    with (
        emptied(folder, COMMAND, WRITTEN),
        stopping_on_sigterm(),
        stopping_on_full_disk(folder),
        faulty_aws(folder) as aws,
    ):
        console.print("Deploying with the CDK CLI …")
        deploy(aws)
        with Observer(aws) as observer:
            bench = prepared(aws, observer, {case.deployment for case in cases})
            console.print(f"{len(cases)} cases, {parallel} at a time; a minute on AWS passes in {60 * TIME_SCALE:g} s.")
            try:
                results = run_all(bench, cases, parallel=parallel, console=console)
                # Whatever the cases made beside their own runs is gone, too.
                bench.until(lambda: not observer.serving(), bench.bound.seconds * TIME_SCALE)
                left = sorted(map(str, observer.serving()))
            finally:
                save_logs(aws)
    report = summary(results)
    # No case takes a permission away: the refusals of a fault are Bedrock's own.
    report["denied"] = denials(aws.decisions)
    for each in report["denied"]:
        console.print(f"A permission is missing: {each}", style="bold red", soft_wrap=True)
    if left:
        report["leaked"] = max(report["leaked"], len(left))
        console.print(f"Left: {', '.join(left)}", style="bold red")
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    tell(report, console, folder / "report.json")
    return not report["leaked"] and not report["problems"] and not report["denied"]


def faulty_aws(folder: Path) -> EmbeddedAws:
    """An embedded AWS on the harness's clock."""
    return EmbeddedAws(
        folder, time_scale=TIME_SCALE, scaled_functions=True, idle_workers=IDLE_WORKERS, bedrock_settings=BEDROCK
    )


def prepared(aws: EmbeddedAws, observer: Observer, needed: set[str]) -> Bench:
    """The bench with the deployments that the cases share."""
    deployments = FurtherEnvironments(aws)
    shared = {variant.name: deployments.create(variant) for variant in VARIANTS if variant.name in {"shared", *needed}}
    for deployment in shared.values():
        observer.watch(deployment.state_machine)
    bound = Bound(RECONCILIATION_SECONDS, THROUGHPUT_CREATION_SECONDS, THROUGHPUT_DELETION_SECONDS)
    turns = {name: threading.Lock() for name in ONE_AT_A_TIME}
    return Bench(
        aws,
        observer,
        deployments,
        shared,
        bound,
        turns,
        alone=MANY,
        alone_with_one_slot=ONE,
        unguarded=frozenset(variant.name for variant in VARIANTS if not variant.guarded),
    )


def run_all(bench: Bench, cases: Sequence[Case], *, parallel: int, console: Console) -> list[Result]:
    """All cases, `parallel` at a time, with a line each as they end."""
    started, results = time.monotonic(), []
    with ThreadPoolExecutor(parallel, thread_name_prefix="trial") as pool:
        waiting: set[Future[Result]] = {
            pool.submit(
                trial_of(
                    bench, case, f"f{number:03d}x", delay_seconds=number * STAGGER_SECONDS if number < parallel else 0
                ).run
            )
            for number, case in enumerate(cases, start=1)
        }
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    results.append(future.result())
                    tell_case(results[-1], len(results), len(cases), time.monotonic() - started, console)
        except BaseException:
            bench.interrupted.set()
            pool.shutdown(cancel_futures=True)
            raise
    return results


def trial_of(bench: Bench, case: Case, marker: str, *, delay_seconds: float) -> Trial:
    """The trial of a run, of what serves the model of one that is over, or of the champion that is served."""
    if isinstance(case, StandingCase):
        return StandingTrial(bench, case, marker, delay_seconds=delay_seconds)
    if isinstance(case, ChampionCase):
        return ChampionTrial(bench, case, marker, delay_seconds=delay_seconds)
    return Trial(bench, case, marker, delay_seconds=delay_seconds)


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """The report. What a control left is no leak, but the proof that one would be seen."""
    faults = [result for result in results if not result.control]
    controls = [result for result in results if result.control]
    by_kind: dict[Kind, list[float]] = {
        kind: [result.seconds_to_zero_by_kind[kind] for result in faults if kind in result.seconds_to_zero_by_kind]
        for kind in get_args(Kind)
    }
    return {
        "faults": len(faults),
        "leaked": sum(result.live_after > 0 for result in faults),
        "models_lost": sum(result.models_lost for result in results),
        "controls": {"cases": len(controls), "leaks_seen": sum(result.live_after > 0 for result in controls)},
        "seconds_to_zero": spread([result.seconds_to_zero for result in faults]),
        "seconds_to_zero_by_kind": {kind: spread(seconds) for kind, seconds in by_kind.items()},
        "problems": sum(bool(result.problems) for result in results),
        "cases": [result.as_json() for result in sorted(results, key=lambda result: result.case)],
    }


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """The median and the longest; 0 of nothing."""
    return {"p50": round(median(seconds), 1) if seconds else 0, "max": max(seconds, default=0)}


def tell_case(result: Result, number: int, of: int, elapsed: float, console: Console) -> None:
    """A line for a case that has ended, and one for each of its problems."""
    end = f"{result.status} {result.error or ''}".strip()
    zero = f", zero after {result.seconds_to_zero:.0f} s" if result.seconds_to_zero else ""
    mark = "✗" if result.problems else "✓"
    line = f"{elapsed:6.1f} s  {number:3d}/{of}  {mark} {result.case}: {end}{zero}"
    console.write_line(line)
    for problem in result.problems:
        console.write_line(f"                     {problem}", "red")


def tell(report: dict[str, Any], console: Console, path: Path) -> None:
    """The end."""
    zero, controls = report["seconds_to_zero"], report["controls"]
    longest = ", ".join(f"{kind} {one['max']:g}" for kind, one in report["seconds_to_zero_by_kind"].items())
    console.print(
        f"{report['faults']} faults injected, {report['leaked']} leaked, {report['models_lost']} trained models lost, "
        f"{report['problems']} with problems; "
        f"{controls['leaks_seen']} of {controls['cases']} controls seen to leak; "
        f"seconds to zero: median {zero['p50']}, longest {zero['max']} ({longest}). Report: {path}",
        soft_wrap=True,
    )
