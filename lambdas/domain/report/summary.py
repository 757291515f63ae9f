"""What the run's state keeps of its result."""

from pydantic import BaseModel, ConfigDict

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.endpoint import PromptFormat
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


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class _ComparedChampion(_Read):
    version: int | None = None


class _Decision(_Read):
    verdict: Verdict
    champion: _ComparedChampion | None = None


class PromotedReport(_Read):
    """What a promotion reads of report.json: the whole of it would cost each cold start of PromoteChampion."""

    base_model: str | None = None
    custom_model_arn: str | None = None
    simulated: bool | None = None
    decision: _Decision | None = None
    format: PromptFormat | None = None
