"""What the page says of the data sets that candidates trained on: a sentence, a picture, and rows."""

from typing import NamedTuple

from markupsafe import Markup

from lambdas.domain.report.charts import IntervalRow, interval_plot
from lambdas.domain.report.compared_data import ComparedData
from lambdas.domain.report.data_words import tell_choice, tell_data
from lambdas.domain.report.run_report import SucceededReport
from lambdas.domain.report.templates import metric_name, within_range


class DataSection(NamedTuple):
    """`choice` says what the verdict is about where that is not the winner; `plot` is a picture of the differences."""

    compared: ComparedData
    sentence: str
    choice: str
    plot: Markup | None


def data_section(report: SucceededReport) -> DataSection | None:
    """None where no data sets are compared."""
    compared = report.compare
    if compared is None:
        return None
    name = metric_name(compared.metric)
    rows = [
        IntervalRow(f"{each.arm} - {each.against}", each.difference, within_range(each))
        for each in compared.comparisons
    ]
    drawn = interval_plot(f"{name}: one data set minus another", "points, 0-100", rows) if rows else None
    return DataSection(
        compared=compared,
        sentence=tell_data(compared, name),
        choice=tell_choice(compared, report.trained.chosen),
        plot=None if drawn is None else Markup(drawn),  # noqa: S704 - drawn by pygal, which escapes all texts
    )
