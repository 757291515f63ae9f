"""Whether more data would help, in words."""

from lambdas.domain.evaluation.doubling import Withheld
from lambdas.domain.report.learning_curve import BestTested, LearningCurve

# Points of 0-100.
_LEAST_TOLD = 0.05


def tell_gain(curve: LearningCurve, metric_name: str) -> str:
    """A sentence for whoever decides on collecting data."""
    doubling = curve.doubling
    if isinstance(doubling, Withheld):
        return f"Whether twice the data would help, this run cannot tell: {doubling.withheld}."
    records, metric_name = curve.best[-1].records, in_sentence(metric_name)
    low, high = doubling.interval
    if low > 0:
        gain = f"would likely add {doubling.gain:.1f} points of {metric_name} (between {low:.1f} and {high:.1f})"
    elif high < 0:
        gain = f"would likely cost {-doubling.gain:.1f} points of {metric_name} (between {-high:.1f} and {-low:.1f})"
    else:
        gain = (
            f"would likely change {metric_name} by {doubling.gain:+.1f} points (between {low:+.1f} and {high:+.1f}): "
            "it may add nothing"
        )
    return f"Twice the data ({2 * records:,} instead of {records:,} training records) {gain}."


def tell_best(best: BestTested, chosen: int, metric_name: str) -> str:
    """What the best of several on the test set is worth."""
    if best.flattered < _LEAST_TOLD:
        luck = "may be partly luck, but nothing here suggests it"
    else:
        luck = f"is partly luck: here it is flattered by about {best.flattered:.1f} points"
    which = "the chosen one" if best.candidate == chosen else f"not the chosen one, which is candidate {chosen}"
    return (
        f"Of the {best.tested} candidates that answered the test set, candidate {best.candidate} has the highest "
        f"{in_sentence(metric_name)}, {best.value:.1f}. It is {which}. The highest of {best.tested} on one test set "
        f"{luck}. The run chose its candidate before any of them answered the test set, so that its verdict is not "
        "flattered."
    )


def in_sentence(metric_name: str) -> str:
    """A metric's name as a word in the middle of a sentence."""
    return metric_name[:1].lower() + metric_name[1:] if metric_name[1:2].islower() else metric_name
