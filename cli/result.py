"""What a run has left: fetched into a folder, and told to a person."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table

from cli.dataset_summary import tell_hyperparameters
from cli.environment import Environment
from cli.execution import Snapshot
from cli.stored_report import parse_report
from lambdas.domain.core.counted import counted
from lambdas.domain.core.finding import Finding
from lambdas.domain.cost.actual import cost_sentence
from lambdas.domain.dataset.document import DatasetDocument
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.judging.summary import JudgeSummary, Judging, ReviewerSummary
from lambdas.domain.report.curation_words import tell_curation
from lambdas.domain.report.data_words import tell_choice, tell_data
from lambdas.domain.report.gain_words import tell_best, tell_gain
from lambdas.domain.report.run_report import RunReport, SucceededReport
from lambdas.domain.report.scored_report import ScoredResult
from lambdas.domain.report.success_message import METRIC_NAMES, find_win_rate
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.training.customization import COMPLETED
from local.output_folder import claim
from local.terminal import Console

# Columns of a terminal where names of arms would be cut, and of candidate-12, which then stays whole.
_NARROW, _CANDIDATE = 100, 12


def fetch(environment: Environment, prefix: str, folder: Path) -> None:
    """Download every object under `prefix` to the same place under `folder`; raises PathRefusedError."""
    s3, bucket = environment.adapters.clients.s3, environment.output_bucket
    keys = environment.adapters.objects.keys(bucket, prefix)
    paths = {key: (folder / key.removeprefix(prefix)).resolve() for key in keys}
    inside = {key: path for key, path in paths.items() if path.is_relative_to(folder.resolve())}
    claim(folder, [path.relative_to(folder.resolve()).as_posix() for path in inside.values()])
    for key, path in inside.items():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(path))


def tell(console: Console, folder: Path, snapshot: Snapshot) -> None:
    """Print the run's result, what refuses the data set, preflight's findings, or the error and its cause."""
    if snapshot.status == "SUCCEEDED":
        tell_report(console, folder)
        return
    console.print()
    console.write_line(f"The run has ended as {snapshot.status}: {snapshot.error}", "bold red")
    data_set, preflight = folder / "dataset" / "report.json", folder / "preflight.json"
    if snapshot.error == "DatasetRejected" and data_set.is_file():
        tell_refusal(console, DatasetDocument.parse(json.loads(data_set.read_text())))
    elif snapshot.error == "PreflightFailed" and preflight.is_file():
        findings = json.loads(preflight.read_text())["findings"]
        tell_findings(console, [Finding.model_validate(one) for one in findings])
    else:
        console.write_lines(reason(snapshot.cause))


def tell_report(console: Console, folder: Path) -> None:
    """The verdict, the arms side by side and the throughput's time, from report.json."""
    path = folder / "report.json"
    report = parse_report(path.read_bytes(), path, SucceededReport)
    simulated = " (simulated: the figures say nothing about real models)" if report.simulated else ""
    tell_scores(console, report, f"{report.base_model}{simulated}")
    if report.judging.judges:
        tell_judging(console, report.judging)
    if report.recommended:
        tell_hyperparameters(console, report.recommended)
    for text in (*sweep(report), *data_sets(report), *curve(report), *tell_curation(report)):
        console.write_line(text)
    for text in (*serving(report), *cost(report)):
        console.write_line(text)
    if report.preflight and report.preflight.findings:
        console.print("The preflight warned:")
        tell_findings(console, report.preflight.findings)
    console.write_line(f"Report: {folder / 'report.html'}")


def tell_scores(console: Console, report: ScoredResult, title: str) -> None:
    """The arms side by side, and the verdict with its reasons."""
    table = Table(title=title, title_justify="left", pad_edge=False)
    longest = max((len(name) for name in report.arms if len(name) <= _CANDIDATE), default=_CANDIDATE)
    width = longest if console.width < _NARROW else None
    table.add_column("arm", overflow="fold", width=width)
    metrics, deciding = shown_metrics(report), report.deciding_metric
    names = [f"{METRIC_NAMES.get(one, one)}{' (decides)' if one == deciding else ''}" for one in metrics]
    won = find_win_rate(report)
    rates = {TUNED: won[1], BASE: won[2]} if won else {}
    if won:
        names.insert(0, "win rate (decides)")
    for name in ("n", "errors", *names, "output tokens, mean", "median"):
        table.add_column(name, justify="right")
    for name, arm in report.arms.items():
        scores = [*([rates.get(name)] if won else []), *(arm.metric(metric) for metric in metrics)]
        numbers = [*scores, arm.output_tokens.mean, arm.output_tokens.median]
        table.add_row(name, str(arm.n), str(arm.errors), *("-" if n is None else f"{n:.1f}" for n in numbers))
    console.print(table)
    console.print(f"Verdict: {report.decision.verdict}", style="bold")
    for reason_given in report.decision.reasons:
        console.write_line(f"  {reason_given}")


