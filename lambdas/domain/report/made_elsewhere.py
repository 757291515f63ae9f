"""Sections of report.json that the rooms of evaluation and cost make."""

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.cost.estimate import Line
from lambdas.domain.evaluation.gate import GateSettings, Verdict
from lambdas.domain.evaluation.task_kind import TaskKind
from lambdas.domain.report.section import Section

Interval = tuple[float, float]


class LabelScores(Fact):
    """How well one label is found."""

    precision: float
    recall: float
    f1: float


class Classification(Fact):
    """What the answers of a classification add up to; the last column of `confusion` counts those without a label."""

    accuracy: float | None
    macro_f1: float | None
    labels: list[str]
    confusion: list[list[int]]
    by_label: dict[str, LabelScores]


class Task(Fact):
    """What kind of answers the task has, whether the references told so, and the metric that the gate looks at."""

    kind: TaskKind
    detected: bool
    metric: str


class Comparison(Fact):
    """One arm against another on a metric."""

    arm: str
    against: str
    metric: str
    difference: float
    interval: Interval | None
    p_value: float | None
    groups: int
    records: int
    detectable: float | None


class ComparedChampion(Section):
    """The champion that the tuned model was compared with; of one that cannot be read only the reason is known."""

    model_arn: str = ""
    run_id: str = ""
    bucket: str = ""
    prefix: str = ""
    report: str = ""
    base_model: str = ""
    simulated: bool = False
    promoted_at: str = ""
    version: int | None
    compared_records: int
    reason: str | None


class Decision(Fact):
    """The gate's verdict and its reasons."""

    verdict: Verdict
    reasons: list[str]
    metric: str
    gate: GateSettings
    champion: ComparedChampion | None


class Extreme(Fact):
    """A test record, and by how much the tuned model's score differs from that of the base."""

    index: int
    difference: float


class Extremes(Fact):
    """The records with the largest differences."""

    against: str
    metric: str
    gains: list[Extreme]
    regressions: list[Extreme]


class Positions(Fact):
    """How often the answer in each place was preferred."""

    first: int
    second: int


class RaterFigures(Section):
    """How often a judge or a person preferred the tuned model's answer; `win_rate` leaves ties out."""

    pairs: int
    wins: int
    losses: int
    ties: int
    win_rate: float | None
    interval: Interval | None


class JudgeFigures(RaterFigures):
    """What the judgements of a model add up to."""

    model_id: str
    inconsistent: int
    unparseable: int
    position: Positions
    unanswered: int
    error: str | None
    input_tokens: int
    output_tokens: int


class PersonFigures(RaterFigures):
    """What a person's votes add up to; `preferences` are by the test record's index."""

    reviewer: str
    preferences: dict[str, str]


class Agreement(Fact):
    """How far two raters agree on the pairs that both have rated."""

    raters: tuple[str, str]
    pairs: int
    agreement: float | None
    kappa: float | None


class JudgedPair(Fact):
    """A pair of answers and each judge's preference; `identical` ones were asked of nobody."""

    index: int
    identical: bool
    preferences: dict[str, str]


class PromptVersion(Fact):
    """The prompt that judges were asked with."""

    name: str
    sha256: str


class Judging(Fact):
    """What judges and people prefer; `kappa` is the mean over all two judges."""

    judges: list[JudgeFigures]
    kappa: float | None
    agreements: list[Agreement]
    pairs: list[JudgedPair]
    people: list[PersonFigures]
    prompt: PromptVersion | None


class CostPrices(Section):
    """Date and source of the prices; `own` are the models whose prices are run.json's."""

    as_of: str
    source: str
    own: list[str] = Field(default=[])


class CostLines(Fact):
    """Lines with their totals; `total_usd` is null where a price is unknown."""

    lines: list[Line]
    known_usd: float
    total_usd: float | None
    unknown: list[str]


class CostDifferenceLine(Fact):
    """A line of the costs, estimated and actual."""

    item: str
    unit: str
    unit_price_usd: float | None
    estimated_quantity: float
    actual_quantity: float
    estimated_usd: float | None
    actual_usd: float | None
    usd: float | None


class CostDifference(Fact):
    """Actual minus estimated costs."""

    lines: list[CostDifferenceLine]
    known_usd: float
    total_usd: float | None


class Cost(Fact):
    """What the run was estimated to cost and what it has cost."""

    prices: CostPrices
    estimate: CostLines
    actual: CostLines
    difference: CostDifference
