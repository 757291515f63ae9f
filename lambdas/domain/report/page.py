"""`report.html`: the result as one file that needs no network and runs no script.

Texts of the data set and of the models are escaped by Jinja; the page's own policy forbids everything but its style.
The pictures come from `charts`, which escapes the texts in them. Jinja and the drawing library cost a cold start:
import this module where a page is rendered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from markupsafe import Markup

from lambdas.domain.evaluation.answers import AnswerLine, StoredLine
from lambdas.domain.evaluation.arms import BASE, TUNED, candidate_number
from lambdas.domain.evaluation.comparisons import (
    CONTENT,
    LATENCY,
    OUTPUT_TOKENS,
    UNBOUNDED,
    Answers,
    Comparison,
    read_rows,
)
from lambdas.domain.report import charts, histograms
from lambdas.domain.report.charts import IntervalRow
from lambdas.domain.report.curation_section import curation_section
from lambdas.domain.report.curve_section import candidates_section, curve_section, is_of_candidate
from lambdas.domain.report.data_section import data_section
from lambdas.domain.report.error_list import list_errors
from lambdas.domain.report.judging_section import draw_outcomes, draw_win_rates, length_sections
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.run_report import METRICS, ArmFigures, SucceededReport
from lambdas.domain.report.scored_report import ScoredReport, ScoredResult
from lambdas.domain.report.success_message import headline
from lambdas.domain.report.templates import environment, label, metric_name, within_range
from lambdas.domain.report.use_section import use_lines
from lambdas.domain.training.losses import NO_LOSSES, JobLosses

# In words, and what to do.
VERDICTS = {
    "promote": (
        "Promote: the gate is passed",
        "Use the tuned model in place of the other. Look through its errors first: they are listed below.",
    ),
    "reject": ("Reject: the gate is not passed", "Do not use the tuned model: keep what you have."),
    "inconclusive": (
        "Inconclusive: the evidence is not sufficient",
        "Do not replace anything yet: it is open whether the tuned model is better.",
    ),
}


class Card(NamedTuple):
    """A figure that one looks at first, of the tuned model and of its base."""

    name: str
    tuned: float
    base: float
    compared: Comparison | None
    unit: str = ""
    digits: int = 1
    # The two models were served in ways that say nothing of the models.
    alike: bool = True

    @property
    def finding(self) -> Literal["better", "worse"] | None:
        """Which of the two the tuned model's figure surely is; None where the interval leaves it open."""
        if self.compared is None or self.compared.interval is None or not self.alike:
            return None
        low, high = self.compared.interval
        if low <= 0 <= high:
            return None
        return "better" if (low > 0) != (self.compared.metric in UNBOUNDED) else "worse"


@dataclass(frozen=True)
class Sample:
    """A record with a large difference: its prompt, its reference and the answer of each arm."""

    index: int
    difference: float
    prompt: str | None
    reference: str | None
    answers: Mapping[str, StoredLine]


class Comparisons(NamedTuple):
    """`first`: the tuned arm against its base, and against all others on the gate's metric; `others`: the rest.

    Those with other candidates on the gate's metric stand in a section of their own.
    """

    first: list[Comparison]
    others: list[Comparison]


def render_page(report: SucceededReport, materials: Materials) -> str:
    """The page of a run that succeeded."""
    losses, curve = _losses_of(materials, report.trained.chosen), curve_section(report)
    curation = curation_section(report, materials.curation)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            **_result(report, materials.answers),
            simulated=report.simulated,
            title=f"Run {report.run_id}",
            run=report,
            loss_plot=_loss_plot(losses),
            curve_section=curve,
            curve_plots=[_picture(svg) for svg in curve.plots] if curve else [],
            data_section=data_section(report),
            candidates_section=candidates_section(report),
            curation_section=curation,
            curation_plot=_optional_picture(curation.plot if curation else None),
            sweep_plot=_sweep_plot(report, materials),
            sweep_names=_sweep_names(report),
            unreadable=losses.training.unreadable + losses.validation.unreadable,
            outcome_plot=_optional_picture(draw_outcomes(report.judging)),
            win_plot=_optional_picture(draw_win_rates(report.judging)),
            lengths=list(length_sections(report.judging)),
            dataset=materials.dataset,
            use=use_lines(report, materials.environment),
            environment=materials.environment,
        )
    )


def render_scores(report: ScoredReport, answers: Answers) -> str:
    """The page of answers that no run has made: without what only a run has."""
    title = f"{report.files[TUNED].file} against {report.files[BASE].file}"
    template = environment().get_template("report.html.j2")
    return template.render(**_result(report, answers), simulated=False, title=title, run=None)


def _result(report: ScoredResult, answers: Answers) -> dict[str, object]:
    """What both pages show."""
    metrics = [name for name in METRICS if any(arm.metric(name) is not None for arm in report.arms.values())]
    tokens, samples = _read_answers(report, answers)
    drawn = {arm: own for arm, own in tokens.items() if own}
    return {
        "report": report,
        "arms": base_first(report.arms),
        "headline": headline(report),
        "verdict": VERDICTS[report.decision.verdict],
        "metrics": metrics,
        "cards": _cards(report),
        "comparisons": _comparisons(report),
        "verdict_plot": _verdict_plot(report),
        "token_plot": _picture(histograms.token_histogram(drawn)) if drawn else None,
        "samples": {
            "gains": [samples[extreme.index] for extreme in report.extremes.gains],
            "regressions": [samples[extreme.index] for extreme in report.extremes.regressions],
        },
        "errors": list_errors(report, answers),
    }


