"""Model customization jobs: Create, Get, List, Stop.

A job's status follows from the clock and from what its training came to; nobody sleeps for it. The training itself runs
in an executor, and so does the writing of the artifacts when the job's time is up.
"""

import math
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from local.bedrock.clock import SimulationClock, as_datetime
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.errors import ConflictError, QuotaError, UnknownResourceError, ValidationError, WrongStateError
from local.bedrock.foundation_models import Customization, FoundationModel, SimulatedFoundationModels
from local.bedrock.job_network import check_network
from local.bedrock.resources import new_id, page, request_fingerprint, times, without_nones
from local.bedrock.service_role import ServiceRoles, check_access
from local.bedrock.settings import SimulationSettings
from local.bedrock.tags import Tags
from local.bedrock.training import TrainingOutcome, metrics_csv, train
from local.bedrock.training_data import TrainingDataRefused, read_examples, split_uri

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

Status = Literal["InProgress", "Completed", "Failed", "Stopping", "Stopped"]


@dataclass
class CustomizationJob:
    """One job; times in epoch seconds. `training` ends with a Training or with TrainingDataRefused."""

    arn: str
    request: dict[str, Any]
    base_model: FoundationModel
    base_model_arn: str
    created: float
    training: Future[TrainingOutcome]
    written: Future[None] | None = None
    status: Status = "InProgress"
    stop_requested: float | None = None
    ended: float | None = None
    failure_message: str | None = None
    model: CustomModel | None = None
    trained_at: list[float] = field(default_factory=list)
    # Trains until it is stopped.
    is_endless: bool = False
    # In progress until it is stopped, and never begins to train.
    is_stalled: bool = False
    # Fails with an internal error after minutes of training.
    is_broken: bool = False

    @property
    def name(self) -> str:
        """The name that the request gave it."""
        name: str = self.request["jobName"]
        return name


