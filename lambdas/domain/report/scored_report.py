"""`report.json` of `fine-tune score`: what a run's report says of answers, for answers that no run has made."""

from typing import Literal, Protocol

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.comparisons import Comparison
from lambdas.domain.evaluation.decision import Decision
from lambdas.domain.evaluation.evaluate import Extremes, Task
from lambdas.domain.report.run_report import ArmFigures
from lambdas.domain.report.section import Section


class ScoredResult(Protocol):
    """What answers add up to, in whichever report."""

    @property
    def arms(self) -> dict[str, ArmFigures]:
        """Each arm's figures."""

    @property
    def task(self) -> Task:
        """What the answers are."""

    @property
    def comparisons(self) -> list[Comparison]:
        """The arms against each other."""

    @property
    def decision(self) -> Decision:
        """The gate's verdict."""

    @property
    def extremes(self) -> Extremes:
        """The records that differ most."""

    @property
    def deciding_metric(self) -> str:
        """What the gate looked at."""

    @property
    def served_alike(self) -> bool:
        """Whether a difference in latency says anything of the models."""


class ScoredFile(Fact):
    """A file of answers as it was read; `errors` of its `records` have no answer."""

    file: str
    records: int
    errors: int
    sha256: str


class Groups(Fact):
    """The groups of the records: as the lines name them, or detected from prompts as a run does."""

    count: int
    source: Literal["given", "detected"]


class ScoredReport(Section):
    """The keys `arms`, `task`, `comparisons`, `decision` and `extremes` are those of a run's report.

    An arm's `model_id` is the name of its file.
    """

    arms: dict[str, ArmFigures]
    task: Task
    comparisons: list[Comparison]
    decision: Decision
    extremes: Extremes
    groups: Groups
    files: dict[str, ScoredFile]

    @property
    def served_alike(self) -> bool:
        """Nobody knows how these models were served."""
        return False

    @property
    def deciding_metric(self) -> str:
        """What the gate looked at."""
        return self.decision.looked_at
