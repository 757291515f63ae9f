"""`seeds.json` and `index.html`: a run's figures and the product's own beside those of the posts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import ChoiceLoader, PackageLoader
from markupsafe import Markup

from cli.run_folder import PREFIX, adapters_of
from cli.seeds import tables
from cli.seeds.cited import Cited
from cli.seeds.curve import CurveRow, curve_rows, draw_curve
from cli.stored_report import NoReportError, parse_report
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import report_key
from lambdas.domain.evaluation.answers import AnswerLine
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.report.histograms import token_histograms
from lambdas.domain.report.run_report import DatasetCounts, SucceededReport
from lambdas.domain.report.templates import environment
from local.output_folder import claim, replace_file

PAGE, TABLES = "index.html", "seeds.json"


class SeedsTables(Fact):
    """`seeds.json`: what the run and the product's code make of the posts' tables. `checks` needs no run."""

    run_id: str
    simulated: bool | None
    data: str
    records: DatasetCounts
    comparison: list[tables.ComparisonRow]
    tokens: list[tables.TokenRow]
    curve: list[CurveRow]
    early_stopping: list[tables.StoppingRow]
    f1_example: tables.F1Words
    checks: list[tables.SeedCheck]


def write_page(folder: Path, cited: Cited) -> None:
    """Writes both files into the folder of a run that succeeded. Raises NoReportError where it did not."""
    report = _report(folder)
    made = make_tables(report, cited)
    claim(folder, [PAGE, TABLES])
    replace_file(folder / TABLES, made.model_dump_json(indent=2) + "\n")
    replace_file(folder / PAGE, render(made, cited, report, _output_tokens(folder)))


def make_tables(report: SucceededReport, cited: Cited) -> SeedsTables:
    """The posts' tables from a run's report."""
    return SeedsTables(
        run_id=report.run_id,
        simulated=report.simulated,
        data=report.lineage.source.key,
        records=report.dataset,
        comparison=tables.comparison_rows(report.arms, cited.comparison),
        tokens=tables.token_rows(report.arms, cited.comparison),
        curve=curve_rows(report),
        early_stopping=tables.stopping_rows(cited.early_stopping),
        f1_example=tables.f1_words(cited.f1_example),
        checks=tables.checks(cited),
    )


def render(made: SeedsTables, cited: Cited, report: SucceededReport, tokens: Mapping[str, Sequence[int]]) -> str:
    """The page; `tokens` are the output tokens of each answer by arm."""
    # The style, and how figures are shown, are those of a run's report.
    pages = environment().overlay(
        loader=ChoiceLoader([PackageLoader("cli.seeds"), PackageLoader("lambdas.domain.report")])
    )
    return pages.get_template("seeds.html.j2").render(
        made=made,
        cited=cited,
        run=report,
        results=Counter(check.result for check in made.checks),
        histograms=[_picture(svg) for svg in token_histograms(tokens).values()],
        curve_plot=_picture(drawn) if (drawn := draw_curve(made.curve, report)) else None,
    )


def _picture(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - drawn by pygal, which escapes all texts


def _report(folder: Path) -> SucceededReport:
    path = folder / report_key(PREFIX)
    if not path.is_file():
        raise NoReportError(f"{path} does not exist: the run has ended before its report. What it printed says why.")
    return parse_report(path.read_bytes(), path, SucceededReport)


def _output_tokens(folder: Path) -> dict[str, list[int]]:
    """The output tokens of each answer of the two arms whose histograms the post shows."""
    answers = adapters_of(folder).answers
    return {
        arm: [
            line.output_tokens
            for line in answers.read_arm("", PREFIX, arm)
            if isinstance(line, AnswerLine) and line.output_tokens is not None
        ]
        for arm in (BASE, TUNED)
    }