class CustomizationJobs:
    """The jobs of the account. Not thread-safe by itself: the service calls it under one lock."""

    def __init__(
        self,
        settings: SimulationSettings,
        clock: SimulationClock,
        s3: "S3Client",
        executor: Executor,
        foundation_models: SimulatedFoundationModels,
        custom_models: CustomModels,
        tags: Tags,
        roles: ServiceRoles,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._s3 = s3
        self._executor = executor
        self._foundation_models = foundation_models
        self._custom_models = custom_models
        self._tags = tags
        self._roles = roles
        self._jobs: dict[str, CustomizationJob] = {}
        self._by_token: dict[str, CustomizationJob] = {}

    def check_role(self, params: dict[str, Any]) -> None:
        """What the role may do, before a job is created; raises ValidationError."""
        arn = self._new_arn(params["baseModelIdentifier"].rpartition("/")[2])
        check_access(self._roles, params, arn)
        if "vpcConfig" in params:
            check_network(self._roles, params["vpcConfig"], params["roleArn"], arn, self._settings)

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """CreateModelCustomizationJob: the same token with the same request gives the same job."""
        token = params.get("clientRequestToken")
        known = self._by_token.get(token) if token else None
        if known is not None:
            if request_fingerprint(known.request) != request_fingerprint(params):
                raise ConflictError("The provided clientRequestToken was used with different request parameters.")
            return {"jobArn": known.arn}
        base_model = self._foundation_models.customizable(params["baseModelIdentifier"])
        customization = base_model.customization
        assert customization is not None  # noqa: S101 - what `customizable` returns has one
        self._check(params, customization)
        arn = self._new_arn(base_model.model_id)
        self._tags.add(arn, params["jobName"], params.get("jobTags", []))
        trained_at: list[float] = []
        job = CustomizationJob(
            arn=arn,
            request=params,
            base_model=base_model,
            base_model_arn=self._foundation_models.arn(base_model),
            created=self._clock.now(),
            training=self._executor.submit(self._train, params, customization, trained_at),
            trained_at=trained_at,
            is_broken=len(self._jobs) < self._settings.failing_jobs,
        )
        self._jobs[arn] = job
        if token:
            self._by_token[token] = job
        return {"jobArn": arn}

    def get(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetModelCustomizationJob, by ARN or name."""
        return self._describe(self._find(params["jobIdentifier"]))

    def list_jobs(self, params: dict[str, Any], moment_of: Callable[[str], float]) -> dict[str, Any]:
        """ListModelCustomizationJobs, of each name as it was at its moment."""
        summaries = []
        for job in self._jobs.values():
            moment = moment_of(job.name)
            if job.created > moment:
                continue
            details = self._described_at(job, moment)
            summaries.append(
                without_nones(
                    {
                        **{key: details.get(key) for key in SUMMARY_KEYS},
                        "customModelArn": details.get("outputModelArn"),
                        "customModelName": details["outputModelName"],
                    }
                )
            )
        status = params.get("statusEquals")
        return page(
            summaries,
            params,
            key="modelCustomizationJobSummaries",
            name_key="jobName",
            keep=lambda summary: status in (None, summary["status"]),
        )

    def stop(self, params: dict[str, Any]) -> dict[str, Any]:
        """StopModelCustomizationJob: Stopping first, Stopped a while later; a job that has ended cannot be stopped."""
        job = self._find(params["jobIdentifier"])
        if job.status != "InProgress":
            refusal = f"The customization job {job.name} cannot be stopped: its status is {job.status}."
            raise WrongStateError(refusal, refusal)
        job.stop_requested = self._clock.now()
        job.status = "Stopping"
        return {}

    def refresh(self) -> None:
        """Let every job reach the status that it has by now."""
        for job in self._jobs.values():
            if job.ended is None:
                self._refresh(job)

    def find(self, identifier: str) -> CustomizationJob | None:
        """A job by ARN or name, if there is one."""
        return next((job for job in self._jobs.values() if identifier in (job.arn, job.name)), None)

    def _new_arn(self, base_model_id: str) -> str:
        account = f"arn:aws:bedrock:{self._settings.region}:{self._settings.account_id}"
        return f"{account}:model-customization-job/{base_model_id}/{new_id()}"

    def _check(self, params: dict[str, Any], customization: Customization) -> None:
        if params.get("customizationType", "FINE_TUNING") != "FINE_TUNING":
            raise ValidationError(f"The simulated Bedrock has no customization of type {params['customizationType']}.")
        if "s3Uri" not in params["trainingDataConfig"]:
            raise ValidationError("trainingDataConfig.s3Uri is required for customization of type FINE_TUNING.")
        if customization.validation is None and params.get("validationDataConfig", {}).get("validators"):
            raise ValidationError("The base model does not support a validation dataset for FINE_TUNING.")
        for name, text in params.get("hyperParameters", {}).items():
            _check_hyperparameter(name, text, customization)
        if any(job.name == params["jobName"] for job in self._jobs.values()):
            raise ConflictError(f"The provided job name is currently in use: {params['jobName']}")
        model_name = params["customModelName"]
        pending = {job.request["customModelName"] for job in self._jobs.values() if job.ended is None}
        if model_name in pending or self._custom_models.find(model_name) is not None:
            raise ConflictError(f"The provided custom model name is currently in use: {model_name}")
        self._check_quotas(len(pending))

    def _check_quotas(self, running: int) -> None:
        allowed = self._settings.concurrent_customization_jobs
        if running >= allowed:
            raise QuotaError(
                f"The account has {running} model customization jobs in progress and its quota is {allowed}. Try again "
                "when one has ended, or request an increase of the quota L-0406044C in Service Quotas."
            )
        if running + self._custom_models.count >= self._settings.custom_models:
            raise QuotaError(
                f"The account's quota of {self._settings.custom_models} custom models is reached. Delete one, or "
                "request an increase of the quota L-CB5B847D in Service Quotas."
            )

    def _find(self, identifier: str) -> CustomizationJob:
        job = self.find(identifier)
        if job is None:
            unknown = f"Could not find the model customization job: {identifier}"
            raise UnknownResourceError(unknown, "The provided job identifier is invalid.")
        return job

    def _train(self, params: dict[str, Any], customization: Customization, trained_at: list[float]) -> TrainingOutcome:
        """In the executor: read the data and fit."""
        try:
            s3 = self._roles.s3(params["roleArn"])
            rows = read_examples(s3, params["trainingDataConfig"]["s3Uri"], customization, validation=False)
            validators = params.get("validationDataConfig", {}).get("validators", [])
            held_out = [
                row
                for validator in validators
                for row in read_examples(s3, validator["s3Uri"], customization, validation=True)
            ]
            if len(rows) + len(held_out) > customization.total:
                raise TrainingDataRefused(
                    f"The sum of training and validation records, {len(rows) + len(held_out)}, exceeds the maximum of "
                    f"{customization.total}."
                )
            return train(customization, params.get("hyperParameters", {}), rows, held_out)
        finally:
            trained_at.append(self._clock.now())

    def _refresh(self, job: CustomizationJob) -> None:
        now = self._clock.now()
        scaled, settings = self._settings.scaled, self._settings
        if job.stop_requested is not None:
            stopped = job.stop_requested + scaled(settings.job_stopping_seconds)
            if now >= stopped:
                job.status, job.ended = "Stopped", stopped
            return
        checked = job.created + scaled(settings.job_queue_seconds + settings.job_validation_seconds)
        if now < checked or job.is_stalled or not job.training.done():
            return
        error = job.training.exception()
        if error is not None:
            self._fail(job, max(checked, job.trained_at[0]), error)
            return
        begins = checked + scaled(settings.job_data_processing_seconds + settings.job_stall_seconds)
        if job.is_broken:
            if now >= begins + scaled(settings.job_failure_seconds):
                self._fail(job, begins + scaled(settings.job_failure_seconds), None)
            return
        training = job.training.result()
        seconds = (
            settings.job_training_seconds
            + settings.job_training_seconds_per_record * training.records * training.epochs
        )
        end = max(begins + scaled(seconds), job.trained_at[0])
        if now >= end and not job.is_endless:
            self._complete(job, training, end)

    def _complete(self, job: CustomizationJob, training: TrainingOutcome, end: float) -> None:
        """Write the artifacts, and then there is the model."""
        if job.written is None:
            job.written = self._executor.submit(self._write_artifacts, job, training)
        if not job.written.done():
            return
        if job.written.exception() is not None:
            self._fail(job, end, job.written.exception())
            return
        job.status, job.ended = "Completed", end
        job.model = self._custom_models.add(job.request, job.arn, job.base_model, training, end)

    def _fail(self, job: CustomizationJob, ended: float, error: BaseException | None) -> None:
        job.status, job.ended = "Failed", ended
        if isinstance(error, TrainingDataRefused):
            job.failure_message = str(error)
        else:
            job.failure_message = INTERNAL_FAILURE if error is None else f"{INTERNAL_FAILURE} {error!r}"

    def _write_artifacts(self, job: CustomizationJob, training: TrainingOutcome) -> None:
        bucket, prefix = split_uri(job.request["outputDataConfig"]["s3Uri"])
        folder = f"model-customization-job-{job.arn.rpartition('/')[2]}"
        root = "/".join(part for part in (prefix.rstrip("/"), folder) if part)
        files = {f"{root}/{STEP_METRICS}": metrics_csv(training.steps, "training_loss")}
        if training.validation:
            files[f"{root}/{VALIDATION_METRICS}"] = metrics_csv(training.validation, "validation_loss")
        files[f"{root}/{INPUT_STATUS}"] = self._input_status(training.records)
        s3 = self._roles.s3(job.request["roleArn"])
        for key, data in files.items():
            try:
                s3.put_object(Bucket=bucket, Key=key, Body=data)
            except (ClientError, BotoCoreError) as error:
                raise TrainingDataRefused(
                    f"Could not validate PutObject permissions to access S3 bucket: {bucket} at key {key}"
                ) from error

    def _input_status(self, accepted: int) -> bytes:
        """The report on the training records. The settings say how many were rejected besides."""
        rejected = self._settings.rejected_records
        return (
            "totalProcessedRecordCount,acceptedRecordCount,rejectedRecordCount\n"
            f"{accepted + rejected},{accepted},{rejected}\n"
        ).encode()

    def _describe(self, job: CustomizationJob) -> dict[str, Any]:
        request = job.request
        training = job.training.result() if job.model is not None else None
        loss = training.validation_loss if training else None
        return without_nones(
            {
                "jobArn": job.arn,
                "jobName": job.name,
                "outputModelName": request["customModelName"],
                "outputModelArn": job.model.arn if job.model else None,
                "clientRequestToken": request.get("clientRequestToken"),
                "roleArn": request["roleArn"],
                "status": job.status,
                "statusDetails": self._phases(job),
                "failureMessage": job.failure_message,
                **times(creationTime=job.created, lastModifiedTime=job.ended or job.created, endTime=job.ended),
                "baseModelArn": job.base_model_arn,
                "hyperParameters": request.get("hyperParameters"),
                "trainingDataConfig": request["trainingDataConfig"],
                "validationDataConfig": request.get("validationDataConfig", {"validators": []}),
                "outputDataConfig": request["outputDataConfig"],
                "customizationType": "FINE_TUNING",
                "outputModelKmsKeyArn": request.get("customModelKmsKeyId"),
                "trainingMetrics": {"trainingLoss": training.training_loss} if training else None,
                "validationMetrics": None if loss is None else [{"validationLoss": loss}],
                "vpcConfig": request.get("vpcConfig"),
            }
        )

    def _described_at(self, job: CustomizationJob, moment: float) -> dict[str, Any]:
        """As a list shows it: with the status that it had then, and nothing of what came of it later."""
        details = self._describe(job)
        if job.ended is not None and moment >= job.ended:
            return details
        is_stopping = job.stop_requested is not None and moment >= job.stop_requested
        shown = {"status": "Stopping" if is_stopping else "InProgress", "endTime": None, "outputModelArn": None}
        return without_nones({**details, **shown})

    def _phases(self, job: CustomizationJob) -> dict[str, Any]:
        """`statusDetails`: a phase is NotStarted until its time; the phase in which a job ends has the job's end."""
        scaled, settings = self._settings.scaled, self._settings
        now = self._clock.now() if job.ended is None else job.ended
        start = job.created + scaled(settings.job_queue_seconds)
        validated = start + scaled(settings.job_validation_seconds)
        processed = validated + scaled(settings.job_data_processing_seconds)
        trained = processed + scaled(settings.job_stall_seconds)
        details = {}
        for key, begins, ends in (
            ("validationDetails", start, validated),
            ("dataProcessingDetails", validated, processed),
            ("trainingDetails", math.inf if job.is_stalled else trained, None),
        ):
            if job.status == "Failed" and key == ("trainingDetails" if job.is_broken else "validationDetails"):
                details[key] = _phase("Failed", begins, ended=now)
            elif (job.status == "Failed" and not job.is_broken) or (now < begins and job.status != "Completed"):
                details[key] = {"status": "NotStarted"}
            elif job.status == "Completed" or (ends is not None and now >= ends):
                details[key] = _phase("Completed", begins, ended=ends or now)
            else:
                details[key] = _phase(job.status, begins, ended=now)
        return details


# In words of our own.
INTERNAL_FAILURE = "Encountered an unexpected error when processing the request. Please try again."
INPUT_STATUS = "input_status/training/manifest.report.csv"
STEP_METRICS = "training_artifacts/step_wise_training_metrics.csv"
VALIDATION_METRICS = "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"
SUMMARY_KEYS = (
    "jobArn",
    "baseModelArn",
    "jobName",
    "status",
    "statusDetails",
    "lastModifiedTime",
    "creationTime",
    "endTime",
    "customizationType",
)


def _phase(status: str, begins: float, ended: float) -> dict[str, Any]:
    return {"status": status, "creationTime": as_datetime(begins), "lastModifiedTime": as_datetime(ended)}


def _check_hyperparameter(name: str, text: str, customization: Customization) -> None:
    known = customization.hyperparameters.get(name)
    if known is None:
        raise ValidationError(
            f"Invalid hyperparameter: {name}. The base model takes {', '.join(customization.hyperparameters)}."
        )
    kind = "an integer" if known.number is int else "a number"
    wrong = (
        f"Invalid value '{text}' for hyperparameter {name}: it must be {kind} from {known.minimum} to {known.maximum}."
    )
    try:
        value = known.number(text)
    except ValueError as error:
        raise ValidationError(wrong) from error
    if not known.minimum <= value <= known.maximum:
        raise ValidationError(wrong)
