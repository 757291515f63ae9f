"""What a run is to do, made of its data set and its run.json: `$.plan`."""

from typing import Self

from pydantic import Field, model_validator

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.finding import Finding
from lambdas.domain.curation.curation import Curation
from lambdas.domain.dataset.planned_set import PlannedSet, TrainingSet
from lambdas.domain.dataset.tokens import TokenCounts
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.batches import PlannedBatches
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.task_kind import TaskKind
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.models.hyperparameters import Recommendation
from lambdas.domain.training.candidates import Candidate
from lambdas.domain.training.serve import BEST, Serve


class PlannedTestSet(PlannedSet):
    """The test set; `leaked` of its records have their prompt or context in training."""

    leaked: int = 0


class PlannedSets(Fact):
    """The sets that the run trains, validates and tests on."""

    train: TrainingSet
    validation: PlannedSet | None
    test: PlannedTestSet


class ShardLists(Fact):
    """The keys of the distributed maps' items in the output bucket.

    `candidates` has what a served candidate beside the chosen one answers; null where the chosen one alone is served.
    """

    baselines: str
    tuned: str
    judges: str
    candidates: str | None = None


class Plan(Fact):
    """`$.plan`.

    `candidates` are the models to train, the first with the recommended hyperparameters; `candidates_note` says what
    was varied and left out. Where run.json names a model that exists, its ARN is `custom_model`, and there are no
    candidates. `keep_models` keeps those that are not chosen, and the only one before it is. The tuned arms' `model_id`
    is null until there is a model. `max_cost_usd` is the lower of the run's cap and the environment's. `keep_job` lets
    a job train on although its run failed. `max_concurrency` shards are answered at a time. `settings_findings` are the
    preflight's findings on hyperparameters, candidates and the test set. `siblings` are the ETags of the files beside
    train.jsonl, as they were read.
    """

    output_bucket: str
    base_model: str
    recommended: list[Recommendation]
    candidates: list[Candidate]
    candidates_note: str
    keep_models: bool
    # Null where nothing is curated.
    curation: Curation | None = None
    # Which baselines and judges are asked by batch jobs first.
    batches: PlannedBatches = PlannedBatches()
    # There are candidates of several sizes.
    learning_curve: bool = False
    # Candidates' numbers, of which the chosen one need not be one.
    serve: Serve = BEST
    serving: ServingKind
    model_units: int
    max_cost_usd: float | None
    # Earlier versions stored none.
    max_concurrency: int = 4
    needs_approval: bool
    keep_job: bool
    dataset: PlannedSets
    evaluation: EvaluationSettings
    # What the answers of all sets tell; earlier versions stored none.
    task_kind: TaskKind | None = None
    # How the data set makes a prompt of its columns; null where a prompt is one text.
    prompt_template: str | None = None
    arms: dict[str, Arm]
    settings_findings: list[Finding]
    tokens: TokenCounts
    shards: ShardLists
    siblings: dict[str, str] = Field(default={})
    tags: dict[str, str]
    custom_model: str | None = None

    @model_validator(mode="after")
    def _has_a_model(self) -> Self:
        if not self.candidates and self.custom_model is None:
            raise ValueError("a plan needs a candidate or a custom model")
        return self
