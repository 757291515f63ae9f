"""`fine-tune retry`: the same data once more, from the model that the failed run has trained, where there is one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from cli.environment import Environment
from cli.execution import Snapshot, WatchedExecution
from cli.known_runs import execution_of
from lambdas.adapters.aws.service_errors import NotFound, named_errors
from lambdas.domain.core import run as runs
from lambdas.domain.core.errors import CustomizationFailed, InvalidEvent
from lambdas.domain.core.object_created import ObjectCreated
from lambdas.domain.core.run import Source, data_stem
from lambdas.domain.curation.settings import TRAINING_DOCUMENTS
from lambdas.domain.dataset.folder import is_document, is_sibling
from lambdas.domain.report.run_state import RunState
from lambdas.domain.settings.run_settings import FILE_NAME
from lambdas.domain.training import choice
from lambdas.domain.training.candidate_jobs import TRAINING, CandidateJob, Jobs
from lambdas.domain.training.customization import COMPLETED

# The keys of run.json that say how the training set is made; a run from a trained model is refused with them.
_OF_TRAINING_DATA = ("clean", "synthesis", "compare")


class NotRetriedError(Exception):
    """The run cannot be started again; the message says why, and what to do. Nothing was uploaded."""


@dataclass(frozen=True)
class Retry:
    """What is to be uploaded: the objects of the failed run at their versions, and the run.json beside them.

    `versions` are by the keys in the new folder, the training file last, each the key and version that it had.
    `model_arn` is the model that is not trained again, None where none was trained.
    """

    versions: Mapping[str, tuple[str, str | None]]
    settings: bytes
    model_arn: str | None
    base_model: str | None

    @property
    def key(self) -> str:
        """The key that starts the run."""
        return [*self.versions][-1]


def plan_retry(environment: Environment, run_id: str) -> Retry:
    """How the run is started again. Raises UnknownRunError, NotRetriedError, Refused and ServiceBusy."""
    arn = execution_of(environment, run_id)
    try:
        with named_errors("Looking at the execution"):
            watched = WatchedExecution(environment, arn)
            snapshot = watched.look()
    except NotFound:
        raise NotRetriedError(
            f"Step Functions has forgotten the execution of {run_id}, and with it what was uploaded: it keeps them for "
            "90 days. Upload the data set again (`fine-tune run`)."
        ) from None
    _require_failed(environment, run_id, snapshot)
    source = _source(environment, arn, run_id)
    state = RunState.parse(snapshot.facts)
    model = _trained_model(environment, state)
    siblings = dict(_siblings(environment, source, state.plan.siblings if state.plan else None))
    folder = f"input/{source.dataset_name}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}/"
    stem = data_stem(source.file_name) or source.file_name
    train = f"{folder}train{source.file_name.removeprefix(stem)}"
    own = siblings.pop(FILE_NAME, None)
    settings = _read_settings(environment, own)
    if model is not None:
        settings["custom_model"] = model
        # What the model was trained on is made no other way any more, and compared with nothing.
        settings = {key: value for key, value in settings.items() if key not in _OF_TRAINING_DATA}
    base_model = state.plan.base_model if state.plan else None
    if base_model is not None and "base_model" not in settings and base_model != environment.base_model:
        # The environment tunes another model by now.
        settings["base_model"] = base_model
    versions = {f"{folder}{name}": place for name, place in siblings.items()}
    versions |= {f"{folder}{name}": (key, None) for name, key in _documents(environment, source, settings)}
    versions[train] = (source.key, source.version_id)
    return Retry(versions, orjson.dumps(settings, option=orjson.OPT_INDENT_2), model, base_model)


def upload(environment: Environment, retry: Retry) -> str:
    """Copies the objects, the training file last; returns the id of the run that starts. Raises NotRetriedError."""
    s3, bucket = environment.adapters.clients.s3, environment.input_bucket
    folder = retry.key.rpartition("/")[0]
    try:
        s3.put_object(Bucket=bucket, Key=f"{folder}/{FILE_NAME}", Body=retry.settings)
        for key, (earlier, version) in retry.versions.items():
            given = {"Bucket": bucket, "Key": earlier} | ({"VersionId": version} if version else {})
            s3.copy(given, bucket, key)  # type: ignore[arg-type] # its TypedDict has optional keys
        made = s3.head_object(Bucket=bucket, Key=retry.key).get("VersionId")
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise NotRetriedError(
            f"The data could not be copied within s3://{bucket}: {error}. No run has started unless {retry.key}, the "
            f"last file, is complete there: `{environment.command('runs')}` lists it then."
        ) from None
    return runs.run_id(Source(bucket, retry.key, made))


def _require_failed(environment: Environment, run_id: str, snapshot: Snapshot) -> None:
    if not snapshot.is_over:
        raise NotRetriedError(
            f"The run {run_id} goes on: `{environment.command(f'status {run_id}')}` tells where it is, "
            f"`{environment.command(f'cancel {run_id}')}` ends it."
        )
    if snapshot.status == "SUCCEEDED":
        raise NotRetriedError(
            f"The run {run_id} has succeeded: there is nothing to try again. To run its data once more, upload it "
            "(`fine-tune run`)."
        )
    if snapshot.error == "DatasetRejected":
        raise NotRetriedError(
            f"The data set of {run_id} was refused, and would be again: correct it (`fine-tune status {run_id}` says "
            "what is wrong), and upload it (`fine-tune run`)."
        )


def _source(environment: Environment, arn: str, run_id: str) -> Source:
    execution = environment.adapters.executions.find(arn)
    try:
        return ObjectCreated.model_validate_json((execution.input if execution else None) or "").created()
    except (ValidationError, InvalidEvent):
        raise NotRetriedError(f"The execution of {run_id} does not say what was uploaded: upload it again.") from None


def _siblings(
    environment: Environment, source: Source, etags: Mapping[str, str] | None
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """Key and version of each file that the run has read beside its training file, by its name.

    `etags` are those that it has read, None where it ended before that: then those of now.
    """
    if source.folder is None:
        return
    folder, bucket = source.folder, environment.input_bucket
    pages = environment.adapters.clients.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=folder)
    listed = [
        (version["Key"].removeprefix(folder), version["ETag"], version["VersionId"], version["IsLatest"])
        for page in pages
        for version in page.get("Versions", [])
    ]
    wanted = etags
    if wanted is None:
        wanted = {name: etag for name, etag, _, is_latest in listed if is_latest and is_sibling(name)}
    for name, etag in wanted.items():
        version = next((found for found in listed if found[:2] == (name, etag)), None)
        if version is None:
            raise NotRetriedError(
                f"The file {folder}{name} is not there any more as the run has read it: it was replaced, and earlier "
                "versions are kept for 30 days. Upload the whole data set again (`fine-tune run`)."
            )
        kept = None if version[2] == "null" else version[2]
        yield name, (f"{folder}{name}", kept)


def _documents(environment: Environment, source: Source, settings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The text files that a teacher is to write about, by their names in the folder, as they are now."""
    synthesis = settings.get("synthesis")
    prefix = synthesis.get("documents") if isinstance(synthesis, dict) else None
    if source.folder is None or not isinstance(prefix, str) or prefix == TRAINING_DOCUMENTS:
        return
    for key in environment.adapters.objects.iterate_keys(environment.input_bucket, f"{source.folder}{prefix}"):
        name = key.removeprefix(source.folder)
        if is_document(name):
            yield name, key


