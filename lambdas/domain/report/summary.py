"""What the run's state keeps of its result."""

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.gate import Verdict


class ReportSummary(Fact):
    """`$.report`: where report.json is, its verdict, and the notification of it."""

    uri: str
    verdict: Verdict
    subject: str
    message: str


class Promotion(Fact):
    """`$.champion`: the parameter that names the champion.

    `version` and `model_arn` are null if the run's verdict is not to promote: the champion is who it was.
    """

    parameter: str
    version: int | None = None
    model_arn: str | None = None
