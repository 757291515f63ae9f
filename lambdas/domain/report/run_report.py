"""`report.json`: the result of a run as one type. Its JSON Schema is `docs/schemas/report.schema.json`."""

from typing import Literal

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.finding import Finding
from lambdas.domain.core.run import RunSource
from lambdas.domain.cost.actual import RunCost
from lambdas.domain.cost.running import RunningCost
from lambdas.domain.curation.cleaning import CleaningCounts
from lambdas.domain.curation.settings import CleanSettings, SynthesisSettings
from lambdas.domain.curation.synthesis import SynthesisFunnel
from lambdas.domain.evaluation.comparisons import Comparison
from lambdas.domain.evaluation.decision import Decision
from lambdas.domain.evaluation.endpoint import PromptFormat
from lambdas.domain.evaluation.evaluate import Extremes, Task
from lambdas.domain.evaluation.field_counts import ArmFields
from lambdas.domain.evaluation.judging.summary import Judging, PromptVersion
from lambdas.domain.evaluation.metrics.classification import Classification
from lambdas.domain.evaluation.reuse import Reuse
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.models.hyperparameters import Recommendation
from lambdas.domain.report.approval import ApprovalOutcome
from lambdas.domain.report.compared_data import ComparedData
from lambdas.domain.report.learning_curve import BestTested, LearningCurve
from lambdas.domain.report.section import Section
from lambdas.domain.report.sweep import ONLY_CANDIDATE, Sweep
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.training.losses import Epoch

# An arm's metrics, all of 0 to 100; those after numeric_match belong to the tasks of their kinds.
METRICS_OF_ALL = ("f1", "f1_seed", "exact_match", "rouge_l", "numeric_match")
METRICS = (
    *METRICS_OF_ALL,
    "label_match",
    "macro_f1",
    "mixed_match",
    "code_match",
    "choice_match",
    "valid_json",
    "json_fields",
    "json_match",
    "schema_match",
    "call_match",
    "call_name",
    "call_arguments",
    "content",
)


class DatasetCounts(Fact):
    """The records of each set; null where the run did not get so far."""

    train: int | None
    validation: int | None
    test: int | None


class TokenFigures(Fact):
    """Statistics of an arm's output tokens, or by how many per cent each is below that of the base."""

    mean: int | float | None
    median: int | float | None
    sd: float | None
    min: int | float | None
    max: int | float | None


class Latency(Fact):
    """Percentiles of an arm's latency."""

    p50: int | float | None
    p95: int | float | None


class ArmFigures(Section):
    """What an arm's answers to the test set add up to.

    Each metric is a mean over the answers for which it has a meaning; `errors` of the `n` records have none. Tokens,
    latency and stop reasons are those of the answers. `empty` ones have no text, `truncated` ones end at the limit on
    tokens, and `refused` are those that a filter stopped or that begin as models refuse in English. The metrics with a
    default belong to tasks of their kind alone. An arm that gave too few answers says in `missing` why, and has no
    other figures. `right` is how many answers have all points of what the gate looks at; prices are in USD, null where
    one is unknown or there is nothing to divide by. `sent` are the parameters that its model was asked with.
    """

    model_id: str | None
    few_shot: int
    n: int
    errors: int
    f1: float | None
    f1_seed: float | None
    exact_match: float | None
    rouge_l: float | None
    numeric_match: float | None
    label_match: float | None = None
    macro_f1: float | None = None
    mixed_match: float | None = None
    code_match: float | None = None
    choice_match: float | None = None
    valid_json: float | None = None
    json_fields: float | None = None
    json_match: float | None = None
    schema_match: float | None = None
    call_match: float | None = None
    call_name: float | None = None
    call_arguments: float | None = None
    content: float | None = None
    output_tokens: TokenFigures
    latency_ms: Latency
    stop_reasons: dict[str, int]
    empty: int = 0
    refused: int = 0
    truncated: int = 0
    price_per_1000: float | None
    right: int | None = None
    price_per_right: float | None = None
    classification: Classification | None
    token_reduction_percent: TokenFigures | None
    fields: ArmFields | None = None
    missing: str | None = None
    sent: dict[str, int | float] | None = None

    def metric(self, name: str) -> float | None:
        """The mean of a metric; None where it has no meaning for the task."""
        value: float | None = getattr(self, name) if name in METRICS else None
        return value


class ServedBy(Fact):
    """What served the tuned model, a throughput or a deployment."""

    kind: ServingKind | None
    arn: str
    requested_at: str | None
    in_service_at: str | None
    deleted_at: str | None
    served_seconds: float | None


class ThroughputFigures(Fact):
    """The throughput; its facts are null where the model was served on demand.

    `overhead_seconds` is the part of `billed_seconds` in which it answered nothing; null where that is not known.
    """

    arn: str | None
    requested_at: str | None
    in_service_at: str | None
    deleted_at: str | None
    lease_ends_at: str | None
    billed_seconds: float | None
    overhead_seconds: float | None
    cost_usd: float | None


