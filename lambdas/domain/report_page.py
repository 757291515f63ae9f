"""`report.html`: the result as one file that needs no network and runs no script.

Texts of the data set and of the models are escaped by Jinja; the page's own policy forbids everything but its style.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from lambdas.domain.arms import BASE, TUNED
from lambdas.domain.report import Report, headline
from lambdas.domain.responses import Line
from lambdas.domain.training_metrics import Losses

SAMPLES = 6
# More points than this cannot be told apart in the plot.
PLOTTED_POINTS = 300
PLOT_WIDTH, PLOT_HEIGHT = 640, 220


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lambdas.domain"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    environment.filters["signed"] = signed
    return environment


def figure(value: float | None, digits: int = 1) -> str:
    """A number for reading, a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"  # noqa: RUF001 - an en dash is meant


def signed(value: float, digits: int = 1) -> str:
    """A difference for reading, with its sign."""
    return f"{value:+,.{digits}f}"


def render_page(report: Report, answers: Mapping[str, Sequence[Line]], training: Losses, validation: Losses) -> str:
    """The page of a run that succeeded; `answers` has the lines of each arm in the order of the test set."""
    tuned, base = report["arms"][TUNED], report["arms"].get(BASE)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            headline=headline(report),
            comparisons=_comparisons(tuned, base) if base else [],
            samples=_samples(answers),
            plot=plot(training, validation),
        )
    )


def _comparisons(tuned: Mapping[str, Any], base: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The headline's figures: name, the tuned and the base value, and whether more is better."""
    figures = [
        ("Token F1", tuned["f1"], base["f1"], True),
        ("Exact match", tuned["exact_match"], base["exact_match"], True),
        ("Output tokens, mean", tuned["output_tokens"]["mean"], base["output_tokens"]["mean"], False),
    ]
    return [
        {
            "name": name,
            "tuned": ours,
            "base": theirs,
            "difference": ours - theirs,
            "better": (ours > theirs) == more_is_better and ours != theirs,
        }
        for name, ours, theirs, more_is_better in figures
        if ours is not None and theirs is not None
    ]


def _samples(answers: Mapping[str, Sequence[Line]]) -> list[dict[str, Any]]:
    """Records evenly spread over the test set, with each arm's answer: chosen by place, not by result."""
    records = len(answers[TUNED])
    places = sorted({place * records // SAMPLES for place in range(SAMPLES)}) if records else []
    samples = []
    for place in places:
        lines = {arm: lines[place] for arm, lines in answers.items()}
        known = next((line for line in lines.values() if "error" not in line), None)
        samples.append(
            {
                "index": place,
                "prompt": known["prompt"] if known else None,
                "reference": known["reference"] if known else None,
                "answers": lines,
            }
        )
    return samples


def plot(training: Losses, validation: Losses) -> dict[str, Any] | None:
    """Points of the two loss curves as SVG wants them, with the axes' ends; None where no loss was recorded."""
    lines = [*training.lines, *validation.lines]
    if not lines:
        return None
    first, last = min(line.step for line in lines), max(line.step for line in lines)
    low, high = min(line.loss for line in lines), max(line.loss for line in lines)

    def points(losses: Losses) -> list[tuple[float, float]]:
        stride = max(1, -(-len(losses.lines) // PLOTTED_POINTS))
        return [
            (
                round((line.step - first) / ((last - first) or 1) * PLOT_WIDTH, 1),
                round((high - line.loss) / ((high - low) or 1) * PLOT_HEIGHT, 1),
            )
            for line in losses.lines[::stride]
        ]

    return {
        "width": PLOT_WIDTH,
        "height": PLOT_HEIGHT,
        "training": points(training),
        "validation": points(validation),
        "steps": (first, last),
        "losses": (low, high),
        "unreadable": training.unreadable + validation.unreadable,
    }
