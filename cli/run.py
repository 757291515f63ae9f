"""A run on an environment, of an account or of the embedded AWS: checked, uploaded, followed, fetched and told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from cli import execution, result
from cli.data_set import Upload, files_of, settings_of, unknown_files_of
from cli.dataset_summary import tell_dataset
from cli.documents import taken_documents
from cli.environment import Environment
from cli.execution import NoExecutionError, NotFollowedError, Snapshot
from cli.file_progress import reading
from cli.folders import RUN
from cli.known_runs import require_run_id, unknown_run
from cli.leftovers import leftovers, tell_leftovers
from cli.progress import Progress
from cli.validate import choose, validate
from lambdas.adapters.aws.service_errors import Refused, named_errors
from lambdas.domain.core import run as runs
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Source
from local.output_folder import replaced
from local.terminal import Console

# From the upload to the claim, which takes seconds: S3, EventBridge, Step Functions and the first function are between.
SECONDS_TO_START = 120
# Of a run that has been started before.
SECONDS_TO_FIND = 20


class NotUploadedError(Exception):
    """S3 has not taken all files; the message says whether a run may have started."""


class InterruptedRunError(Exception):
    """Ctrl-C; the message says what goes on all the same."""


def check(data: Path, default_model: str, console: Console, mapping: Mapping[str, str] | None = None) -> bool:
    """Checks the data set as the run will, and tells the findings; whether it is accepted. Raises NoDataSetError.

    `default_model` is what the environment tunes where run.json names no model; `mapping` overrides its own.
    """
    choices, found = choose(settings_of(data), default=default_model, mapping=mapping)
    with reading(console) as opener:
        checked = validate(
            files_of(data),
            choices,
            found,
            opener=opener("Checking"),
            unknown=unknown_files_of(data),
            documents=taken_documents(data, choices),
            refuse_job_settings=True,
        )
    tell_dataset(console, checked.document)
    return checked.document.accepted


def start(environment: Environment, upload: Upload, progress: Progress) -> str:
    """Uploads the data set, its training file last; returns the id of the run that this starts."""
    bucket = environment.input_bucket
    there = upload.folder is not None and bool(environment.adapters.objects.keys(bucket, upload.folder))
    upload = upload.beside(there)
    with progress.stage(f"Uploading {upload.key}", f"Uploaded {upload.key}"):
        try:
            version = upload.send(environment.adapters.clients.s3, bucket)
        except KeyboardInterrupt:
            raise InterruptedRunError(f"The upload was interrupted. {_perhaps_started(environment, upload)}") from None
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise NotUploadedError(f"The upload has failed: {error}. {_perhaps_started(environment, upload)}") from None
    return runs.run_id(Source(bucket, upload.key, version))


def find_named(environment: Environment, run_id: str, progress: Progress) -> str:
    """The execution of a run that a person has named. Raises UnknownRunError, and else as `find` does."""
    require_run_id(environment, run_id)
    try:
        return find(environment, run_id, progress, seconds=SECONDS_TO_FIND)
    except NoExecutionError as error:
        raise unknown_run(environment, run_id, error) from None


def find(environment: Environment, run_id: str, progress: Progress, *, seconds: float) -> str:
    """The execution that has the run. Raises NoExecutionError, InterruptedRunError and NotFollowedError."""
    with _going_on(environment, run_id), progress.stage(f"Looking for the run {run_id}", f"Run {run_id}"):
        try:
            with named_errors("Looking for the run"):
                return execution.find_execution(environment, run_id, seconds=seconds)
        except (Refused, ServiceBusy) as error:
            raise NotFollowedError(f"{error} {_how_to_go_on(environment, run_id, None)}") from None


def watch(environment: Environment, run_id: str, arn: str, progress: Progress) -> Snapshot:
    """Shows how far the run is until it has ended. Raises InterruptedRunError and NotFollowedError."""
    with _going_on(environment, run_id, arn):
        try:
            return progress.follow(execution.follow(environment, arn))
        except NotFollowedError as error:
            raise NotFollowedError(f"{error} {_how_to_go_on(environment, run_id, arn)}") from None


def finish(environment: Environment, run_id: str, arn: str, end: Snapshot, console: Console, folder: Path) -> bool:
    """Fetches the run's files and tells its result; whether it succeeded and left nothing that bills by the hour."""
    with replaced(folder, RUN) as partial:
        fetch(environment, run_id, arn, partial)
    return tell(environment, run_id, end, console, folder)


def fetch(environment: Environment, run_id: str, arn: str, folder: Path) -> None:
    """Writes `execution.json` and everything under the run's prefix."""
    execution.save(environment, arn, folder / "execution.json")
    result.fetch(environment, runs.prefix(run_id), folder)


def tell(environment: Environment, run_id: str, end: Snapshot, console: Console, folder: Path) -> bool:
    """Tells the result that is in the folder; whether the run succeeded and left nothing that bills."""
    result.tell(console, folder, end)
    try:
        left = leftovers(environment.name, run_id, end.facts, environment.adapters)
    except (Refused, ServiceBusy) as error:
        console.write_line(f"What the run has left in Bedrock cannot be listed: {error}", "bold red")
        return False
    tell_leftovers(console, left)
    return end.status == "SUCCEEDED" and not any(left.values())


def how_to_follow(environment: Environment, run_id: str) -> str:
    """The command that goes on with a run."""
    return f"Follow it with `{environment.command(f'run --follow {run_id}')}`."


@contextmanager
def _going_on(environment: Environment, run_id: str, arn: str | None = None) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise InterruptedRunError(_how_to_go_on(environment, run_id, arn)) from None


def _perhaps_started(environment: Environment, upload: Upload) -> str:
    return (
        f"No run has started unless {upload.key}, the last file, is complete in s3://{environment.input_bucket}: "
        f"`{environment.command('runs')}` lists it then."
    )


def _how_to_go_on(environment: Environment, run_id: str, arn: str | None) -> str:
    stop = environment.command(f"cancel {run_id}")
    ending = f" Stop it with `{stop}`: whatever it has in Bedrock is then deleted within minutes." if arn else ""
    return f"The run {run_id} goes on. {how_to_follow(environment, run_id)}{ending}"
