"""What the page says of judges and people: their pictures, and in words how verdicts go with the answers' length."""

from collections.abc import Iterator
from typing import NamedTuple

from lambdas.domain.evaluation.judging.bias import LengthFigures, LengthRow
from lambdas.domain.evaluation.judging.summary import Judging
from lambdas.domain.report import charts
from lambdas.domain.report.charts import IntervalRow, OutcomeRow
from lambdas.domain.report.templates import label

# Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988), section 3.2.
_STRENGTHS = ((0.5, "strong"), (0.3, "moderate"), (0.1, "weak"))


class LengthSection(NamedTuple):
    """A judge's verdicts by length, and what they say."""

    judge: str
    rows: list[tuple[str, LengthRow]]
    words: str


def draw_outcomes(judging: Judging) -> str | None:
    """All verdicts of each judge and person, as an SVG element; None without any."""
    rows = [OutcomeRow(label(one.model_id), one.wins, one.ties, one.inconsistent, one.losses) for one in judging.judges]
    rows += [OutcomeRow(one.reviewer, one.wins, one.ties, 0, one.losses) for one in judging.people]
    drawn = [row for row in rows if row.total]
    return charts.outcome_bars("Verdicts on the tuned model's answers", drawn) if drawn else None


def draw_win_rates(judging: Judging) -> str | None:
    """Win rates with their intervals, as an SVG element; None where no pair was decided."""
    judges = [(label(judge.model_id), judge.win_rate, judge.interval) for judge in judging.judges]
    people = [(person.reviewer, person.win_rate, person.interval) for person in judging.people]
    rows = [IntervalRow(name, rate, interval) for name, rate, interval in (*judges, *people) if rate is not None]
    return charts.win_rates("Pairs that the tuned model won against its base", rows) if rows else None


def length_sections(judging: Judging) -> Iterator[LengthSection]:
    """For each judge that has given verdicts."""
    for judge in judging.judges:
        if found := judge.length:
            rows = [("longer", found.longer), ("shorter", found.shorter), ("as long", found.same)]
            yield LengthSection(judge.model_id, rows, describe_length(found))


def describe_length(found: LengthFigures) -> str:
    """What the figures say, in words."""
    if found.interval is None or found.longer_win_rate is None:
        return "No pair of different lengths was decided."
    low, high = found.interval
    won = (
        f"Of the {found.decided} decided pairs of different lengths the longer answer won {found.longer_won} "
        f"({found.longer_win_rate:.0f} %, 95 % interval {low:.0f} to {high:.0f})"
    )
    preferred = found.prefers
    if preferred is None:
        return f"{won}: that may be chance. {_describe_correlation(found)}"
    return (
        f"{won}: this judge prefers the {preferred} answer more often than chance explains. That is a bias or a merit: "
        f"read pairs in which the {preferred} one won. {_describe_correlation(found)}"
    )


def _describe_correlation(found: LengthFigures) -> str:
    value = found.correlation
    if value is None:
        return "All verdicts, or all lengths, are the same, so that there is no correlation of the two."
    strength = next((words for least, words in _STRENGTHS if abs(value) >= least), None)
    said = f"Spearman's correlation of the tuned model's extra length and the outcome is {value:.2f}"
    if strength is None:
        return f"{said}: none to speak of."
    where = "longer" if value > 0 else "shorter"
    return f"{said}, which is {strength}: the tuned model wins more often where its answer is {where}."
