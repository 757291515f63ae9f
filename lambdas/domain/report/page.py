"""`report.html`: the result as one file that needs no network and runs no script.

Texts of the data set and of the models are escaped by Jinja; the page's own policy forbids everything but its style.
The pictures come from `charts`, which escapes the texts in them.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.responses import Line
from lambdas.domain.report import charts
from lambdas.domain.report.charts import IntervalRow
from lambdas.domain.report.run_report import METRIC_NAMES, Report, headline
from lambdas.domain.training.losses import Losses

VERDICTS = {
    "promote": "Promote: the gate is passed",
    "reject": "Reject: the gate is not passed",
    "inconclusive": "Inconclusive: the evidence does not suffice",
}
# A model's version and date, which tell nothing beside a picture; the tables have them.
_VERSION = re.compile(r"-\d{8}|-v\d+[-:]\d+(?=$|-few)|-v\d+:\d+$")
_PROVIDER = re.compile(r"^(?:[a-z]{2,5}\.)?[a-z0-9]+\.(?=\D)")
_LABEL_LENGTH = 30


class Materials(NamedTuple):
    """What the page shows beside report.json: each arm's lines in the test set's order, losses, dataset/report.json.

    `sweep` has the validation losses of each job of a sweep by its number.
    """

    answers: Mapping[str, Sequence[Line]]
    training: Losses
    validation: Losses
    dataset: Mapping[str, Any]
    sweep: Mapping[int, Losses] = MappingProxyType({})


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lambdas.domain.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    environment.filters["signed"] = signed
    environment.filters["metric_name"] = metric_name
    environment.filters["label"] = label
    environment.filters["p_value"] = p_value
    environment.filters["money"] = money
    environment.filters["price"] = price
    environment.filters["change"] = change
    environment.filters["cost_item"] = cost_item
    environment.filters["code"] = code
    return environment


def figure(value: float | None, digits: int = 1) -> str:
    """A number for reading, a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"  # noqa: RUF001 - an en dash is meant


def signed(value: float | None, digits: int = 1) -> str:
    """A difference for reading, with its sign; a dash where there is none."""
    return "–" if value is None else f"{value:+,.{digits}f}"  # noqa: RUF001 - an en dash is meant


def p_value(value: float | None) -> str:
    """A p-value for reading: no more digits than the resamples give."""
    if value is None:
        return "–"  # noqa: RUF001 - an en dash is meant
    return "<\N{NO-BREAK SPACE}0.001" if value < 0.001 else f"{value:.3f}"


def money(usd: float | None) -> str:
    """An amount for reading; "unknown" where a price is."""
    if usd is None:
        return "unknown"
    return "<\N{NO-BREAK SPACE}0.01" if 0 < usd < 0.01 else f"{usd:,.2f}"


def price(usd: float | None) -> str:
    """A unit price with all its digits: some are millionths."""
    return "unknown" if usd is None else f"{usd:,.8f}".rstrip("0").rstrip(".")


def change(usd: float | None) -> str:
    """A difference between amounts for reading: a little is not nothing."""
    if usd is None:
        return "unknown"
    return "<\N{NO-BREAK SPACE}0.01" if 0 < abs(usd) < 0.005 else f"{usd:+,.2f}" if usd else "0.00"


def cost_item(item: str) -> str:
    """A line of the costs with the judge's name made short: `judging by claude-3-sonnet, input`."""
    what, by, rest = item.partition(" by ")
    model_id, comma, side = rest.rpartition(", ")
    return f"{what}{by}{label(model_id)}{comma}{side}" if by else item


def code(text: str) -> Markup:
    """A text with what stands in backticks as code."""
    parts = (escape(part) for part in text.split("`"))
    return Markup().join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


def metric_name(metric: str) -> str:
    """A metric's name for reading."""
    return METRIC_NAMES.get(metric, metric)


def label(name: str) -> str:
    """A model's or arm's name short enough to stand beside a picture: `claude-3-sonnet-few-shot-3`."""
    short = _VERSION.sub("", _PROVIDER.sub("", name))
    return short if len(short) <= _LABEL_LENGTH else f"{short[:18]}…{short[-11:]}"


def render_page(report: Report, materials: Materials) -> str:
    """The page of a run that succeeded."""
    metrics = [name for name in METRIC_NAMES if any(arm.get(name) is not None for arm in report["arms"].values())]
    metrics.remove("output_tokens")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            headline=headline(report),
            verdict=VERDICTS[report["decision"]["verdict"]],
            metrics=metrics,
            cards=_cards(report),
            comparisons=_comparisons(report),
            verdict_plot=_verdict_plot(report),
            token_plot=_token_plot(materials.answers),
            loss_plot=_loss_plot(materials),
            sweep_plot=_sweep_plot(report, materials),
            sweep_names=_sweep_names(report),
            unreadable=materials.training.unreadable + materials.validation.unreadable,
            win_plot=_win_plot(report["judging"]),
            samples={name: _samples(report, materials.answers, name) for name in ("gains", "regressions")},
            dataset=materials.dataset,
        )
    )


