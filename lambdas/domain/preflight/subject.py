"""What the preflight checks: a run whose data set is validated, or one that a person only thinks of."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.run import RunSource
from lambdas.domain.curation.curation import Curation
from lambdas.domain.evaluation.arms import Arms
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.served import most_served
from lambdas.domain.preflight.callable_models import Asked
from lambdas.domain.preflight.concurrency import WantedConcurrency
from lambdas.domain.preflight.time_limit import RunTime
from lambdas.domain.training.network import JobNetwork


@dataclass(frozen=True)
class Topics:
    """The ARNs of the topics by which an environment tells people."""

    results: str
    alarms: str


@dataclass(frozen=True)
class EnvironmentResources:
    """What an environment's stacks have for its runs; `prefix` is that of the run's objects in the output bucket.

    `starter_role_arn` is the role that starts jobs and passes `role_arn` to Bedrock; it and the topics are None if they
    are not deployed yet.
    """

    input_bucket: str
    output_bucket: str
    prefix: str
    role_arn: str
    starter_role_arn: str | None
    key_arn: str | None
    topics: Topics | None = None

    @property
    def partition(self) -> str:
        """`aws`, or that of other clouds of AWS's."""
        return self.role_arn.split(":")[1]

    @property
    def account(self) -> str:
        """The account's number."""
        return self.role_arn.split(":")[4]

    @property
    def output_bucket_arn(self) -> str:
        """The ARN of the output bucket."""
        return f"arn:{self.partition}:s3:::{self.output_bucket}"

    def object_arn(self, key: str) -> str:
        """The ARN of an object of the run."""
        return f"{self.output_bucket_arn}/{self.prefix}{key}"


@dataclass(frozen=True)
class Names:
    """The names that a run gives to what it makes in Bedrock, and by what the run knows its own.

    `environment` is the value of the tag `deployment`. `candidates` are the names of the candidates'
    jobs and models, `served` those of what may serve them.
    """

    environment: str
    run_id: str
    training_uri: str
    served: tuple[str, ...]
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class RunNeeds:
    """What a run needs of the account; without the data set all is known but the numbers of `jobs` and `served`."""

    base_model: str
    serving: ServingKind
    model_units: int
    jobs: int
    arms: Arms
    judges: Sequence[str]
    max_cost_usd: float | None
    settings_findings: Sequence[Finding]
    needs_approval: bool
    custom_model: str | None = None
    served: int = 1
    curation: Curation | None = None

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Each model that answers, judges or curates, once; the tuned arms' model does not exist yet."""
        purposes: dict[str, str] = {}
        for name, arm in self.arms.items():
            if arm.model_id:
                purposes.setdefault(arm.model_id, f"which answers as arm {name}")
        for judge in self.judges:
            purposes.setdefault(judge, "a judge")
        for curator, purpose in self.curation.curators.items() if self.curation else ():
            purposes.setdefault(curator, purpose)
        return tuple(Asked(model_id, purpose) for model_id, purpose in purposes.items())


def needs_of(plan: Plan) -> RunNeeds:
    """What the run of a plan needs."""
    return RunNeeds(
        base_model=plan.base_model,
        serving=plan.serving,
        model_units=plan.model_units,
        jobs=len(plan.candidates),
        arms=plan.arms,
        judges=plan.evaluation.judges,
        max_cost_usd=plan.max_cost_usd,
        settings_findings=plan.settings_findings,
        needs_approval=plan.needs_approval,
        custom_model=plan.custom_model,
        served=most_served(plan),
        curation=plan.curation,
    )


@dataclass(frozen=True)
class Subject:
    """A run to check, and what its environment says of prices, and of whether it serves its champion by itself.

    `plan` is None where there is no data set, `source` where nothing was uploaded. Where there are no stacks, for the
    reason in `no_stacks`, or no run, what depends on them is not checked.
    """

    needs: RunNeeds
    plan: Plan | None
    resources: EnvironmentResources | None
    names: Names | None
    model_unit_price_per_hour: float | None
    accept_unknown_prices: bool
    concurrency: WantedConcurrency
    time: RunTime
    source: RunSource | None = None
    network: JobNetwork | None = None
    serves_champion: bool = False
    no_stacks: str = "There are no stacks yet."