def shown_metrics(report: ScoredResult) -> list[str]:
    """What decided, the gate's metric itself, and what all tasks have."""
    wanted = dict.fromkeys([report.deciding_metric, report.task.metric, "f1", "exact_match"])
    known = [metric for metric in wanted if any(arm.metric(metric) is not None for arm in report.arms.values())]
    return known or ["f1"]


def sweep(report: RunReport) -> Iterator[str]:
    """What a run with several candidates tried, which of them it served, and what became of the other models."""
    trained = report.trained
    if trained.jobs:
        yield f"{trained.title}: {trained.reason} {trained.note}".rstrip()
    for job in trained.jobs:
        tried = ", ".join(f"{name} {value}" for name, value in job.hyperparameters.items())
        if trained.has_sizes and job.training_records is not None:
            tried = f"{counted(job.training_records, 'record')}; {tried}"
        if trained.has_data:
            tried = f"{job.data}, {tried}"
        known = "no validation loss" if job.validation_loss is None else f"validation loss {job.validation_loss:.4g}"
        loss = (job.failure or known).rstrip(".")
        fate = "chosen" if job.chosen else "model deleted" if job.model_deleted else "model kept"
        yield f"  job {job.number}: {loss}; {tried}; {fate if job.status == COMPLETED else job.status}."


def data_sets(report: RunReport) -> Iterator[str]:
    """Which of the data sets that candidates trained on won."""
    if found := report.compare:
        yield tell_data(found, METRIC_NAMES.get(found.metric, found.metric))
        yield from filter(None, [tell_choice(found, report.trained.chosen)])


def curve(report: RunReport) -> Iterator[str]:
    """Whether more data would help, and what the best of several candidates on the test set is worth."""
    if found := report.learning_curve:
        yield tell_gain(found, METRIC_NAMES.get(found.metric, found.metric))
    chosen = report.trained.chosen
    if (best := report.best_tested) and chosen is not None:
        yield tell_best(best, chosen, METRIC_NAMES.get(best.metric, best.metric))


def serving(report: RunReport) -> Iterator[str]:
    """By what the tuned model was served, and how long."""
    if served := report.serving:
        on_demand = served.kind == ON_DEMAND
        how = "an on-demand deployment" if on_demand else "Provisioned Throughput"
        billed = "" if on_demand else f", billed for {served.served_seconds:g} s"
        yield f"Served by {how}: in service {served.in_service_at}, deleted {served.deleted_at}{billed}."


def cost(report: RunReport) -> Iterator[str]:
    """What was spent, beside the estimate, and from when on the tuned model is cheaper."""
    if report.cost:
        yield cost_sentence(report.cost, simulated=bool(report.simulated))
    if report.running_cost:
        yield from (one.sentence for one in report.running_cost.break_even if one.against == BASE)


def tell_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Preflight's findings, errors first, one a line with its remedy."""
    for finding in sorted(findings, key=lambda one: one.severity != "error"):
        named = {"quota": finding.quota_code, "successor": finding.successor}
        more = "".join(f" ({name}: {value})" for name, value in named.items() if value)
        text = f"  {finding.severity}: {finding.message} {finding.remedy}{more} [{finding.check}]"
        console.write_line(text)


def tell_judging(console: Console, judging: Judging) -> None:
    """What judges and people prefer, and how far any two of them agree."""
    raters: list[JudgeSummary | ReviewerSummary] = [*judging.judges, *judging.people]
    for one in raters:
        name = one.model_id if isinstance(one, JudgeSummary) else f"{one.reviewer} (a person)"
        rate = "no pair decided" if one.win_rate is None else f"{one.win_rate:.0f} % of decided pairs"
        if one.win_rate_with_ties is not None:
            rate += f", {one.win_rate_with_ties:.0f} % of all with ties as halves"
        text = f"{name}: the tuned model won {one.wins}, lost {one.losses}, tied {one.ties} of {one.pairs}"
        console.write_line(f"  {text}: {rate}.")
    for pair in judging.agreements:
        kappa = "not defined" if pair.kappa is None else f"{pair.kappa:.2f}"
        if pair.kappa_interval:
            kappa += f" (95 % interval {pair.kappa_interval[0]:.2f} to {pair.kappa_interval[1]:.2f})"
        text = f"  {pair.raters[0]} and {pair.raters[1]}: Cohen's kappa {kappa} on {counted(pair.pairs, 'pair')}."
        console.write_line(text)
    for warning in judging.warnings:
        console.write_line(f"  {warning}")


def tell_refusal(console: Console, document: DatasetDocument) -> None:
    """What refuses a data set, with line numbers and what to do."""
    for found in sorted(document.issues, key=lambda one: one.severity != "error"):
        text = f"  {found.severity}: {found.place}: {found.message} [{found.rule}] {found.remedy}"
        console.write_line(text.rstrip())
    console.print("Findings by rule: " + ", ".join(f"{rule}: {n}" for rule, n in document.issue_counts.items()))


def reason(cause: str | None) -> str:
    """The sentence in a cause; a Lambda's cause is JSON with an errorMessage."""
    try:
        document = json.loads(cause or "")
    except ValueError:
        return cause or "No cause was given."
    return str(document.get("errorMessage", cause)) if isinstance(document, dict) else str(cause)