def base_first(arms: Mapping[str, ArmFigures]) -> dict[str, ArmFigures]:
    """The arms as they are read: what there was, what was made of it, then the others."""
    return {name: arms[name] for name in dict.fromkeys([BASE, TUNED, *arms])}


def _cards(report: ScoredResult) -> list[Card]:
    """The first figures one looks at, as far as both arms have them."""
    tuned, base = report.arms[TUNED], report.arms[BASE]
    compared = {one.metric: one for one in report.comparisons if (one.arm, one.against) == (TUNED, BASE)}
    cards = []
    for name in dict.fromkeys([CONTENT, report.task.metric, "f1", "exact_match"]):
        ours, theirs = tuned.metric(name), base.metric(name)
        if ours is not None and theirs is not None:
            cards.append(Card(metric_name(name), ours, theirs, compared.get(name)))
    tokens, base_tokens = tuned.output_tokens.mean, base.output_tokens.mean
    if tokens is not None and base_tokens is not None:
        cards.append(Card("Output tokens, mean", tokens, base_tokens, compared.get(OUTPUT_TOKENS)))
    latency, base_latency = tuned.latency_ms.p50, base.latency_ms.p50
    if latency is not None and base_latency is not None:
        found = compared.get(LATENCY)
        cards.append(Card("Latency, median", latency, base_latency, found, " ms", digits=0, alike=report.served_alike))
    return cards


def _comparisons(report: ScoredResult) -> Comparisons:
    metric, parts = report.task.metric, Comparisons([], [])
    for entry in sorted(report.comparisons, key=lambda one: one.against != BASE):
        if is_of_candidate(entry) and entry.metric in (metric, CONTENT):
            continue
        first = entry.arm == TUNED and (entry.against == BASE or entry.metric in (metric, CONTENT))
        (parts.first if first else parts.others).append(entry)
    return parts


def _verdict_plot(report: ScoredResult) -> Markup | None:
    """The tuned arm against every other one on what the gate looks at."""
    metric = report.deciding_metric
    rows = [
        IntervalRow(label(entry.against), entry.difference, within_range(entry))
        for entry in sorted(report.comparisons, key=lambda one: one.against != BASE)
        if entry.arm == TUNED and entry.metric == metric and not is_of_candidate(entry)
    ]
    if not rows:
        return None
    return _picture(charts.interval_plot(f"{metric_name(metric)}: tuned minus each other arm", "points, 0-100", rows))


def _read_answers(report: ScoredResult, answers: Answers) -> tuple[dict[str, list[int]], dict[int, Sample]]:
    """What the page shows of the answers, read once: the output tokens of the two arms that count, and the samples."""
    tokens: dict[str, list[int]] = {arm: [] for arm in (BASE, TUNED) if report.arms[arm].missing is None}
    extremes = {extreme.index: extreme for extreme in (*report.extremes.gains, *report.extremes.regressions)}
    samples = {}
    for index, (reference, lines) in enumerate(read_rows(answers)):
        answered = {arm: line for arm, line in lines.items() if isinstance(line, AnswerLine)}
        for arm, own in tokens.items():
            counted = answered[arm].output_tokens if arm in answered else None
            if counted is not None:
                own.append(counted)
        if index in extremes:
            prompt = next((line.prompt for line in answered.values()), None)
            extreme = extremes[index]
            # Those of a dozen candidates would hide the two that are compared.
            told = {arm: line for arm, line in lines.items() if candidate_number(arm) is None}
            samples[index] = Sample(index, extreme.difference, prompt, reference, told)
    return tokens, samples


def _loss_plot(losses: JobLosses) -> Markup | None:
    if not losses.training.lines and not losses.validation.lines:
        return None
    return _picture(charts.loss_curves(losses.training.lines, losses.validation.lines))


def _sweep_plot(report: SucceededReport, materials: Materials) -> Markup | None:
    """The validation losses of the jobs that are compared, as far as they have any."""
    has_data = report.trained.has_data
    names = {
        job.number: f"job {job.number}{f', {job.data}' if has_data else ''}{', chosen' if job.chosen else ''}"
        for job in report.trained.jobs
    }
    drawn = {name: lines for number, name in names.items() if (lines := _losses_of(materials, number).validation.lines)}
    chosen = next((names[job.number] for job in report.trained.jobs if job.chosen), "")
    return _picture(charts.sweep_curves(drawn, chosen)) if drawn else None


def _losses_of(materials: Materials, number: int | None) -> JobLosses:
    return NO_LOSSES if number is None else materials.losses.get(number, NO_LOSSES)


def _sweep_names(report: SucceededReport) -> list[str]:
    """The hyperparameters that differ between the jobs of the run."""
    jobs = report.trained.jobs
    names = dict.fromkeys(name for job in jobs for name in job.hyperparameters)
    return [name for name in names if len({job.hyperparameters.get(name) for job in jobs}) > 1]


def _optional_picture(svg: str | None) -> Markup | None:
    return None if svg is None else _picture(svg)


def _picture(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - drawn by pygal, which escapes all texts
