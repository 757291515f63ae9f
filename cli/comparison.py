"""`fine-tune compare`: the tuned models of two runs, with paired intervals on the test records that both runs have."""

from collections.abc import Iterator, Sequence
from itertools import count

from pydantic import Field
from rich.table import Table

from cli.environment import Environment
from cli.known_runs import execution_of
from cli.stored_report import parse_report
from lambdas.adapters.stores.stored_answers import StoredAnswers, arm_key, test_set_key
from lambdas.domain.core.counted import counted
from lambdas.domain.core.errors import InvalidState
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import prefix, report_key
from lambdas.domain.cost.estimate import amount
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.champion import shared_answers
from lambdas.domain.evaluation.comparisons import UNBOUNDED, Comparison, ScoredArm, Scoring
from lambdas.domain.evaluation.evaluate import compare_arm
from lambdas.domain.evaluation.metrics.classification import label
from lambdas.domain.report.run_report import RunReport, SucceededReport
from lambdas.domain.report.success_message import METRIC_NAMES
from local.terminal import Console

_NAMES = {**METRIC_NAMES, "output_tokens": "Output tokens", "latency_ms": "Latency, ms", "content": "Content"}


class NotComparableError(Exception):
    """A run has no figures to compare; the message says why."""


class ComparedRun(Fact):
    """A run's own figures on its own test set; null where it has none."""

    run_id: str
    base_model: str | None
    verdict: str
    kind: str
    metric: str
    test_records: int | None
    tuned: float | None
    base: float | None
    gain: float | None
    interval: tuple[float, float] | None
    cost_usd: float | None


class RunComparison(Fact):
    """Two runs. `comparisons` have the first run's tuned model against the second's on the `shared_records`."""

    first: ComparedRun
    second: ComparedRun
    shared_records: int
    notes: list[str] = Field(default=[])
    comparisons: list[Comparison] = Field(default=[])


def compare_runs(environment: Environment, first: str, second: str) -> RunComparison:
    """Compares the runs by their stored answers. Raises UnknownRunError, NotComparableError and NoReportError."""
    reports = [_report(environment, run_id) for run_id in (first, second)]
    one, other = reports
    try:
        shared, comparisons = _paired(environment, one, other)
    except InvalidState as error:
        raise NotComparableError(f"The stored answers cannot be read: {error}") from None
    ours, theirs = map(_summary, reports)
    gone = [] if shared else [*_without_answers(environment, reports)]
    notes = gone or _notes(ours, theirs, shared)
    return RunComparison(first=ours, second=theirs, shared_records=shared, notes=notes, comparisons=comparisons)


def _without_answers(environment: Environment, reports: Sequence[SucceededReport]) -> Iterator[str]:
    for report in reports:
        for key in (test_set_key(prefix(report.run_id)), arm_key(prefix(report.run_id), TUNED)):
            if not environment.adapters.objects.keys(environment.output_bucket, key):
                yield f"s3://{environment.output_bucket}/{key} is gone: the runs cannot be compared record by record."


def _report(environment: Environment, run_id: str) -> SucceededReport:
    execution_of(environment, run_id)
    key = report_key(prefix(run_id))
    text = environment.adapters.objects.read(environment.output_bucket, key)
    if text is None:
        raise NotComparableError(f"The run {run_id} has no report yet: `{environment.command(f'status {run_id}')}`.")
    found = parse_report(text, key, RunReport)
    if found.status != "succeeded":
        error = f" ({found.error.name})" if found.error else ""
        raise NotComparableError(f"The run {run_id} has failed{error}: it has no figures to compare.")
    return parse_report(text, key, SucceededReport)


def _paired(environment: Environment, one: SucceededReport, other: SucceededReport) -> tuple[int, list[Comparison]]:
    """On how many test records the two were compared, and how."""
    answers, bucket = environment.adapters.answers, environment.output_bucket
    ours, theirs = prefix(one.run_id), prefix(other.run_id)
    kind = one.task.kind
    labels = _labels(answers, bucket, ours) if kind == "labels" else ()
    scoring = Scoring(kind, one.task.metric, labels)
    lines = zip(answers.read_test_lines(bucket, theirs), answers.read_arm(bucket, theirs, TUNED), strict=False)
    found = {each.place: each for each in shared_answers(answers.read_test_lines(bucket, ours), lines)}
    places, mine, others = sorted(found), ScoredArm(scoring), ScoredArm(scoring)
    for place, line in zip(count(), answers.read_arm(bucket, ours, TUNED), strict=False):
        if place in found:
            mine.add(line, found[place].reference)
            others.add(found[place].line, found[place].reference)
    groups = answers.read_test_groups(bucket, ours)
    if not places or len(groups) <= places[-1]:
        return 0, []
    return len(places), compare_arm(one.run_id, mine, other.run_id, others, [groups[place] for place in places])


