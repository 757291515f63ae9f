"""A data set's report as a person reads it on the terminal."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from rich.table import Table
from rich.text import Text

from cli.repair import Repaired
from lambdas.domain.core.counted import counted
from lambdas.domain.core.listing import listed
from lambdas.domain.core.outside_text import name, shortened
from lambdas.domain.dataset.document import DatasetDocument, GroupFigures, RecordCounts, RecordTokens, TrainingFigures
from lambdas.domain.dataset.samples import RecordSample
from lambdas.domain.models.hyperparameters import Recommendation
from local.terminal import Console

EXAMPLES_PER_RULE = 3
LABELS_SHOWN = 20
_OF_SETTINGS = ("run-settings", "job-settings")
SAMPLES_SHOWN, SAMPLE_LENGTH = 3, 240


def tell_dataset(console: Console, report: DatasetDocument) -> None:
    """Files, findings by rule with their first lines, what was changed, sizes, groups and training."""
    for file in report.files:
        console.write_line(
            f"{name(file.file)}: {file.format}, {counted(file.records, 'record')}, {counted(file.size_bytes, 'byte')}"
        )
    for rule, count in sorted(report.issue_counts.items(), key=lambda item: report.rules[item[0]].severity):
        _tell_rule(console, rule, count, report)
    _tell_changes(console, report)
    _tell_samples(console, report.samples)
    _tell_labels(console, report.labels)
    _tell_tokens(console, report.tokens)
    if report.curation is not None:
        console.write_line(report.curation.tell())
    if report.groups is not None and report.training is not None:
        _tell_split(console, report.records, report.groups, report.training)
    style = "bold green" if report.accepted else "bold red"
    counts = f"{counted(report.errors, 'error')}, {counted(report.warnings, 'warning')}"
    console.print(f"{report.status.capitalize()}: {counts}.", style=style)


def tell_repaired(console: Console, written: Sequence[Repaired]) -> None:
    """Which files were repaired, what was done to them, and what is left for a person to decide."""
    for each in written:
        source, errors = name(each.source.name), each.document.errors
        if each.target is None:
            console.write_line(f"{source}: not repaired, since it cannot be read to its end.", "bold red")
            continue
        left = f"; left for you: {counted(errors, 'error')}, which `fine-tune validate` tells" if errors else ""
        console.write_line(f"Repaired: {source} → {each.target}: {counted(each.records, 'record')}{left}", "bold")
        _tell_changes(console, each.document)
        if (unread := each.document.records.read - each.records) > 0:
            console.write_line(
                f"{source}: {counted(unread, 'row')} could not be read, and not in the repaired file.", "red"
            )


def _tell_changes(console: Console, report: DatasetDocument) -> None:
    for kind, changes in (("dropped", report.dropped), ("changed", report.changed)):
        for change in changes:
            lines = ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in change.lines[:5])
            more = ", …" if len(change.lines) > len(change.lines[:5]) else ""
            text = f"{name(change.path)}: {counted(change.count, 'line')} {kind} ({change.what}): {lines}{more}"
            console.write_line(text)


def _tell_rule(console: Console, rule: str, count: int, report: DatasetDocument) -> None:
    known = report.rules[rule]
    style = "red" if known.severity == "error" else "yellow"
    console.print(Text.assemble((known.severity, style), " ", (rule, "bold"), f" ({count:,}): {known.heading}"))
    found_here = [found for found in report.issues if found.rule == rule]
    # A person wrote each setting: none of them is an example of the others.
    shown = found_here if rule in _OF_SETTINGS else found_here[:EXAMPLES_PER_RULE]
    for found, following in zip_longest(shown, shown[1:]):
        console.write_line(f"    {found.place}: {found.message}")
        if following is None or following.remedy != found.remedy:
            console.write_line(f"    → {found.remedy}")
    console.write_line(f"    The rule: {known.asks}", "dim")


def _tell_samples(console: Console, samples: Sequence[RecordSample]) -> None:
    """The first records as the job will read them."""
    for each in samples[:SAMPLES_SHOWN]:
        change = ", ".join(each.changes) or "trained on as it came"
        console.write_line(f"{name(each.file)}, line {each.line}, {change}:")
        for part in each.trained:
            console.write_line(f"    {part.role}: {shortened(part.text, SAMPLE_LENGTH)}")


def _tell_labels(console: Console, labels: Mapping[str, int]) -> None:
    if labels:
        shown = [f"{name(label)!r} {count:,}" for label, count in [*labels.items()][:LABELS_SHOWN]]
        more = f" and {len(labels) - len(shown)} more" if len(labels) > len(shown) else ""
        console.write_line(f"Labels of {len(labels)} kinds, with their records: {', '.join(shown)}{more}")


def _tell_tokens(console: Console, tokens: RecordTokens) -> None:
    if tokens.prompt.mean is None:
        return
    table = Table(title="Tokens, estimated", title_justify="left")
    table.add_column("")
    names = ("mean", "median", "p95", "min", "max")
    for figure in names:
        table.add_column(figure, justify="right")
    for part, figures in (("prompt", tokens.prompt), ("answer", tokens.answer)):
        table.add_row(part, *(f"{getattr(figures, figure):,.0f}" for figure in names))
    console.print(table)


def _tell_split(console: Console, records: RecordCounts, groups: GroupFigures, training: TrainingFigures) -> None:
    random_split = groups.random_split
    console.print(
        f"Training {records.train:,}, validation {records.validation:,}, test {counted(records.test, 'record')}; "
        f"{counted(groups.count, 'group')} without a common context, the largest of "
        f"{counted(groups.largest, 'record')}.",
    )
    if random_split.test_records:
        console.print(
            f"A plain random split would have leaked the context of {random_split.expected_leaked:,.0f} of "
            f"{counted(random_split.test_records, 'test record')} into training; this one leaks none.",
            soft_wrap=True,
        )
    epochs = "its epoch" if training.epochs == 1 else f"each of {training.epochs} epochs"
    console.print(
        f"Training reads about {counted(training.estimated_tokens, 'token')} in {epochs}, "
        f"{training.estimated_tokens_in_all_epochs:,} in all.",
    )
    if training.parts:
        parts = listed(
            [f"{part.records:,} (about {counted(part.estimated_tokens, 'token')})" for part in training.parts], 12
        )
        console.print(f"The learning curve also trains on {parts} of these records.", soft_wrap=True)
    tell_hyperparameters(console, training.hyperparameters)


def tell_hyperparameters(console: Console, recommended: Sequence[Recommendation]) -> None:
    """Each hyperparameter with its value, where that is from, and why."""
    table = Table(title="Hyperparameters of the job", title_justify="left")
    for header in ("name", "value", "from", "why"):
        table.add_column(header, justify="right" if header == "value" else "left")
    for each in recommended:
        table.add_row(each.name, each.value or "–", each.source, each.reason)  # noqa: RUF001 - an en dash is meant
    console.print(table)