class ServingFigures(Fact):
    """The lease of a served candidate; what it did not get to is null.

    A deployment's `billed_seconds` are 0: it bills answers. `failure` says what ended the lease early, or why what
    served the candidate may still exist.
    """

    candidate: int
    arm: str
    kind: ServingKind | None
    arn: str | None
    requested_at: str | None
    in_service_at: str | None
    deleted_at: str | None
    billed_seconds: float | None
    failure: str | None


class Training(Fact):
    """The job whose model was served, and what its losses say.

    Bedrock has rejected `rejected_records` of its `records`; null where it does not say.
    """

    job_arn: str | None
    started_at: str | None
    ended_at: str | None
    epochs: list[Epoch] | None
    best_epoch: int | None
    stopped_early: bool | None
    overfitting: bool | None
    explanation: str | None
    records: int | None = None
    rejected_records: int | None = None


class PreflightFindings(Fact):
    """What the preflight found."""

    status: str
    checked_at: str
    findings: list[Finding]


class LineageObject(Fact):
    """A stored object that the result was made from."""

    key: str
    version_id: str | None
    bytes: int
    sha256: str


class CurationLineage(Fact):
    """Which models checked and wrote training data, and by which prompts."""

    clean: CleanSettings | None
    synthesis: SynthesisSettings | None
    prompts: list[PromptVersion]


class Lineage(Fact):
    """What the result was made from: the package, the object that started the run, the sets and the answers."""

    package_version: str
    source: RunSource
    objects: list[LineageObject]
    judge_prompt: PromptVersion | None
    # Null where the training set is as it was given; earlier versions wrote none.
    curation: CurationLineage | None = None


class Leftover(Fact):
    """What the run leaves on purpose and what is billed for it; `arn` is the name of a job."""

    kind: Literal["custom model", "customization job"]
    arn: str
    note: str


class ReportedError(Fact):
    """Why the run failed."""

    name: str
    cause: str


class RunReport(Section):
    """`report.json`. A section is null where the run did not get so far; `error` stands in that of a failed run alone.

    `custom_model_given` says that run.json named the model: the run did not train it. `hyperparameters` and
    `recommended` are those of the served model. `best_tested` is null where fewer than two candidates answered the test
    set. Earlier versions wrote no `sweep`, `learning_curve`, `best_tested`, `approval`, `cost`, `running_cost` and
    `test_set`.
    """

    run_id: str
    status: Literal["succeeded", "failed"]
    simulated: bool | None
    base_model: str | None
    custom_model_arn: str | None
    custom_model_given: bool = False
    dataset: DatasetCounts
    arms: dict[str, ArmFigures] | None
    serving: ServedBy | None
    throughput: ThroughputFigures | None
    # Earlier versions wrote none.
    servings: list[ServingFigures] = Field(default=[])
    hyperparameters: dict[str, str] | None
    sweep: Sweep | None = None
    learning_curve: LearningCurve | None = None
    # Null where the training set was not cleaned, or got no synthetic records.
    cleaning: CleaningCounts | None = None
    synthesis: SynthesisFunnel | None = None
    # Null where no data sets are compared.
    compare: ComparedData | None = None
    best_tested: BestTested | None = None
    recommended: list[Recommendation] | None
    # Of a run that succeeded; earlier versions wrote none.
    format: PromptFormat | None = None
    evaluation: EvaluationSettings | None
    approval: ApprovalOutcome | None = None
    preflight: PreflightFindings | None
    training: Training
    task: Task | None
    comparisons: list[Comparison] | None
    judging: Judging | None
    decision: Decision | None
    extremes: Extremes | None
    lineage: Lineage | None
    cost: RunCost | None = None
    running_cost: RunningCost | None = None
    test_set: Reuse | None = None
    left_on_purpose: list[Leftover]
    error: ReportedError | None = None

    @property
    def trained(self) -> Sweep:
        """The run's jobs; `jobs` is empty where the report does not tell the only one."""
        return self.sweep or ONLY_CANDIDATE


class SucceededReport(RunReport):
    """`report.json` of a run that reached its end: it has every section that the page shows."""

    status: Literal["succeeded"]
    simulated: bool | None
    arms: dict[str, ArmFigures]
    evaluation: EvaluationSettings
    task: Task
    comparisons: list[Comparison]
    judging: Judging
    decision: Decision
    extremes: Extremes
    lineage: Lineage

    @property
    def served_alike(self) -> bool:
        """Whether the tuned model was served as foundation models are: on demand."""
        return self.serving is not None and self.serving.kind == ON_DEMAND

    @property
    def deciding_metric(self) -> str:
        """What the gate looked at."""
        return self.decision.looked_at
