"""What the page says of the sizes of the training set and of the other candidates: pictures, sentences, and rows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lambdas.domain.evaluation.arms import TUNED, candidate_number
from lambdas.domain.evaluation.comparisons import CONTENT, Comparison
from lambdas.domain.report.gain_words import tell_best, tell_gain
from lambdas.domain.report.learning_curve import CurvePoint, LearningCurve
from lambdas.domain.report.run_report import SucceededReport
from lambdas.domain.report.size_curve import SizePoint, size_curve
from lambdas.domain.report.templates import label, metric_name

# What stands beside a point, as in AWS's post on fine-tuning Claude 3 Haiku: the rate, the batch size and the epochs.
_BESIDE = {
    "learningRateMultiplier": "rate {}",
    "learningRate": "rate {}",
    "batchSize": "batch {}",
    "epochCount": "epochs {}",
}
_LOSSES = "Validation loss by training records"


class CurveSection(NamedTuple):
    """`plots` are SVG elements: of scores and of validation losses, as far as there are any.

    `names` are the hyperparameters to tell: those beside the points, and others that differ. `is_choice` says that the
    curve does not go through all points.
    """

    curve: LearningCurve
    sentence: str
    plots: list[str]
    names: list[str]
    is_choice: bool


class CandidatesSection(NamedTuple):
    """The chosen candidate against each other one that answered the test set, and what the best of them is worth."""

    comparisons: list[Comparison]
    best: str | None


def curve_section(report: SucceededReport) -> CurveSection | None:
    """None where the run has no learning curve."""
    curve = report.learning_curve
    if curve is None:
        return None
    name = metric_name(curve.metric)
    return CurveSection(
        curve=curve,
        sentence=tell_gain(curve, name),
        plots=[plot for plot in (_draw_scores(curve, name), _draw_losses(curve.points)) if plot],
        names=_told_names(curve.points),
        is_choice=not all(point.best for point in curve.points),
    )


def candidates_section(report: SucceededReport) -> CandidatesSection | None:
    """None where the chosen candidate alone was tested."""
    of_candidates = [one for one in report.comparisons if is_of_candidate(one)]
    found = [one for one in of_candidates if one.metric == report.task.metric]
    strict = {(one.against, one.difference, one.interval) for one in found}
    # Where answers have the form that is asked for, reading them leniently changes nothing.
    read_leniently = [one for one in of_candidates if one.metric == CONTENT]
    found += [one for one in read_leniently if (one.against, one.difference, one.interval) not in strict]
    if not found:
        return None
    best, chosen = report.best_tested, report.trained.chosen
    words = tell_best(best, chosen, metric_name(best.metric)) if best and chosen is not None else None
    return CandidatesSection(found, words)


def is_of_candidate(comparison: Comparison) -> bool:
    """Whether it compares two candidates of the run; no verdict rests on that."""
    return comparison.arm == TUNED and candidate_number(comparison.against) is not None


def _told_names(points: Sequence[CurvePoint]) -> list[str]:
    names = dict.fromkeys(name for point in points for name in point.hyperparameters)
    values = {name: {point.hyperparameters.get(name) for point in points} for name in names}
    return [name for name in names if name in _BESIDE or len(values[name]) > 1]


def _draw_scores(curve: LearningCurve, name: str) -> str | None:
    points = [
        SizePoint(point.records, point.value, point.interval, _beside(point.hyperparameters))
        for point in curve.best
        if point.value is not None
    ]
    lines = {label(arm): value for arm, value in curve.lines.items()}
    return size_curve(f"{name} by training records", f"{name}, 0-100", points, lines) if points else None


def _draw_losses(points: Sequence[CurvePoint]) -> str | None:
    """Of each size the lowest validation loss."""
    lowest: dict[int, float] = {}
    for point in points:
        if point.validation_loss is not None:
            lowest[point.records] = min(point.validation_loss, lowest.get(point.records, point.validation_loss))
    drawn = [SizePoint(records, loss) for records, loss in lowest.items()]
    return size_curve(_LOSSES, "validation loss", drawn, {}, name="validation loss") if drawn else None


def _beside(hyperparameters: Mapping[str, str]) -> list[str]:
    return [words.format(hyperparameters[name]) for name, words in _BESIDE.items() if name in hyperparameters]