def _read_settings(environment: Environment, place: tuple[str, str | None] | None) -> dict[str, object]:
    if place is None:
        return {}
    with environment.adapters.objects.opened(environment.input_bucket, *place) as stored:
        text = stored.stream.read() if stored else b"{}"
    try:
        settings = orjson.loads(text)
    except orjson.JSONDecodeError:
        settings = None
    if not isinstance(settings, dict):
        raise NotRetriedError(f"The run.json of the run, {place[0]}, is no JSON object: upload a corrected one.")
    return settings


def _trained_model(environment: Environment, state: RunState) -> str | None:
    """The model to go on from: the chosen one, else of those that were trained the one that ChooseModel would take.

    Raises NotRetriedError where a job still trains.
    """
    bedrock = environment.adapters.bedrock
    if state.plan is not None and state.plan.custom_model is not None:
        return bedrock.find_custom_model(state.plan.custom_model)
    if state.model is not None:
        # Somebody may have deleted it: then it has to be trained again.
        return bedrock.find_custom_model(state.model.model_arn)
    candidates = [_as_it_is(environment, one) for one in state.candidates]
    if training := [one.name for one in candidates if one.status in TRAINING]:
        raise NotRetriedError(
            f"The customization job {', '.join(training)} still trains: wait for its end, or stop it (aws bedrock "
            f"stop-model-customization-job --job-identifier {training[0]}). Then retry the run."
        )
    made = [one for one in candidates if one.model_arn and bedrock.find_custom_model(one.model_arn)]
    try:
        return choice.choose(Jobs(status=COMPLETED, candidates=made, wait_seconds=0)).model_arn
    except CustomizationFailed:
        return None


def _as_it_is(environment: Environment, candidate: CandidateJob) -> CandidateJob:
    """A job may have ended behind its run."""
    found = environment.adapters.bedrock.find_customization_job(candidate.name)
    if found is None:
        return candidate
    known = {"status": found.status, "model_arn": found.model_arn, "arn": found.arn}
    loss = {} if found.validation_loss is None else {"validation_loss": found.validation_loss}
    return candidate.model_copy(update=known | loss)
