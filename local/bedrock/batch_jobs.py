"""Batch inference (model invocation jobs): Create, Get, List, Stop.

A job's status follows from the clock and from what became of its records; nobody sleeps for it. Reading the input,
asking the model and writing the output run in an executor.
"""

import math
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from local.bedrock.batch_records import (
    AnsweredRecord,
    BatchRecord,
    BatchRefused,
    answer_records,
    read_records,
    write_results,
)
from local.bedrock.batch_requests import check_batch_role, input_uri
from local.bedrock.clock import SimulationClock
from local.bedrock.contract import contract
from local.bedrock.custom_models import CustomModel
from local.bedrock.errors import ConflictError, QuotaError, UnknownResourceError, ValidationError, WrongStateError
from local.bedrock.foundation_models import FoundationModel
from local.bedrock.resources import new_id, page, request_fingerprint, times, without_nones
from local.bedrock.runtime import BODY_FORMATS, Runtime
from local.bedrock.service_role import ServiceRoles
from local.bedrock.settings import SimulationSettings
from local.bedrock.tags import Tags
from local.bedrock.validation import check

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

Status = Literal[
    "Submitted", "Validating", "Scheduled", "InProgress", "Completed", "PartiallyCompleted", "Failed", "Stopping",
    "Stopped", "Expired",
]  # fmt: skip
HOUR_SECONDS = 3600
# AWS has been seen to refuse models with these words.
NOT_SUPPORTED = "Batch inference is not supported for the requested model"
# In words of our own.
INTERNAL_FAILURE = "Encountered an unexpected error when processing the request. Please try again."


@dataclass
class BatchJob:
    """One job; times in epoch seconds. `records` ends with the records or with BatchRefused."""

    arn: str
    request: dict[str, Any]
    model: FoundationModel
    created: float
    expires: float
    records: Future[list[BatchRecord]]
    answered: Future[list[AnsweredRecord]] | None = None
    written: Future[None] | None = None
    # What has been processed, once it has ended.
    processed: tuple[AnsweredRecord, ...] = ()
    status: Status | None = None
    stop_requested: float | None = None
    ended: float | None = None
    message: str | None = None
    # In progress until it is stopped or its time is up.
    is_endless: bool = False
    # Scheduled until it is stopped or expires.
    is_stalled: bool = False
    # Fails with an internal error once it is in progress.
    is_broken: bool = False

    @property
    def name(self) -> str:
        """The name that the request gave it."""
        name: str = self.request["jobName"]
        return name