def _cards(report: Report) -> list[dict[str, Any]]:
    """The first figures one looks at, the tuned arm's beside its base's, and whether each is better."""
    arms, task = report["arms"], report["task"]
    names = list(dict.fromkeys([task["metric"], "f1", "exact_match"]))
    figures = [(metric_name(name), arms[TUNED].get(name), arms[BASE].get(name), True, "", 1) for name in names]
    figures += [
        ("Output tokens, mean", *(arms[arm]["output_tokens"]["mean"] for arm in (TUNED, BASE)), False, "", 1),
        ("Latency, median", *(arms[arm]["latency_ms"]["p50"] for arm in (TUNED, BASE)), False, " ms", 0),
    ]
    return [
        {
            "name": name,
            "tuned": ours,
            "base": theirs,
            "unit": unit,
            "digits": digits,
            "difference": ours - theirs,
            "better": (ours > theirs) == more_is_better and ours != theirs,
        }
        for name, ours, theirs, more_is_better, unit, digits in figures
        if ours is not None and theirs is not None
    ]


def _comparisons(report: Report) -> dict[str, list[dict[str, Any]]]:
    """`first`: the tuned arm against its base, and against all others on the gate's metric; `others`: the rest."""
    metric = report["task"]["metric"]
    parts: dict[str, list[dict[str, Any]]] = {"first": [], "others": []}
    for entry in report["comparisons"]:
        first = entry["arm"] == TUNED and (entry["against"] == BASE or entry["metric"] == metric)
        parts["first" if first else "others"].append(entry)
    return parts


def _verdict_plot(report: Report) -> Markup | None:
    """The tuned arm against every other one on the gate's metric."""
    metric = report["task"]["metric"]
    rows = [
        IntervalRow(label(entry["against"]), entry["difference"], _interval(entry))
        for entry in report["comparisons"]
        if entry["arm"] == TUNED and entry["metric"] == metric
    ]
    if not rows:
        return None
    return _picture(charts.interval_plot(f"{metric_name(metric)}: tuned minus each other arm", "points, 0-100", rows))


def _interval(entry: Mapping[str, Any]) -> tuple[float, float] | None:
    low, high = entry["interval"] or (None, None)
    return None if low is None or high is None else (low, high)


def _token_plot(answers: Mapping[str, Sequence[Line]]) -> Markup:
    counts = {
        arm: [line["output_tokens"] for line in answers[arm] if "error" not in line]
        for arm in (BASE, TUNED)
        if arm in answers
    }
    return _picture(charts.token_histogram({arm: own for arm, own in counts.items() if own}))


def _loss_plot(materials: Materials) -> Markup | None:
    if not materials.training.lines and not materials.validation.lines:
        return None
    return _picture(charts.loss_curves(materials.training.lines, materials.validation.lines))


def _sweep_plot(report: Report, materials: Materials) -> Markup | None:
    """The validation losses of all jobs of a sweep that have any."""
    chosen = report["sweep"]["chosen"] if report["sweep"] else None
    drawn = {
        f"job {number}{', chosen' if number == chosen else ''}": losses.lines
        for number, losses in sorted(materials.sweep.items())
        if losses.lines
    }
    return _picture(charts.sweep_curves(drawn, f"job {chosen}, chosen")) if drawn else None


def _sweep_names(report: Report) -> list[str]:
    """The hyperparameters that differ between the jobs of a sweep."""
    jobs = report["sweep"]["jobs"] if report["sweep"] else []
    names = dict.fromkeys(name for job in jobs for name in job["hyperparameters"])
    return [name for name in names if len({job["hyperparameters"].get(name) for job in jobs}) > 1]


def _win_plot(judging: Mapping[str, Any]) -> Markup | None:
    rows = [
        IntervalRow(label(one["model_id"]) if "model_id" in one else one["reviewer"], one["win_rate"], _interval(one))
        for one in (*judging["judges"], *judging["people"])
        if one["win_rate"] is not None
    ]
    return _picture(charts.win_rates("Pairs that the tuned model won against its base", rows)) if rows else None


def _picture(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - drawn by pygal, which escapes all texts


def _samples(report: Report, answers: Mapping[str, Sequence[Line]], kind: str) -> list[dict[str, Any]]:
    """The records of the largest differences, with the prompt, the reference and each arm's answer."""
    samples = []
    for extreme in report["extremes"][kind]:
        lines = {arm: lines[extreme["index"]] for arm, lines in answers.items()}
        known = next((line for line in lines.values() if "error" not in line), {"prompt": None, "reference": None})
        samples.append({**extreme, "prompt": known["prompt"], "reference": known["reference"], "answers": lines})
    return samples
