"""The handlers' settings: environment variables that the stack sets, checked once at the first use."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json

from lambdas.domain.evaluation.gate import GateSettings
from lambdas.domain.training.network import JobNetwork

if TYPE_CHECKING:
    from lambdas.domain.settings.run_limits import RunLimits

# An unset CloudFormation value arrives as an empty text.
Optional = BeforeValidator(lambda value: value or None)


class EnvironmentVariables(BaseModel):
    """Environment variables by their names in lower case."""

    # A refusal ends up in the run's cause and in the notification: it names variables, never their values.
    model_config = ConfigDict(
        alias_generator=str.upper, populate_by_name=True, frozen=True, hide_input_in_errors=True, defer_build=True
    )

    output_bucket: str = Field(min_length=3)
    # Bedrock names are `<environment>-<run id>`, a candidate's with `-c<number>` behind: at most 63 characters, no two
    # separators in a row; an id has up to 33.
    deployment: str = Field(max_length=25, pattern=r"^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$")
    customization_role_arn: str = Field(pattern=r"^arn:[^:]+:iam::\d{12}:role/.+$")
    # CurateTrainingSet's: in which role Bedrock does batch jobs, and for how many hours one is waited for.
    batch_role_arn: Annotated[str | None, Optional] = None
    longest_batch_hours: float = Field(default=6, gt=0)
    # The preflight's alone: whose permissions it asks for.
    start_jobs_role_arn: Annotated[str | None, Optional] = None
    custom_model_kms_key_arn: Annotated[str | None, Optional] = None
    default_base_model: str = Field(min_length=1)
    max_throughputs: int = Field(ge=1)
    max_model_units: int = Field(ge=1)
    longest_lease_hours: float = Field(gt=0)
    longest_run_hours: float = Field(gt=0)
    max_sweep_jobs: int = Field(ge=1)
    max_run_cost_usd: Annotated[float | None, Optional] = None
    accept_unknown_prices: bool = False
    # ClaimRun's: how many runs a day may start.
    max_runs_per_day: Annotated[int | None, Optional] = None
    # The least that a run's gate may ask for, and the models that a run.json may name (None: those that are known).
    gate: Json[GateSettings] = GateSettings()
    allowed_models: Annotated[Json[tuple[str, ...]] | None, Optional] = None
    # CheckJobs': after how many hours a job that does not begin to train is told, and ended.
    stalled_job_told_hours: float = Field(default=6, gt=0)
    stalled_job_ended_hours: float = Field(default=48, gt=0)
    approval_hours: Annotated[float | None, Optional] = None
    model_unit_price_per_hour: Annotated[float | None, Optional] = None
    # Where customization jobs run; none of both where that is not a VPC of the account.
    vpc_subnet_ids: Json[tuple[str, ...]] = ()
    vpc_security_group_ids: Json[tuple[str, ...]] = ()
    # How many shards of a run are answered at a time.
    max_concurrency: int = Field(default=4, ge=1)
    # The preflight's alone: the part of the account's Lambda concurrency that is the reconciler's.
    reconciler_reserved_concurrency: Annotated[int | None, Optional] = None
    # The reconciler's, whom it tells, and the preflight's, which asks whether anybody hears.
    topic_arn: Annotated[str | None, Optional] = None
    alarm_topic_arn: Annotated[str | None, Optional] = None
    # The reconciler's alone: where it looks, and how long a purchase that was cut off may go on.
    state_machine_arn: Annotated[str | None, Optional] = None
    # After how many days it deletes a custom model that is neither the champion nor served.
    keep_models_days: Annotated[int | None, Optional] = None
    # Whether it serves the champion by a deployment of its own (the preflight's, too), and the stack that owns that.
    serve_champion: Annotated[Literal["on_demand"] | None, Optional] = None
    stack_id: Annotated[str | None, Optional] = None
    purchase_timeout_seconds: int = Field(default=30, ge=1)

    @property
    def network(self) -> JobNetwork | None:
        """Where customization jobs run; None where that is not a VPC of the account."""
        if not self.vpc_subnet_ids:
            return None
        return JobNetwork(self.vpc_subnet_ids, self.vpc_security_group_ids)

    @property
    def run_limits(self) -> "RunLimits":
        """What the environment lets a run.json choose."""
        from lambdas.domain.settings.run_limits import RunLimits  # noqa: PLC0415 - few functions need it

        return RunLimits(
            self.max_model_units,
            self.gate,
            self.allowed_models,
            self.max_run_cost_usd,
            self.max_sweep_jobs,
            self.max_concurrency,
        )
