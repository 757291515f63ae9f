"""`dataset/report.html`: the data set as people look at it before they pay, in one file without scripts or network.

Texts of the data set are escaped by Jinja. Jinja and the drawing library cost a cold start: import this module where a
page is rendered.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup

from lambdas.domain.dataset.document import DatasetDocument, DatasetFinding
from lambdas.domain.dataset.preparation import Given, PreparedDataset
from lambdas.domain.report import histograms
from lambdas.domain.report.templates import environment

# What the rules find of records that say the same.
_REPEATED = {
    "duplicate-record": "the same prompt and the same answer as an earlier record",
    "contradictory-answer": "the same prompt as an earlier record, with another answer",
    "near-duplicate": "the same words as an earlier record",
    "prompt-overlap": "prompts that stand in two of the sets",
    "context-overlap": "contexts that stand in two of the sets",
}
NO_RECORD = "No record could be read."
ONLY_STRUCTURE = "No record can be trained on, or only the structure was checked: check it by all rules."
_LABELS_SHOWN, _SIZES_SHOWN = 30, 10


class Lengths(NamedTuple):
    """The estimated tokens of each record's prompt, and of its answer."""

    prompts: Sequence[int]
    answers: Sequence[int]


class GroupSize(NamedTuple):
    """How many groups have so many records, or `most` of them where the largest are pooled."""

    least: int
    most: int
    groups: int


class LabelShare(NamedTuple):
    """A label of the training file, with its records and their share of all."""

    name: str
    records: int
    percent: float


class RepeatCount(NamedTuple):
    """How many records repeat others, and in which way."""

    rule: str
    what: str
    times: int


class RuleFindings(NamedTuple):
    """What broke a rule: examples, each remedy once behind those that it belongs to, and how often it was broken."""

    rule: str
    times: int
    examples: Sequence[tuple[str, Sequence[DatasetFinding]]]


def render_dataset_page(document: DatasetDocument, given: Given, prepared: PreparedDataset | None) -> str:
    """The page of a data set that was checked by all rules, accepted or not."""
    lengths = measure_lengths(given)
    return (
        environment()
        .get_template("dataset.html.j2")
        .render(
            dataset=document,
            nothing_read=ONLY_STRUCTURE if document.records.read else NO_RECORD,
            findings=list_findings(document),
            repeated=[
                RepeatCount(rule, what, n) for rule, what in _REPEATED.items() if (n := document.issue_counts.get(rule))
            ],
            labels=share_labels(document),
            further_labels=max(0, len(document.labels) - _LABELS_SHOWN),
            sizes=count_group_sizes(prepared) if prepared else [],
            prompt_plot=_histogram("a prompt", lengths.prompts),
            answer_plot=_histogram("an answer", lengths.answers),
        )
    )


def measure_lengths(given: Given) -> Lengths:
    """The lengths of the records in all files, as far as they could be read."""
    facts = [each.facts for each in given.values()]
    return Lengths([n for each in facts for n in each.prompt_tokens], [n for each in facts for n in each.answer_tokens])


def list_findings(document: DatasetDocument) -> list[RuleFindings]:
    """The rules that were broken, errors first, the most frequent first of each."""
    by_rule = {rule: [found for found in document.issues if found.rule == rule] for rule in document.issue_counts}
    order = sorted(
        document.issue_counts.items(), key=lambda item: (document.rules[item[0]].severity != "error", -item[1])
    )
    return [
        RuleFindings(
            rule, n, [(remedy, list(of_it)) for remedy, of_it in groupby(by_rule[rule], lambda one: one.remedy)]
        )
        for rule, n in order
    ]


def share_labels(document: DatasetDocument) -> list[LabelShare]:
    """The most frequent labels, where the answers are labels."""
    total = sum(document.labels.values())
    return [LabelShare(name, n, 100 * n / total) for name, n in [*document.labels.items()][:_LABELS_SHOWN]]


def count_group_sizes(prepared: PreparedDataset) -> list[GroupSize]:
    """How many groups have how many records, over all files together; the largest sizes as one."""
    sizes = Counter(Counter(number for numbers in prepared.groups.values() for number in numbers).values())
    ordered = sorted(sizes.items())
    shown = [GroupSize(size, size, n) for size, n in ordered[:_SIZES_SHOWN]]
    rest = ordered[_SIZES_SHOWN:]
    return [*shown, GroupSize(rest[0][0], rest[-1][0], sum(n for _, n in rest))] if rest else shown


def _histogram(of: str, tokens: Sequence[int]) -> Markup | None:
    if not tokens:
        return None
    return Markup(histograms.length_histogram(f"Tokens of {of}", "tokens, estimated", tokens))  # noqa: S704 - drawn by pygal, which escapes all texts
