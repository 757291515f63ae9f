"""The settings of the simulation: an account's limits and how long things take, in seconds as on AWS before scaling."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ModelAccess = Literal["SUBSCRIBED", "PENDING", "NOT_SUBSCRIBED", "NOT_AUTHORIZED"]
LifeCycleStatus = Literal["ACTIVE", "LEGACY", "EOL"]
# Of botocore 1.44.5's model of Converse.
StopReason = Literal[
    "end_turn",
    "tool_use",
    "max_tokens",
    "stop_sequence",
    "guardrail_intervened",
    "content_filtered",
    "malformed_model_output",
    "malformed_tool_use",
    "model_context_window_exceeded",
]
UndocumentedRefusals = Literal["specific", "validation"]
AnswerBlock = Literal["text", "reasoning", "redacted_reasoning", "tool_use"]


class AnswerForm(BaseModel):
    """How a share of a model's answers through Converse looks; what it leaves out is as the model answers.

    The text is divided among the blocks of text: without one the answer has no text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        min_length=1, description="occurs in the ARN of the model; a tuned one's has its base model's id"
    )
    share: float = Field(default=1.0, gt=0, le=1, description="the same question always gets the same form")
    stop_reason: StopReason | None = None
    blocks: tuple[AnswerBlock, ...] | None = None


class SimulationSettings(BaseModel):
    """Settings as given by `--settings <json file>` or by a test; an unknown key is refused.

    Every duration is multiplied by `time_scale`. The defaults are what AWS's notebooks and threads report: jobs
    of about 45 minutes when the queue is short, 20 minutes until a throughput is in service, 8 until a deployment is
    active.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str = Field(default="us-west-2", description="in ARNs; it decides which models can be customized")
    account_id: str = Field(default="000000000000", pattern=r"[0-9]{12}")
    time_scale: float = Field(default=1.0, ge=0)

    job_queue_seconds: float = Field(default=1800, ge=0)
    job_validation_seconds: float = Field(default=120, ge=0)
    job_data_processing_seconds: float = Field(default=180, ge=0)
    job_training_seconds: float = Field(default=300, ge=0)
    job_training_seconds_per_record: float = Field(default=0.1, ge=0, description="for each record in each epoch")
    job_stall_seconds: float = Field(
        default=0, ge=0, description="of each job, in progress with its training NotStarted, before it trains after all"
    )
    job_failure_seconds: float = Field(default=240, ge=0, description="how long a job trains that fails internally")
    failing_jobs: int = Field(default=0, ge=0, description="so many jobs, the first ones, fail internally")
    job_stopping_seconds: float = Field(default=60, ge=0)
    batch_submission_seconds: float = Field(default=30, ge=0, description="how long a batch job is Submitted")
    batch_validation_seconds: float = Field(default=120, ge=0)
    batch_queue_seconds: float = Field(default=900, ge=0, description="how long a batch job is Scheduled")
    batch_seconds: float = Field(default=300, ge=0, description="of a batch job in progress, however few its records")
    batch_seconds_per_record: float = Field(default=1, ge=0)
    batch_failed_records: float = Field(
        default=0, ge=0, le=1, description="share of a batch job's records that have an error in the output"
    )
    batch_missing_records: float = Field(
        default=0, ge=0, le=1, description="share of them that the output does not have; the job is PartiallyCompleted"
    )
    throughput_creation_seconds: float = Field(default=1200, ge=0)
    throughput_deletion_seconds: float = Field(default=60, ge=0)
    deployment_creation_seconds: float = Field(default=480, ge=0)
    deployment_update_seconds: float = Field(default=480, ge=0)
    deployment_deletion_seconds: float = Field(default=60, ge=0)

    no_commitment_model_units: int = Field(default=2, ge=0, description="quota L-BE77399C; 0 on a new AWS account")
    model_units_by_model: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default={}, description="quotas for one throughput by base model; `no_commitment_model_units` for the others"
    )
    rejected_records: int = Field(
        default=0, ge=0, description="of each job, beside those that it trains on: told in its manifest.report.csv"
    )
    concurrent_customization_jobs: int = Field(default=10, ge=0, description="quota L-0406044C")
    minimum_batch_records: int = Field(default=100, ge=1, description="quota for each model")
    maximum_batch_records: int = Field(default=50_000, ge=1, description="quota for each model")
    concurrent_batch_jobs: int = Field(default=20, ge=0, description="quota of each model, submitted or in progress")
    custom_models: int = Field(default=100, ge=0, description="quota L-CB5B847D")
    custom_model_deployments: int = Field(default=10, ge=0, description="quota on how many exist at a time")
    creating_custom_model_deployments: int = Field(default=2, ge=0, description="quota on how many are Creating")
    deployment_requests_per_minute: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="of each deployment; None = any number"
    )

    on_demand_requests_per_minute: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="of each foundation model; None = any number"
    )
    on_demand_tokens_per_day: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="of each foundation model, input and output together; None = any number"
    )

    answer_forms: tuple[AnswerForm, ...] = Field(
        default=(), description="of answers through Converse; the shares of a model's forms add up to at most 1"
    )

    judge_errors: float = Field(
        default=0.005, ge=0, le=1, description="share of the judgements on records that are turned round"
    )
    teacher_duplicates: float = Field(
        default=0.03, ge=0, le=1, description="share of a teacher's pairs that repeat an existing question"
    )
    teacher_ungrounded: float = Field(
        default=0.03, ge=0, le=1, description="share of a teacher's pairs whose figures the document does not have"
    )
    teacher_malformed: float = Field(
        default=0.01, ge=0, le=1, description="share of a teacher's pairs that are no JSON"
    )

    list_lag_seconds: float = Field(default=0, ge=0, description="how old what lists show is; Get is current")
    tag_lag_seconds: float = Field(default=0, ge=0, description="the same for ListTagsForResource")
    undocumented_refusals: UndocumentedRefusals = Field(
        default="specific",
        description="the error code where no document tells which of an operation's codes it is: "
        "ResourceNotFoundException and ConflictException, or ValidationException for both",
    )
    delete_while_creating: bool = Field(default=False, description="of a throughput or a deployment")
    model_access: dict[str, ModelAccess] = Field(default={}, description="subscribed to, for models that it omits")
    first_access_seconds: float = Field(default=900, ge=0, description="how long calls without subscription succeed")
    model_lifecycle: dict[str, LifeCycleStatus] = Field(default={}, description="ACTIVE for models that it omits")

    def scaled(self, seconds: float) -> float:
        """A duration of AWS in seconds of the simulation's clock."""
        return seconds * self.time_scale