def _labels(answers: StoredAnswers, bucket: str, run_prefix: str) -> set[str]:
    return {label(one.reference) for one in answers.read_questions(bucket, run_prefix) if one is not None}


def _summary(report: SucceededReport) -> ComparedRun:
    metric = report.task.metric
    against_base = next(
        (one for one in report.comparisons if (one.arm, one.against, one.metric) == (TUNED, BASE, metric)), None
    )
    base = report.arms.get(BASE)
    return ComparedRun(
        run_id=report.run_id,
        base_model=report.base_model,
        verdict=report.decision.verdict,
        kind=report.task.kind,
        metric=metric,
        test_records=report.dataset.test,
        tuned=report.arms[TUNED].metric(metric),
        base=base.metric(metric) if base else None,
        gain=against_base.difference if against_base else None,
        interval=against_base.interval if against_base else None,
        cost_usd=report.cost.actual.known_usd if report.cost else None,
    )


def _notes(first: ComparedRun, second: ComparedRun, shared: int) -> list[str]:
    notes = []
    sizes = {first.test_records, second.test_records}
    if not shared:
        notes.append(
            "The test sets have no record in common: the figures are of different questions, and no interval can be "
            "given of their difference. Give both runs the same test.jsonl."
        )
    elif sizes != {shared}:
        notes.append(
            f"Compared on the {counted(shared, 'test record')} that both runs have, of "
            f"{first.test_records} and {second.test_records}."
        )
    if (first.kind, first.metric) != (second.kind, second.metric):
        notes.append(
            f"The first run is of the kind {first.kind} and looks at {first.metric}, the second is of the kind "
            f"{second.kind} and looks at {second.metric}: both are scored as the first."
        )
    return notes


def tell_comparison(console: Console, compared: RunComparison) -> None:
    """Both runs' own figures, and then the difference of the tuned models on the same records."""
    both = (compared.first, compared.second)
    table = Table("", *(one.run_id for one in both), title="Each run on its own test set", title_justify="left")
    for column in table.columns:
        column.overflow = "fold"
    table.add_row("base model", *(one.base_model or "-" for one in both))
    table.add_row("verdict", *(one.verdict for one in both))
    table.add_row("test records", *(str(one.test_records or "-") for one in both))
    table.add_row("metric", *(_name(one.metric) for one in both))
    table.add_row("tuned", *(_number(one.tuned) for one in both))
    table.add_row("base", *(_number(one.base) for one in both))
    table.add_row("gain", *(_difference(one.gain, one.interval) for one in both))
    table.add_row("cost, USD", *("-" if one.cost_usd is None else amount(one.cost_usd) for one in both))
    console.print(table)
    for note in compared.notes:
        console.write_line(note, "yellow")
    if not compared.comparisons:
        return
    paired = Table("metric", "difference", "95 % interval", "records", "better", "same", "worse")
    paired.title, paired.title_justify = "The first run's tuned model against the second's, record by record", "left"
    for one in compared.comparisons:
        counts = [str("-" if number is None else number) for number in (one.better, one.same, one.worse)]
        paired.add_row(_name(one.metric), f"{one.difference:+.1f}", _interval(one.interval), str(one.records), *counts)
    console.print(paired)
    decisive = next((one for one in compared.comparisons if one.metric == compared.first.metric), None)
    if decisive is not None:
        console.write_line(_verdict(compared, decisive), "bold")


def _verdict(compared: RunComparison, found: Comparison) -> str:
    name = _name(found.metric)
    if found.interval is None or found.interval[0] <= 0 <= found.interval[1]:
        return f"By {name} neither is shown to be better: the difference may be luck."
    better = compared.first if (found.difference > 0) != (found.metric in UNBOUNDED) else compared.second
    return f"By {name} the tuned model of {better.run_id} is better."


def _name(metric: str) -> str:
    return _NAMES.get(metric, metric)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _interval(interval: tuple[float, float] | None) -> str:
    return f"{interval[0]:+.1f} to {interval[1]:+.1f}" if interval else "-"


def _difference(value: float | None, interval: tuple[float, float] | None) -> str:
    return "-" if value is None else f"{value:+.1f}{f' ({_interval(interval)})' if interval else ''}"
