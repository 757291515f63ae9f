"""What twice the training records would add to the metric: `learning_curve.doubling` in report.json."""

from lambdas.domain.core.fact import Fact


class Gain(Fact):
    """The gain in points: the median and the 95 % interval."""

    gain: float
    interval: tuple[float, float]


class Withheld(Fact):
    """Why the gain of more data cannot be told."""

    withheld: str


Doubling = Gain | Withheld