class BatchJobs:
    """The batch jobs of the account. Not thread-safe by itself: the service calls it under one lock.

    `runtime` answers the records: batch jobs have quotas of their own.
    """

    def __init__(
        self,
        settings: SimulationSettings,
        clock: SimulationClock,
        executor: Executor,
        runtime: Runtime,
        tags: Tags,
        roles: ServiceRoles,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._executor = executor
        self._runtime = runtime
        self._tags = tags
        self._roles = roles
        self._jobs: dict[str, BatchJob] = {}
        self._by_token: dict[str, BatchJob] = {}

    def check_role(self, params: dict[str, Any]) -> None:
        """What the role may do, before a job is created; raises ValidationError."""
        check_batch_role(self._roles, params, self._new_arn(), self._settings)

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """CreateModelInvocationJob: the same token with the same request gives the same job."""
        token = params.get("clientRequestToken")
        known = self._by_token.get(token) if token else None
        if known is not None:
            if request_fingerprint(known.request) != request_fingerprint(params):
                raise ConflictError("The provided clientRequestToken was used with different request parameters.")
            return {"jobArn": known.arn}
        model = self._checked(params)
        arn, created = self._new_arn(), self._clock.now()
        self._tags.add(arn, params["jobName"], params.get("tags", []))
        timeout = self._settings.scaled(params.get("timeoutDurationInHours", 24) * HOUR_SECONDS)
        job = BatchJob(arn, params, model, created, created + timeout, self._executor.submit(self._read, params, arn))
        self._jobs[arn] = job
        if token:
            self._by_token[token] = job
        return {"jobArn": arn}

    def get(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetModelInvocationJob, by ARN or id: a name is none of them."""
        return self._describe(self._find(params["jobIdentifier"]), self._clock.now())

    def list_jobs(self, params: dict[str, Any], moment_of: Callable[[str], float]) -> dict[str, Any]:
        """ListModelInvocationJobs, of each name as it was at its moment."""
        moments = [(job, moment_of(job.name)) for job in self._jobs.values()]
        summaries = [self._describe(job, moment) for job, moment in moments if job.created <= moment]
        status = params.get("statusEquals")
        return page(
            summaries,
            params,
            key="invocationJobSummaries",
            name_key="jobName",
            time_key="submitTime",
            keep=lambda summary: status in (None, summary["status"]),
        )

    def stop(self, params: dict[str, Any]) -> dict[str, Any]:
        """StopModelInvocationJob: Stopping first, Stopped a while later; a job that has ended cannot be stopped."""
        job = self._find(params["jobIdentifier"])
        now = self._clock.now()
        if job.ended is not None or job.stop_requested is not None:
            refusal = f"The job {job.name} cannot be stopped: its status is {self._status(job, now)}."
            raise WrongStateError(refusal, refusal)
        job.stop_requested = now
        return {}

    def refresh(self) -> None:
        """Let every job reach the status that it has by now."""
        for job in self._jobs.values():
            if job.ended is None:
                self._refresh(job)

    def find(self, identifier: str) -> BatchJob | None:
        """A job by ARN or id, if there is one."""
        return next((job for arn, job in self._jobs.items() if identifier in (arn, arn.rpartition("/")[2])), None)

    def _new_arn(self) -> str:
        return f"arn:aws:bedrock:{self._settings.region}:{self._settings.account_id}:model-invocation-job/{new_id()}"

    def _checked(self, params: dict[str, Any]) -> FoundationModel:
        """The model, where everything that is checked at once is in order."""
        if not input_uri(params).endswith(".jsonl"):
            raise ValidationError("The simulated Bedrock takes one .jsonl file as the input of a batch job.")
        model = self._runtime.resolve(params["modelId"], "Converse")
        if isinstance(model, CustomModel) or not model.batch_inference:
            raise ValidationError(NOT_SUPPORTED)
        if params.get("modelInvocationType") != "Converse" and model.family not in BODY_FORMATS:
            raise ValidationError(f"The simulated Bedrock has no bodies of InvokeModel for {model.model_id}.")
        if any(job.name == params["jobName"] for job in self._jobs.values()):
            raise ConflictError(f"The provided job name is currently in use: {params['jobName']}")
        running = sum(job.ended is None and job.model.version_id == model.version_id for job in self._jobs.values())
        if running >= self._settings.concurrent_batch_jobs:
            raise QuotaError(
                f"The account has {running} batch inference jobs of {model.model_id} that are submitted or in "
                f"progress, and its quota is {self._settings.concurrent_batch_jobs}."
            )
        return model

    def _find(self, identifier: str) -> BatchJob:
        job = self.find(identifier)
        if job is None:
            unknown = f"Could not find the model invocation job: {identifier}"
            raise UnknownResourceError(unknown, "The provided job identifier is invalid.")
        return job

    # --- In the executor ----------------------------------------------------------------------------------------------

    def _read(self, params: dict[str, Any], arn: str) -> list[BatchRecord]:
        return read_records(self._s3(params), input_uri(params), arn, self._settings)

    def _answer(self, job: BatchJob, records: list[BatchRecord]) -> list[AnsweredRecord]:
        ask = self._converse if job.request.get("modelInvocationType") == "Converse" else self._runtime.invoke_json
        return answer_records(records, lambda model_input: ask(job.model, model_input), self._settings)

    def _converse(self, model: FoundationModel, model_input: dict[str, Any]) -> dict[str, Any]:
        shape = contract().operation("Converse").input_shape
        assert shape is not None  # noqa: S101 - Converse has one
        check(shape, {**model_input, "modelId": model.model_id})
        return self._runtime.converse(model, model_input)

    def _s3(self, params: dict[str, Any]) -> "S3Client":
        return self._roles.s3(params["roleArn"])

    # --- States -------------------------------------------------------------------------------------------------------

    def _validated(self, job: BatchJob) -> float:
        settings = self._settings
        return job.created + settings.scaled(settings.batch_submission_seconds + settings.batch_validation_seconds)

    def _begins(self, job: BatchJob) -> float:
        if job.is_stalled:
            return math.inf
        return self._validated(job) + self._settings.scaled(self._settings.batch_queue_seconds)

    def _ends(self, job: BatchJob) -> float:
        """When all records that are reached are processed."""
        if job.is_endless or not job.records.done() or job.records.exception() is not None:
            return math.inf
        settings = self._settings
        seconds = settings.batch_seconds + settings.batch_seconds_per_record * len(job.records.result())
        return self._begins(job) + settings.scaled(seconds)

    def _refresh(self, job: BatchJob) -> None:
        now = self._clock.now()
        if now < self._validated(job) and job.stop_requested is None:
            return
        if job.records.done() and job.records.exception() is not None:
            self._fail(job, self._validated(job), job.records.exception())
            return
        if job.records.done() and job.answered is None:
            job.answered = self._executor.submit(self._answer, job, job.records.result())
        if job.stop_requested is not None:
            stopped = job.stop_requested + self._settings.scaled(self._settings.job_stopping_seconds)
            if now >= stopped:
                self._end(job, "Stopped", stopped, until=job.stop_requested)
        elif job.is_broken and now >= self._begins(job):
            self._fail(job, self._begins(job), None)
        elif now >= min(job.expires, self._ends(job)):
            self._end_by_itself(job)

    def _end_by_itself(self, job: BatchJob) -> None:
        if job.expires <= self._begins(job):
            message = "The job timed out because it did not begin before the set timeout duration."
            job.status, job.ended, job.message = "Expired", job.expires, message
        elif job.expires < self._ends(job):
            self._end(job, "PartiallyCompleted", job.expires, until=job.expires)
        else:
            self._end(job, None, self._ends(job), until=math.inf)

    def _end(self, job: BatchJob, status: Status | None, ended: float, *, until: float) -> None:
        """Write what is processed until then; once that is there, the job has ended."""
        if job.answered is not None and until >= self._begins(job):
            if not job.answered.done():
                return
            answered = job.answered.result()
            job.processed = tuple(answered[: math.floor(len(answered) * self._share(job, until))])
            total = len(job.records.result())
            if job.written is None:
                s3 = self._s3(job.request)
                job.written = self._executor.submit(write_results, s3, job.request, job.arn, total, job.processed)
            if not job.written.done():
                return
            if job.written.exception() is not None:
                self._fail(job, ended, job.written.exception())
                return
            status = status or ("Completed" if len(job.processed) == total else "PartiallyCompleted")
        job.status, job.ended = status, ended

    def _share(self, job: BatchJob, moment: float) -> float:
        begins, ends = self._begins(job), self._ends(job)
        if moment >= ends:
            return 1
        return 0 if math.isinf(ends) else max(0.0, (moment - begins) / (ends - begins))

    def _fail(self, job: BatchJob, ended: float, error: BaseException | None) -> None:
        job.status, job.ended = "Failed", ended
        if isinstance(error, BatchRefused):
            job.message = str(error)
        else:
            job.message = INTERNAL_FAILURE if error is None else f"{INTERNAL_FAILURE} {error!r}"

    def _status(self, job: BatchJob, moment: float) -> Status:
        if job.status is not None and job.ended is not None and moment >= job.ended:
            return job.status
        if job.stop_requested is not None and moment >= job.stop_requested:
            return "Stopping"
        if moment < job.created + self._settings.scaled(self._settings.batch_submission_seconds):
            return "Submitted"
        if moment < self._validated(job) or not job.records.done():
            return "Validating"
        return "Scheduled" if moment < self._begins(job) else "InProgress"

    def _describe(self, job: BatchJob, moment: float) -> dict[str, Any]:
        request = job.request
        has_ended = job.ended is not None and moment >= job.ended
        return without_nones(
            {
                "jobArn": job.arn,
                "jobName": job.name,
                "modelId": request["modelId"],
                "clientRequestToken": request.get("clientRequestToken"),
                "roleArn": request["roleArn"],
                "status": self._status(job, moment),
                "message": job.message if has_ended else None,
                **times(
                    submitTime=job.created,
                    lastModifiedTime=job.ended if has_ended else job.created,
                    endTime=job.ended if has_ended else None,
                    jobExpirationTime=job.expires,
                ),
                "inputDataConfig": request["inputDataConfig"],
                "outputDataConfig": request["outputDataConfig"],
                "vpcConfig": request.get("vpcConfig"),
                "timeoutDurationInHours": request.get("timeoutDurationInHours", 24),
                "modelInvocationType": request.get("modelInvocationType", "InvokeModel"),
                **self._counts(job, has_ended=has_ended),
            }
        )

    def _counts(self, job: BatchJob, *, has_ended: bool) -> dict[str, int]:
        if not job.records.done() or job.records.exception() is not None:
            return {}
        processed = job.processed if has_ended else ()
        succeeded = sum(each.output is not None for each in processed)
        return {
            "totalRecordCount": len(job.records.result()),
            "processedRecordCount": len(processed),
            "successRecordCount": succeeded,
            "errorRecordCount": len(processed) - succeeded,
        }
